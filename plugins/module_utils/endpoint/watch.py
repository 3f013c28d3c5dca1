# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""For how long a site gave no answer, from what came of requests that were made again and again. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Sequence


@dataclass(frozen=True)
class Request:
    """When a request began and ended, in seconds from the beginning of the watch, and whether its answer was right."""

    begun: float
    ended: float
    healthy: bool


def told(requests: Sequence[Request]) -> Dict[str, Any]:
    """Return what requests one after the other tell of an endpoint.

    ``away`` is the longest time from one answer to the next one that has requests without an answer in it, in seconds;
    before the first answer it counts from the beginning, and after the last one up to the end. 0 where all had one.
    ``back`` is when the first answer came after all those without one, in seconds from the beginning; None where none
    did.

    >>> told([Request(0.0, 0.1, True), Request(0.6, 2.6, False), Request(3.1, 3.3, True)])
    {'asked': 3, 'failed': 1, 'away': 3.2, 'back': 3.3}
    """
    away, answered, back, missed = 0.0, 0.0, None, False
    for request in requests:
        if request.healthy:
            away = max(away, request.ended - answered) if missed else away
            back = request.ended if missed or back is None else back
            answered, missed = request.ended, False
        else:
            missed, back = True, None
    if missed:
        away = max(away, requests[-1].ended - answered)
    failed = sum(not request.healthy for request in requests)
    return {"asked": len(requests), "failed": failed, "away": round(away, 2), "back": _rounded(back)}


def _rounded(seconds: Any) -> Any:
    return None if seconds is None else round(seconds, 2)
