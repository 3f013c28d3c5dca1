# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When volumes fill at a steady growth; pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Iterable, Mapping, Optional, Tuple

DAYS_A_YEAR = 365.25


class ForecastError(Exception):
    """A volume that cannot be meant so; the message names it and the remedy."""


@dataclass(frozen=True)
class Forecast:
    """A volume of a plan. ``days`` until it is full: 0 when it is, None when it never will be."""

    volume: str
    size_gb: float
    used_gb: float
    growth_percent: float
    days: Optional[int]


def days_until_full(size_gb: float, used_gb: float, growth_percent: float) -> Optional[int]:
    """Return the whole days until ``used_gb`` has grown to ``size_gb``, compounded yearly; None is never.

    :param growth_percent: growth in a year, such as 20 (R7).
    """
    if used_gb >= size_gb:
        return 0
    if used_gb <= 0 or growth_percent <= 0:
        return None
    return int(DAYS_A_YEAR * math.log(size_gb / used_gb) / math.log1p(growth_percent / 100))


def forecasts(volumes: Iterable[Mapping[str, Any]]) -> Tuple[Forecast, ...]:
    """Return the forecast of each volume of a storage plan, in its order.

    :param volumes: mappings with ``volume``, ``size_gb``, ``used_gb`` (0) and ``growth_percent`` (0).
    :raises ForecastError: a volume without a size, or with a negative figure.
    """
    return tuple(_forecast(volume) for volume in volumes)


def _forecast(volume: Mapping[str, Any]) -> Forecast:
    name = str(volume["volume"])
    size, used = float(volume.get("size_gb", 0)), float(volume.get("used_gb", 0))
    growth = float(volume.get("growth_percent", 0))
    if size <= 0 or used < 0 or growth < 0:
        raise ForecastError(f"{name}: size_gb must be above 0, used_gb and growth_percent must not be below 0")
    return Forecast(name, size, used, growth, days_until_full(size, used, growth))
