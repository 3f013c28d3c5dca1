# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from dataclasses import astuple
from pathlib import Path

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive import nat
from ansible_collections.freeagentics.platform.plugins.plugin_utils.topology_file import load
from tests.unit.plugins.module_utils.topology.derive import small

PROD = load(str(Path(__file__).resolve().parents[6] / "inventories" / "prod" / "topology.yml"))


def test_a_gateway_stands_for_the_private_networks_of_its_region():
    assert astuple(nat.nat_sources(small.topology(), "nat1")) == (
        ("10.1.0.0/24", "10.1.10.0/24", "10.1.20.0/24"),
        ("fd00:10:1::/64", "fd00:10:1:10::/64", "fd00:10:1:20::/64"),
    )


def test_a_region_without_ipv6_has_no_ipv6_networks():
    assert astuple(nat.nat_sources(small.topology(), "west-lb1"))[1] == ()


@pytest.mark.parametrize(
    ("host", "gateway"),
    [
        ("api1", "nat1"),
        ("api3", "nat2"),
        ("backup1", "nat1"),
        ("mon1", "nat1"),
        ("west-mon1", "west-nat1"),
        ("west-api2", "west-nat1"),
        ("bastion1", "nat1"),
        ("vpn1", ""),
        ("lb1", ""),
        ("nat1", ""),
    ],
)
def test_a_host_gets_out_by_the_gateway_of_its_zone_else_of_its_region(host, gateway):
    assert nat.nat_gateway(PROD, host) == gateway


def test_a_region_without_a_gateway_has_none():
    assert nat.nat_gateway(small.topology(), "west-db1") == ""
