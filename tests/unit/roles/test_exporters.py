# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host tells of itself that nothing on it can know, and which log is counted."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.unit.playbooks import roles

ROOT = Path(__file__).resolve().parents[3]
TEMPLATES = "var/lib/prometheus/node-exporter/declared.prom.j2", "etc/systemd/system/host-metrics.service.j2"


def rendered(topology, template):
    """A template of the exporters, by host."""
    return roles.template(topology, "playbooks/monitoring.yml", "exporters", template)


@pytest.fixture(scope="module", name="topology")
def production_with_promises(tmp_path_factory):
    """Production's declaration, with what was bought of the database's hosts and of one of Redis."""
    folder = tmp_path_factory.mktemp("inventory")
    (folder / "topology.yml").symlink_to(ROOT / "inventories/prod/topology.yml")
    for path, declared in (
        ("group_vars/postgres.yml", {"iops": 16000, "ssd": True}),
        ("host_vars/redis1.yml", {"network_mbps": 500}),
    ):
        (folder / path).parent.mkdir()
        (folder / path).write_text(yaml.safe_dump({"preflight_declared": declared}), encoding="utf-8")
    return folder / "topology.yml"


def test_what_was_bought_is_told_where_somebody_says_it_and_nowhere_else(topology):
    told = {
        host: [line for line in text.splitlines() if not line.startswith("#")]
        for host, text in rendered(topology, TEMPLATES[0]).items()
    }
    assert told["db1"] == told["west-db1"] == ["platform_declared_disk_operations 16000"]
    assert told["redis1"] == ["platform_declared_network_bytes 62500000"]
    assert {host for host, lines in told.items() if lines} == {
        *(host for host in told if host.removeprefix("west-").startswith("db")),
        "redis1",
    }


def test_load_balancers_have_the_log_of_what_nginx_refuses_counted(topology):
    commands = {
        host: next(line for line in text.splitlines() if line.startswith("ExecStart="))
        for host, text in rendered(topology, TEMPLATES[1]).items()
    }
    before = "ExecStart=/usr/local/sbin/host-metrics 15 /var/lib/prometheus/node-exporter /etc/freeagentics/tls"
    assert commands["lb1"] == f'{before} "" 6432 "/var/log/nginx/refused.log"'
    assert commands["api1"] == f'{before} "/run/database-pool" 6432 ""'
    assert commands["db1"] == f'{before} "" 6432 ""'
