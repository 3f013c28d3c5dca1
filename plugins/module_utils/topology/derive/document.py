# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The text of docs/network.md: what the declaration says, in tables (Markdown)."""

from __future__ import annotations

from typing import Iterable, Iterator, Sequence

from ..model import Region, Topology
from .flows import common_flows, flow_rows, group_rows

FLOW_HEAD = ("flow", "from", "to", "ports", "reach", "reason")


def network_document(topology: Topology, declaration: str, picture: str) -> str:
    """Return the whole document; ``declaration`` and ``picture`` are paths for its links."""
    parts = [
        "# The network",
        f"Generated from [{declaration}](../{declaration}) by `make docs`: change the declaration, not this file.",
        f"![Regions, zones, subnets, hosts and the flows between them]({picture})",
        *_flows(topology),
        *_groups(topology),
        *(part for region in topology.regions for part in _region(region)),
        *_externals(topology),
    ]
    return "\n\n".join(parts) + "\n"


def _flows(topology: Topology) -> Iterator[str]:
    yield "## Flows"
    yield (
        "Everything that may begin a connection, and why. What is not here is dropped by the firewall of both hosts.\n"
        "`platform` is every host, `operators` are the clients of the region's VPN. A flow stays inside each region\n"
        "unless its reach says otherwise. Externals are outside of the platform: `internet` means no host of it."
    )
    rows = flow_rows(topology)
    yield _table(
        FLOW_HEAD, ((f"`{row.name}`", row.source, row.target, row.ports, row.reach, row.reason) for row in rows)
    )


def _groups(topology: Topology) -> Iterator[str]:
    yield "## Security groups"
    names = ", ".join(f"`{row.name}`" for row in common_flows(topology))
    yield f"Flows of every host are left out below: {names}."
    for row in group_rows(topology):
        yield f"### {row.name}"
        yield f"{row.description[:1].upper()}{row.description[1:]}. Hosts: {', '.join(row.hosts) or 'none'}."
        yield _table(("in", "out"), _side_by_side(row.inbound, row.outbound))


def _side_by_side(left: Sequence[str], right: Sequence[str]) -> Iterator[Sequence[str]]:
    for number in range(max(len(left), len(right), 1)):
        yield [side[number] if number < len(side) else "" for side in (left, right)]


def _region(region: Region) -> Iterator[str]:
    yield f"## {region.name}"
    networks = [f"`{network}`" for network in (region.cidr, region.cidr6) if network]
    clients = [f"`{network}`" for network in region.vpn_clients]
    yield f"The {region.state} region: {', '.join(networks)}. VPN clients: {', '.join(clients) or 'none'}."
    for subnet in region.subnets:
        ipv6 = f", `{subnet.cidr6}`" if subnet.cidr6 else ""
        yield f"### {subnet.name}"
        yield f"{subnet.kind.capitalize()} subnet in {subnet.zone}: `{subnet.cidr}`{ipv6}."
        hosts = [host for host in region.hosts if host.subnet == subnet.name]
        rows = (
            (f"`{host.name}`", host.address, host.address6 or "", host.public_address or "", ", ".join(host.services))
            for host in hosts
        )
        yield _table(("host", "IPv4", "IPv6", "public", "services"), rows) if hosts else "No hosts."


def _externals(topology: Topology) -> Iterator[str]:
    yield "## Externals"
    rows = (
        (f"`{external.name}`", ", ".join(map(str, external.cidrs)), external.description)
        for external in topology.externals.values()
    )
    yield _table(("name", "networks", "what"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(str(cell).replace('|', '&#124;') for cell in line)} |" for line in lines)
