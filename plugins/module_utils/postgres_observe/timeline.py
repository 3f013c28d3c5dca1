# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Histories of timelines, and whether one goes on where another stopped.

A timeline's number alone says nothing: two servers that were promoted apart from each other are both on timeline 2.
What counts is where each timeline was left (https://www.postgresql.org/docs/15/continuous-archiving.html).

This file is also read on the backup host, beside the program that writes metrics: standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Sequence, Tuple

from .lsn import parse_lsn, show_lsn

#: SQL for the timeline of a standby. While nothing is received, the control file alone is behind: its timelines are
#: those of the last restartpoint. A standby that follows a new timeline has a segment of it.
STANDBY_SQL = """
coalesce((SELECT received_tli FROM pg_stat_wal_receiver), greatest(
  (SELECT timeline_id FROM pg_control_checkpoint()),
  (SELECT min_recovery_end_timeline FROM pg_control_recovery()),
  (SELECT max(('x' || substr(name, 1, 8))::bit(32)::int) FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$')))
"""


@dataclass(frozen=True)
class Switch:
    """A timeline was left at a position: ``at`` and ``leader`` are known to Patroni only, and to nobody else."""

    timeline: int
    end: int
    reason: str = ""
    at: str = ""
    leader: str = ""


@dataclass(frozen=True)
class History:
    """The timeline that a server is on, and those it came through, the oldest first."""

    timeline: int
    switches: Tuple[Switch, ...] = ()

    def end_of(self, timeline: int) -> Optional[int]:
        """Return where this history left a timeline, or None where it did not."""
        return next((switch.end for switch in self.switches if switch.timeline == timeline), None)


def parse_history(timeline: int, text: str) -> History:
    """Read a history file, ``0000000N.history``.

    :param timeline: N, the timeline that the file is about.
    :raises ValueError: a line is none of a history file, or the lines are not in order.
    """
    switches = []
    for line in text.splitlines():
        if line.strip() and not line.lstrip().startswith("#"):
            switches.append(_switch(line))
    return _checked(timeline, switches)


def _switch(line: str) -> Switch:
    parts = line.split(None, 2)
    if len(parts) < 2 or not parts[0].isdigit():
        raise ValueError(f"{line!r} is no line of a history file; one looks like '1 0/3000060 no recovery target'")
    return Switch(int(parts[0]), parse_lsn(parts[1]), parts[2].strip() if len(parts) > 2 else "")


def parse_patroni_history(timeline: int, entries: Sequence[Sequence[Any]]) -> History:
    """Read what Patroni's ``GET /history`` answers: lists of timeline, position, reason, time and new leader.

    Entries of timelines from this one on are left out: Patroni may know of a switch that this server took no part in.

    :raises ValueError: an entry is too short, or the entries are not in order.
    """
    switches = []
    for entry in entries:
        if len(entry) < 2:
            raise ValueError(f"{list(entry)!r} is no entry of Patroni's history; it has a timeline and a position")
        further = [str(part) for part in entry[2:5]] + ["", "", ""]
        switches.append(Switch(int(entry[0]), int(entry[1]), further[0], further[1], further[2]))
    return _checked(timeline, [switch for switch in switches if switch.timeline < timeline])


def _checked(timeline: int, switches: Sequence[Switch]) -> History:
    numbers = [switch.timeline for switch in switches] + [timeline]
    if any(later <= earlier for earlier, later in zip(numbers, numbers[1:])):
        raise ValueError(f"timelines must rise, and these do not: {', '.join(str(number) for number in numbers)}")
    return History(timeline, tuple(switches))


def contains(newer: History, older: History, position: int) -> bool:
    """Return whether a server with the newer history has all that one with the older history had up to a position.

    Only then can the older one follow the newer one without losing anything. It holds when both left the same
    timelines at the same places, and the newer one left the older one's present timeline, if at all, no earlier than
    at that position.

    :param position: the last position that the older server wrote or received.
    """
    return objection(newer, older, position) == ""


def objection(newer: History, older: History, position: int) -> str:
    """Return why the newer history does not contain the older one, or the empty text."""
    if older.timeline > newer.timeline:
        return f"timeline {older.timeline} is newer than timeline {newer.timeline}"
    for switch in older.switches:
        end = newer.end_of(switch.timeline)
        if end != switch.end:
            other = "never" if end is None else f"at {show_lsn(end)}"
            return f"timeline {switch.timeline} was left at {show_lsn(switch.end)} by one and {other} by the other"
    if older.timeline == newer.timeline:
        return _objection_to_more(newer, older)
    end = newer.end_of(older.timeline)
    if end is None:
        return f"timeline {newer.timeline} does not come from timeline {older.timeline}"
    if position > end:
        return f"timeline {older.timeline} was left at {show_lsn(end)}, before {show_lsn(position)}"
    return ""


def _objection_to_more(newer: History, older: History) -> str:
    known = {switch.timeline for switch in older.switches}
    further = [str(switch.timeline) for switch in newer.switches if switch.timeline not in known]
    return f"only one came through timeline {', '.join(further)}" if further else ""
