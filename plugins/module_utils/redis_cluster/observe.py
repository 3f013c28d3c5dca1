# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a node of a Redis Cluster says of the cluster, read from the texts of CLUSTER NODES and INFO.

https://redis.io/docs/latest/commands/cluster-nodes/
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, FrozenSet, Iterable, List, Mapping, Tuple

SLOTS = 16384
#: Flags of a node that nobody can talk to.
GONE = frozenset({"fail", "noaddr"})


@dataclass(frozen=True)
class Node:
    """One line of CLUSTER NODES: a node as the asked one sees it."""

    id: str
    address: str
    port: int
    bus_port: int
    hostname: str
    flags: FrozenSet[str]
    #: The id of the master that it replicates, or empty.
    master_id: str
    config_epoch: int
    #: Whether the asked node has a connection to it over the bus.
    linked: bool
    slots: FrozenSet[int]
    #: Open slots, which only the asked node itself shows: the slot and the id of the other side.
    migrating: Tuple[Tuple[int, str], ...]
    importing: Tuple[Tuple[int, str], ...]

    @property
    def myself(self) -> bool:
        """Whether it is the node that was asked."""
        return "myself" in self.flags

    @property
    def is_master(self) -> bool:
        """Whether it is a master, with slots or without."""
        return "master" in self.flags

    @property
    def is_gone(self) -> bool:
        """Whether the cluster agreed that it failed, or lost its address."""
        return bool(self.flags & GONE)

    @property
    def is_known(self) -> bool:
        """Whether it is a member; while two nodes meet, each has a line with a made-up id for the other."""
        return "handshake" not in self.flags

    @property
    def place(self) -> str:
        """Its address as messages name it."""
        return f"{self.address}:{self.port}"


def parse_nodes(text: str) -> Tuple[Node, ...]:
    """Return the nodes of an answer to CLUSTER NODES, in its order.

    :raises ValueError: a line is none of CLUSTER NODES.
    """
    return tuple(_node(line) for line in text.splitlines() if line.strip())


def parse_info(text: str) -> Dict[str, str]:
    """Return the fields of an answer to INFO or CLUSTER INFO."""
    fields = (line.partition(":") for line in text.splitlines() if line and not line.startswith("#"))
    return {name: value.strip() for name, colon, value in fields if colon}


def own(nodes: Iterable[Node]) -> Node:
    """Return the node that was asked.

    :raises ValueError: no line says so.
    """
    for node in nodes:
        if node.myself:
            return node
    raise ValueError("no line of CLUSTER NODES is marked as the node itself")


def owners(nodes: Iterable[Node]) -> Mapping[int, str]:
    """Return the id of the node that has each slot, as the asked node sees it."""
    return {slot: node.id for node in nodes for slot in node.slots}


def slot_ranges(slots: Iterable[int]) -> str:
    """Return slots as text.

    >>> slot_ranges([0, 1, 2, 7])
    '0-2,7'
    """
    return ",".join(f"{first}-{last}" if last > first else str(first) for first, last in _runs(slots))


def _runs(slots: Iterable[int]) -> List[Tuple[int, int]]:
    runs: List[Tuple[int, int]] = []
    for slot in sorted(set(slots)):
        if runs and slot == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], slot)
        else:
            runs.append((slot, slot))
    return runs


def _node(line: str) -> Node:
    words = line.split()
    if len(words) < 8:
        raise ValueError(f"no line of CLUSTER NODES: {line!r}")
    where, _comma, hostname = words[1].partition(",")
    # Further words after the host name (shard-id=...) are of newer versions.
    address, _colon, ports = where.rpartition(":")
    port, _at, bus_port = ports.partition("@")
    plain = [word for word in words[8:] if not word.startswith("[")]
    return Node(
        id=words[0],
        address=address,
        port=int(port),
        bus_port=int(bus_port or 0),
        hostname=hostname.partition(",")[0],
        flags=frozenset(words[2].split(",")),
        master_id="" if words[3] == "-" else words[3],
        config_epoch=int(words[6]),
        linked=words[7] == "connected",
        slots=frozenset(slot for word in plain for slot in _range(word)),
        migrating=_open(words[8:], "->-"),
        importing=_open(words[8:], "-<-"),
    )


def _range(word: str) -> Iterable[int]:
    first, _dash, last = word.partition("-")
    return range(int(first), int(last or first) + 1)


def _open(words: Iterable[str], arrow: str) -> Tuple[Tuple[int, str], ...]:
    pairs = (word.strip("[]").partition(arrow) for word in words if word.startswith("["))
    return tuple((int(slot), node) for slot, found, node in pairs if found)
