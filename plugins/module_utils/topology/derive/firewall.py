# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The whole iptables ruleset of each host, for IPv4 and IPv6 (R14-R18).

Both directions are closed by default. What is declared comes as one rule per peer, with the flow's name
as its comment; a gateway forwards exactly the flows that cross it. Externals are outside of the platform:
where the networks of one hold the platform's own, these are dropped before it is let through. The text is in
the form that iptables-save prints, so that what runs can be compared with what is wanted.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import chain as joined
from typing import Dict, Iterable, Iterator, List, Mapping, Optional, Sequence, Tuple

from ..model import OPERATORS, Flow, Host, Network, Port, Region, Topology, TopologyError
from ..query import Index, index, peers_region

IPV4, IPV6 = 4, 6
FAMILIES = (IPV4, IPV6)
SSH = Port(22, "tcp")
#: The interface of the operators' tunnel on VPN hosts.
TUNNEL = "wg0"
#: Neighbour discovery (RFC 4861, types 133-136) and the multicast reports that it rests on (RFC 3810, type 143).
NEIGHBOUR_DISCOVERY = (133, 134, 135, 136)
MULTICAST_REPORT = 143
#: ICMPv6 "packet too big" (RFC 4443); most of it is RELATED, the first one of a path may not be.
PACKET_TOO_BIG = 2
ESTABLISHED = "-m conntrack --ctstate RELATED,ESTABLISHED"
INVALID = "-m conntrack --ctstate INVALID"
#: Echo requests that one host takes or sends: ten a second, twenty at once.
ECHO_LIMIT = "-m limit --limit 10/sec --limit-burst 20"
#: The comment of the rules that keep the platform's own networks out of the externals'.
NOT_EXTERNAL = "platform-is-not-external"
#: The most ports that one multiport match takes (iptables-extensions(8)).
MULTIPORT = 15


@dataclass(frozen=True)
class Rule:
    """One rule of a chain: whom it matches, and for declared ones the flow, its peer and its ports."""

    chain: str
    target: str
    source: str = ""
    destination: str = ""
    interface: str = ""
    match: str = ""
    ports: Tuple[Port, ...] = ()
    flow: str = ""
    peer: str = ""

    @property
    def remote(self) -> str:
        """The address or network on the other side of the host: the source of INPUT, else the destination."""
        return self.source if self.chain == "INPUT" else self.destination


@dataclass(frozen=True)
class Ruleset:
    """The rules of one host by family: those of the filter table and those of the nat table."""

    host: str
    filter: Mapping[int, Tuple[Rule, ...]]
    nat: Mapping[int, Tuple[Rule, ...]]


def ruleset(topology: Topology, host_name: str) -> Ruleset:
    """Return the rules of one platform host.

    :raises TopologyError: there is no such host, or no bastion could reach it by SSH once they are loaded.
    """
    known = index(topology)
    host = known.platform_host(host_name)
    rules = {family: tuple(_filter_rules(known, host, family)) for family in FAMILIES}
    _refuse_lockout(known, host, rules[IPV4])
    return Ruleset(host.name, rules, {family: tuple(_nat_rules(known, host, family)) for family in FAMILIES})


def _refuse_lockout(known: Index, host: Host, rules: Iterable[Rule]) -> None:
    """Somebody has to come in: operators or a bastion; anybody where the platform has no bastion."""
    ways_in = {OPERATORS, *(bastion.name for bastion in known.members("bastion"))}
    for rule in rules:
        if rule.chain == "INPUT" and SSH in rule.ports and (rule.peer in ways_in or len(ways_in) == 1):
            return
    raise TopologyError(
        "flows",
        f"no flow lets a bastion reach {host.name} by SSH, its firewall would lock everybody out: "
        "declare a flow from bastion to platform with the port ssh (to a bastion: from operators)",
    )


def render(rules: Ruleset, family: int) -> str:
    """Return the text for ``iptables-restore`` (``family`` 4) or ``ip6tables-restore`` (6)."""
    lines = ["*filter", ":INPUT DROP [0:0]", ":FORWARD DROP [0:0]", ":OUTPUT DROP [0:0]"]
    lines += [_line(rule) for rule in rules.filter[family]] + ["COMMIT"]
    if rules.nat[family]:
        lines += ["*nat", *(f":{chain} ACCEPT [0:0]" for chain in ("PREROUTING", "INPUT", "OUTPUT", "POSTROUTING"))]
        lines += [_line(rule) for rule in rules.nat[family]] + ["COMMIT"]
    return "".join(f"{line}\n" for line in lines)


@lru_cache(maxsize=65536)
def _line(rule: Rule) -> str:
    parts = [f"-A {rule.chain}"]
    parts += [f"-s {rule.source}"] if rule.source else []
    parts += [f"-d {rule.destination}"] if rule.destination else []
    parts += [part for part in (rule.interface, rule.match) if part]
    parts += [_ports(rule.ports)] if rule.ports else []
    parts += [f"-m comment --comment {rule.flow}"] if rule.flow else []
    return " ".join((*parts, f"-j {rule.target}"))


def _ports(ports: Sequence[Port]) -> str:
    protocol = ports[0].protocol
    if len(ports) == 1:
        return f"-p {protocol} -m {protocol} --dport {ports[0].number}"
    return f"-p {protocol} -m multiport --dports {','.join(str(port.number) for port in ports)}"


def _filter_rules(known: Index, host: Host, family: int) -> Iterator[Rule]:
    flows, ends = known.topology.flows, frozenset(known.endpoints(host))
    inbound = (rule for flow in flows if flow.target in ends for rule in _inbound(known, host, flow, family))
    outbound = (rule for flow in flows if flow.source in ends for rule in _outbound(known, host, flow, family))
    forwarded = [rule for flow in flows for rule in _forwarded(known, host, flow, family)]
    yield from _always(known, "INPUT", family)
    yield from _platform_first(known, "INPUT", inbound, family)
    if forwarded:
        yield Rule("FORWARD", "ACCEPT", match=ESTABLISHED)
        yield Rule("FORWARD", "DROP", match=INVALID)
        yield from _platform_first(known, "FORWARD", forwarded, family)
    yield from _always(known, "OUTPUT", family)
    yield from _platform_first(known, "OUTPUT", outbound, family)


@lru_cache(maxsize=16)
def _always(known: Index, chain: str, family: int) -> Tuple[Rule, ...]:
    """Return what is the same on every host: loopback, answers, what IPv6 cannot live without, and echo inside."""
    rules = [
        Rule(chain, "ACCEPT", interface="-i lo" if chain == "INPUT" else "-o lo"),
        Rule(chain, "ACCEPT", match=ESTABLISHED),
    ]
    if family == IPV6:
        numbers = (PACKET_TOO_BIG, *NEIGHBOUR_DISCOVERY, *(() if chain == "INPUT" else (MULTICAST_REPORT,)))
        rules += [Rule(chain, "ACCEPT", match=f"-p ipv6-icmp -m icmp6 --icmpv6-type {number}") for number in numbers]
    rules.append(Rule(chain, "DROP", match=INVALID))
    echo = "-p icmp -m icmp --icmp-type 8" if family == IPV4 else "-p ipv6-icmp -m icmp6 --icmpv6-type 128"
    for region in known.topology.regions:
        network = region.cidr if family == IPV4 else region.cidr6
        if network:
            rules.append(_towards(chain, str(network), Rule(chain, "ACCEPT", match=f"{echo} {ECHO_LIMIT}")))
    return tuple(rules)


def _towards(chain: str, remote: str, rule: Rule) -> Rule:
    """Return the rule with the other side's address where the chain has it."""
    source, destination = (remote, "") if chain == "INPUT" else ("", remote)
    return Rule(rule.chain, rule.target, source, destination, rule.interface, rule.match, rule.ports, rule.flow)


def _platform_first(known: Index, chain: str, rules: Iterable[Rule], family: int) -> Iterator[Rule]:
    """Yield the rules; those for networks that hold the platform's own come last, behind drops for these."""
    covered = _covered(known, family)
    wide: List[Rule] = []
    for rule in rules:
        if rule.remote in covered:
            wide.append(rule)
        else:
            yield rule
    for network in dict.fromkeys(joined.from_iterable(covered[rule.remote] for rule in wide)):
        yield _not_external(chain, network)
    yield from wide


@lru_cache(maxsize=4096)
def _not_external(chain: str, network: str) -> Rule:
    return _towards(chain, network, Rule(chain, "DROP", flow=NOT_EXTERNAL))


@lru_cache(maxsize=8)
def _covered(known: Index, family: int) -> Dict[str, Tuple[str, ...]]:
    """Map each network of an external that holds networks of the platform or of operators to these."""
    own: List[Network] = []
    for region in known.topology.regions:
        own += [network for network in (region.cidr, region.cidr6, *region.vpn_clients) if network]
    covered = {}
    for external in known.topology.externals.values():
        for network in _networks(external.cidrs, family):
            inside = tuple(str(part) for part in _networks(own, family) if _holds(network, part))
            if inside:
                covered[_text(network)] = inside
    return covered


def _holds(network: Network, part: Network) -> bool:
    return network.prefixlen <= part.prefixlen and network.overlaps(part)


def _inbound(known: Index, host: Host, flow: Flow, family: int) -> Iterator[Rule]:
    for peer, source in _peers(known, host, flow.source, flow, family):
        for ports in _port_sets(flow.ports):
            yield Rule("INPUT", "ACCEPT", source, "", "", "", ports, flow.name, peer)


def _outbound(known: Index, host: Host, flow: Flow, family: int) -> Iterator[Rule]:
    for peer, destination in _peers(known, host, flow.target, flow, family):
        for ports in _port_sets(flow.ports):
            yield Rule("OUTPUT", "ACCEPT", "", destination, "", "", ports, flow.name, peer)


def _forwarded(known: Index, host: Host, flow: Flow, family: int) -> Iterator[Rule]:
    """Yield what crosses a gateway: operators through the VPN, private subnets to externals through NAT."""
    if "vpn" in host.services and flow.source == OPERATORS:
        for client in _networks(known.regions[host.region].vpn_clients, family):
            for peer in known.members(flow.target, host.region):
                yield from _forward(flow, str(client), f"-i {TUNNEL}", peer.name, _of(peer, family))
    external = known.topology.externals.get(flow.target)
    if "nat_gateway" in host.services and external:
        for source in _behind_nat(known, flow, host.region):
            for network in _networks(external.cidrs, family):
                yield from _forward(flow, _of(source, family), "", source.name, _text(network))


def _forward(
    flow: Flow, source: Optional[str], interface: str, peer: str, destination: Optional[str]
) -> Iterator[Rule]:
    if source is None or destination is None:
        return
    for ports in _port_sets(flow.ports):
        yield Rule("FORWARD", "ACCEPT", source, destination, interface, "", ports, flow.name, peer)


def _behind_nat(known: Index, flow: Flow, region: str) -> Iterator[Host]:
    for source in known.members(flow.source, region):
        if known.subnets[source.subnet].kind != "public" and source.public_address is None:
            yield source


def _nat_rules(known: Index, host: Host, family: int) -> Iterator[Rule]:
    """Yield the masquerading of a gateway, where anybody behind it may go out in this family."""
    if "nat_gateway" not in host.services or not _goes_out(known, host.region, family):
        return
    for network in masqueraded(known.regions[host.region], family):
        yield Rule("POSTROUTING", "MASQUERADE", source=str(network), peer=str(network))


def _goes_out(known: Index, region: str, family: int) -> bool:
    externals = known.topology.externals
    flows = (flow for flow in known.topology.flows if flow.target in externals)
    return any(
        _networks(externals[flow.target].cidrs, family) and any(True for _host in _behind_nat(known, flow, region))
        for flow in flows
    )


def masqueraded(region: Region, family: int) -> Tuple[Network, ...]:
    """Return the private networks of a region, whose hosts go out through its NAT gateways."""
    private = [subnet for subnet in region.subnets if subnet.kind != "public"]
    networks = [subnet.cidr if family == IPV4 else subnet.cidr6 for subnet in private]
    return tuple(network for network in networks if network is not None)


def _peers(known: Index, host: Host, endpoint: str, flow: Flow, family: int) -> Iterator[Tuple[str, str]]:
    """Yield name and address or network of the other side; "" is any address."""
    externals = known.topology.externals
    if endpoint == OPERATORS:
        for network in _networks(known.regions[host.region].vpn_clients, family):
            yield OPERATORS, str(network)
    elif endpoint in externals:
        for network in _networks(externals[endpoint].cidrs, family):
            yield endpoint, _text(network)
    elif family == IPV4 or host.address6:
        for peer in known.members(endpoint, peers_region(flow, host.region)):
            address = _of(peer, family)
            if peer is not host and address:
                yield peer.name, address


def _networks(networks: Sequence[Network], family: int) -> List[Network]:
    return [network for network in networks if network.version == family]


def _text(network: Network) -> str:
    return "" if network.prefixlen == 0 else str(network)


@lru_cache(maxsize=16384)
def _written(address: object, length: int) -> str:
    return f"{address}/{length}"


def _of(host: Host, family: int) -> Optional[str]:
    if family == IPV4:
        return _written(host.address, 32)
    return _written(host.address6, 128) if host.address6 else None


@lru_cache(maxsize=1024)
def _port_sets(ports: Tuple[Port, ...]) -> Tuple[Tuple[Port, ...], ...]:
    """Return the ports in sets that one rule can match: of one protocol, at most fifteen."""
    sets = []
    for protocol in sorted({port.protocol for port in ports}):
        same = tuple(dict.fromkeys(port for port in ports if port.protocol == protocol))
        sets += [same[start : start + MULTIPORT] for start in range(0, len(same), MULTIPORT)]
    return tuple(sets)


def explain(rules: Ruleset, family: int = IPV4) -> Tuple[str, ...]:
    """Return the declared rules for people: ``in  tcp 8000 from lb1 10.0.1.10  (load-balancer-to-api)``."""
    accepted = (rule for rule in rules.filter[family] if rule.ports)
    return tuple(_explained(rule) for rule in accepted)


def _explained(rule: Rule) -> str:
    ports = f"{rule.ports[0].protocol} {','.join(str(port.number) for port in rule.ports)}"
    remote = _bare(rule.remote) or "anywhere outside"
    if rule.chain == "FORWARD":
        return f"fwd {ports} from {_bare(rule.source)} to {remote} for {rule.peer}  ({rule.flow})"
    direction, preposition = ("in ", "from") if rule.chain == "INPUT" else ("out", "to")
    return f"{direction} {ports} {preposition} {rule.peer} {remote}  ({rule.flow})"


def _bare(address: str) -> str:
    host, _slash, length = address.partition("/")
    return host if length in ("32", "128") else address
