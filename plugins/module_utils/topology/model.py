# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The declared datacentre as frozen values.

Every value here is immutable, compares by content and iterates in the order of the declaration,
so that whatever is derived from it comes out the same on every run.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Mapping, Optional, Tuple, Union

Address = Union[IPv4Address, IPv6Address]
Network = Union[IPv4Network, IPv6Network]

#: Endpoints of flows that the topology knows without a declaration.
PLATFORM = "platform"
OPERATORS = "operators"
#: The service that runs on every host of the platform.
HOST_SERVICE = "host"


@dataclass(frozen=True)
class TopologyError(Exception):
    """One mistake in a declaration: where it is, what is wrong and what to write instead."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


class TopologyErrors(Exception):
    """All mistakes of one declaration, in the order of the file."""

    def __init__(self, errors: Tuple[TopologyError, ...]) -> None:
        super().__init__("\n".join(str(error) for error in errors))
        self.errors = errors


@dataclass(frozen=True, order=True)
class Port:
    """A transport port: ``443/tcp``."""

    number: int
    protocol: str

    def __str__(self) -> str:
        return f"{self.number}/{self.protocol}"


@dataclass(frozen=True)
class Subnet:
    """A subnet in one zone. ``kind`` is public, app, data or management."""

    name: str
    region: str
    zone: str
    kind: str
    cidr: IPv4Network
    cidr6: Optional[IPv6Network]

    @property
    def gateway(self) -> IPv4Address:
        """The router's address: the first one of the subnet."""
        return self.cidr.network_address + 1

    @property
    def gateway6(self) -> Optional[IPv6Address]:
        """The router's IPv6 address, where the region has IPv6."""
        return self.cidr6.network_address + 1 if self.cidr6 else None


@dataclass(frozen=True)
class Host:
    """One machine. ``services`` are those declared; every platform host also runs ``host``."""

    name: str
    region: str
    zone: str
    subnet: str
    address: IPv4Address
    address6: Optional[IPv6Address]
    public_address: Optional[IPv4Address]
    services: Tuple[str, ...]

    @property
    def addresses(self) -> Tuple[Address, ...]:
        """The addresses that the host has on its interface, IPv4 first."""
        return (self.address,) if self.address6 is None else (self.address, self.address6)


@dataclass(frozen=True)
class Region:
    """A region: its networks, its subnets and its hosts. ``state`` is active or standby."""

    name: str
    state: str
    cidr: IPv4Network
    cidr6: Optional[IPv6Network]
    vpn_clients: Tuple[Network, ...]
    subnets: Tuple[Subnet, ...]
    hosts: Tuple[Host, ...]


@dataclass(frozen=True)
class Outside:
    """Hosts of a lab that stand outside of the platform, in one network of their own."""

    cidr: IPv4Network
    cidr6: Optional[IPv6Network]
    hosts: Tuple[Host, ...]


@dataclass(frozen=True)
class Service:
    """What runs on hosts: its named ports and the security group that its hosts belong to."""

    name: str
    security_group: Optional[str]
    ports: Mapping[str, Port]


@dataclass(frozen=True)
class SecurityGroup:
    """A named set of hosts for flows: all hosts of the services that belong to it."""

    name: str
    description: str


@dataclass(frozen=True)
class External:
    """Networks outside of the platform that flows may name."""

    name: str
    cidrs: Tuple[Network, ...]
    description: str


@dataclass(frozen=True)
class Flow:
    """An allowed flow. ``ports`` are resolved: the names of the declaration are in ``port_names``."""

    name: str
    source: str
    target: str
    port_names: Tuple[str, ...]
    ports: Tuple[Port, ...]
    across_regions: bool
    reason: str


@dataclass(frozen=True)
class Topology:
    """A whole checked declaration."""

    platform: str
    domain: str
    internal_domain: str
    profile: str
    regions: Tuple[Region, ...]
    services: Mapping[str, Service]
    security_groups: Mapping[str, SecurityGroup]
    externals: Mapping[str, External]
    flows: Tuple[Flow, ...]
    placement: Mapping[str, Mapping[str, Mapping[str, int]]]
    outside: Optional[Outside]

    @property
    def hosts(self) -> Tuple[Host, ...]:
        """Every host of the platform, region by region."""
        return tuple(host for region in self.regions for host in region.hosts)
