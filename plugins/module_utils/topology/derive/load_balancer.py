# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What stands behind and beside a load balancer (R24-R26, R22)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

from ..model import Host, Topology
from ..query import index

#: Each backend, and the service whose ``http`` port serves it.
BACKENDS = (("api", "api"), ("websocket", "api"), ("web", "web"))


@dataclass(frozen=True)
class Server:
    """One server of a backend, or one load balancer among its peers."""

    name: str
    address: str
    port: int


@dataclass(frozen=True)
class Backend:
    """A named set of servers."""

    name: str
    servers: Tuple[Server, ...]


def backends(topology: Topology, host_name: str) -> Tuple[Backend, ...]:
    """Return the backends of a load balancer: the application servers of its own region."""
    region = index(topology).platform_host(host_name).region
    return tuple(Backend(name, _servers(topology, service, region, "http")) for name, service in BACKENDS)


def peers(topology: Topology, host_name: str) -> Tuple[Server, ...]:
    """Return the load balancers that share the rate limit's table: those of the region, itself included."""
    return _servers(topology, "load_balancer", index(topology).platform_host(host_name).region, "peers")


def _servers(topology: Topology, service: str, region: str, port_name: str) -> Tuple[Server, ...]:
    if service not in topology.services:
        return ()
    port = topology.services[service].ports[port_name].number
    return tuple(_server(host, port) for host in index(topology).members(service, region))


def _server(host: Host, port: int) -> Server:
    return Server(host.name, str(host.address), port)
