# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from dataclasses import astuple

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive import nat
from tests.unit.plugins.module_utils.topology.derive import small


def test_a_gateway_stands_for_the_private_networks_of_its_region():
    assert astuple(nat.nat_sources(small.topology(), "nat1")) == (
        ("10.1.0.0/24", "10.1.10.0/24", "10.1.20.0/24"),
        ("fd00:10:1::/64", "fd00:10:1:10::/64", "fd00:10:1:20::/64"),
    )


def test_a_region_without_ipv6_has_no_ipv6_networks():
    assert astuple(nat.nat_sources(small.topology(), "west-lb1"))[1] == ()
