# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Redis Cluster of a region (R47): each region has one of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple

from ..model import Topology, TopologyError
from ..query import index


@dataclass(frozen=True)
class Node:
    """One node: its host, the address and ports for clients and for the cluster's bus, and its zone."""

    name: str
    address: str
    port: int
    bus_port: int
    zone: str


@dataclass(frozen=True)
class Cluster:
    """A cluster: how many shards it has, how many replicas each shard has, and on which nodes."""

    name: str
    shards: int
    replicas: int
    nodes: Tuple[Node, ...]


def cluster(topology: Topology, host_name: str) -> Cluster:
    """Return the cluster of a host's region.

    :raises TopologyError: there is no such host, or its region declares no cluster.
    """
    known = index(topology)
    region = known.platform_host(host_name).region
    wanted = topology.placement.get(region, {}).get("redis")
    hosts = known.members("redis", region)
    if wanted is None or not hosts:
        message = "no Redis Cluster is declared here: give hosts the service redis, and write shards and replicas"
        raise TopologyError(f"placement.{region}.redis", message)
    ports = topology.services["redis"].ports
    nodes = tuple(
        Node(host.name, str(host.address), ports["client"].number, ports["bus"].number, host.zone) for host in hosts
    )
    return Cluster(f"{topology.platform}-{region}", wanted["shards"], wanted["replicas"], nodes)
