# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is scraped, and which rules there are."""

from __future__ import annotations

import json
import re
from urllib.parse import quote

import pytest
import scenario
import yaml
from watching import PROJECT, ask, until, write

TARGETS = {
    ("alertmanager", "mon1"), ("alertmanager", "mon2"), ("prometheus", "mon1"), ("prometheus", "mon2"),
    ("node", "bastion1"), ("node", "mon1"), ("node", "mon2"), ("node", "web1"),
}  # fmt: skip

#: A store of samples, where the servers write to; this is the hash of the password that converge.yml gives them.
STORE, STORE_URL = "/root/store", "http://127.0.0.1:19090"
HASHED = "$2b$05$freeagenticsplatform..P.dA/WHIxqqDpNFalvPzbLPa.0rbVJi"
#: What the documentation says of two such stores.
EXAMPLES = re.findall(
    r"```yaml\n# inventories/prod/group_vars/prometheus/main.yml\n(.*?)```",
    (PROJECT / "docs/monitoring.md").read_text(encoding="utf-8"),
    re.DOTALL,
)

testinfra_hosts = scenario.hosts("prometheus")[:1]


def up(host, address):
    """Return what a server says of its targets; what the package had scraped before it was configured has no host."""
    query = "query?query=" + quote('up{host!=""}')
    return [(one["metric"], float(one["value"][1])) for one in ask(host, query, address)["result"]]


def test_both_servers_scrape_everything(host):
    for address in ("10.9.10.40", "10.9.11.40"):
        assert until(
            lambda at=address: len(up(host, at)) == len(TARGETS) and all(value for _labels, value in up(host, at)), 45
        )
        found = [labels for labels, _value in up(host, address)]
        assert {(labels["job"], labels["host"]) for labels in found} == TARGETS
        places = {(labels["region"], labels["zone"]) for labels in found if labels["job"] == "node"}
        assert places == {("test-1", "test-1a"), ("test-1", "test-1b")}


def test_the_rules_are_those_of_the_collection_and_link_runbooks(host):
    rules = [rule for group in ask(host, "rules")["groups"] for rule in group["rules"] if rule["type"] == "alerting"]
    # Some are evaluated every few minutes: of those nothing is known yet.
    assert {rule["health"] for rule in rules} <= {"ok", "unknown"}
    known = {path.stem for path in (PROJECT / "docs" / "runbooks").glob("*.md")}
    assert {rule["annotations"]["runbook_url"].rpartition("/")[2][:-3] for rule in rules} <= known


def test_every_rule_does_what_its_tests_say(host):
    """Promtool of the host's own version, with the rules as they are there."""
    host.check_output("rm -rf /root/rules && mkdir -p /root/rules/roles/prometheus/files /root/rules/tests/rules")
    host.check_output("cp -r /etc/prometheus/rules /root/rules/roles/prometheus/files/rules")
    for path in sorted((PROJECT / "tests" / "rules").glob("*.yml")):
        write(host, f"/root/rules/tests/rules/{path.name}", path.read_text(encoding="utf-8"))
    said = host.run("cd /root/rules/tests/rules && promtool test rules *.yml 2>&1")
    assert said.rc == 0, said.stdout[-4000:]


@pytest.fixture(name="store")
def a_store_of_samples(host):
    """A second Prometheus that takes what it is sent by whoever knows the password, and asks nobody."""
    host.check_output(f"rm -rf {STORE} && mkdir {STORE}")
    write(host, f"{STORE}/prometheus.yml", "{}")
    write(host, f"{STORE}/web.yml", yaml.safe_dump({"basic_auth_users": {"prometheus": HASHED}}))
    host.check_output(
        f"systemd-run --quiet --collect --unit=store prometheus --config.file={STORE}/prometheus.yml"
        f" --web.config.file={STORE}/web.yml --web.listen-address={STORE_URL.rpartition('/')[2]}"
        f" --storage.tsdb.path={STORE}/data --web.enable-remote-write-receiver"
    )
    try:
        yield host
    finally:
        host.run("systemctl stop store")
        host.run(f"rm -rf {STORE}")


def stored(host, query):
    """Return the labels of the series that the store has, none where it does not answer yet."""
    user = '"prometheus:$(cat /etc/prometheus/secrets/store.secret)"'
    said = host.run(f"curl --silent --fail --user {user} '{STORE_URL}/api/v1/query?query={quote(query)}'").stdout
    return [one["metric"] for one in json.loads(said)["data"]["result"]] if said else []


def test_samples_are_written_to_a_store_with_a_secret_from_a_file(store):
    assert until(lambda: stored(store, 'up{job="node",host="web1"}'), 60)
    assert {(one["platform"], one["monitor"]) for one in stored(store, "up")} == {("molecule", "mon1")}
    failed = ask(store, "query?query=" + quote("sum(prometheus_remote_storage_samples_failed_total)"))["result"]
    assert [one["value"][1] for one in failed] == ["0"]


def test_the_secret_is_in_its_file_alone(host):
    file = host.file("/etc/prometheus/secrets/store.secret")
    assert (file.content_string, file.mode, file.group) == ("a password: of the #store", 0o640, "prometheus")
    assert "a password" not in host.file("/etc/prometheus/prometheus.yml").content_string


@pytest.mark.parametrize("example", EXAMPLES)
def test_promtool_takes_the_stores_of_the_documentation(host, example):
    wanted = yaml.safe_load(example)["prometheus_remote_write"]
    write(host, "/root/remote.yml", yaml.safe_dump({"remote_write": wanted}))
    assert "SUCCESS" in host.check_output("promtool check config --syntax-only /root/remote.yml && rm /root/remote.yml")
