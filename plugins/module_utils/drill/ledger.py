# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a ledger says, and what must then be true of a database. Pure, standard library only.

A ledger is a file of JSON lines: one before a write is sent, and one when it is answered or given up. Times are
seconds since 1970 by the client's clock.

    {"at": 7.001, "key": "a-0-1", "value": "f2"}        sent
    {"at": 7.013, "key": "a-0-1", "status": 201}        answered
    {"at": 7.013, "key": "a-0-1", "error": "timed out"} given up
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

#: The answer that promises that a record is stored.
STORED = 201


@dataclass(frozen=True)
class Attempt:
    """One write: what was sent, and how it ended; without ``ended`` the client itself ended first."""

    key: str
    value: str
    sent: float
    ended: Optional[float] = None
    status: Optional[int] = None
    error: str = ""

    @property
    def outcome(self) -> str:
        """How many times the record may be there: acknowledged once, refused never, unknown never or once.

        Only an answer that blames the request (4xx) says that nothing was stored: a server that failed may have
        stored before.
        """
        if self.status == STORED:
            return "acknowledged"
        return "refused" if self.status is not None and 400 <= self.status < 500 else "unknown"

    @property
    def failure(self) -> str:
        """Why it is not acknowledged, for a person."""
        return self.error or (f"status {self.status}" if self.status else "the client ended first")


@dataclass(frozen=True)
class Outage:
    """The longest time in which no write was acknowledged."""

    begin: float
    end: float

    @property
    def seconds(self) -> float:
        """How long it was."""
        return self.end - self.begin


@dataclass(frozen=True)
class Findings:
    """What speaks against a database that was asked for the records of a ledger; each is a list of keys."""

    lost: Tuple[str, ...] = ()
    doubled: Tuple[str, ...] = ()
    wrong: Tuple[str, ...] = ()
    unexpected: Tuple[str, ...] = ()
    overtaken: Tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return any(vars(self).values())

    def __str__(self) -> str:
        parts = (
            f"{len(keys)} {name} ({', '.join(keys[:3])}{', ...' if len(keys) > 3 else ''})"
            for name, keys in vars(self).items()
            if keys
        )
        return ", ".join(parts) or "nothing"


def read(lines: Iterable[str]) -> List[Attempt]:
    """Return the attempts of a ledger in the order in which they were sent.

    A last line that is not whole belongs to nothing that was sent: a line is on disk before its write leaves.

    :raises ValueError: a line is none of a ledger, or a write has ended that was not sent.
    """
    attempts: Dict[str, Attempt] = {}
    for line in lines:
        if not line.endswith("\n"):
            break
        entry = json.loads(line)
        key = entry["key"]
        if "value" in entry:
            attempts[key] = Attempt(key, entry["value"], entry["at"])
        elif key in attempts:
            attempts[key] = replace(
                attempts[key], ended=entry["at"], status=entry.get("status"), error=entry.get("error", "")
            )
        else:
            raise ValueError(f"{key} was answered and never sent")
    return list(attempts.values())


def acknowledged(attempts: Iterable[Attempt]) -> List[Attempt]:
    """Return the writes that were acknowledged, in the order of the acknowledgements."""
    stored = [attempt for attempt in attempts if attempt.outcome == "acknowledged"]
    return sorted(stored, key=lambda attempt: attempt.ended or 0.0)


def failed(attempts: Iterable[Attempt]) -> List[str]:
    """Return a line for each write that was not acknowledged."""
    return [f"{attempt.key}: {attempt.failure}" for attempt in attempts if attempt.outcome != "acknowledged"]


def outage(attempts: Iterable[Attempt], since: float = 0.0, until: float = float("inf")) -> Outage:
    """Return the longest gap between two acknowledgements that lies in some time, whole or in part.

    :raises ValueError: fewer than two writes were acknowledged around that time, so nothing is known of it.
    """
    times = [attempt.ended or 0.0 for attempt in acknowledged(attempts)]
    gaps = [Outage(begin, end) for begin, end in zip(times, times[1:]) if end > since and begin < until]
    if not gaps:
        raise ValueError("no two writes were acknowledged around the fault")
    return max(gaps, key=lambda gap: gap.seconds)


def compare(attempts: Sequence[Attempt], found: Iterable[Sequence[str]]) -> Findings:
    """Return what is wrong with the records that a database holds.

    :param found: key and value of every record of the ledger's keys, and the timeline on which it was written, where
        the database keeps it.
    """
    sent = {attempt.key: attempt for attempt in attempts}
    rows = list(found)
    count = Counter(row[0] for row in rows)
    allowed = {attempt.key for attempt in attempts if attempt.outcome != "refused"}
    return Findings(
        lost=tuple(attempt.key for attempt in acknowledged(attempts) if not count[attempt.key]),
        doubled=tuple(key for key, times in count.items() if times > 1),
        wrong=tuple(row[0] for row in rows if row[0] in sent and sent[row[0]].value != row[1]),
        unexpected=tuple(key for key in count if key not in allowed),
        overtaken=overtaken(attempts, {row[0]: int(row[2]) for row in rows if len(row) > 2}),
    )


def overtaken(attempts: Iterable[Attempt], timelines: Mapping[str, int]) -> Tuple[str, ...]:
    """Return the records that a server wrote which no longer led, in the order in which they were acknowledged.

    Every change of the server that takes writes begins a timeline, and a later one has a higher number. So who stored a
    record on a lower one than that of a record that was acknowledged before this one was sent took writes beside
    another server. No server's clock has a part in it: what is before and after, the ledger alone says.

    :param timelines: by the record's key.
    """
    events = [
        event
        for attempt in acknowledged(attempts)
        if attempt.key in timelines
        for event in ((attempt.sent, 0, attempt), (attempt.ended or 0.0, 1, attempt))
    ]
    newest = 0
    least: Dict[str, int] = {}
    found: List[str] = []
    for _moment, ends, attempt in sorted(events, key=lambda event: event[:2]):
        if not ends:
            least[attempt.key] = newest
            continue
        timeline = timelines[attempt.key]
        newest = max(newest, timeline)
        if timeline < least[attempt.key]:
            found.append(attempt.key)
    return tuple(found)
