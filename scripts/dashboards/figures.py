"""Numbers as people read them: with their unit, and as the marks of an axis."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from typing import List, Optional, Sequence, Tuple

Scale = Sequence[Tuple[float, str]]

_SI: Scale = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"), (1, ""))
_IEC: Scale = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"), (1, "B"))
_TIME: Scale = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"), (1e-3, "ms"), (1e-6, "µs"))
#: What follows a number of a unit that grows by thousands.
_SUFFIXES = {"short": "", "bps": "bit/s", "reqps": "req/s", "ops": "ops/s", "cps": "/s", "iops": "io/s"}
_TIME_STEPS = (60, 300, 600, 900, 1800, 3600, 2 * 3600, 6 * 3600, 12 * 3600, 86400, 2 * 86400, 7 * 86400)


def number(value: float, decimals: Optional[int] = None) -> str:
    """Return a number with three digits that count, or with so many decimals.

    >>> number(1234.5), number(12.345), number(0.5), number(0.00123), number(99.5, 2)
    ('1234', '12.3', '0.5', '0.00123', '99.50')
    """
    if decimals is not None:
        return f"{value:.{decimals}f}"
    if value == 0:
        return "0"
    shown = max(0, 2 - math.floor(math.log10(abs(value))))
    text = f"{value:.{shown}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def text_of(value: float, unit: str, decimals: Optional[int] = None) -> str:
    """Return a value with its unit, as Grafana names units.

    >>> text_of(0.5, "percentunit"), text_of(90, "s"), text_of(3 * 2**20, "bytes"), text_of(1500, "reqps")
    ('50 %', '1.5 min', '3 MiB', '1.5 kreq/s')
    """
    if math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    if unit == "percentunit":
        return f"{number(value * 100, decimals)} %"
    if unit == "s":
        return _scaled(value, _TIME, decimals, "s")
    if unit == "bytes":
        return _scaled(value, _IEC, decimals, "B")
    if unit in _SUFFIXES:
        scaled = _scaled(value, [(size, prefix + _SUFFIXES[unit]) for size, prefix in _SI], decimals, _SUFFIXES[unit])
        return scaled.strip()
    return number(value, decimals)


def _scaled(value: float, scale: Scale, decimals: Optional[int], smallest: str) -> str:
    for size, name in scale:
        if abs(value) >= size:
            return f"{number(value / size, decimals)} {name}"
    return f"{number(value, decimals)} {smallest}"


def ticks(low: float, high: float, wanted: int = 4, base: int = 10) -> List[float]:
    """Return the marks of an axis: round numbers at equal distances, the first at or below, the last at or above.

    With ``base`` 2, numbers are round as bytes are.

    >>> ticks(0, 0.83), ticks(0, 7), ticks(0, 3000, base=2)
    ([0.0, 0.25, 0.5, 0.75, 1.0], [0.0, 2.0, 4.0, 6.0, 8.0], [0.0, 1024.0, 2048.0, 3072.0])
    """
    if not high > low:
        high = low + (abs(low) or 1)
    step = _round_step((high - low) / wanted, base)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(mark * step, 12) for mark in range(first, last + 1)]


def _round_step(step: float, base: int) -> float:
    """Return the smallest round number that is not below a step."""
    if base == 2:
        return float(2 ** math.ceil(math.log2(step)))
    power = 10 ** math.floor(math.log10(step))
    return float(next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= step * (1 - 1e-9)))


def time_ticks(start: float, end: float, wanted: int = 6) -> List[Tuple[float, str]]:
    """Return the marks of an axis of time (UTC), with their texts.

    >>> time_ticks(0, 3600, 4)
    [(0, '00:00'), (900, '00:15'), (1800, '00:30'), (2700, '00:45'), (3600, '01:00')]
    """
    fitting = [step for step in _TIME_STEPS if (end - start) / step <= wanted]
    step = fitting[0] if fitting else _TIME_STEPS[-1]
    form = "%H:%M" if step < 43200 else "%d %b"
    first = math.ceil(start / step) * step
    marks = range(int(first), int(end) + 1, step)
    return [(mark, datetime.fromtimestamp(mark, tz=timezone.utc).strftime(form)) for mark in marks]
