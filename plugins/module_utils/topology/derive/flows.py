# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The declared flows for people: one row each, and what gets into and out of each security group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Tuple

from ..model import PLATFORM, Flow, Topology
from ..query import index, peers_region


@dataclass(frozen=True)
class FlowRow:
    """One flow as text; ``reach`` says whether it crosses regions."""

    name: str
    source: str
    target: str
    ports: str
    reach: str
    reason: str


@dataclass(frozen=True)
class GroupRow:
    """A security group, the names of its hosts, and the flows that lead to it and away from it."""

    name: str
    description: str
    hosts: Tuple[str, ...]
    inbound: Tuple[str, ...]
    outbound: Tuple[str, ...]


def flow_rows(topology: Topology) -> Tuple[FlowRow, ...]:
    """Return a row for each declared flow, in the order of the declaration."""
    return tuple(
        FlowRow(flow.name, flow.source, flow.target, port_text(flow), _reach(topology, flow), flow.reason)
        for flow in topology.flows
    )


def group_rows(topology: Topology) -> Tuple[GroupRow, ...]:
    """Return a row for each security group. Flows of every host (``platform``) are not repeated for each."""
    return tuple(_group_row(topology, name) for name in topology.security_groups)


def port_text(flow: Flow) -> str:
    """Return the ports of a flow with the names that the declaration gives them: ``8000/tcp (http)``."""
    pairs = zip(flow.port_names, flow.ports)
    return ", ".join(str(port) if name == str(port) else f"{port} ({name})" for name, port in pairs)


def _reach(topology: Topology, flow: Flow) -> str:
    if flow.source in topology.externals or flow.target in topology.externals:
        return "outside"
    return "between regions" if flow.across_regions else "inside each region"


def _group_row(topology: Topology, name: str) -> GroupRow:
    services = [service.name for service in topology.services.values() if service.security_group == name]
    hosts = tuple(host.name for host in topology.hosts if set(services) & set(host.services))
    ends = {name, *services}
    inbound = tuple(_sentence(flow, flow.source, "from") for flow in topology.flows if flow.target in ends)
    outbound = tuple(_sentence(flow, flow.target, "to") for flow in topology.flows if flow.source in ends)
    group = topology.security_groups[name]
    return GroupRow(name, group.description, hosts, inbound, outbound)


def _sentence(flow: Flow, other: str, preposition: str) -> str:
    peer = "every host" if other == PLATFORM else other
    return f"{', '.join(map(str, flow.ports))} {preposition} {peer}"


def common_flows(topology: Topology) -> Iterator[FlowRow]:
    """Yield the flows that begin or end on every host of the platform."""
    return (row for row in flow_rows(topology) if PLATFORM in (row.source, row.target))


@dataclass(frozen=True)
class Peer:
    """A socket of another host that a host may call over TCP."""

    name: str
    address: str
    port: int


def tcp_peers(topology: Topology, host_name: str) -> Tuple[Peer, ...]:
    """Return every TCP socket inside of the platform that a host may call by a declared flow, each once, in order."""
    known = index(topology)
    host = known.platform_host(host_name)
    ends = known.endpoints(host)
    found = {
        Peer(f"{peer.name} {name}", str(peer.address), port.number)
        for flow in topology.flows
        if flow.source in ends
        for name, port in zip(flow.port_names, flow.ports)
        if port.protocol == "tcp"
        for peer in known.members(flow.target, peers_region(flow, host.region))
        if peer is not host
    }
    return tuple(sorted(found, key=lambda peer: (peer.name, peer.port)))
