# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Questions to a topology, answered from an index that is built once."""

from __future__ import annotations

from collections import defaultdict
from typing import Dict, List, Mapping, Optional, Tuple

from .model import PLATFORM, Flow, Host, Region, Subnet, Topology, TopologyError

_NONE: Tuple[Host, ...] = ()


class Index:
    """Hosts by name and by what flows call them, regions and subnets by name."""

    def __init__(self, topology: Topology) -> None:
        outside = topology.outside.hosts if topology.outside else ()
        self.topology = topology
        self.hosts: Mapping[str, Host] = {host.name: host for host in (*topology.hosts, *outside)}
        self.regions: Mapping[str, Region] = {region.name: region for region in topology.regions}
        self.subnets: Mapping[str, Subnet] = {
            subnet.name: subnet for region in topology.regions for subnet in region.subnets
        }
        self._members: Dict[Tuple[str, Optional[str]], Tuple[Host, ...]] = _members(topology)

    def members(self, endpoint: str, region: Optional[str] = None) -> Tuple[Host, ...]:
        """Return the platform hosts that a flow means by a name, in one region or in all (None)."""
        return self._members.get((endpoint, region), _NONE)

    def endpoints(self, host: Host) -> Tuple[str, ...]:
        """Return every name by which flows mean this host."""
        return _endpoints(self.topology, host)

    def host(self, name: str) -> Host:
        """Return a host of the platform or outside of it.

        :raises TopologyError: there is no such host.
        """
        if name not in self.hosts:
            raise TopologyError(name, "no host of the topology has this name")
        return self.hosts[name]

    def platform_host(self, name: str) -> Host:
        """Return a host of the platform.

        :raises TopologyError: there is no such host, or it stands outside of the platform.
        """
        host = self.host(name)
        if not host.region:
            raise TopologyError(name, "this host stands outside of the platform, where no flows are declared")
        return host


_INDEXES: List[Index] = []


def index(topology: Topology) -> Index:
    """Return the index of a topology; those of the last few topologies are kept."""
    for known in _INDEXES:
        if known.topology is topology:
            return known
    _INDEXES.append(Index(topology))
    del _INDEXES[:-4]
    return _INDEXES[-1]


def peers_region(flow: Flow, region: str) -> Optional[str]:
    """Return the region in which a host's peers of a flow stand; None means all."""
    return None if flow.across_regions else region


def _endpoints(topology: Topology, host: Host) -> Tuple[str, ...]:
    groups = (topology.services[name].security_group for name in host.services if name in topology.services)
    return tuple(dict.fromkeys((PLATFORM, *host.services, *(group for group in groups if group))))


def _members(topology: Topology) -> Dict[Tuple[str, Optional[str]], Tuple[Host, ...]]:
    members: Dict[Tuple[str, Optional[str]], List[Host]] = defaultdict(list)
    for host in topology.hosts:
        for endpoint in _endpoints(topology, host):
            members[endpoint, host.region].append(host)
            members[endpoint, None].append(host)
    return {key: tuple(hosts) for key, hosts in members.items()}
