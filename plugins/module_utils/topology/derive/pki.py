# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The certificates of a host: its own, and one for each daemon that must read its key without being root."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Mapping, Tuple

from ..model import Host, Topology
from ..query import index
from .names import database_name, full_name

#: The certificate of exporters, Prometheus and Alertmanager, on every host of the platform.
OF_EVERY_HOST = (("metrics", "prometheus"),)
#: Certificates by service, each with the group that reads its key. pgBackRest runs as the database's user everywhere.
#: A prober stands outside of the platform, and is an exporter all the same.
OF_SERVICES: Mapping[str, Tuple[Tuple[str, str], ...]] = {
    "etcd": (("etcd", "etcd"),),
    "postgres": (("postgres", "postgres"), ("pgbackrest", "postgres")),
    "backup": (("pgbackrest", "postgres"),),
    "redis": (("redis", "redis"),),
    "prober": (("metrics", "prometheus"),),
}


@dataclass(frozen=True)
class Certificate:
    """A certificate: the name of its files, what it is valid for, and who may read its key besides root."""

    name: str
    names: Tuple[str, ...]
    addresses: Tuple[str, ...]
    group: str


def certificates(topology: Topology, host_name: str) -> Tuple[Certificate, ...]:
    """Return the certificates of a host, its own first.

    :raises TopologyError: there is no such host.
    """
    host = index(topology).host(host_name)
    everywhere = OF_EVERY_HOST if host.region else ()
    wanted = [
        ("host", "root"),
        *everywhere,
        *(entry for service in host.services for entry in OF_SERVICES.get(service, ())),
    ]
    return tuple(_certificate(topology, host, name, group) for name, group in dict.fromkeys(wanted))


def _certificate(topology: Topology, host: Host, name: str, group: str) -> Certificate:
    own = (full_name(topology, host.name), host.name)
    names = (*own, database_name(topology)) if name == "postgres" else own
    return Certificate(name, names, tuple(map(str, host.addresses)), group)
