# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The whole iptables ruleset of each host, for IPv4 and IPv6 (R14-R18).

Both directions are closed by default. What is declared comes as one rule per peer, with the flow's name
as its comment; a gateway forwards exactly the flows that cross it. The text is in the form that
iptables-save prints, so that what runs can be compared with what is wanted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, List, Mapping, Optional, Sequence, Tuple

from ..model import OPERATORS, External, Flow, Host, Network, Port, Region, Topology, TopologyError
from ..query import Index, index, peers_region

IPV4, IPV6 = 4, 6
#: The interface of the operators' tunnel on VPN hosts.
TUNNEL = "wg0"
#: Neighbour discovery (RFC 4861) and the multicast reports that it rests on (RFC 3810): ICMPv6 types.
NEIGHBOUR_DISCOVERY = (133, 134, 135, 136)
MULTICAST_REPORT = 143


@dataclass(frozen=True)
class Rule:
    """One rule: an ``iptables-save`` line without its chain is ``matches`` followed by ``-j target``."""

    chain: str
    target: str
    source: str = ""
    destination: str = ""
    interface: str = ""
    match: str = ""
    ports: Tuple[Port, ...] = ()
    flow: str = ""
    peer: str = ""


@dataclass(frozen=True)
class Ruleset:
    """The rules of one host: filter rules of each family, and the networks that it masquerades."""

    host: str
    filter: Mapping[int, Tuple[Rule, ...]]
    nat: Mapping[int, Tuple[Rule, ...]]


def ruleset(topology: Topology, host_name: str) -> Ruleset:
    """Return the rules of one platform host.

    :raises TopologyError: there is no such host, or no bastion could reach it by SSH once they are loaded.
    """
    known = index(topology)
    host = known.platform_host(host_name)
    flows = tuple(topology.flows)
    rules = {family: tuple(_filter_rules(known, host, flows, family)) for family in (IPV4, IPV6)}
    if not any(rule.chain == "INPUT" and Port(22, "tcp") in rule.ports for rule in rules[IPV4]):
        raise TopologyError("flows", f"no flow lets a bastion reach {host_name} by SSH: declare one from bastion to platform with the port ssh")
    return Ruleset(host.name, rules, {family: tuple(_nat_rules(known, host, family)) for family in (IPV4, IPV6)})


def render(rules: Ruleset, family: int) -> str:
    """Return the text for ``iptables-restore`` (``family`` 4) or ``ip6tables-restore`` (6)."""
    lines = ["*filter", ":INPUT DROP [0:0]", ":FORWARD DROP [0:0]", ":OUTPUT DROP [0:0]"]
    lines += [_line(rule) for rule in rules.filter[family]] + ["COMMIT"]
    if rules.nat[family]:
        lines += ["*nat", *(f":{chain} ACCEPT [0:0]" for chain in ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"))]
        lines += [_line(rule) for rule in rules.nat[family]] + ["COMMIT"]
    return "".join(f"{line}\n" for line in lines)


def _line(rule: Rule) -> str:
    parts = [f"-A {rule.chain}"]
    parts += [f"-s {rule.source}"] if rule.source else []
    parts += [f"-d {rule.destination}"] if rule.destination else []
    parts += [rule.interface] if rule.interface else []
    parts += [rule.match] if rule.match else []
    parts += [_ports(rule.ports)] if rule.ports else []
    parts += [f"-m comment --comment {rule.flow}"] if rule.flow else []
    return " ".join((*parts, f"-j {rule.target}"))


def _ports(ports: Sequence[Port]) -> str:
    protocol = ports[0].protocol
    if len(ports) == 1:
        return f"-p {protocol} -m {protocol} --dport {ports[0].number}"
    return f"-p {protocol} -m multiport --dports {','.join(str(port.number) for port in ports)}"


def _filter_rules(known: Index, host: Host, flows: Sequence[Flow], family: int) -> Iterator[Rule]:
    inbound = [rule for flow in flows for rule in _inbound(known, host, flow, family)]
    outbound = [rule for flow in flows for rule in _outbound(known, host, flow, family)]
    forwarded = [rule for flow in flows for rule in _forwarded(known, host, flow, family)]
    yield from _always(known.topology, "INPUT", family)
    yield from inbound
    if forwarded:
        yield Rule("FORWARD", "ACCEPT", match="-m conntrack --ctstate RELATED,ESTABLISHED")
        yield from forwarded
    yield from _always(known.topology, "OUTPUT", family)
    yield from outbound


def _always(topology: Topology, chain: str, family: int) -> Iterator[Rule]:
    """Loopback, answers, what IPv6 cannot live without, and echo inside the platform."""
    yield Rule(chain, "ACCEPT", interface="-i lo" if chain == "INPUT" else "-o lo")
    yield Rule(chain, "ACCEPT", match="-m conntrack --ctstate RELATED,ESTABLISHED")
    if family == IPV6:
        types = NEIGHBOUR_DISCOVERY if chain == "INPUT" else (*NEIGHBOUR_DISCOVERY, MULTICAST_REPORT)
        for number in types:
            yield Rule(chain, "ACCEPT", match=f"-p ipv6-icmp -m icmp6 --icmpv6-type {number}")
    yield Rule(chain, "DROP", match="-m conntrack --ctstate INVALID")
    echo = "-p icmp -m icmp --icmp-type 8" if family == IPV4 else "-p ipv6-icmp -m icmp6 --icmpv6-type 128"
    for region in topology.regions:
        network = region.cidr if family == IPV4 else region.cidr6
        if network:
            side = {"source": str(network)} if chain == "INPUT" else {"destination": str(network)}
            yield Rule(chain, "ACCEPT", match=echo, **side)


def _inbound(known: Index, host: Host, flow: Flow, family: int) -> Iterator[Rule]:
    if flow.target not in known.endpoints(host):
        return
    for peer, source in _peers(known, host, flow.source, flow, family):
        for ports in _by_protocol(flow.ports):
            yield Rule("INPUT", "ACCEPT", source=source, ports=ports, flow=flow.name, peer=peer)


def _outbound(known: Index, host: Host, flow: Flow, family: int) -> Iterator[Rule]:
    if flow.source not in known.endpoints(host):
        return
    for peer, destination in _peers(known, host, flow.target, flow, family):
        for ports in _by_protocol(flow.ports):
            yield Rule("OUTPUT", "ACCEPT", destination=destination, ports=ports, flow=flow.name, peer=peer)


def _forwarded(known: Index, host: Host, flow: Flow, family: int) -> Iterator[Rule]:
    """The flows that cross a gateway: operators through the VPN, private subnets to externals through NAT."""
    if "vpn" in host.services and flow.source == OPERATORS:
        for client in _networks(known.regions[host.region].vpn_clients, family):
            for peer in known.members(flow.target, host.region):
                yield from _forward(flow, str(client), f"-i {TUNNEL}", peer.name, _of(peer, family))
    external = known.topology.externals.get(flow.target)
    if "nat_gateway" in host.services and external:
        for source in _behind_nat(known, flow, host.region):
            for network in _networks(external.cidrs, family):
                yield from _forward(flow, _of(source, family), "", source.name, _text(network))


def _forward(flow: Flow, source: Optional[str], interface: str, peer: str, destination: Optional[str]) -> Iterator[Rule]:
    if source is None or destination is None:
        return
    for ports in _by_protocol(flow.ports):
        yield Rule("FORWARD", "ACCEPT", source, destination, interface, "", ports, flow.name, peer)


def _behind_nat(known: Index, flow: Flow, region: str) -> Iterator[Host]:
    for source in known.members(flow.source, region):
        if known.subnets[source.subnet].kind != "public" and source.public_address is None:
            yield source


def _nat_rules(known: Index, host: Host, family: int) -> Iterator[Rule]:
    if "nat_gateway" not in host.services:
        return
    for network in masqueraded(known.regions[host.region], family):
        yield Rule("POSTROUTING", "MASQUERADE", source=str(network), peer=str(network))


def masqueraded(region: Region, family: int) -> Tuple[Network, ...]:
    """Return the private networks of a region, whose hosts go out through its NAT gateways."""
    private = [subnet for subnet in region.subnets if subnet.kind != "public"]
    networks = [subnet.cidr if family == IPV4 else subnet.cidr6 for subnet in private]
    return tuple(network for network in networks if network is not None)


def _peers(known: Index, host: Host, endpoint: str, flow: Flow, family: int) -> Iterator[Tuple[str, str]]:
    """Yield name and address or network of the other side; "" is any address."""
    if endpoint == OPERATORS:
        for network in _networks(known.regions[host.region].vpn_clients, family):
            yield OPERATORS, str(network)
    elif endpoint in known.topology.externals:
        yield from _external(known.topology.externals[endpoint], family)
    else:
        for peer in known.members(endpoint, peers_region(flow, host.region)):
            address = _of(peer, family)
            if peer is not host and address:
                yield peer.name, address


def _external(external: External, family: int) -> Iterator[Tuple[str, str]]:
    for network in _networks(external.cidrs, family):
        yield external.name, _text(network)


def _networks(networks: Sequence[Network], family: int) -> List[Network]:
    return [network for network in networks if network.version == family]


def _text(network: Network) -> str:
    return "" if network.prefixlen == 0 else str(network)


def _of(host: Host, family: int) -> Optional[str]:
    if family == IPV4:
        return f"{host.address}/32"
    return f"{host.address6}/128" if host.address6 else None


def _by_protocol(ports: Sequence[Port]) -> Iterator[Tuple[Port, ...]]:
    for protocol in sorted({port.protocol for port in ports}):
        yield tuple(port for port in ports if port.protocol == protocol)


def explain(rules: Ruleset) -> Tuple[str, ...]:
    """Return the declared IPv4 rules for people: ``in  22/tcp from bastion1 10.0.0.10  (bastion-to-hosts)``."""
    words = {"INPUT": ("in ", "from"), "OUTPUT": ("out", "to"), "FORWARD": ("fwd", "for")}
    lines = []
    for rule in rules.filter[IPV4]:
        if rule.flow:
            direction, preposition = words[rule.chain]
            address = (rule.destination if rule.chain == "OUTPUT" else rule.source).replace("/32", "") or "anywhere"
            peer = rule.peer if address == "anywhere" else f"{rule.peer} {address}"
            lines.append(f"{direction} {', '.join(map(str, rule.ports))} {preposition} {peer}  ({rule.flow})")
    return tuple(lines)
