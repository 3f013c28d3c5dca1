# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from lab import declaration
from lab.errors import LabError


def test_hosts_of_the_platform_come_before_those_outside(topology):
    names = [host.name for host in declaration.hosts(topology)]
    assert names == ["lb1", "nat1", "vpn1", "bastion1", "db1", "db2", "west-db1", "client"]


def test_an_unknown_host_is_answered_with_those_that_come_near(topology):
    with pytest.raises(LabError) as error:
        declaration.host(topology, "west-db2")
    assert str(error.value) == (
        "west-db2: no such host in the lab\n"
        "  cause:  the topology declares no host of this name\n"
        "  remedy: did you mean west-db1 or db2?"
    )


def test_an_unknown_zone_that_resembles_nothing_is_answered_with_all(topology):
    with pytest.raises(LabError) as error:
        declaration.checked_zone(topology, "x")
    assert str(error.value) == (
        "x: no such zone in the lab\n"
        "  cause:  the topology declares no zone of this name\n"
        "  remedy: the zones are: east-a, east-b, west-a"
    )


def test_a_missing_topology_is_told(tmp_path):
    with pytest.raises(LabError) as error:
        declaration.load(tmp_path / "topology.yml")
    assert str(error.value) == (
        f"{tmp_path}/topology.yml: no such file\n"
        "  cause:  a lab is built from a topology\n"
        "  remedy: name one with --topology, such as inventories/lab/topology.yml"
    )


@pytest.mark.parametrize(
    ("name", "expected"), [("db1", ("router-east", "p.db1")), ("client", ("internet", "p.client"))]
)
def test_a_host_s_cable_ends_at_its_router(topology, name, expected):
    assert declaration.router_and_port(topology, declaration.host(topology, name)) == expected
