# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How soon an operator's command began to act. Pure."""

from __future__ import annotations

from typing import Any, Mapping, Optional, Sequence

#: The last phase of failover.yml in which nothing is changed.
LOOKED = "Plan, and guard"


def acted(delta: str, timeline: Sequence[Mapping[str, Any]]) -> Optional[float]:
    """Return how many seconds after it was called a run of failover.yml began to act, or to prove where all was well.

    Its own start is counted, and what it does after its last phase, as the timeline of its report knows of neither.

    :param delta: how long the command took, as M(ansible.builtin.command) returns it: C([D day[s], ]H:MM:SS[.UUUUUU]).
    :param timeline: the phases of its report.
    :returns: None where it was refused.

    >>> acted("0:00:09.5", [{"phase": LOOKED, "from": 1, "seconds": 2}, {"phase": "Prove it", "from": 3, "seconds": 4}])
    5.5
    """
    looked = [one for one in timeline if one["phase"] == LOOKED]
    if not looked or looked[-1] is timeline[-1]:
        return None
    end = max(one["from"] + one["seconds"] for one in timeline)
    begun: float = seconds_of(delta) - end + looked[-1]["from"] + looked[-1]["seconds"]
    return round(begun, 1)


def seconds_of(delta: str) -> float:
    """Return how long a command took, in seconds."""
    days, _word, clock = delta.rpartition(" ")
    hours, minutes, seconds = clock.split(":")
    return int(days.split()[0] if days else 0) * 86400 + int(hours) * 3600 + int(minutes) * 60 + float(seconds)
