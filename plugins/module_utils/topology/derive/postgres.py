# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The PostgreSQL cluster of a region (R44), its store, and who may log in to it (R15, R16)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, Iterator, Mapping, Optional, Sequence, Tuple

from ..model import HOST_SERVICE, PLATFORM, Flow, Host, Topology, TopologyError
from ..query import Index, index, peers_region

DATABASE, STORE, BACKUP, SCRAPER = "postgres", "etcd", "backup", "prometheus"
SQL, REST, CLIENT, PEER = "sql", "patroni", "client", "peer"


@dataclass(frozen=True)
class Member:
    """One database server: its host, address, the ports of PostgreSQL and of Patroni's REST API, and its zone."""

    name: str
    address: str
    port: int
    rest_port: int
    zone: str


@dataclass(frozen=True)
class StoreServer:
    """One server of the store as clients call it."""

    name: str
    address: str
    port: int


@dataclass(frozen=True)
class Cluster:
    """A region's cluster. A standby cluster follows ``source``, the members of the active region's.

    ``rivals`` are the members of all other regions, any of which may lead one day.
    """

    scope: str
    region: str
    standby: bool
    members: Tuple[Member, ...]
    etcd: Tuple[StoreServer, ...]
    source: Tuple[Member, ...]
    rivals: Tuple[Member, ...]


@dataclass(frozen=True)
class StoreMember:
    """One member of the store: its host, address, and the ports for clients and for the other members."""

    name: str
    address: str
    client_port: int
    peer_port: int


@dataclass(frozen=True)
class Store:
    """A region's store. ``name`` is the token that keeps the members of different clusters apart."""

    name: str
    members: Tuple[StoreMember, ...]


def cluster(topology: Topology, host_name: str) -> Cluster:
    """Return the PostgreSQL cluster of a host's region, and where it keeps the leader's lease.

    :raises TopologyError: there is no such host, or its region declares no cluster or no store.
    """
    region = index(topology).platform_host(host_name).region
    active = next(one.name for one in topology.regions if one.state == "active")
    standby = region != active
    port = _port(topology, STORE, CLIENT)
    return Cluster(
        f"{topology.platform}-{region}",
        region,
        standby,
        _members(topology, region),
        tuple(StoreServer(host.name, str(host.address), port) for host in _hosts(topology, STORE, region)),
        _members(topology, active) if standby else (),
        tuple(
            member
            for one in topology.regions
            if one.name != region and index(topology).members(DATABASE, one.name)
            for member in _members(topology, one.name)
        ),
    )


def store(topology: Topology, host_name: str) -> Store:
    """Return the etcd cluster of a host's region.

    :raises TopologyError: there is no such host, or its region declares no store.
    """
    region = index(topology).platform_host(host_name).region
    client, peer = _port(topology, STORE, CLIENT), _port(topology, STORE, PEER)
    hosts = _hosts(topology, STORE, region)
    members = tuple(StoreMember(host.name, str(host.address), client, peer) for host in hosts)
    return Store(f"{topology.platform}-{region}", members)


def _members(topology: Topology, region: str) -> Tuple[Member, ...]:
    sql, rest = _port(topology, DATABASE, SQL), _port(topology, DATABASE, REST)
    hosts = _hosts(topology, DATABASE, region)
    return tuple(Member(host.name, str(host.address), sql, rest, host.zone) for host in hosts)


def _hosts(topology: Topology, service: str, region: str) -> Tuple[Host, ...]:
    hosts = index(topology).members(service, region)
    if not hosts:
        raise TopologyError(
            f"regions.{region}.hosts", f"no host of the region has the service {service}: give it to some"
        )
    return hosts


def _port(topology: Topology, service: str, name: str) -> int:
    if service not in topology.services:
        raise TopologyError(f"services.{service}", "the service is not declared: declare it with its ports")
    ports = topology.services[service].ports
    if name not in ports:
        message = f"the port '{name}' is missing: add it, such as {name}: {_USUAL[service, name]}/tcp"
        raise TopologyError(f"services.{service}.ports", message)
    return ports[name].number


_USUAL = {(DATABASE, SQL): 5432, (DATABASE, REST): 8008, (STORE, CLIENT): 2379, (STORE, PEER): 2380}


# Who may log in

#: What users are for, and the usual ones.
USERS: Mapping[str, Tuple[str, ...]] = {
    "replication": ("replicator",),
    "rewind": ("rewind",),
    "monitor": ("monitor",),
    "backup": ("backup",),
    "app": ("app",),
}
#: The database of each purpose but the application's. ``replication`` stands for physical replication
#: (https://www.postgresql.org/docs/15/auth-pg-hba-conf.html); pg_rewind connects to ``postgres``.
_DATABASES = {"replication": "replication", "rewind": "postgres", "monitor": "all", "backup": "all"}
#: What the users of a calling service are for. Every other service that may call is one of the application's.
_PURPOSES = {
    DATABASE: ("replication", "rewind", "monitor"),
    BACKUP: ("backup", "replication"),
    SCRAPER: ("monitor",),
}
_APPLICATION = ("app",)
#: What a database host may do with its own server.
_OWN = ("monitor", "backup")
_LOOPBACK = ("127.0.0.1/32", "::1/128")
#: A name that means nothing but itself in pg_hba.conf.
_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_KEYWORDS = ("all", "replication", "sameuser", "samerole", "samegroup")


@dataclass(frozen=True)
class HbaRecord:
    """A line of pg_hba.conf. ``address`` is empty for the Unix socket."""

    type: str
    database: str
    user: str
    address: str
    method: str


def hba(
    topology: Topology, host_name: str, users: Optional[Mapping[str, Sequence[str]]] = None, database: str = "app"
) -> Tuple[HbaRecord, ...]:
    """Return who may log in to a database host: the host itself, then its callers in the order of the declaration.

    A host may log in only as far as a declared flow leads from one of its services to the server, and only over TLS
    with a password. The superuser comes from the host itself, by its system user.

    :param users: names by what they are for, where they are not those of ``USERS``; an empty list admits nobody.
    :param database: the application's database.
    :raises TopologyError: there is no such host, it has no database server, or a name cannot stand in pg_hba.conf.
    """
    known = index(topology)
    host = known.platform_host(host_name)
    if DATABASE not in host.services:
        raise TopologyError(host_name, f"the host does not have the service {DATABASE}, so nobody logs in there")
    names = _users(users or {}, database)
    databases = {**_DATABASES, "app": database}
    admitted = [(purpose, address) for address in (*_LOOPBACK, *_networks(host)) for purpose in _OWN]
    for other, purposes in _callers(known, host).items():
        admitted += [(purpose, address) for address in _networks(other) for purpose in purposes]
    records = [
        HbaRecord("hostssl", databases[purpose], user, address, "scram-sha-256")
        for purpose, address in admitted
        for user in names[purpose]
    ]
    return tuple(dict.fromkeys((HbaRecord("local", "all", "postgres", "", "peer"), *records)))


def _users(given: Mapping[str, Sequence[str]], database: str) -> Dict[str, Tuple[str, ...]]:
    unknown = sorted(set(given) - set(USERS))
    if unknown:
        raise TopologyError("users", f"there is no {', '.join(unknown)}: use {', '.join(USERS)}")
    for path, name in (("database", database), *((f"users.{key}", name) for key in given for name in given[key])):
        if not _NAME.fullmatch(name) or name in _KEYWORDS:
            message = f"'{name}' cannot stand in pg_hba.conf: use a-z, 0-9 and _, and none of {', '.join(_KEYWORDS)}"
            raise TopologyError(path, message)
    return {key: tuple(given.get(key, USERS[key])) for key in USERS}


def _callers(known: Index, host: Host) -> Dict[Host, Tuple[str, ...]]:
    """Return the hosts from which a flow leads to a database server, each with what its users are for."""
    found: Dict[Host, Dict[str, None]] = {}
    for flow in known.topology.flows:
        if flow.target == DATABASE and SQL in flow.port_names:
            for other in known.members(flow.source, peers_region(flow, host.region)):
                for service in _services_behind(known.topology, flow, other):
                    if other is not host or service != DATABASE:
                        found.setdefault(other, {}).update(dict.fromkeys(_PURPOSES.get(service, _APPLICATION)))
    return {other: tuple(found[other]) for other in known.topology.hosts if other in found}


def _services_behind(topology: Topology, flow: Flow, host: Host) -> Iterator[str]:
    """Yield the services of a host that a flow means by its source."""
    for name in host.services:
        group = topology.services[name].security_group if name in topology.services else None
        if name != HOST_SERVICE and flow.source in (name, group, PLATFORM):
            yield name


def _networks(host: Host) -> Tuple[str, ...]:
    return tuple(f"{address}/{address.max_prefixlen}" for address in host.addresses)
