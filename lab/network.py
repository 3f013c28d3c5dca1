# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The network of a lab as a value: namespaces, links, addresses, routes and the provider's address translation.

    <lab>-internet          joins everything; a bridge `outside` with the hosts that stand outside of the platform
    <lab>-router-<region>   the provider's router of a region: a bridge per subnet, 1:1 translation of public addresses
    <lab>-operator          where operators, Ansible and tests sit
    <lab>-<host>            one per host, with one interface eth0

Nothing is in the machine's own namespace. This module only computes; :mod:`lab.netns` carries it out.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Interface, IPv6Network, ip_interface
from itertools import combinations
from typing import Dict, List, Optional, Sequence, Tuple, Union

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import (
    Host,
    Network,
    Region,
    Subnet,
    Topology,
)

Interface = Union[IPv4Interface, IPv6Interface]

#: Carrier networks between routers, from the range that RFC 6598 keeps for providers.
TRANSIT = IPv4Network("100.64.0.0/15")
TRANSIT6 = IPv6Network("fdff:64::/32")
#: Routes of the provider's console network lose against any that a VPN brings.
CONSOLE_METRIC = 4096
FORWARDING = ("net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
ROUTER_SYSCTLS = (
    *FORWARDING,
    "net.ipv4.conf.all.rp_filter=0",
    "net.ipv4.conf.default.rp_filter=0",
    "net.ipv4.conf.all.send_redirects=0",
    "net.ipv4.conf.default.send_redirects=0",
    # What stays in a subnet is the bridge's alone, where the machine has br_netfilter loaded.
    "net.bridge.bridge-nf-call-iptables=0",
    "net.bridge.bridge-nf-call-ip6tables=0",
)


@dataclass(frozen=True)
class Namespace:
    """One namespace. ``commands`` are lines for ``ip -batch`` that may be repeated, ``nft`` is its whole ruleset."""

    name: str
    bridges: Tuple[str, ...]
    sysctls: Tuple[str, ...]
    commands: Tuple[str, ...]
    nft: str


@dataclass(frozen=True)
class Link:
    """A virtual cable between two namespaces."""

    namespace: str
    interface: str
    peer_namespace: str
    peer_interface: str


@dataclass(frozen=True)
class Plan:
    """The network of a whole lab, without the prefix of the lab's name."""

    namespaces: Tuple[Namespace, ...]
    links: Tuple[Link, ...]


@dataclass(frozen=True)
class Wire:
    """A numbered carrier network of two routers: the first address of each is the near end's."""

    near: Tuple[Interface, Interface]
    far: Tuple[Interface, Interface]


def interface_name(prefix: str, name: str) -> str:
    """Return a name of an interface, at most 15 characters, from what it stands for.

    >>> interface_name("p", "db1")
    'p.db1'
    """
    full = f"{prefix}.{name}"
    if len(full) <= 15:
        return full
    return f"{prefix}.{name[:8]}-{hashlib.sha256(name.encode()).hexdigest()[:4]}"


def router(region: str) -> str:
    """Return the namespace of a region's router."""
    return f"router-{region}"


def part(whole: Plan, host: str) -> Plan:
    """Return of a plan what one host needs: its namespace, its cable, and the port at its router.

    :raises StopIteration: the plan has no such host.
    """
    cable = next(link for link in whole.links if link.peer_namespace == host)
    own = next(namespace for namespace in whole.namespaces if namespace.name == host)
    far = next(namespace for namespace in whole.namespaces if namespace.name == cable.namespace)
    plugging = tuple(line for line in far.commands if line.startswith(f"link set {cable.interface} "))
    return Plan(namespaces=(own, Namespace(far.name, (), (), plugging, "")), links=(cable,))


def plan(topology: Topology) -> Plan:
    """Return the network of a topology."""
    regions = topology.regions
    wires = {region.name: _wire(index) for index, region in enumerate(regions)}
    namespaces = [_internet(topology, wires), _operator(topology)]
    links = [Link("internet", "operator", "operator", "internet")]
    for region in regions:
        namespaces.append(_router(topology, region, wires))
        links.append(Link("internet", interface_name("r", region.name), router(region.name), "internet"))
        subnets = {subnet.name: subnet for subnet in region.subnets}
        for host in region.hosts:
            subnet = subnets[host.subnet]
            namespaces.append(_host(host, subnet.cidr, subnet.cidr6))
            links.append(Link(router(region.name), interface_name("p", host.name), host.name, "eth0"))
    for first, second in combinations(regions, 2):
        links.append(
            Link(
                router(first.name),
                interface_name("x", second.name),
                router(second.name),
                interface_name("x", first.name),
            )
        )
    if topology.outside:
        for host in topology.outside.hosts:
            namespaces.append(_host(host, topology.outside.cidr, topology.outside.cidr6))
            links.append(Link("internet", interface_name("p", host.name), host.name, "eth0"))
    return Plan(namespaces=tuple(namespaces), links=tuple(links))


def _wire(number: int) -> Wire:
    base, base6 = int(TRANSIT.network_address) + 4 * number, int(TRANSIT6.network_address) + (number << 64)
    ends = [
        (ip_interface(f"{IPv4Address(base + end)}/30"), ip_interface(f"{IPv6Address(base6 + end)}/64"))
        for end in (1, 2)
    ]
    return Wire(near=ends[0], far=ends[1])


def _operator_wire() -> Wire:
    return _wire(0x4000)


def _peering_wire(topology: Topology, first: Region, second: Region) -> Wire:
    pairs = [frozenset((a.name, b.name)) for a, b in combinations(topology.regions, 2)]
    wire = _wire(0x2000 + pairs.index(frozenset((first.name, second.name))))
    order = [region.name for region in topology.regions]
    return wire if order.index(first.name) < order.index(second.name) else Wire(near=wire.far, far=wire.near)


def _addresses(interface: str, addresses: Sequence[Interface]) -> List[str]:
    return [f"link set {interface} up"] + [
        f"address replace {address} dev {interface}" + (" nodad" if address.version == 6 else "")
        for address in addresses
    ]


def _route(network: Union[Network, str], via: Interface, rest: str = "") -> str:
    return f"-{via.version} route replace {network} via {via.ip} {rest}".strip()


def _cidrs(region: Region) -> Tuple[Network, ...]:
    return (region.cidr,) if region.cidr6 is None else (region.cidr, region.cidr6)


def _of_version(wire_end: Sequence[Interface], network: Network) -> Interface:
    return wire_end[0] if network.version == 4 else wire_end[1]


def _host(host: Host, cidr: IPv4Network, cidr6: Optional[IPv6Network]) -> Namespace:
    commands = ["link set lo up", *_addresses("eth0", [ip_interface(f"{host.address}/{cidr.prefixlen}")])]
    commands.append(_route("default", ip_interface(cidr.network_address + 1)))
    if host.address6 is not None and cidr6 is not None:
        commands += _addresses("eth0", [ip_interface(f"{host.address6}/{cidr6.prefixlen}")])
        commands.append(_route("default", ip_interface(cidr6.network_address + 1)))
    return Namespace(name=host.name, bridges=(), sysctls=(), commands=tuple(commands), nft="")


def _operator(topology: Topology) -> Namespace:
    wire = _operator_wire()
    commands = ["link set lo up", *_addresses("internet", wire.far)]
    commands += [_route("default", near) for near in wire.near]
    for region in topology.regions:
        commands += [_route(cidr, _of_version(wire.near, cidr), f"metric {CONSOLE_METRIC}") for cidr in _cidrs(region)]
    return Namespace(name="operator", bridges=(), sysctls=(), commands=tuple(commands), nft="")


def _internet(topology: Topology, wires: Dict[str, Wire]) -> Namespace:
    """Return the namespace that joins the regions: for all but the operator it knows public addresses only."""
    commands = ["link set lo up", *_addresses("operator", _operator_wire().near), *_rules_flushed()]
    commands += [f"-{version} rule add pref 100 iif operator lookup 100" for version in (4, 6)]
    for region in topology.regions:
        wire = wires[region.name]
        commands += _addresses(interface_name("r", region.name), wire.near)
        commands += [_route(cidr, _of_version(wire.far, cidr), "table 100") for cidr in _cidrs(region)]
        commands += [_route(f"{host.public_address}/32", wire.far[0]) for host in region.hosts if host.public_address]
    bridges: Tuple[str, ...] = ()
    if topology.outside:
        bridges = ("outside",)
        commands += _addresses(
            "outside", [_gateway(cidr) for cidr in (topology.outside.cidr, topology.outside.cidr6) if cidr]
        )
        for host in topology.outside.hosts:
            commands.append(f"link set {interface_name('p', host.name)} master outside up")
    return Namespace(name="internet", bridges=bridges, sysctls=ROUTER_SYSCTLS, commands=tuple(commands), nft="")


def _gateway(cidr: Network) -> Interface:
    return ip_interface(f"{cidr.network_address + 1}/{cidr.prefixlen}")


def _rules_flushed() -> List[str]:
    """Return lines that leave the usual policy rules alone, so that adding others can be repeated."""
    return [
        line for version in (4, 6) for line in (f"-{version} rule flush", f"-{version} rule add pref 32766 lookup main")
    ]


def _router(topology: Topology, region: Region, wires: Dict[str, Wire]) -> Namespace:
    wire = wires[region.name]
    commands = ["link set lo up", *_addresses("internet", wire.far)]
    commands += [_route("default", near) for near in wire.near]
    for subnet in region.subnets:
        commands += _addresses(bridge(subnet), [_gateway(cidr) for cidr in (subnet.cidr, subnet.cidr6) if cidr])
    for host in region.hosts:
        commands.append(f"link set {interface_name('p', host.name)} master {interface_name('b', host.subnet)} up")
    for other in topology.regions:
        if other is not region:
            peering = _peering_wire(topology, region, other)
            commands += _addresses(interface_name("x", other.name), peering.near)
            commands += [_route(cidr, _of_version(peering.far, cidr)) for cidr in _cidrs(other)]
    commands += _vpn_routes(region) + _rules_flushed() + _egress_rules(topology, region)
    bridges = tuple(bridge(subnet) for subnet in region.subnets)
    return Namespace(
        name=router(region.name),
        bridges=bridges,
        sysctls=ROUTER_SYSCTLS,
        commands=tuple(commands),
        nft=_translation(region),
    )


def bridge(subnet: Subnet) -> str:
    """Return the name of a subnet's bridge in its router."""
    return interface_name("b", subnet.name)


def _vpn_routes(region: Region) -> List[str]:
    gateways = [host for host in region.hosts if "vpn" in host.services]
    if not gateways:
        return []
    return [
        _route(cidr, ip_interface(address))
        for cidr in region.vpn_clients
        if (address := _address(gateways[0], cidr.version))
    ]


def _address(host: Host, version: int) -> Optional[Union[IPv4Address, IPv6Address]]:
    return host.address if version == 4 else host.address6


def _egress_rules(topology: Topology, region: Region) -> List[str]:
    """Return the routes out of the platform: private subnets send to the NAT gateway of their zone."""
    gateways = [host for host in region.hosts if "nat_gateway" in host.services]
    if not gateways:
        return []
    inside: List[Network] = [cidr for other in topology.regions for cidr in (*_cidrs(other), *other.vpn_clients)]
    commands = [f"-{cidr.version} rule add pref 100 to {cidr} lookup main" for cidr in (*inside, TRANSIT, TRANSIT6)]
    for host in region.hosts:
        if host.public_address:
            commands += [
                f"-{address.version} rule add pref 110 from {address} lookup main" for address in host.addresses
            ]
    for number, subnet in enumerate(region.subnets):
        if subnet.kind != "public":
            gateway = next((host for host in gateways if host.zone == subnet.zone), gateways[0])
            commands += _egress(number + 200, subnet, gateway)
    return commands


def _egress(table: int, subnet: Subnet, gateway: Host) -> List[str]:
    commands = []
    for address in gateway.addresses:
        commands.append(_route("default", ip_interface(address), f"table {table}"))
        commands.append(f"-{address.version} rule add pref 200 iif {bridge(subnet)} lookup {table}")
    return commands


def _translation(region: Region) -> str:
    """Return the ruleset of a provider's router: public addresses 1:1, IPv6 out but not in.

    A region without a NAT gateway of its own gets the provider's.
    """
    public = [host for host in region.hosts if host.public_address]
    into = [f'iifname "internet" ip daddr {host.public_address} dnat ip to {host.address}' for host in public]
    out = [f'oifname "internet" ip saddr {host.address} snat ip to {host.public_address}' for host in public]
    if region.cidr6:
        out.append(f'oifname "internet" ip6 saddr {region.cidr6} masquerade')
    if not any("nat_gateway" in host.services for host in region.hosts):
        out.append(f'oifname "internet" ip saddr {region.cidr} masquerade')
    exempt = [f'oifname "internet" ip daddr {TRANSIT} accept', f'oifname "internet" ip6 daddr {TRANSIT6} accept']
    lines = ["table inet provider {", "  chain prerouting {", "    type nat hook prerouting priority dstnat;"]
    lines += [f"    {rule}" for rule in into]
    lines += ["  }", "  chain postrouting {", "    type nat hook postrouting priority srcnat;"]
    lines += [f"    {rule}" for rule in (*exempt, *out)]
    return "\n".join([*lines, "  }", "}", ""])
