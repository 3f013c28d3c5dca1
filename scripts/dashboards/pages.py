"""The pages of the preview: each dashboard with a picture of every panel, and a list of all dashboards."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from html import escape
from pathlib import Path
from typing import Dict, List, Mapping, Sequence, Tuple, Union

from scripts.dashboards import drawing
from scripts.dashboards.asking import Answer, Window
from scripts.dashboards.figures import text_of
from scripts.dashboards.reading import Board, Format, Panel, asking, colour, legend, word

#: Names that a legend shows; what is beyond is counted.
NAMES = 12
ROWS = 60
SLOW = 1.0
#: The width of the grid, and the height of one of its lines in pixels.
COLUMNS, LINE = 24, 40

Line = Mapping[str, Union[str, float]]

STYLE = Path(__file__).with_name("style.css").read_text(encoding="utf-8")


def _page(title: str, body: str) -> str:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    return f'<!doctype html>\n<html lang="en"><head>{head}<style>{STYLE}</style></head>\n<body>{body}</body></html>\n'


def page(board: Board, answers: Mapping[int, Sequence[Answer]], window: Window, others: Sequence[Board]) -> str:
    """Return the page of a dashboard."""
    links = "".join(f'<a href="{one.uid}.html">{escape(one.title)}</a>' for one in others if one.uid != board.uid)
    head = f'<header><h1>{escape(board.title)}</h1><p>{escape(board.text)}</p><p class="soft">{_when(window)}</p>'
    head += f'<nav aria-label="Dashboards"><a href="index.html">All dashboards</a>{links}</nav></header>'
    cards = "\n".join(
        card(panel, answers[panel.number], window) if panel.targets else f"<h2>{escape(panel.title)}</h2>"
        for panel in board.panels
    )
    return _page(board.title, f"{head}\n<main>\n{cards}\n</main>")


def _when(window: Window) -> str:
    end = datetime.fromtimestamp(window.end, tz=timezone.utc)
    return f"{text_of(window.span, 's')} up to {end:%Y-%m-%d %H:%M:%S} UTC"


def index(boards: Sequence[Board], answers: Mapping[str, Mapping[int, Sequence[Answer]]], window: Window) -> str:
    """Return the page that lists the dashboards, with what each one's queries took."""
    rows = []
    for board in boards:
        every = [answer for one in answers[board.uid].values() for answer in one]
        wrong = sum(bool(answer.error or answer.empty) for answer in every)
        slowest = max((answer.seconds for answer in every), default=0)
        state = f'<td class="number t-{"red" if wrong else "green"}">{wrong}</td>'
        rows.append(
            f'<tr><td><a href="{board.uid}.html">{escape(board.title)}</a></td><td>{escape(board.text)}</td>'
            f'<td class="number">{len(asking(board))}</td><td class="number">{len(every)}</td>{state}'
            f'<td class="number t-{"orange" if slowest > SLOW else "green"}">{text_of(slowest, "s")}</td></tr>'
        )
    heads = ("Panels", "Queries", "Without data", "Slowest")
    head = "<th>Dashboard</th><th>Shows</th>" + "".join(f'<th class="number">{one}</th>' for one in heads)
    body = f'<header><h1>Dashboards</h1><p class="soft">{_when(window)}</p></header>'
    return _page("Dashboards", f"{body}<div class='wide'><table><tr>{head}</tr>{''.join(rows)}</table></div>")


def card(panel: Panel, answers: Sequence[Answer], window: Window) -> str:
    """Return a panel: its title, its picture, what it means, where its runbook is, and how long its queries took."""
    wrong = [f"{one.target.name}: {one.error or 'nothing returned'}" for one in answers if one.error or one.empty]
    left, _top, width, _height = panel.place
    drawn = {"timeseries": _lines, "stat": _figures, "gauge": _dials, "table": _table}[panel.kind](
        panel, answers, window
    )
    name, url = panel.runbook
    took = f"{len(answers)} {'query' if len(answers) == 1 else 'queries'}, "
    took += text_of(sum(one.seconds for one in answers), "s")
    parts = [f"<h3>{escape(panel.title)}</h3>", *(f'<p class="wrong">{escape(one)}</p>' for one in wrong), drawn]
    limits = "" if panel.kind == "table" else _limits(panel.format)
    foot = f'{escape(panel.text)} {limits}<a href="{escape(url)}">{escape(name)}</a> · {took}'
    place = f"grid-column: {left + 1} / span {width}"
    return f'<article style="{place}"{" class=bad" if wrong else ""}>{"".join(parts)}<footer>{foot}</footer></article>'


def _limits(form: Format) -> str:
    limits = [text_of(limit, form.unit) for limit, _name in form.steps if limit is not None]
    return f"Limits: {escape(', '.join(limits))}. " if limits and not form.words else ""


def _named(answers: Sequence[Answer]) -> List[Tuple[str, drawing.Points, float]]:
    """Return the series of all queries with their names, the largest first."""
    found = [
        (legend(answer.target.legend, one.labels), one.points, one.last) for answer in answers for one in answer.series
    ]
    return sorted(found, key=lambda one: (-one[2] if math.isfinite(one[2]) else math.inf, one[0]))


def _lines(panel: Panel, answers: Sequence[Answer], window: Window) -> str:
    named = _named(answers)
    picture = drawing.chart(
        panel.title,
        [points for _name, points, _last in named],
        (panel.place[2] * 55, 230),
        (window.end - window.span, window.end),
        panel.format,
        max((answer.step for answer in answers), default=60),
        panel.maximum,
        panel.stacked,
        panel.dashed,
    )
    items = [
        f"<li>{_key(place)} {escape(name)} <b>{_text(last, panel.format)}</b></li>"
        for place, (name, _points, last) in enumerate(named[:NAMES])
    ]
    if len(named) > NAMES:
        items.append(f'<li class="soft">and {len(named) - NAMES} more</li>')
    return f'{picture}<ul class="legend">{"".join(items)}</ul>'


def _key(number: int) -> str:
    line = f'<path {drawing.line_style(number)} d="M0 4H18"/>'
    return f'<svg viewBox="0 0 18 8" aria-hidden="true">{line}</svg>'


def _text(value: float, form: Format) -> str:
    shown = word(value, form)
    return escape(text_of(value, form.unit, form.decimals) if shown is None else shown)


def _figures(panel: Panel, answers: Sequence[Answer], _window: Window) -> str:
    figures = [
        f'<div><b class="t-{colour(last, panel.format)}">{_text(last, panel.format)}</b>{escape(name)}</div>'
        for answer in answers
        for name, _points, last in sorted(_named([answer]))
    ]
    return f'<div class="figures">{"".join(figures)}</div>'


def _dials(panel: Panel, answers: Sequence[Answer], _window: Window) -> str:
    pictures = [
        drawing.dial(last, panel.format, panel.maximum or 1, name) for name, _points, last in sorted(_named(answers))
    ]
    return f'<div class="dials">{"".join(pictures)}</div>'


def merged(panel: Panel, answers: Sequence[Answer]) -> List[Line]:
    """Return the lines of a table, in its order: the values of all queries with the same labels, by heading."""
    names = [name for name in panel.headings if not name.startswith("Value")]
    lines: Dict[Tuple[str, ...], Dict[str, Union[str, float]]] = {}
    for answer in answers:
        value = panel.headings.get(f"Value #{answer.target.name}", panel.headings.get("Value", ""))
        for one in answer.series:
            key = tuple(one.labels.get(name, "") for name in names)
            line = lines.setdefault(key, {panel.headings[name]: text for name, text in zip(names, key)})
            line[value] = one.last
    sort, descending = panel.sort
    ordered: List[Line] = [lines[key] for key in sorted(lines)]
    return sorted(ordered, key=lambda line: _rank(line.get(sort, math.nan), descending))


def _rank(value: Union[str, float], descending: bool) -> Tuple[bool, float, str]:
    """Return where a value goes: numbers by their size, texts by their letters, what is missing last."""
    if isinstance(value, str):
        return False, 0, value
    return (True, 0, "") if math.isnan(value) else (False, -value if descending else value, "")


def _table(panel: Panel, answers: Sequence[Answer], _window: Window) -> str:
    headings = list(panel.headings.values())
    numbers = {title for name, title in panel.headings.items() if name.startswith("Value")}
    head = "".join(f"<th{' class=number' if one in numbers else ''}>{escape(one)}</th>" for one in headings)
    lines = merged(panel, answers)
    body = "".join(f"<tr>{''.join(_cell(line, one, panel) for one in headings)}</tr>" for line in lines[:ROWS])
    more = f'<p class="soft">and {len(lines) - ROWS} more</p>' if len(lines) > ROWS else ""
    # As in Grafana, a long table scrolls: it would leave its neighbours mostly empty.
    height = f' style="max-height: {panel.place[3] * LINE}px"' if panel.place[2] < COLUMNS else ""
    return f'<div class="wide" tabindex="0"{height}><table><tr>{head}</tr>{body}</table></div>{more}'


def _cell(line: Line, heading: str, panel: Panel) -> str:
    value = line.get(heading, math.nan)
    if isinstance(value, str):
        return f"<td>{escape(value)}</td>"
    form = panel.columns.get(heading, Format())
    judged = math.isfinite(value) and (len(form.steps) > 1 or form.words)
    kind = f"number t-{colour(value, form)}" if judged else "number"
    return f'<td class="{kind}">{_text(value, form)}</td>'
