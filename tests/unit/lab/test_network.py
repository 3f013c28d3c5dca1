# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from lab.network import interface_name, part, plan


def namespace(topology, name):
    return next(namespace for namespace in plan(topology).namespaces if namespace.name == name)


@pytest.mark.parametrize(
    ("prefix", "name", "expected"),
    [("p", "db1", "p.db1"), ("b", "thirteen-char", "b.thirteen-char"), ("b", "west-management", "b.west-man-ae3e")],
)
def test_interface_names_fit_into_the_kernel(prefix, name, expected):
    assert interface_name(prefix, name) == expected
    assert len(expected) <= 15


def test_names_that_begin_alike_stay_apart():
    assert interface_name("p", "application-server-1") != interface_name("p", "application-server-2")


def test_a_host_has_its_addresses_and_the_router_as_gateway(topology):
    assert namespace(topology, "db1").commands == (
        "link set lo up",
        "link set eth0 up",
        "address replace 10.0.20.10/24 dev eth0",
        "-4 route replace default via 10.0.20.1",
        "link set eth0 up",
        "address replace fd00:10:0:20::10/64 dev eth0 nodad",
        "-6 route replace default via fd00:10:0:20::1",
    )


def test_a_host_without_ipv6_has_none(topology):
    assert namespace(topology, "west-db1").commands == (
        "link set lo up",
        "link set eth0 up",
        "address replace 10.1.20.10/24 dev eth0",
        "-4 route replace default via 10.1.20.1",
    )


def test_every_host_is_plugged_into_its_router(topology):
    cables = {
        (link.namespace, link.interface, link.peer_namespace, link.peer_interface) for link in plan(topology).links
    }
    assert cables == {
        ("internet", "operator", "operator", "internet"),
        ("internet", "r.east", "router-east", "internet"),
        ("internet", "r.west", "router-west", "internet"),
        ("router-east", "x.west", "router-west", "x.east"),
        ("router-east", "p.lb1", "lb1", "eth0"),
        ("router-east", "p.nat1", "nat1", "eth0"),
        ("router-east", "p.vpn1", "vpn1", "eth0"),
        ("router-east", "p.bastion1", "bastion1", "eth0"),
        ("router-east", "p.db1", "db1", "eth0"),
        ("router-east", "p.db2", "db2", "eth0"),
        ("router-west", "p.west-db1", "west-db1", "eth0"),
        ("internet", "p.client", "client", "eth0"),
    }


def test_a_router_has_a_bridge_per_subnet_with_the_gateway(topology):
    router = namespace(topology, "router-east")
    assert router.bridges == ("b.public-a", "b.data-a", "b.data-b")
    assert "address replace 10.0.21.1/24 dev b.data-b" in router.commands
    assert "address replace fd00:10:0:21::1/64 dev b.data-b nodad" in router.commands
    assert "link set p.db2 master b.data-b up" in router.commands


def test_private_subnets_leave_through_the_nat_gateway_and_public_ones_do_not(topology):
    lines = [line for line in namespace(topology, "router-east").commands if "lookup 20" in line or "table 20" in line]
    assert lines == [
        "-4 route replace default via 10.0.1.30 table 201",
        "-4 rule add pref 200 iif b.data-a lookup 201",
        "-6 route replace default via fd00:10:0:1::30 table 201",
        "-6 rule add pref 200 iif b.data-a lookup 201",
        "-4 route replace default via 10.0.1.30 table 202",
        "-4 rule add pref 200 iif b.data-b lookup 202",
        "-6 route replace default via fd00:10:0:1::30 table 202",
        "-6 rule add pref 200 iif b.data-b lookup 202",
    ]


def test_regions_route_to_each_other_directly(topology):
    assert "-4 route replace 10.1.0.0/16 via 100.64.128.2" in namespace(topology, "router-east").commands
    assert "-4 route replace 10.0.0.0/16 via 100.64.128.1" in namespace(topology, "router-west").commands


def test_vpn_clients_lie_behind_the_vpn_gateway(topology):
    commands = namespace(topology, "router-east").commands
    assert "-4 route replace 10.8.0.0/24 via 10.0.1.20" in commands
    assert "-6 route replace fd00:10:8::/64 via fd00:10:0:1::20" in commands


def test_public_addresses_are_translated_only_for_what_comes_from_the_internet(topology):
    assert (
        namespace(topology, "router-east").nft
        == """\
table inet provider {
  chain prerouting {
    type nat hook prerouting priority dstnat;
    iifname "internet" ip daddr 198.51.100.11 dnat ip to 10.0.1.10
    iifname "internet" ip daddr 198.51.100.31 dnat ip to 10.0.1.30
    iifname "internet" ip daddr 198.51.100.20 dnat ip to 10.0.1.20
  }
  chain postrouting {
    type nat hook postrouting priority srcnat;
    oifname "internet" ip daddr 100.64.0.0/15 accept
    oifname "internet" ip6 daddr fdff:64::/32 accept
    oifname "internet" ip saddr 10.0.1.10 snat ip to 198.51.100.11
    oifname "internet" ip saddr 10.0.1.30 snat ip to 198.51.100.31
    oifname "internet" ip saddr 10.0.1.20 snat ip to 198.51.100.20
    oifname "internet" ip6 saddr fd00:10::/48 masquerade
  }
}
"""
    )


def test_a_region_without_a_nat_gateway_gets_the_provider_s(topology):
    router = namespace(topology, "router-west")
    assert 'oifname "internet" ip saddr 10.1.0.0/16 masquerade' in router.nft
    assert not [line for line in router.commands if "iif" in line]


def test_the_internet_knows_private_addresses_for_the_operator_only(topology):
    commands = namespace(topology, "internet").commands
    private = [line for line in commands if "10.0.0.0/16" in line or "fd00:10::/48" in line or "10.1.0.0/16" in line]
    assert private == [
        "-4 route replace 10.0.0.0/16 via 100.64.0.2 table 100",
        "-6 route replace fd00:10::/48 via fdff:64::2 table 100",
        "-4 route replace 10.1.0.0/16 via 100.64.0.6 table 100",
    ]
    assert [line for line in commands if "lookup 100" in line] == [
        "-4 rule add pref 100 iif operator lookup 100",
        "-6 rule add pref 100 iif operator lookup 100",
    ]


def test_the_operator_s_console_routes_lose_against_a_vpn(topology):
    assert [line for line in namespace(topology, "operator").commands if "metric" in line] == [
        "-4 route replace 10.0.0.0/16 via 100.65.0.1 metric 4096",
        "-6 route replace fd00:10::/48 via fdff:64:0:4000::1 metric 4096",
        "-4 route replace 10.1.0.0/16 via 100.65.0.1 metric 4096",
    ]


def test_the_plan_is_the_same_every_time(topology):
    assert plan(topology) == plan(topology)


def test_one_host_s_part_is_its_namespace_its_cable_and_its_port(topology):
    whole = plan(topology)
    one = part(whole, "db1")
    assert [namespace.name for namespace in one.namespaces] == ["db1", "router-east"]
    assert one.namespaces[0] == namespace(topology, "db1")
    assert one.namespaces[1].commands == ("link set p.db1 master b.data-a up",)
    assert [(link.interface, link.peer_namespace) for link in one.links] == [("p.db1", "db1")]
