# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Two small regions and a host outside, as values."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import (
    Host,
    Outside,
    Region,
    Subnet,
    Topology,
)

EAST_SUBNETS = (
    Subnet("public-a", "east", "east-a", "public", ip_network("10.0.1.0/24"), ip_network("fd00:10:0:1::/64")),
    Subnet("data-a", "east", "east-a", "data", ip_network("10.0.20.0/24"), ip_network("fd00:10:0:20::/64")),
    Subnet("data-b", "east", "east-b", "data", ip_network("10.0.21.0/24"), ip_network("fd00:10:0:21::/64")),
)


def host(name, region, zone, subnet, address, address6=None, public=None, services=()):
    return Host(
        name,
        region,
        zone,
        subnet,
        ip_address(address),
        ip_address(address6) if address6 else None,
        ip_address(public) if public else None,
        tuple(services),
    )


@pytest.fixture
def east():
    return Region(
        "east",
        "active",
        ip_network("10.0.0.0/16"),
        ip_network("fd00:10:0::/48"),
        (ip_network("10.8.0.0/24"), ip_network("fd00:10:8::/64")),
        EAST_SUBNETS,
        (
            host(
                "lb1", "east", "east-a", "public-a", "10.0.1.10", "fd00:10:0:1::10", "198.51.100.11", ["load_balancer"]
            ),
            host(
                "nat1", "east", "east-a", "public-a", "10.0.1.30", "fd00:10:0:1::30", "198.51.100.31", ["nat_gateway"]
            ),
            host("vpn1", "east", "east-a", "public-a", "10.0.1.20", "fd00:10:0:1::20", "198.51.100.20", ["vpn"]),
            host("bastion1", "east", "east-a", "data-a", "10.0.20.9", "fd00:10:0:20::9", None, ["bastion"]),
            host("db1", "east", "east-a", "data-a", "10.0.20.10", "fd00:10:0:20::10", None, ["postgres"]),
            host("db2", "east", "east-b", "data-b", "10.0.21.10", "fd00:10:0:21::10", None, ["postgres"]),
        ),
    )


@pytest.fixture
def west():
    subnet = Subnet("west-data", "west", "west-a", "data", ip_network("10.1.20.0/24"), None)
    return Region(
        "west",
        "standby",
        ip_network("10.1.0.0/16"),
        None,
        (),
        (subnet,),
        (host("west-db1", "west", "west-a", "west-data", "10.1.20.10", services=["postgres"]),),
    )


@pytest.fixture
def topology(east, west):
    outside = Outside(
        ip_network("192.0.2.0/24"),
        ip_network("fd00:192:2::/64"),
        (host("client", "", "", "outside", "192.0.2.10", "fd00:192:2::10", None, ["internet_client"]),),
    )
    return Topology("p", "p.test", "p.lab", "lab", (east, west), {}, {}, {}, (), {}, outside)
