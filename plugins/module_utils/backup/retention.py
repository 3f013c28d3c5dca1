# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which copies are kept, and which have served their time.

A copy has the moment at which it was begun as its name, in UTC. What has any other name is nobody's concern here, and
is never removed.

Days and months are counted by the copies that there are, not by the calendar: where no copy is made for weeks, none is
removed for weeks, and the newest complete copy stays in any case.

This file is also read on the hosts: standard library only.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Iterable, List, Set, Tuple

FORMAT = "%Y-%m-%dT%H%M%SZ"
NAME = re.compile(r"(?P<day>(?P<month>\d{4}-\d{2})-\d{2})T\d{6}Z")


@dataclass(frozen=True)
class Policy:
    """How much is kept: every copy of the newest days, and the first copy of each of the newest months."""

    days: int
    months: int = 0


def name_at(moment: datetime) -> str:
    """Return the name of a copy that is begun at a moment."""
    return moment.astimezone(timezone.utc).strftime(FORMAT)


def moment_of(name: str) -> datetime:
    """Return when a copy was begun.

    :raises ValueError: it is no name of a copy.
    """
    return datetime.strptime(name, FORMAT).replace(tzinfo=timezone.utc)


def is_copy(name: str) -> bool:
    """Tell whether a name is one of a copy."""
    if not NAME.fullmatch(name):
        return False
    try:
        moment_of(name)
    except ValueError:
        return False
    return True


def expired(complete: Iterable[str], incomplete: Iterable[str], policy: Policy) -> Tuple[str, ...]:
    """Return the copies to remove, the oldest first.

    :param complete: names of what is known to be complete; others than copies are passed over.
    :param incomplete: names of what never became complete. Such a copy is removed once a younger one is complete.
    """
    good = sorted(name for name in set(complete) if is_copy(name))
    bad = {name for name in incomplete if is_copy(name)} - set(good)
    if not good:
        return ()
    kept = {good[-1]} | _of_days(good, policy.days) | _of_months(good, policy.months)
    return tuple(sorted((set(good) - kept) | {name for name in bad if name < good[-1]}))


def _of_days(good: List[str], count: int) -> Set[str]:
    """Return every copy of the newest days."""
    newest = set(sorted({_part(name, "day") for name in good}, reverse=True)[:count])
    return {name for name in good if _part(name, "day") in newest}


def _of_months(good: List[str], count: int) -> Set[str]:
    """Return the first copy of each of the newest months."""
    first = {_part(name, "month"): name for name in reversed(good)}
    return {first[month] for month in sorted(first, reverse=True)[:count]}


def _part(name: str, part: str) -> str:
    match = NAME.fullmatch(name)
    if match is None:
        raise ValueError(f"{name} is no name of a copy")
    return match[part]
