# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whom the Alertmanagers tell, of what, and how often."""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest
import scenario
import yaml
from watching import CURL, PROJECT, messages, on, until, write

testinfra_hosts = scenario.hosts("prometheus")[:1]

CONFIGURATION = "/etc/prometheus/alertmanager/alertmanager.yml"
#: An Alertmanager with the same routes, which has nobody to tell.
ALONE, ALONE_URL = "/root/alone", "http://127.0.0.1:19093"


def alert(name, region="", **labels):
    """The labels of an alert."""
    return {"alertname": name, **({"region": region} if region else {}), **labels}


def each(names, region):
    """Alerts of one region."""
    return [alert(name, region) for name in names.split()]


def missing(job, region, host="other1"):
    """A target that does not answer."""
    return alert("TargetMissing", region, job=job, host=host, zone=f"{region}z")


OF_THE_SITE = "ErrorRateHigh ResponseSlow SloBurnFast SloBurnSlow PoolsFull"
OF_THE_DATABASE = f"{OF_THE_SITE} ApiDown NoSynchronousStandby PatroniMemberDown ReplicationLagHigh WalArchiveFailing"
SITE = alert("SiteDown", "any")
#: What fires, what is held back by it, and what is told all the same and holds back none of the others.
INHIBITED = [
    pytest.param(
        alert("RegionDown", "east"),
        [
            alert("ZoneDown", "east", zone="east-a"),
            alert("HostDown", "east", zone="east-a", host="db1"),
            *each("DatabaseDown ApiDown", "east"),
            missing("redis", "east"),
        ],
        [
            alert("RegionDown", "north"),
            alert("HostDown", "west", zone="west-a", host="west-db1"),
            missing("redis", "west"),
            alert("Watchdog"),
            SITE,
        ],
        id="region",
    ),
    pytest.param(
        alert("ZoneDown", "east", zone="east-a"),
        [
            alert("HostDown", "east", zone="east-a", host="db1"),
            alert("UnitFailed", "east", zone="east-a", host="db9"),
        ],
        [
            alert("ZoneDown", "east", zone="east-b"),
            alert("HostDown", "east", zone="east-c", host="db2"),
            alert("UnitFailed", "east", zone="east-c", host="db3"),
            alert("DatabaseDown", "east"),
            alert("Watchdog"),
            SITE,
        ],
        id="zone",
    ),
    pytest.param(
        alert("HostDown", "east", zone="east-a", host="db1"),
        [
            alert("UnitFailed", "east", zone="east-a", host="db1"),
            alert("DiskAlmostFull", "east", zone="east-a", host="db1", mountpoint="/"),
        ],
        [
            alert("HostDown", "east", zone="east-a", host="db2"),
            alert("UnitFailed", "east", zone="east-a", host="db3"),
            alert("DatabaseDown", "east"),
            alert("Watchdog"),
            SITE,
        ],
        id="host",
    ),
    pytest.param(
        alert("DatabaseDown", "east"),
        [
            *each(OF_THE_DATABASE, "east"),
            missing("api", "east"),
            missing("postgres", "east"),
            alert("ExporterDown", "east", job="postgres", host="db1"),
        ],
        [
            *each(OF_THE_SITE, "west"),
            *each("NoSynchronousStandby PatroniMemberDown ReplicationLagHigh WalArchiveFailing", "west"),
            alert("ApiDown", "north"),
            missing("redis", "east"),
            missing("load_balancer", "east"),
            missing("api", "west"),
            alert("ExporterDown", "east", job="node", host="web1"),
            alert("HostDown", "east", zone="east-a", host="redis1"),
            alert("RedisNodeDown", "east", host="redis2"),
            SITE,
        ],
        id="database",
    ),
    pytest.param(
        alert("ApiDown", "east"),
        [*each(OF_THE_SITE, "east"), missing("api", "east")],
        [
            *each(OF_THE_SITE, "west"),
            alert("NoSynchronousStandby", "east"),
            missing("redis", "east"),
            missing("load_balancer", "east"),
            missing("postgres", "east"),
            missing("api", "west"),
            SITE,
        ],
        id="api",
    ),
    pytest.param(
        alert("DatabaseDown", "any"),
        [SITE, *each(OF_THE_SITE, "east"), *each(OF_THE_SITE, "west"), missing("api", "east"), missing("api", "west")],
        [
            missing("redis", "east"),
            missing("postgres", "west"),
            alert("NoSynchronousStandby", "east"),
            alert("ApiDown", "north"),
            alert("HostDown", "east", zone="east-a", host="db1"),
        ],
        id="database of no region",
    ),
]


@pytest.fixture(scope="module", name="alone")
def an_alertmanager_that_tells_nobody(host):
    """A second Alertmanager with the routes and the inhibition of the first, and receivers without a way."""
    known = yaml.safe_load(host.file(CONFIGURATION).content_string)
    known = {
        "route": known["route"],
        "inhibit_rules": known["inhibit_rules"],
        "receivers": [{"name": one["name"]} for one in known["receivers"]],
    }
    host.check_output(f"rm -rf {ALONE} && mkdir {ALONE}")
    write(host, f"{ALONE}/alertmanager.yml", yaml.safe_dump(known))
    host.check_output(
        "systemd-run --quiet --collect --unit=alertmanager-alone prometheus-alertmanager"
        f" --config.file={ALONE}/alertmanager.yml --storage.path={ALONE}/data"
        f" --web.listen-address={ALONE_URL.rpartition('/')[2]} --cluster.listen-address="
    )
    try:
        assert until(lambda: host.run(f"curl --silent --fail {ALONE_URL}/-/ready").rc == 0, 30)
        yield host
    finally:
        host.run("systemctl stop alertmanager-alone")
        host.run(f"rm -rf {ALONE}")


def send(host, alerts, seconds):
    """Let alerts fire for some time, or end them."""
    text = [{"labels": labels, "endsAt": at(seconds), "startsAt": at(-3600)} for labels in alerts]
    write(host, f"{ALONE}/alerts.json", json.dumps(text))
    said = "--silent --show-error --fail --header 'Content-Type: application/json'"
    host.check_output(f"curl {said} --data @{ALONE}/alerts.json {ALONE_URL}/api/v2/alerts")


def at(seconds):
    """The time so many seconds from now."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def states(host):
    """What fires: by its labels its own mark, its state and by whom it is held back."""
    found = json.loads(host.check_output(f"curl --silent --fail {ALONE_URL}/api/v2/alerts"))
    return {key(one["labels"]): (one["fingerprint"], one["status"]) for one in found}


def key(labels):
    """Labels as a key of a dictionary."""
    return tuple(sorted(labels.items()))


@pytest.mark.parametrize(("source", "held", "told"), INHIBITED)
def test_a_fault_is_told_once_by_what_is_nearest_to_its_cause(alone, source, held, told):
    fires = [source, *held, *told]
    send(alone, fires, 600)
    try:
        # Sources are noted a moment after they are known.
        until(lambda: all(states(alone)[key(one)][1]["state"] == "suppressed" for one in held), 10)
        seen = states(alone)
    finally:
        send(alone, fires, -1)
        ended = until(lambda: states(alone) == {}, 10)
    assert ended
    wanted = {key(one): ("suppressed", [seen[key(source)][0]]) for one in held}
    wanted |= {key(one): ("active", []) for one in (source, *told)}
    assert {labels: (status["state"], status["inhibitedBy"]) for labels, (_mark, status) in seen.items()} == wanted


def test_every_source_of_the_inhibition_is_looked_at(host):
    rules = yaml.safe_load(host.file(CONFIGURATION).content_string)["inhibit_rules"]
    named = {", ".join(rule["source_matchers"]) for rule in rules}
    seen = {f"alertname = {case.values[0]['alertname']}" for case in INHIBITED}
    assert named == seen | {"alertname = DatabaseDown, region = any"}


def test_every_alert_goes_where_its_rule_says(host):
    rules = [
        rule
        for path in sorted((PROJECT / "roles/prometheus/files/rules").glob("*.yml"))
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]
    wanted = {}
    for rule in rules:
        for region in ("region=test-1", "region=any", "region="):
            labels = [f"alertname={rule['alert']}", region, *(f"{name}={one}" for name, one in rule["labels"].items())]
            wanted[" ".join(labels)] = rule["labels"]["route"]
    # Without a route somebody reads it all the same.
    wanted["alertname=SomethingOfMine severity=page"] = "email_slack"
    commands = "\n".join(f"amtool config routes test --config.file={CONFIGURATION} {labels}" for labels in wanted)
    write(host, "/root/routes", f"set -e\n{commands}\n")
    told = host.check_output("sh /root/routes && rm /root/routes").split()
    assert dict(zip(wanted, told, strict=True)) == wanted


def test_amtool_takes_this_configuration_and_that_of_production(host):
    assert "SUCCESS" in host.check_output(f"amtool check-config {CONFIGURATION}")
    script = PROJECT / "tests/unit/playbooks/role_template.py"
    what = ["playbooks/monitoring.yml", "alertmanager", "etc/prometheus/alertmanager/alertmanager.yml.j2"]
    command = [sys.executable, str(script), "inventories/prod/topology.yml", *what]
    text = json.loads(subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout)["mon1"]
    write(host, "/root/production.yml", text)
    assert "SUCCESS" in host.check_output("amtool check-config /root/production.yml && rm /root/production.yml")


def test_the_alertmanagers_know_each_other(host):
    status = json.loads(host.check_output(f"{CURL} https://10.9.10.40:9093/api/v2/status"))["cluster"]
    assert (status["status"], len(status["peers"])) == ("ready", 2)


def test_secrets_are_in_files_that_others_cannot_read(host):
    assert host.file("/etc/prometheus/alertmanager/pager-key").content_string == 'the key of a "pager"'
    for name in ("pager-key", "slack-url", "alertmanager.yml"):
        file = host.file(f"/etc/prometheus/alertmanager/{name}")
        assert (file.mode, file.group) == (0o640, "prometheus")
    assert "a-secret-hook" not in host.file("/etc/prometheus/alertmanager/alertmanager.yml").content_string
    assert host.file("/etc/grafana/admin-password").mode == 0o640


def test_a_host_that_is_gone_is_one_page_also_with_one_alertmanager(host):
    on(host, "mon2").check_output("systemctl stop prometheus-alertmanager")
    begin = time.time()
    on(host, "web1").check_output("systemctl stop prometheus-node-exporter")
    try:
        assert until(
            lambda: any(
                "web1" in one["title"] for one in messages(host) if one["at"] > begin and one["way"] == "pager"
            ),
            75,
        )
    finally:
        on(host, "web1").check_output("systemctl start prometheus-node-exporter")
        on(host, "mon2").check_output("systemctl start prometheus-alertmanager")
    assert until(
        lambda: any(one["resolved"] for one in messages(host) if one["at"] > begin and one["way"] == "pager"), 120
    )
    pages = [one for one in messages(host) if one["at"] > begin and one["way"] == "pager" and not one["resolved"]]
    assert len([one for one in pages if "web1" in one["title"]]) == 1
