# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The operators' network behind a VPN host (R9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

from ..model import Topology
from ..query import index


@dataclass(frozen=True)
class VpnNetwork:
    """What a VPN server needs: its addresses inside the tunnel and the networks behind it, as text."""

    addresses: Tuple[str, ...]
    clients_cidrs: Tuple[str, ...]
    allowed_cidrs: Tuple[str, ...]
    listen_port: int
    endpoint: str


def vpn_network(topology: Topology, host_name: str) -> VpnNetwork:
    """Return the tunnel's network of a VPN host; the server has the first address of each client network."""
    known = index(topology)
    host = known.platform_host(host_name)
    region = known.regions[host.region]
    return VpnNetwork(
        addresses=tuple(f"{network.network_address + 1}/{network.prefixlen}" for network in region.vpn_clients),
        clients_cidrs=tuple(map(str, region.vpn_clients)),
        allowed_cidrs=tuple(str(network) for network in (region.cidr, region.cidr6) if network),
        listen_port=topology.services["vpn"].ports["wireguard"].number,
        endpoint=str(host.public_address or host.address),
    )
