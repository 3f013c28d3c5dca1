# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wanted of the platform in a disaster, and whether what was measured is so. Pure.

Every figure is a number of seconds that is not reached. A drill is passed by its own limit (scenarios.py), which leaves
room for a machine that carries all hosts at once.
"""

from __future__ import annotations

from typing import Dict, Optional

#: From the call of failover.yml to its first act.
ACT = 10.0
#: How long the site is away, by the scenario; where an operator acts, from the command.
AWAY: Dict[str, float] = {
    "switchover": 1.0,
    "primary_lost": 23.0,
    "primary_lost_operator": 8.0,
    "region_lost": 60.0,
}
#: The same by the row of the specification's table of disasters, for the scenarios that have no figure of their own.
RECOVERED: Dict[str, float] = {"R62": 300.0, "R63": 300.0, "R64": 14400.0}
#: From the fault to the first alert, by the row.
NOTICED: Dict[str, float] = {"R61": 60.0, "R62": 60.0, "R63": 300.0}


def away(scenario: str, row: str) -> Optional[float]:
    """Return how long the site may be away; None where the platform has to recover by itself and no time is named."""
    return AWAY.get(scenario, RECOVERED.get(row))


def judged(limit: Optional[float], *seconds: float) -> str:
    """Return what is wanted, and whether what was measured is so; empty where nothing is wanted.

    :param seconds: the median, and the worst where it is known; nothing where it was not measured.

    >>> judged(8.0, 6.95, 8.2)
    '8 s: met by the median'
    """
    if limit is None:
        return ""
    if not seconds:
        return f"{limit:g} s"
    if max(seconds) < limit:
        said = "met"
    else:
        said = "met by the median" if seconds[0] < limit else "missed"
    return f"{limit:g} s: {said}"
