# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who talks pgBackRest's protocol with whom: database hosts and the host that keeps their backups."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional, Tuple

from ..model import Host, Topology
from ..query import Index, index, peers_region
from .names import full_name

#: The port's name in the declaration, the same for both ends.
PORT = "pgbackrest"
DATABASE = "postgres"
REPOSITORY = "backup"


@dataclass(frozen=True)
class Server:
    """A host's pgBackRest server, by the name in its certificate."""

    name: str
    host: str
    port: int


@dataclass(frozen=True)
class Peers:
    """What a host's pgBackRest calls and who may call it.

    ``repository`` is where a database host brings its backups. ``databases`` are those that a backup host saves, of
    its own region first: pgBackRest takes what it can from the first standby that it finds.
    ``clients`` are the names in the certificates of all who may call this host.
    """

    repository: Optional[Server]
    databases: Tuple[Server, ...]
    clients: Tuple[str, ...]


def peers(topology: Topology, host_name: str) -> Peers:
    """Return the peers of a host by the declared flows.

    Of several backup hosts, a database host uses one of its own region, or else the first that is declared.

    :raises TopologyError: there is no such host, or it stands outside of the platform.
    """
    known = index(topology)
    host = known.platform_host(host_name)
    own = _called(known, host, REPOSITORY) if DATABASE in host.services else []
    saved = _called(known, host, DATABASE) if REPOSITORY in host.services else []
    return Peers(
        repository=_server(topology, own[0], REPOSITORY) if own else None,
        databases=tuple(_server(topology, one, DATABASE) for one in saved),
        clients=tuple(full_name(topology, one.name) for one in _callers(known, host)),
    )


def _called(known: Index, host: Host, service: str) -> List[Host]:
    """Return the hosts of a service that a host may call, of its own region first, in the order of the declaration."""
    ends = known.endpoints(host)
    found = dict.fromkeys(
        peer.name
        for flow in known.topology.flows
        if flow.source in ends and flow.target == service and PORT in flow.port_names
        for peer in known.members(service, peers_region(flow, host.region))
        if peer is not host
    )
    return sorted((known.host(name) for name in found), key=lambda one: one.region != host.region)


def _callers(known: Index, host: Host) -> Tuple[Host, ...]:
    """Return the hosts that may call a host, in the order of the declaration."""
    return tuple(
        other
        for other in known.topology.hosts
        if other is not host and any(host in _called(known, other, service) for service in host.services)
    )


def _server(topology: Topology, host: Host, service: str) -> Server:
    return Server(host.name, full_name(topology, host.name), topology.services[service].ports[PORT].number)
