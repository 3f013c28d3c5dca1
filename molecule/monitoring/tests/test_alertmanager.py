# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whom the Alertmanagers tell, of what, and how often."""

from __future__ import annotations

import json
import time

import scenario
from watching import CURL, messages, on, until

testinfra_hosts = scenario.hosts("prometheus")[:1]


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
