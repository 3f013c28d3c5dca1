# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The networks behind a NAT gateway, and the gateway of a host (R10)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

from ..model import Topology
from ..query import index
from .firewall import IPV4, IPV6, masqueraded


@dataclass(frozen=True)
class NatSources:
    """The private networks that a gateway masquerades, as text."""

    ipv4: Tuple[str, ...]
    ipv6: Tuple[str, ...]


def nat_sources(topology: Topology, host_name: str) -> NatSources:
    """Return the private networks of the gateway's region."""
    known = index(topology)
    region = known.regions[known.platform_host(host_name).region]
    return NatSources(tuple(map(str, masqueraded(region, IPV4))), tuple(map(str, masqueraded(region, IPV6))))


def nat_gateway(topology: Topology, host_name: str) -> str:
    """Return the gateway through which a host gets out: that of its zone, else the first one of its region.

    It is empty for a host of a public subnet, and where the region has none.
    """
    known = index(topology)
    host = known.platform_host(host_name)
    region = known.regions[host.region]
    public = {subnet.name for subnet in region.subnets if subnet.kind == "public"}
    if host.subnet in public or host.public_address:
        return ""
    gateways = [one for one in region.hosts if "nat_gateway" in one.services]
    return next((one.name for one in (*(one for one in gateways if one.zone == host.zone), *gateways)), "")
