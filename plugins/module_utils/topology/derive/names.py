# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The names of all hosts, as every host's /etc/hosts has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

from ..model import Topology
from ..query import index

#: The service whose hosts reach the database through a route of their own, and the name by which they call it.
ROUTED_SERVICE = "api"
DATABASE = "database"
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class HostsEntry:
    """One line of /etc/hosts: the whole name first, then the short one (hosts(5))."""

    address: str
    names: Tuple[str, ...]


def hosts_file(topology: Topology, host_name: str) -> Tuple[HostsEntry, ...]:
    """Return the lines of a host's /etc/hosts: every host in the order of the declaration, those outside last.

    On hosts of the API the database's name leads to the host itself, where the route to the leader listens.

    :raises TopologyError: there is no such host.
    """
    host = index(topology).host(host_name)
    outside = topology.outside.hosts if topology.outside else ()
    entries = tuple(_entry(topology, str(one.address), one.name) for one in (*topology.hosts, *outside))
    if ROUTED_SERVICE in host.services:
        return (*entries, _entry(topology, LOOPBACK, DATABASE))
    return entries


def full_name(topology: Topology, name: str) -> str:
    """Return a name with the internal domain."""
    return f"{name}.{topology.internal_domain}"


def database_name(topology: Topology) -> str:
    """Return the name of the database, for which the certificate of every database host is valid, too."""
    return full_name(topology, DATABASE)


def _entry(topology: Topology, address: str, name: str) -> HostsEntry:
    return HostsEntry(address, (full_name(topology, name), name))
