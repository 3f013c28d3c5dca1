# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From which database server a copy is read: a replica, so that the leader has its disks for itself.

This file is also read on the hosts: standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Mapping, Sequence, Tuple

LEADERS = ("leader", "standby_leader")
#: States of a member that answers queries; a replica streams, or replays from the archive.
SERVING = ("running", "streaming", "in archive recovery")


@dataclass(frozen=True)
class Member:
    """A database server as the declaration has it."""

    name: str
    host: str
    port: int
    rest_port: int


@dataclass(frozen=True)
class Source:
    """A server to read from. ``lag`` is how many bytes of log it has still to replay, as Patroni says."""

    member: Member
    leader: bool
    lag: int


def sources(cluster: Mapping[str, Any], members: Sequence[Member]) -> Tuple[Source, ...]:
    """Return the servers to read from, the best first: replicas by their lag, then the leader.

    :param cluster: the answer to Patroni's ``GET /cluster``.
    :param members: the declared servers; one that Patroni names and nobody declared cannot be reached.
    """
    known = {member.name: member for member in members}
    found = [
        Source(known[entry["name"]], entry.get("role") in LEADERS, _lag(entry))
        for entry in cluster.get("members", ())
        if entry.get("name") in known and entry.get("state") in SERVING
    ]
    return tuple(sorted(found, key=lambda source: (source.leader, source.lag, source.member.name)))


def _lag(entry: Mapping[str, Any]) -> int:
    """Return the bytes that a member is behind; where Patroni does not know them, more than any other can be."""
    lag = entry.get("lag", 0)
    return lag if isinstance(lag, int) else 1 << 62
