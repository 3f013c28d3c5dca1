# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a server's log went another way than that of the one which leads, and what it committed from there on. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Dict, Iterable, Iterator, List, NamedTuple, Optional, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.timeline import History


@dataclass(frozen=True)
class Stretch:
    """A part of a log on one timeline, from a position to another; ``end`` is None where the log ends."""

    timeline: int
    start: int
    end: Optional[int] = None


@dataclass
class Found:
    """What a stretch of log has: commits by transaction with their moments as text, and deleted rows by relation.

    ``last`` is where the last record begins.
    """

    commits: Dict[int, str] = field(default_factory=dict)
    members: Dict[int, int] = field(default_factory=dict)
    deletes: Dict[int, List[str]] = field(default_factory=dict)
    last: str = ""

    @property
    def transactions(self) -> List[int]:
        """All transactions that were committed, those within others included."""
        return sorted({*self.commits, *(one for one, top in self.members.items() if top in self.commits)})

    @property
    def deleted(self) -> Dict[str, int]:
        """How many rows were deleted by transactions that were committed, by the relation's numbers."""
        known = set(self.transactions)
        found: Dict[str, int] = {}
        for transaction, relations in self.deletes.items():
            for relation in relations if transaction in known else ():
                found[relation] = found.get(relation, 0) + 1
        return found


def beyond(own: History, leader: History) -> Tuple[Stretch, ...]:
    """Return the parts of a server's log that the leader's history does not have, in order; none where it has all.

    The last one may be empty: the history alone does not say how far a server's log goes.

    :raises ValueError: they have no beginning in common.
    """
    mine, theirs = _parts(own), _parts(leader)
    for place, (timeline, end) in enumerate(mine):
        other, left = theirs[place] if place < len(theirs) else (None, None)
        if timeline != other and place:
            # Both left the one before at the same place, for timelines of their own.
            return tuple(_stretches(mine[place:], mine[place - 1][1] or 0))
        if timeline != other:
            raise ValueError(f"timeline {timeline} has no beginning in common with timeline {leader.timeline}")
        if end == left:
            if end is None:
                return ()
            continue
        if left is None or (end is not None and end < left):
            # It left the timeline earlier than the leader: what follows is its own.
            return tuple(_stretches(mine[place + 1 :], end or 0))
        return tuple(_stretches(mine[place:], left))
    return ()


def _parts(history: History) -> List[Tuple[int, Optional[int]]]:
    """Return the timelines of a history, each with the position at which it was left."""
    return [*((switch.timeline, switch.end) for switch in history.switches), (history.timeline, None)]


def segments_of(stretch: Stretch, own: History, files: Iterable[str], size: int = 16 * 1024 * 1024) -> Dict[str, str]:
    """Return the files that have a stretch of log, by the names of its segments; none where the log ends before it.

    The segment in which a timeline was left is there as the first one of the next timeline, which has its beginning.
    Under its own name it is there only until it is archived as ``.partial``.

    :param own: the history of the server that has the log.
    :param files: the names in its folder ``pg_wal``.
    :param size: bytes of a segment.
    """
    known = set(files)
    timelines = [switch.timeline for switch in own.switches] + [own.timeline]
    later = [timeline for timeline in timelines if timeline >= stretch.timeline]
    last = max((number for name in known for number in [_number(name, later, size)] if number is not None), default=-1)
    if stretch.end is not None:
        last = min(last, stretch.end // size)
    found = {}
    for number in range(stretch.start // size, last + 1):
        names = [segment_name(timeline, number, size) for timeline in later]
        there = next((name for name in (names[0], f"{names[0]}.partial", *names[1:]) if name in known), "")
        if there:
            found[names[0]] = there
    return found


def segment_name(timeline: int, number: int, size: int) -> str:
    """Return the name of a segment, as PostgreSQL gives it.

    >>> segment_name(2, 257, 16 * 1024 * 1024)
    '000000020000000100000001'
    """
    each = 0x100000000 // size
    return f"{timeline:08X}{number // each:08X}{number % each:08X}"


def _number(name: str, timelines: List[int], size: int) -> Optional[int]:
    """Return the number of a segment of some timelines, None where the file is none."""
    match = re.fullmatch(r"([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})(\.partial)?", name)
    if not match or int(match.group(1), 16) not in timelines:
        return None
    return int(match.group(2), 16) * (0x100000000 // size) + int(match.group(3), 16)


#: What pg_waldump says where a log ends, and not where a part of it is missing.
_END = re.compile(r"could not find a valid record after|error in WAL record at|invalid record length|out-of-sequence")
_MISSING = re.compile(r'could not find file "([0-9A-F]{24})"')


def is_end(complaint: str, segments: Iterable[str]) -> bool:
    """Return whether a complaint of pg_waldump means that the log ends there.

    :param segments: those that it was given. One that is missing behind all of them is the end, as the log may end with
        a whole segment.
    """
    missing = _MISSING.search(complaint)
    if missing:
        return missing.group(1) > max(segments, default="")
    return bool(_END.search(complaint))


def _stretches(parts: List[Tuple[int, Optional[int]]], start: int) -> Iterable[Stretch]:
    for timeline, end in parts:
        yield Stretch(timeline, start, end)
        start = end or start


#: What pg_waldump prints of a record; https://www.postgresql.org/docs/15/pgwaldump.html
_RECORD = re.compile(r"^rmgr: (\w+) .*?/ *(\d+), tx: +(\d+), lsn: ([0-9A-F]+/[0-9A-F]+), .*? desc: (\w+)(.*)$")
_MOMENT = re.compile(r"^ (?:\d+: ?)?(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]* \w+)")
_WITHIN = re.compile(r"subxacts: ([\d ]+)")
_RELATION = re.compile(r"rel (\d+/\d+/\d+)")


class Record(NamedTuple):
    """A record of a log: who wrote it, its bytes, its transaction, where it begins, what it is, and the rest of it."""

    manager: str
    length: int
    transaction: int
    position: str
    what: str
    rest: str


def records(lines: Iterable[str]) -> Iterator[Record]:
    """Yield the records among the lines that pg_waldump prints, as they come."""
    for line in lines:
        match = _RECORD.match(line)
        if match:
            manager, length, transaction, position, what, rest = match.groups()
            yield Record(manager, int(length), int(transaction), position, what, rest)


def read(lines: Iterable[str], found: Found) -> Found:
    """Add what pg_waldump prints of a stretch of log to what was found before."""
    for record in records(lines):
        found.last = record.position
        if record.manager == "Transaction" and record.what in ("COMMIT", "COMMIT_PREPARED"):
            _commit(record.transaction, record.what, record.rest, found)
        elif record.manager == "Heap" and record.what == "DELETE":
            relation = _RELATION.search(record.rest)
            if relation:
                found.deletes.setdefault(record.transaction, []).append(relation.group(1))
    return found


def _commit(transaction: int, what: str, rest: str, found: Found) -> None:
    moment, within = _MOMENT.match(rest), _WITHIN.search(rest)
    if what == "COMMIT_PREPARED":
        prepared = re.match(r"^ (\d+):", rest)
        transaction = int(prepared.group(1)) if prepared else transaction
    found.commits[transaction] = moment.group(1) if moment else ""
    for one in within.group(1).split() if within else ():
        found.members[int(one)] = transaction
