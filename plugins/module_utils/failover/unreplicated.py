# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a server committed behind a position of its log, up to which another one has it. Pure.

A server commits by itself, too: autovacuum stores statistics of tables, and cuts empty ends off them. Nobody was told
of such a commit, and the next primary makes it anew.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Dict, Iterable, List, Mapping, Optional, Sequence

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.divergence import records
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.lsn import parse_lsn

#: Bytes of a page of the log, and what it begins with; a segment's first page begins with more.
#: PostgreSQL's src/include/access/xlog_internal.h
PAGE, HEADER, LONG_HEADER = 8192, 24, 40
#: Records begin at multiples of these bytes.
ALIGNED = 8
#: The tables of statistics, with what is stored apart from them; PostgreSQL's src/include/catalog/pg_statistic*.h
STATISTICS = ("2619", "2840", "3429", "3430")
#: By record manager, what a server writes without anybody's asking. What is beside it is taken for a client's.
HOUSEKEEPING: Mapping[str, Optional[Sequence[str]]] = {
    "Btree": None,
    "Heap": ("INPLACE",),
    "Heap2": (
        *("PRUNE", "VACUUM", "FREEZE_PAGE", "VISIBLE"),
        # By these names since PostgreSQL 17.
        *("PRUNE_ON_ACCESS", "PRUNE_VACUUM_SCAN", "PRUNE_VACUUM_CLEANUP"),
    ),
    "Standby": None,
    "Storage": ("TRUNCATE",),
    "Transaction": ("INVALIDATION",),
    "XLOG": None,
}
COMMITS = ("COMMIT", "COMMIT_PREPARED", "PREPARE")

_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[.\d]* \w+)")
_RELATION = re.compile(r"rel \d+/\d+/(\d+)")
_NEXT = re.compile(r"nextXid (\d+)")


@dataclass(frozen=True)
class Commit:
    """A transaction, the position behind its commit in bytes, and when it was committed, as text."""

    transaction: int
    end: int
    moment: str


@dataclass(frozen=True)
class Log:
    """What was read of a log: commits that clients may have been told of, and the position behind the last record."""

    commits: Sequence[Commit]
    end: int


def record_end(position: int, length: int, segment: int) -> int:
    """Return the position behind a record, in bytes; a record goes on behind the beginning of each page that it enters.

    :param length: bytes of the record, as pg_waldump has it behind the slash.
    :param segment: bytes of a segment.

    >>> record_end(0x1522568, 34, 16 * 1024 * 1024) - 0x1522568
    40
    """
    left = -(-length // ALIGNED) * ALIGNED
    while True:
        room = PAGE - position % PAGE
        if left <= room:
            return position + left
        left -= room
        position += room
        position += HEADER if position % segment else LONG_HEADER


def committed(lines: Iterable[str], after: int, segment: int, most: int = 1000) -> Log:
    """Return the transactions of clients whose commit is not whole before a position.

    :param lines: what pg_waldump prints, from before the position on. A transaction whose beginning is not there is
        taken for a client's.
    :param after: the position, in bytes.
    :param segment: bytes of a segment of the log.
    :param most: how many commits are enough; what is behind them is not read.
    """
    begun: Optional[int] = None
    own: Dict[int, bool] = {}
    found: List[Commit] = []
    end = 0
    for manager, length, transaction, position, what, rest in records(lines):
        end = record_end(parse_lsn(position), length, segment)
        if (manager, what) == ("XLOG", "SWITCH"):
            # The rest of its segment stays empty.
            end = -(-end // segment) * segment
        following = _NEXT.search(rest) if (manager, what) == ("Standby", "RUNNING_XACTS") else None
        if following and begun is None:
            begun = int(following.group(1))
        if manager == "Transaction" and what in COMMITS:
            # One that was numbered after the list of those that ran has all of its records behind it. One within
            # another one writes under a number of its own.
            whole = begun is not None and _is_later(transaction, begun) and what == "COMMIT" and "subxacts:" not in rest
            housekeeping = own.pop(transaction, True)
            if end > after and not (whole and housekeeping):
                moment = _MOMENT.search(rest)
                found.append(Commit(transaction, end, moment.group(1) if moment else ""))
                if len(found) == most:
                    break
        elif transaction:
            own[transaction] = own.get(transaction, True) and _is_housekeeping(manager, what, rest)
    return Log(found, end)


def _is_later(transaction: int, begun: int) -> bool:
    """Return whether a transaction has a number from another one on; numbers begin anew behind 32 bits."""
    return (transaction - begun) % (1 << 32) < 1 << 31


def _is_housekeeping(manager: str, what: str, rest: str) -> bool:
    """Return whether a server writes such a record by itself."""
    if manager in HOUSEKEEPING:
        kinds = HOUSEKEEPING[manager]
        if kinds is None or what in kinds:
            return True
    relation = _RELATION.search(rest) if manager in ("Heap", "Heap2") else None
    return relation is not None and relation.group(1) in STATISTICS
