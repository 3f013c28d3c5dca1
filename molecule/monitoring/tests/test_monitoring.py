# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is watched, by whom, and what arrives when a host is gone."""

from __future__ import annotations

import base64
import json
import os
import time
from pathlib import Path

import pytest
import scenario

SCENARIO = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])
PROJECT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
CURL = "curl --silent --show-error --max-time 5 --cacert /etc/freeagentics/tls/ca.crt"
TARGETS = {
    ("alertmanager", "mon1"), ("alertmanager", "mon2"), ("prometheus", "mon1"), ("prometheus", "mon2"),
    ("node", "bastion1"), ("node", "mon1"), ("node", "mon2"), ("node", "web1"),
}  # fmt: skip

testinfra_hosts = scenario.hosts("prometheus")[:1]


def on(host, name):
    """Return another host of the scenario."""
    configuration = PROJECT / ".lab" / "mol_monitoring" / "ssh.cfg"
    return host.get_host(f"ssh://{name}?sudo=true", ssh_config=str(configuration))


def ask(host, path, address="10.9.10.40"):
    """Return what Prometheus answers."""
    return json.loads(host.check_output(f"{CURL} 'https://{address}:9090/api/v1/{path}'"))["data"]


def until(condition, seconds):
    """Wait, and return whether it came true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(1)
    return False


def messages(host):
    """Return what the sink has kept, but for the dead man's messages."""
    text = on(host, "sink").run("cat /var/lib/alert-sink/messages.jsonl").stdout
    return [entry for entry in map(json.loads, text.splitlines()) if entry["way"] != "watchdog"]


def test_both_servers_scrape_everything(host):
    for address in ("10.9.10.40", "10.9.11.40"):
        assert until(
            lambda at=address: all(float(one["value"][1]) for one in ask(host, "query?query=up", at)["result"]), 45
        )
        found = ask(host, "query?query=up", address)["result"]
        assert {
            (one["metric"]["job"], one["metric"]["host"]) for one in found if one["metric"]["job"] != "site"
        } == TARGETS
        labels = {(one["metric"]["region"], one["metric"]["zone"]) for one in found if one["metric"]["job"] == "node"}
        assert labels == {("test-1", "test-1a"), ("test-1", "test-1b")}


def test_the_rules_are_those_of_the_collection_and_link_runbooks(host):
    rules = [rule for group in ask(host, "rules")["groups"] for rule in group["rules"] if rule["type"] == "alerting"]
    assert {rule["health"] for rule in rules} == {"ok"}
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


def write(host, path, text):
    """Write a file on a host, in pieces that fit into a command line."""
    encoded = base64.b64encode(text.encode()).decode()
    host.check_output(f"true >{path}.b64")
    for start in range(0, len(encoded), 60000):
        host.check_output(f"printf %s {encoded[start : start + 60000]} >>{path}.b64")
    host.check_output(f"base64 -d {path}.b64 >{path} && rm {path}.b64")


def test_nothing_answers_without_tls(host):
    for port in (9090, 9093, 9100):
        assert host.run(f"curl --silent --max-time 5 http://10.9.10.40:{port}/metrics").stdout in (
            "",
            "Client sent an HTTP request to an HTTPS server.\n",
        )


def test_the_alertmanagers_know_each_other(host):
    status = json.loads(host.check_output(f"{CURL} https://10.9.10.40:9093/api/v2/status"))["cluster"]
    assert (status["status"], len(status["peers"])) == ("ready", 2)


def test_the_dead_mans_switch_is_told(host):
    log = "/var/lib/alert-sink/messages.jsonl"
    assert until(lambda: '"way": "watchdog"' in on(host, "sink").run(f"cat {log}").stdout, 90)


def test_secrets_are_in_files_that_others_cannot_read(host):
    assert host.file("/etc/prometheus/alertmanager/pager-key").content_string == 'the key of a "pager"'
    for name in ("pager-key", "slack-url", "alertmanager.yml"):
        file = host.file(f"/etc/prometheus/alertmanager/{name}")
        assert (file.mode, file.group) == (0o640, "prometheus")
    assert "a-secret-hook" not in host.file("/etc/prometheus/alertmanager/alertmanager.yml").content_string
    assert host.file("/etc/grafana/admin-password").mode == 0o640


@pytest.mark.parametrize(
    "metric", ["platform_certificate_expiry_timestamp_seconds", "platform_logins_total", "platform_logins_failed_total"]
)
def test_a_host_tells_what_the_node_exporter_does_not_see(host, metric):
    assert f"\n{metric}" in host.check_output(f"{CURL} https://10.9.10.40:9100/metrics")


def test_refused_logins_are_counted(host):
    def count():
        text = host.check_output(f"{CURL} https://10.9.10.20:9100/metrics")
        return next(
            float(line.split()[1]) for line in text.splitlines() if line.startswith("platform_logins_failed_total")
        )

    before = count()
    for _ in range(3):
        host.run("ssh -o BatchMode=yes -o StrictHostKeyChecking=no nobody-here@10.9.10.20 true")
    assert until(lambda: count() == before + 3, 40)


def test_the_dashboards_are_provisioned_whole(host):
    committed = sorted(path.name for path in (PROJECT / "roles" / "grafana" / "files" / "dashboards").glob("*.json"))
    assert host.check_output("ls /etc/grafana/dashboards").split() == committed
    sources = host.file("/etc/grafana/provisioning/datasources/platform.yml").content_string
    assert "url: https://10.9.10.40:9090" in sources
    assert "url: https://10.9.11.40:9093" in sources
    assert "a password" not in sources + host.file("/etc/grafana/grafana.ini").content_string


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
