# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How far replicas are behind, in seconds, seen from an application host.

A replica is within a limit of *n* seconds when it has replayed everything that the leader had written *n* seconds
ago. To know that, an observer needs no clock but its own and no write of its own: it notes where the leader's log
ends, again and again, and looks for the latest note that the replica has reached. What the leader wrote after that
note may be missing, so the time since the note is the most that the replica can be behind. That holds on an idle
cluster (nothing is missing) as well as for a replica that lost its leader or whose replay is paused, where the
timestamp of the last replayed transaction tells too much or too little.

While no leader is seen nothing is acknowledged, and a replica that has everything last seen stays.

This file is also read on application hosts, beside the daemon that asks the members: standard library only.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Any, Deque, Mapping, Optional, Tuple

LEADER_ROLES = ("primary", "master", "standby_leader")
#: A member that said nothing for so many seconds is taken for dead. What it said before is still true of its position.
PATIENCE = 2.0
#: So many times the limit is looked back.
NOTES_KEPT = 4


@dataclass(frozen=True)
class Seen:
    """What one member said of itself.

    ``time`` is when it was asked, in seconds of the observer's monotonic clock: what it says is as fresh as that, at
    least. ``position`` is the end of the log (leader) or of what is replayed, in bytes.
    """

    time: float
    role: str
    timeline: int
    position: int


def parse(status: Mapping[str, Any], time: float) -> Optional[Seen]:
    """Read the status of a member as Patroni's ``GET /patroni`` gives it; None where the member does not run.

    :param time: when the question was sent, in seconds of the observer's monotonic clock.
    """
    log = status.get("xlog") or {}
    position = log.get("location", log.get("replayed_location"))
    if status.get("state") != "running" or not isinstance(position, int):
        return None
    return Seen(time, str(status.get("role")), int(status.get("timeline") or 0), position)


class Lag:
    """Remembers where the leader's log ended, and tells which replicas have reached what it had a while ago."""

    def __init__(self, limit: float) -> None:
        """Begin without a leader.

        :param limit: the most that a replica may be behind, in seconds.
        """
        self._limit = limit
        self._leader: Tuple[str, int] = ("", 0)
        self._notes: Deque[Tuple[float, int]] = deque()

    def note(self, name: str, leader: Seen) -> None:
        """Note where the log of the leader ends; another leader or timeline begins anew, with a history of its own."""
        if self._leader != (name, leader.timeline):
            self._leader = (name, leader.timeline)
            self._notes.clear()
        self._notes.append((leader.time, leader.position))
        while self._notes[0][0] < leader.time - self._limit * NOTES_KEPT:
            self._notes.popleft()

    def behind(self, replica: Seen, now: float) -> float:
        """Return the most that a replica can be behind, in seconds; infinity where that is not known."""
        if not self._notes:
            return float("inf")
        if replica.position >= self._notes[-1][1]:
            return 0.0
        reached = [time for time, position in self._notes if position <= replica.position]
        return now - reached[-1] if reached else float("inf")

    def verdict(self, member: Optional[Seen], now: float) -> Tuple[bool, str]:
        """Return whether reads may go to a member, and why.

        A standby leader may: it is the most recent copy of its region. The primary may not, as reads get there only
        when no replica qualifies.
        """
        if member is None or now - member.time > PATIENCE:
            return False, "no answer"
        if member.role == "standby_leader":
            return True, "standby leader"
        if member.role in LEADER_ROLES:
            return False, "primary"
        behind = self.behind(member, now)
        if behind > self._limit:
            return False, f"{behind:.1f} s behind" if behind != float("inf") else "not known how far behind"
        return True, f"{behind:.1f} s behind"
