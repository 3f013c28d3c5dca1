"""Panels as pictures: lines and areas over time, and dials, in SVG that takes its colours from the page."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import Dict, List, Optional, Sequence, Tuple

from scripts.dashboards.figures import text_of, ticks, time_ticks
from scripts.dashboards.reading import Format, colour

Points = Sequence[Tuple[float, float]]
#: Colours of lines that the page defines; after them, they begin again with dashes.
PALETTE = 8
DASHES = ("", "6 3", "2 3")


@dataclass(frozen=True)
class Frame:
    """Where a picture's lines go: its size, and the edges of its axes in time and value."""

    width: float
    height: float
    start: float
    end: float
    low: float
    high: float
    left: float = 80
    right: float = 12
    top: float = 10
    bottom: float = 24

    def x(self, moment: float) -> float:
        """Return where a moment is."""
        share = (moment - self.start) / ((self.end - self.start) or 1)
        return self.left + share * (self.width - self.left - self.right)

    def y(self, value: float) -> float:
        """Return where a value is; those outside the axis are at its edge."""
        share = (min(max(value, self.low), self.high) - self.low) / ((self.high - self.low) or 1)
        return self.height - self.bottom - share * (self.height - self.top - self.bottom)


def line_style(number: int) -> str:
    """Return the attributes that tell a line from the others."""
    dash = DASHES[number // PALETTE % len(DASHES)]
    return f'class="s{number % PALETTE}"' + (f' stroke-dasharray="{dash}"' if dash else "")


def path(frame: Frame, points: Points, step: float) -> str:
    """Return the path of a line, with gaps where samples are missing or no numbers.

    >>> path(Frame(100, 50, 0, 30, 0, 10, 0, 0, 0, 0), [(0, 0), (10, 5), (20, float("nan")), (30, 10)], 10)
    'M0 50L33.33 25M100 0'
    """
    parts: List[str] = []
    before = -math.inf
    for moment, value in points:
        if not math.isfinite(value):
            continue
        joined = moment - before <= 1.5 * step
        parts.append(f"{'L' if joined else 'M'}{frame.x(moment):.4g} {frame.y(value):.4g}")
        before = moment
    return "".join(parts)


def stack(lines: Sequence[Points]) -> List[List[Tuple[float, float, float]]]:
    """Return the lines as bands, each on top of those before: its moments with the lower and the upper edge.

    >>> stack([[(0, 1)], [(0, 2), (10, 3)]])
    [[(0, 0.0, 1.0), (10, 0.0, 0.0)], [(0, 1.0, 3.0), (10, 0.0, 3.0)]]
    """
    moments = sorted({moment for line in lines for moment, _value in line})
    below: Dict[float, float] = dict.fromkeys(moments, 0.0)
    bands = []
    for line in lines:
        values = {moment: value for moment, value in line if math.isfinite(value)}
        band = [(moment, below[moment], below[moment] + values.get(moment, 0.0)) for moment in moments]
        below = {moment: upper for moment, _lower, upper in band}
        bands.append(band)
    return bands


def band_path(frame: Frame, band: Sequence[Tuple[float, float, float]]) -> str:
    """Return the path around a band."""
    upper = [f"{frame.x(moment):.4g} {frame.y(high):.4g}" for moment, _low, high in band]
    lower = [f"{frame.x(moment):.4g} {frame.y(low):.4g}" for moment, low, _high in reversed(band)]
    return f"M{'L'.join(upper + lower)}Z" if band else ""


def marks(values: Sequence[float], unit: str, maximum: Optional[float]) -> List[float]:
    """Return the marks of the axis of values: from 0 to the largest value, or to the maximum that the panel sets."""
    finite = [value for value in values if math.isfinite(value)]
    high = maximum if maximum is not None else max(finite, default=0) or 1
    return ticks(0, high, base=2 if unit == "bytes" else 10)


def chart(
    title: str,
    lines: Sequence[Points],
    size: Tuple[int, int],
    window: Tuple[float, float],
    form: Format,
    step: float,
    maximum: Optional[float] = None,
    stacked: bool = False,
    dashed: bool = False,
) -> str:
    """Return the picture of lines over time."""
    bands = stack(lines) if stacked else []
    values = (
        [high for band in bands for _moment, _low, high in band] if stacked else [v for one in lines for _t, v in one]
    )
    axis = marks(values, form.unit, maximum)
    frame = Frame(size[0], size[1], window[0], window[1], axis[0], axis[-1])
    parts = [*_grid(frame, axis, form.unit)]
    if stacked:
        parts += [f'<path class="band f{n % PALETTE}" d="{band_path(frame, one)}"/>' for n, one in enumerate(bands)]
    else:
        parts += [f'<path {line_style(n)} d="{path(frame, one, step)}"/>' for n, one in enumerate(lines)]
    if dashed:
        parts += _limits(frame, form)
    return _svg(size, f"{title}: {len(lines)} lines", parts)


def _grid(frame: Frame, axis: Sequence[float], unit: str) -> List[str]:
    right, bottom = frame.width - frame.right, frame.height - frame.bottom
    parts = []
    for mark in axis:
        y = frame.y(mark)
        parts.append(f'<path class="grid" d="M{frame.left} {y:.1f}H{right}"/>')
        parts.append(f'<text class="y" x="{frame.left - 6}" y="{y + 4:.1f}">{escape(text_of(mark, unit))}</text>')
    for moment, text in time_ticks(frame.start, frame.end, max(2, int(frame.width // 90))):
        x = frame.x(moment)
        parts.append(f'<path class="grid" d="M{x:.1f} {frame.top}V{bottom}"/>')
        parts.append(f'<text class="x" x="{x:.1f}" y="{bottom + 16}">{text}</text>')
    return parts


def _limits(frame: Frame, form: Format) -> List[str]:
    right = frame.width - frame.right
    return [
        f'<path class="limit c-{name}" d="M{frame.left} {frame.y(limit):.1f}H{right}"/>'
        for limit, name in form.steps
        if limit is not None and frame.low <= limit <= frame.high
    ]


def dial(value: float, form: Format, maximum: float, label: str) -> str:
    """Return the picture of a dial from 0 to a maximum: the value as an arc, and a thin one for what the limits say."""
    edges = [0.0, *(limit for limit, _name in form.steps if limit is not None and 0 < limit < maximum), maximum]
    parts = [f'<path class="rest" d="{arc(0, 1, 70)}"/>']
    if math.isfinite(value) and value > 0:
        parts.append(f'<path class="dial c-{colour(value, form)}" d="{arc(0, min(1, value / maximum), 70)}"/>')
    for begin, end in zip(edges, edges[1:]):
        place = arc(begin / maximum, end / maximum, 84)
        parts.append(f'<path class="rim c-{colour((begin + end) / 2, form)}" d="{place}"/>')
    text = text_of(value, form.unit, form.decimals)
    parts.append(f'<text class="value" x="100" y="96">{escape(text)}</text>')
    parts.append(f'<text class="name" x="100" y="118">{escape(label)}</text>')
    return _svg((200, 126), f"{label} {text}", parts)


def arc(begin: float, end: float, radius: float) -> str:
    """Return the path of a part of the upper half of a circle around (100, 100), from a share of it to another.

    >>> arc(0, 1, 50)
    'M50 100A50 50 0 0 1 150 100'
    """

    def place(share: float) -> str:
        angle = math.pi * (1 - share)
        return f"{100 + radius * math.cos(angle):.4g} {100 - radius * math.sin(angle):.4g}"

    return f"M{place(begin)}A{radius} {radius} 0 0 1 {place(end)}"


def _svg(size: Tuple[int, int], label: str, parts: Sequence[str]) -> str:
    box = f"0 0 {size[0]} {size[1]}"
    return f'<svg viewBox="{box}" role="img" aria-label="{escape(label, quote=True)}">{"".join(parts)}</svg>'
