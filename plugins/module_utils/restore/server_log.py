# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a recovering server wrote into its log, and whether that says that the target was reached.

The lines are those of PostgreSQL's ``src/backend/access/transam/xlogrecovery.c``, untranslated (``lc_messages = C``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Callable, Dict, List, Match, Optional, Pattern, Tuple

from ..postgres_observe.lsn import parse_lsn, show_lsn
from .target import LATEST, LSN, NAME, TIME, XID, Target, parse_time

#: The log names transactions by the lower half of their numbers.
_XID_SPACE = 1 << 32

#: The bytes of the record that ends a segment early, which is a bare header. It may begin in the segment before the one
#: that it ends, and then no record begins in that one (src/include/access/xlogrecord.h, ReserveXLogSwitch in xlog.c).
_SWITCH = 24

_LINE = re.compile(r"^(?:.*?\s)?(LOG|FATAL|PANIC|ERROR|HINT|DETAIL|WARNING):\s+(.*)$")


@dataclass(frozen=True)
class Outcome:
    """How far a recovery got.

    ``stopping`` is what the server said of its stop, ``last_transaction`` the time of the last transaction that it
    replayed, ``ready`` whether it takes statements, ``failure`` why it ended.
    """

    beginning: str = ""
    consistent: str = ""
    stopping: str = ""
    redo_done: str = ""
    last_transaction: str = ""
    timeline: int = 0
    complete: bool = False
    ready: bool = False
    failure: str = ""


def parse_log(text: str) -> Outcome:
    """Read a server's log from its last start on."""
    found: Dict[str, object] = {}
    for line in text.splitlines():
        match = _LINE.match(line)
        if not match:
            continue
        level, message = match.groups()
        if message.startswith("starting PostgreSQL "):
            found = {}
        elif level in ("FATAL", "PANIC"):
            found["failure"] = message
        elif level == "LOG":
            _take(message, found)
    return Outcome(**found)  # type: ignore[arg-type]


def _text(name: str) -> Callable[[Match[str], Dict[str, object]], None]:
    return lambda match, found: found.update({name: match[1]})


def _flag(name: str) -> Callable[[Match[str], Dict[str, object]], None]:
    return lambda _match, found: found.update({name: True})


def _number(name: str) -> Callable[[Match[str], Dict[str, object]], None]:
    return lambda match, found: found.update({name: int(match[1])})


_MESSAGES: List[Tuple[Pattern[str], Callable[[Match[str], Dict[str, object]], None]]] = [
    (re.compile(r"starting (point-in-time recovery to .*|archive recovery)"), _text("beginning")),
    (re.compile(r"consistent recovery state reached at ([0-9A-F]+/[0-9A-F]+)"), _text("consistent")),
    (re.compile(r"recovery (stopping .*)"), _text("stopping")),
    (re.compile(r"redo done at ([0-9A-F]+/[0-9A-F]+)"), _text("redo_done")),
    (re.compile(r"last completed transaction was at log time (.*)"), _text("last_transaction")),
    (re.compile(r"selected new timeline ID: (\d+)"), _number("timeline")),
    (re.compile(r"archive recovery complete"), _flag("complete")),
    (re.compile(r"database system is ready to accept connections"), _flag("ready")),
]


def _take(message: str, found: Dict[str, object]) -> None:
    for pattern, take in _MESSAGES:
        match = pattern.match(message)
        if match:
            take(match, found)
            return


def shortfall(target: Target, outcome: Outcome, at_least: Optional[int] = None) -> str:
    """Return why the log does not prove that the target was reached, or the empty text if it does.

    :param at_least: for the newest transaction, the position at which the last segment of the archive begins.
    """
    if outcome.failure:
        return f"the server ended: {outcome.failure}{_how_far(outcome)}"
    if not outcome.beginning:
        return "the server's log tells of no recovery"
    if target.kind != LATEST and not _stopped_at(target, outcome.stopping):
        said = f"it says: recovery {outcome.stopping}" if outcome.stopping else "it tells of no stop"
        return f"the server's log does not say that {target.words()} was reached; {said}{_how_far(outcome)}"
    if not (outcome.complete and outcome.ready):
        return f"the recovery did not complete{_how_far(outcome)}"
    short = short_of(at_least, outcome) if target.kind == LATEST and at_least is not None else ""
    return f"{short}. {_remedy(outcome)}" if short else ""


def short_of(at_least: int, outcome: Outcome) -> str:
    """Return that the server took a segment that it could not get for the end of the log, or the empty text.

    To PostgreSQL every failure of the restore_command up to 125 is the end of the log. What it names with "redo done"
    is where the last record that it replayed begins, and that is on the timeline that it followed to its end.

    :param at_least: the position at which the last segment of the archive begins.
    """
    if outcome.redo_done and parse_lsn(outcome.redo_done) >= at_least - _SWITCH:
        return ""
    reached = f"up to {outcome.redo_done}" if outcome.redo_done else "not at all"
    return (
        f"the archive could not be read to its end: the log was replayed {reached}, and the last segment of the "
        f"archive begins at {show_lsn(at_least)}{_how_far(outcome)}"
    )


def _remedy(outcome: Outcome) -> str:
    or_so = f", or take what there is with -e target=lsn -e target_lsn={outcome.redo_done}" if outcome.redo_done else ""
    return f"Run it again when the repository can be read, or read another one with -e repository=<number>{or_so}"


def _how_far(outcome: Outcome) -> str:
    if outcome.last_transaction:
        return f". The last transaction that was replayed is of {outcome.last_transaction}"
    return f". It was consistent at {outcome.consistent}" if outcome.consistent else ""


def _stopped_at(target: Target, stopping: str) -> bool:
    xid = int(target.value) % _XID_SPACE if target.kind == XID else 0
    patterns = {
        TIME: r"stopping (before|after) (commit|abort) of transaction \d+, time (.+)",
        XID: rf"stopping (before|after) (commit|abort) of transaction {xid}, time ",
        NAME: rf'stopping at restore point "{re.escape(target.value)}", time ',
        LSN: r'stopping (before|after) WAL location \(LSN\) "([0-9A-F]+/[0-9A-F]+)"',
    }
    match = re.match(patterns[target.kind], stopping)
    if match is None or target.kind != TIME:
        return match is not None
    return _is_beyond(match[3], target)


def _is_beyond(stopped: str, target: Target) -> bool:
    """Return whether the first transaction that was left out is later than the target."""
    moment = parse_server_time(stopped)
    return moment is None or target.moment is None or moment >= target.moment


def parse_server_time(text: str) -> Optional[float]:
    """Return a moment of the log, which the server prints in UTC, or None where it is in another zone."""
    match = re.match(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)?)(?:\+00| UTC| GMT)\Z", text.strip())
    return parse_time(f"{match[1]}+00") if match else None
