# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The records of the public zone: where the site answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Tuple

from ..model import Host, Region, Topology, TopologyError

#: Names below the domain that lead to the site; "" is the domain itself.
SITE_LABELS = ("", "app", "api")


@dataclass(frozen=True)
class Record:
    """One DNS record: ``name`` is whole and has no final dot, ``value`` is as in a zone file."""

    name: str
    type: str
    value: str


def site_names(topology: Topology) -> Tuple[str, ...]:
    """Return the names that lead to the site, whichever region serves it."""
    return tuple(f"{label}.{topology.domain}" if label else topology.domain for label in SITE_LABELS)


def public_records(topology: Topology) -> Tuple[Record, ...]:
    """Return the records of the public zone.

    The site's names lead to the load balancers of the active region (R44); each region has a name of its
    own, so that it can be looked at before it serves; hosts outside of the platform have theirs.
    """
    return tuple(_site_records(topology)) + tuple(_region_records(topology)) + tuple(_outside_records(topology))


def site_records(topology: Topology, region_name: str) -> Tuple[Record, ...]:
    """Return the records that lead the names of the site to the load balancers of a region.

    :raises TopologyError: there is no such region, or nobody outside reaches a load balancer there.
    """
    region = next((one for one in topology.regions if one.name == region_name), None)
    if region is None:
        names = ", ".join(one.name for one in topology.regions)
        raise TopologyError("regions", f"there is no {region_name}: there are {names}")
    if not _entrances(region):
        raise TopologyError(f"regions.{region_name}.hosts", "no load balancer has a public_address: give it to some")
    return tuple(_records_to(topology, region))


def _records_to(topology: Topology, region: Region) -> Iterator[Record]:
    for name in site_names(topology):
        yield from (Record(name, "A", str(host.public_address)) for host in _entrances(region))


def _site_records(topology: Topology) -> Iterator[Record]:
    for region in topology.regions:
        if region.state == "active":
            yield from _records_to(topology, region)


def _region_records(topology: Topology) -> Iterator[Record]:
    for region in topology.regions:
        for host in _entrances(region):
            yield Record(f"{region.name}.{topology.domain}", "A", str(host.public_address))


def _outside_records(topology: Topology) -> Iterator[Record]:
    for host in topology.outside.hosts if topology.outside else ():
        yield Record(f"{host.name}.{topology.domain}", "A", str(host.address))


def _entrances(region: Region) -> Tuple[Host, ...]:
    return tuple(host for host in region.hosts if "load_balancer" in host.services and host.public_address)
