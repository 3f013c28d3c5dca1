# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A platform small enough to be read whole: two regions, of which only the first has IPv6."""

from __future__ import annotations

from ipaddress import ip_address, ip_network

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import (
    External,
    Flow,
    Host,
    Outside,
    Port,
    Region,
    SecurityGroup,
    Service,
    Subnet,
    Topology,
)

SSH, HTTP, HTTPS, API, SQL = (Port(number, "tcp") for number in (22, 80, 443, 8000, 5432))
WIREGUARD = Port(51820, "udp")


def service(name, group=None, **ports):
    return Service(name, group, ports)


SERVICES = {
    entry.name: entry
    for entry in (
        service("host", ssh=SSH),
        service("bastion", "bastion"),
        service("vpn", "vpn", wireguard=WIREGUARD),
        service("nat_gateway", "nat_gateway"),
        service("load_balancer", "load_balancer", http=HTTP, https=HTTPS, peers=Port(1024, "tcp")),
        service("api", "app", http=API),
        service("web", "app", http=Port(3000, "tcp")),
        service("postgres", "database", sql=SQL),
    )
}


def flow(name, source, target, *ports, across=False, reason="R1: why"):
    return Flow(name, source, target, tuple(map(str, ports)), ports, across, reason)


FLOWS = (
    flow("vpn-tunnel", "internet", "vpn", WIREGUARD),
    flow("operators-to-bastion", "operators", "bastion", SSH),
    flow("bastion-to-hosts", "bastion", "platform", SSH),
    flow("public-http", "internet", "load_balancer", HTTP, HTTPS),
    flow("load-balancer-to-api", "load_balancer", "api", API),
    flow("app-to-postgres", "app", "postgres", SQL),
    flow("replication", "postgres", "postgres", SQL, across=True),
    flow("app-to-internet", "app", "internet", HTTPS),
    flow("names", "platform", "name_servers", Port(53, "udp"), Port(53, "tcp")),
)
EXTERNALS = {
    "internet": External("internet", (ip_network("0.0.0.0/0"), ip_network("::/0")), "anywhere outside"),
    "name_servers": External("name_servers", (ip_network("169.254.169.253/32"),), "the provider's resolver"),
}


def host(region, name, address, *services, public=None, ipv6=True):
    second, third, last = address.split(".")[1:]
    address6 = ip_address(f"fd00:10:{second}:{third}::{last}") if ipv6 else None
    kind = {"0": "management", "1": "public", "10": "app", "20": "data"}[third]
    public_address = ip_address(public) if public else None
    return Host(name, region, f"{region}a", f"{region}-{kind}", ip_address(address), address6, public_address, services)


def region(name, second, hosts, *, state="active", ipv6=True, clients=()):
    subnets = tuple(
        Subnet(
            f"{name}-{kind}",
            name,
            f"{name}a",
            kind,
            ip_network(f"10.{second}.{third}.0/24"),
            ip_network(f"fd00:10:{second}:{third}::/64") if ipv6 else None,
        )
        for third, kind in ((0, "management"), (1, "public"), (10, "app"), (20, "data"))
    )
    cidr6 = ip_network(f"fd00:10:{second}::/48") if ipv6 else None
    networks = tuple(map(ip_network, clients))
    return Region(name, state, ip_network(f"10.{second}.0.0/16"), cidr6, networks, subnets, tuple(hosts))


def east():
    return region(
        "east",
        1,
        (
            host("east", "bastion1", "10.1.0.10", "bastion"),
            host("east", "vpn1", "10.1.0.20", "vpn", public="198.51.100.20"),
            host("east", "lb1", "10.1.1.10", "load_balancer", public="198.51.100.11"),
            host("east", "lb2", "10.1.1.11", "load_balancer", public="198.51.100.12"),
            host("east", "nat1", "10.1.1.30", "nat_gateway", public="198.51.100.31"),
            host("east", "api1", "10.1.10.10", "api"),
            host("east", "web1", "10.1.10.20", "web"),
            host("east", "db1", "10.1.20.10", "postgres"),
        ),
        clients=("10.8.0.0/24", "fd00:10:8::/64"),
    )


def west():
    return region(
        "west",
        2,
        (
            host("west", "west-bastion1", "10.2.0.10", "bastion", ipv6=False),
            host("west", "west-lb1", "10.2.1.10", "load_balancer", public="203.0.113.11", ipv6=False),
            host("west", "west-db1", "10.2.20.10", "postgres", ipv6=False),
        ),
        state="standby",
        ipv6=False,
        clients=("10.8.1.0/24",),
    )


def topology(*, regions=None, flows=FLOWS, services=None, externals=None, outside=None):
    known = services or SERVICES
    names = dict.fromkeys(entry.security_group for entry in known.values() if entry.security_group)
    groups = {name: SecurityGroup(name, f"what {name} is") for name in names}
    return Topology(
        "example",
        "example.com",
        "example.internal",
        "minimum",
        tuple(regions or (east(), west())),
        known,
        groups,
        externals or EXTERNALS,
        tuple(flows),
        {},
        outside,
    )


def with_outside():
    client = Host("client", "", "", "outside", ip_address("192.0.2.10"), None, None, ("internet_client",))
    return topology(outside=Outside(ip_network("192.0.2.0/24"), None, (client,)))
