# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is in a WAL archive of pgBackRest, what lacks, and which moments can be restored.

A base backup can be rolled forward from the position at which it ended to the first segment that lacks. The way leads
over timelines: a server that was promoted went on where its history says, in the segment of that position, of which
the new timeline has a whole copy (https://www.postgresql.org/docs/15/continuous-archiving.html, "Timelines").

Times are seconds since 1970, positions and sizes are bytes.

This file is also read on the backup host, beside the program that writes metrics: standard library only.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Dict, Iterable, List, Mapping, Optional, Tuple

from ..postgres_observe.lsn import parse_lsn
from ..postgres_observe.timeline import History
from .info import Backup

#: The size that initdb gives segments unless told otherwise.
SEGMENT_SIZE = 16 * 1024 * 1024
#: Segments are numbered by two parts of a name, of which the second one counts this many bytes.
_FILE_SPACE = 1 << 32
#: For how many seconds a segment has to be in the archive before what lacks in front of it counts as lost: those that
#: are sent beside each other arrive in any order.
SETTLED = 600

_SEGMENT = re.compile(r"(?:.*/)?([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})-[0-9a-f]{40}(?:\.[a-z0-9]+)?\Z")
_HISTORY = re.compile(r"([^/]+/)?([0-9A-F]{8})\.history\Z")


class ArchiveError(Exception):
    """The list of the archive cannot be read; the message shows what it was."""


@dataclass(frozen=True)
class Segment:
    """A segment in the archive: ``number`` counts from the beginning of the log."""

    timeline: int
    number: int
    size: int
    time: int


@dataclass(frozen=True)
class Archive:
    """The archive of one database in one repository: its segments in order and the timelines with a history file."""

    name: str
    segments: Tuple[Segment, ...]
    histories: Tuple[int, ...]

    @property
    def database(self) -> int:
        """The number that backups name as the database they are of."""
        return int(self.name.rpartition("-")[2])

    @property
    def timelines(self) -> Tuple[int, ...]:
        """All timelines of which there is anything."""
        return tuple(sorted({segment.timeline for segment in self.segments} | set(self.histories)))

    def of(self, timeline: int) -> Tuple[Segment, ...]:
        """Return the segments of one timeline."""
        return tuple(segment for segment in self.segments if segment.timeline == timeline)

    @property
    def last(self) -> Optional[Segment]:
        """The segment that was archived last, on the newest timeline that has any."""
        return self.segments[-1] if self.segments else None


@dataclass(frozen=True)
class Gap:
    """Segments of a timeline that lack, the first and the last one of them."""

    timeline: int
    first: int
    last: int


@dataclass(frozen=True)
class Window:
    """Every moment from ``start`` to ``end`` can be restored, and every position, each end included.

    The end's time is the one at which its segment was archived; the newest transaction in it is a bit older.
    """

    start: int
    end: int
    start_lsn: int
    end_lsn: int
    backups: Tuple[str, ...]


def segment_number(name: str, segment_size: int = SEGMENT_SIZE) -> int:
    """Return the number of a segment by its name of 24 digits.

    >>> segment_number("000000010000000100000002")
    258
    """
    return int(name[8:16], 16) * (_FILE_SPACE // segment_size) + int(name[16:24], 16)


def segment_name(timeline: int, number: int, segment_size: int = SEGMENT_SIZE) -> str:
    """Return the name of a segment.

    >>> segment_name(1, 258)
    '000000010000000100000002'
    """
    per_file = _FILE_SPACE // segment_size
    return f"{timeline:08X}{number // per_file:08X}{number % per_file:08X}"


def parse_list(text: str, segment_size: int = SEGMENT_SIZE) -> Tuple[Archive, ...]:
    """Read what ``pgbackrest repo-ls --recurse --output=json archive/<stanza>`` prints: an archive per database.

    :raises ArchiveError: it is no such list.
    """
    try:
        entries: Mapping[str, Mapping[str, object]] = json.loads(text)
        files = {path: entry for path, entry in entries.items() if entry["type"] == "file" and "/" in path}
        names = sorted({path.split("/")[0] for path in files}, key=lambda name: int(name.rpartition("-")[2]))
        return tuple(_archive(name, files, segment_size) for name in names)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ArchiveError(f"pgbackrest repo-ls printed {text[:200]!r}: {type(error).__name__}: {error}") from None


def _archive(name: str, files: Mapping[str, Mapping[str, object]], segment_size: int) -> Archive:
    segments: Dict[Tuple[int, int], Segment] = {}
    histories = []
    for path, entry in files.items():
        if not path.startswith(f"{name}/"):
            continue
        segment, history = _SEGMENT.match(path), _HISTORY.match(path)
        if segment:
            timeline, number = int(segment[1], 16), segment_number("".join(segment.groups()), segment_size)
            segments[timeline, number] = Segment(timeline, number, int(str(entry["size"])), int(str(entry["time"])))
        elif history:
            histories.append(int(history[2], 16))
    return Archive(name, tuple(segments[key] for key in sorted(segments)), tuple(sorted(histories)))


def gaps(
    archive: Archive,
    histories: Mapping[int, History],
    backups: Iterable[Backup] = (),
    segment_size: int = SEGMENT_SIZE,
) -> Tuple[Gap, ...]:
    """Return what lacks on each timeline, also on one of which nothing is there, and where one goes over into another.

    It counts from the first segment on that the oldest backup needs, as what was before it, by the order of its names,
    has expired; where there is no backup, from the first one that is there. On the timeline that goes on, it counts up
    to the last one that is there.

    :param histories: by timeline; where no history tells how a timeline began, it is its first segment that counts.
    """
    begin = _begin(archive, backups, segment_size)
    if begin is None:
        return ()
    known = [history for timeline, history in histories.items() if timeline in archive.timelines]
    passed = {switch.timeline for history in known for switch in history.switches}
    found: List[Gap] = []
    for timeline in sorted({*archive.timelines, *passed}):
        if timeline >= begin[0]:
            numbers = [segment.number for segment in archive.of(timeline) if (timeline, segment.number) >= begin]
            start = begin[1] if timeline == begin[0] else _start(timeline, known, segment_size)
            found += _holes(timeline, numbers, start, _left_in(timeline, known, segment_size))
    return tuple(found)


def _begin(archive: Archive, backups: Iterable[Backup], segment_size: int) -> Optional[Tuple[int, int]]:
    """Return timeline and number of the first segment that has to be there, or None where nothing is."""
    firsts = [backup.first_segment for backup in backups if backup.database == archive.database]
    if firsts and archive.timelines:
        return int(min(firsts)[:8], 16), segment_number(min(firsts), segment_size)
    return (archive.segments[0].timeline, archive.segments[0].number) if archive.segments else None


def _start(timeline: int, histories: Iterable[History], segment_size: int) -> Optional[int]:
    """Return the number of the segment in which a timeline left the one before it, or None where nothing tells."""
    for history in histories:
        line = [*(switch.timeline for switch in history.switches), history.timeline]
        if timeline in line[1:]:
            return history.switches[line.index(timeline) - 1].end // segment_size
    return None


def _left_in(timeline: int, histories: Iterable[History], segment_size: int) -> Optional[int]:
    """Return the number of the last segment in which other timelines left one, or None where none did."""
    ends = [history.end_of(timeline) for history in histories]
    return max((end // segment_size for end in ends if end is not None), default=None)


def _holes(timeline: int, numbers: List[int], start: Optional[int], end: Optional[int]) -> List[Gap]:
    """Return what lacks between segments, from the one on that a timeline begins with to the one that it was left in.

    That one is whole on the next timeline only.
    """
    there = list(numbers)
    if start is not None:
        there.insert(0, min([start, *numbers[:1]]) - 1)
    if end is not None and there and end > there[-1]:
        there.append(end)
    return [Gap(timeline, before + 1, after - 1) for before, after in zip(there, there[1:]) if after - before > 1]


def lost(
    archive: Archive,
    histories: Mapping[int, History],
    backups: Iterable[Backup],
    now: float,
    segment_size: int = SEGMENT_SIZE,
) -> Tuple[Gap, ...]:
    """Return the gaps of an archive that somebody has to know of: a restore needs what lacks, and it does not come.

    What a server that was lost wrote on its timeline, beyond where that one was left, belongs to no state that counts,
    unless a backup was taken there.

    :param now: when the archive was listed.
    """
    of_backups = tuple(backups)
    found = gaps(archive, histories, of_backups, segment_size)
    behind = [(one.timeline, one.number) for one in archive.segments if one.time <= now - SETTLED]
    return tuple(
        gap
        for gap in found
        if behind
        and behind[-1] > (gap.timeline, gap.last)
        and gap.first < _counts_to(gap, archive, histories, of_backups, segment_size)
    )


def _counts_to(
    gap: Gap, archive: Archive, histories: Mapping[int, History], backups: Iterable[Backup], segment_size: int
) -> int:
    """Return the number of the segment from which on nobody needs the timeline of a gap."""
    end = _left_in(gap.timeline, [histories[one] for one in archive.timelines if one in histories], segment_size)
    beyond = [
        backup
        for backup in backups
        if backup.database == archive.database
        and int(backup.last_segment[:8], 16) == gap.timeline
        and end is not None
        and segment_number(backup.last_segment, segment_size) >= end
    ]
    return gap.last + 1 if end is None or beyond else end


def windows(
    archive: Archive, history: History, backups: Iterable[Backup], segment_size: int = SEGMENT_SIZE
) -> Tuple[Window, ...]:
    """Return the moments that can be restored along a timeline and those that it came through, the oldest first.

    Without gaps that is one window. A backup of a timeline, or of a part of one, that the history did not come
    through does not count: it leads elsewhere.

    :param history: of the timeline that is restored to, in general the newest one.
    """
    there = {(segment.timeline, segment.number): segment for segment in archive.segments}
    found: List[Window] = []
    for backup in sorted(backups, key=lambda one: parse_lsn(one.stop_lsn)):
        stop = parse_lsn(backup.stop_lsn)
        if found and stop <= found[-1].end_lsn and _on_the_way(backup, stop, history):
            last = found.pop()
            found.append(Window(last.start, last.end, last.start_lsn, last.end_lsn, (*last.backups, backup.label)))
        elif _on_the_way(backup, stop, history):
            end = _walk(there, history, backup, segment_size)
            if end is not None:
                end_lsn = (end.number + 1) * segment_size
                found.append(Window(backup.stop, max(backup.stop, end.time), stop, end_lsn, (backup.label,)))
    return tuple(found)


def _on_the_way(backup: Backup, stop: int, history: History) -> bool:
    timeline = int(backup.last_segment[:8], 16)
    end = history.end_of(timeline)
    return timeline == history.timeline or (end is not None and stop <= end)


def _walk(
    there: Mapping[Tuple[int, int], Segment], history: History, backup: Backup, segment_size: int
) -> Optional[Segment]:
    """Return the last segment that is reached from a backup's first one, or None if it does not get to its end."""
    number = segment_number(backup.first_segment, segment_size)
    needed = segment_number(backup.last_segment, segment_size)
    last = None
    while True:
        segment = there.get((_timeline_of(number, history, segment_size), number))
        if segment is None:
            return last if last is not None and last.number >= needed else None
        last, number = segment, number + 1


def _timeline_of(number: int, history: History, segment_size: int) -> int:
    """Return the timeline on which a segment is read: the one after a switch has the segment of the switch whole."""
    for switch in history.switches:
        if number < switch.end // segment_size:
            return switch.timeline
    return history.timeline
