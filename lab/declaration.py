# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the lab asks of a topology."""

from __future__ import annotations

from pathlib import Path
from typing import List, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import Host, Topology, TopologyErrors
from ansible_collections.freeagentics.platform.plugins.plugin_utils import topology_file
from lab.errors import LabError, unknown_name
from lab.network import interface_name, router

#: Namespaces of the lab's own, which no host may be called after.
RESERVED = ("internet", "operator")


def load(path: Path) -> Topology:
    """Read a topology.

    :raises LabError: the file is missing or has mistakes; the message carries all of them.
    """
    if not path.is_file():
        raise LabError(
            f"{path}: no such file",
            "a lab is built from a topology",
            "name one with --topology, such as inventories/lab/topology.yml",
        )
    try:
        topology: Topology = topology_file.load(str(path))
    except TopologyErrors as errors:
        raise LabError(
            f"{path}: the topology has mistakes", str(errors), "correct them; docs/topology.md explains each key"
        ) from errors
    for host in hosts(topology):
        if host.name in RESERVED or host.name.startswith("router-"):
            raise LabError(
                f"{host.name}: a host of a lab cannot have this name",
                "the lab calls a network namespace of its own by it",
                "call the host something else",
            )
    return topology


def hosts(topology: Topology) -> List[Host]:
    """Return the hosts of the platform and those outside of it, in the order of the declaration."""
    return [*topology.hosts, *(topology.outside.hosts if topology.outside else ())]


def host(topology: Topology, name: str) -> Host:
    """Return a host by name.

    :raises LabError: there is none; the message has the names that come near.
    """
    for candidate in hosts(topology):
        if candidate.name == name:
            return candidate
    raise unknown_name("host", name, [candidate.name for candidate in hosts(topology)])


def zones(topology: Topology) -> Tuple[str, ...]:
    """Return the zones of all regions."""
    return tuple(dict.fromkeys(subnet.zone for region in topology.regions for subnet in region.subnets))


def checked_zone(topology: Topology, name: str) -> str:
    """Return a zone's name.

    :raises LabError: there is no such zone.
    """
    if name not in zones(topology):
        raise unknown_name("zone", name, zones(topology))
    return name


def router_and_port(topology: Topology, wanted: Host) -> Tuple[str, str]:
    """Return the namespace and the interface that a host's cable is plugged into."""
    outside = topology.outside is not None and wanted in topology.outside.hosts
    return ("internet" if outside else router(wanted.region)), interface_name("p", wanted.name)
