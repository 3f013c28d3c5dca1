# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The names of all hosts, as every host's /etc/hosts has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

from ..model import Topology


@dataclass(frozen=True)
class HostsEntry:
    """One line of /etc/hosts: the whole name first, then the short one (hosts(5))."""

    address: str
    names: Tuple[str, ...]


def hosts_file(topology: Topology) -> Tuple[HostsEntry, ...]:
    """Return a line for each platform host, in the order of the declaration."""
    domain = topology.internal_domain
    return tuple(HostsEntry(str(host.address), (f"{host.name}.{domain}", host.name)) for host in topology.hosts)
