# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Up to where a database is restored. https://www.postgresql.org/docs/15/runtime-config-wal.html, "Recovery Target"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Optional, Tuple

from ..postgres_observe.lsn import parse_lsn

LATEST, TIME, XID, NAME, LSN = "latest", "time", "xid", "name", "lsn"
KINDS = (LATEST, TIME, XID, NAME, LSN)

_TIME = re.compile(
    r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?\s*(?:(Z)|([+-])(\d\d)(?::?(\d\d))?)\Z",
)


class RestoreError(Exception):
    """A restore is not possible as it was asked for; the message says why and what to do."""


@dataclass(frozen=True)
class Target:
    """A target: ``moment`` in seconds since 1970 for a time, ``position`` in bytes for a position in the log."""

    kind: str
    value: str = ""
    moment: Optional[float] = None
    position: Optional[int] = None

    def words(self) -> str:
        """Return what is wanted, in words."""
        named = {
            LATEST: "the newest transaction",
            TIME: f"the state at {self.value}",
            XID: f"transaction {self.value}",
            NAME: f"the restore point {self.value}",
            LSN: f"the position {self.value}",
        }
        return named[self.kind]

    def options(self) -> Tuple[str, ...]:
        """Return pgBackRest's options for it: https://pgbackrest.org/command.html#command-restore."""
        if self.kind == LATEST:
            return ("--type=default",)
        return (f"--type={self.kind}", f"--target={self.value}", "--target-action=promote")


def parse_target(kind: str, value: str) -> Target:
    """Read a target as an operator writes it.

    :raises RestoreError: it is none.
    """
    if kind not in KINDS:
        raise RestoreError(f"target is {kind!r}: use {', '.join(KINDS)}")
    if kind == LATEST:
        return Target(LATEST)
    if not value:
        raise RestoreError(f"target={kind} needs target_{kind}")
    if kind == TIME:
        moment = parse_time(value)
        return Target(TIME, value, moment=moment)
    if kind == LSN:
        try:
            return Target(LSN, value.upper(), position=parse_lsn(value))
        except ValueError as error:
            raise RestoreError(f"target_lsn: {error}") from None
    if kind == XID:
        if not value.isdecimal():
            raise RestoreError(f"target_xid is {value!r}: a transaction has a number, as pg_current_xact_id() tells it")
        # PostgreSQL would take a number with a leading zero for an octal one.
        return Target(XID, str(int(value)))
    return Target(kind, value)


def parse_time(text: str) -> float:
    """Return a moment in seconds since 1970.

    >>> parse_time("2026-11-26 10:00:00+00")
    1795687200.0

    :raises RestoreError: it is no moment, or one that depends on who reads it.
    """
    match = _TIME.match(text.strip())
    if not match:
        raise RestoreError(
            f"target_time is {text!r}: write date, time and the offset from UTC, as in '2026-11-26 10:00:00+00'; "
            "without an offset nobody knows which moment is meant"
        )
    day, clock, fraction, _utc, sign, hours, minutes = match.groups()
    try:
        moment = datetime.strptime(f"{day} {clock}", "%Y-%m-%d %H:%M:%S").replace(tzinfo=timezone.utc)
    except ValueError as error:
        raise RestoreError(f"target_time is {text!r}: {error}") from None
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0))
    moment += offset if sign == "-" else -offset
    return moment.timestamp() + float(f"0.{fraction or 0}")
