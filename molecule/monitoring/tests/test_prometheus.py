# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is scraped, and which rules there are."""

from __future__ import annotations

from urllib.parse import quote

import scenario
from watching import PROJECT, ask, until, write

TARGETS = {
    ("alertmanager", "mon1"), ("alertmanager", "mon2"), ("prometheus", "mon1"), ("prometheus", "mon2"),
    ("node", "bastion1"), ("node", "mon1"), ("node", "mon2"), ("node", "web1"),
}  # fmt: skip

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
