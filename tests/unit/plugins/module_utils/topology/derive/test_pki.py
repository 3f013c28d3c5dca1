# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive.pki import certificates
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import TopologyError
from ansible_collections.freeagentics.platform.plugins.plugin_utils.topology_file import load
from tests.unit.plugins.module_utils.topology.derive import small

LAB = load(str(Path(__file__).resolve().parents[6] / "inventories" / "lab" / "topology.yml"))
HOST, METRICS = ("host", "root"), ("metrics", "prometheus")


def topology(services):
    """The small platform, with other services on its database host."""
    whole = small.topology()
    region = whole.regions[0]
    hosts = tuple(replace(host, services=services) if host.name == "db1" else host for host in region.hosts)
    return replace(whole, regions=(replace(region, hosts=hosts), *whole.regions[1:]))


@pytest.mark.parametrize(
    ("services", "wanted"),
    [
        ((), [HOST, METRICS]),
        (("etcd",), [HOST, METRICS, ("etcd", "etcd")]),
        (("redis",), [HOST, METRICS, ("redis", "redis")]),
        (("backup",), [HOST, METRICS, ("pgbackrest", "postgres")]),
        (
            ("postgres", "etcd"),
            [HOST, METRICS, ("postgres", "postgres"), ("pgbackrest", "postgres"), ("etcd", "etcd")],
        ),
        (("postgres", "backup"), [HOST, METRICS, ("postgres", "postgres"), ("pgbackrest", "postgres")]),
    ],
)
def test_each_daemon_that_is_not_root_has_a_key_that_its_group_reads(services, wanted):
    assert [(one.name, one.group) for one in certificates(topology(services), "db1")] == wanted


def test_a_host_outside_of_the_platform_tells_no_metrics():
    assert [one.name for one in certificates(LAB, "s3")] == ["host"]


def test_a_prober_outside_of_the_platform_does():
    assert [(one.name, one.group) for one in certificates(LAB, "sink")] == [HOST, METRICS]


def test_a_certificate_is_for_the_hosts_names_and_addresses():
    own = certificates(topology(("postgres",)), "db1")[0]
    assert own.names == ("db1.example.internal", "db1")
    host = next(host for host in small.topology().hosts if host.name == "db1")
    assert own.addresses == tuple(map(str, host.addresses))


def test_the_servers_certificate_is_also_for_the_name_by_which_applications_call_the_database():
    names = {one.name: one.names for one in certificates(topology(("postgres",)), "db1")}
    assert names["postgres"] == ("db1.example.internal", "db1", "database.example.internal")
    assert names["pgbackrest"] == ("db1.example.internal", "db1")


def test_a_host_that_nobody_declared_is_a_mistake():
    with pytest.raises(TopologyError, match=r"^db9: no host of the topology has this name$"):
        certificates(small.topology(), "db9")
