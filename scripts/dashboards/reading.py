"""The committed dashboards as the preview needs them: panels, queries, and what Grafana puts into these."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Tuple

#: How often targets are scraped, where a query says nothing else (R49).
SCRAPED = 15
#: Samples that a panel shows for each column of the grid that it is wide.
POINTS = 30
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)(?::\w+)?\})")

Steps = Tuple[Tuple[Optional[float], str], ...]
Words = Mapping[str, Tuple[str, str]]


@dataclass(frozen=True)
class Target:
    """A query of a panel."""

    name: str
    expr: str
    legend: str
    scraped: int
    instant: bool


@dataclass(frozen=True)
class Format:
    """How the values of a panel, or of a column of a table, are written and coloured."""

    unit: str = "none"
    decimals: Optional[int] = None
    steps: Steps = ()
    words: Words = field(default_factory=dict)


@dataclass(frozen=True)
class Panel:
    """A panel of a dashboard; a row is one without queries."""

    number: int
    kind: str
    title: str
    text: str
    runbook: Tuple[str, str]
    place: Tuple[int, int, int, int]
    targets: Tuple[Target, ...]
    format: Format
    maximum: Optional[float]
    stacked: bool
    dashed: bool
    #: Of a table: the heading of each field in order, the formats by heading, what it is sorted by.
    headings: Mapping[str, str]
    columns: Mapping[str, Format]
    sort: Tuple[str, bool]


@dataclass(frozen=True)
class Board:
    """A dashboard; ``variables`` has the value of each one when all of its values are chosen."""

    uid: str
    title: str
    text: str
    variables: Mapping[str, str]
    panels: Tuple[Panel, ...]


def read(path: Path) -> Board:
    """Read a dashboard."""
    return board(json.loads(path.read_text(encoding="utf-8")))


def board(data: Mapping[str, Any]) -> Board:
    """Return a dashboard of its JSON."""
    variables = {one["name"]: one.get("allValue") or ".*" for one in data["templating"]["list"]}
    panels = tuple(_panel(one) for one in data["panels"])
    return Board(data["uid"], data["title"], data.get("description", ""), variables, panels)


def asking(one: Board) -> List[Panel]:
    """Return the panels of a dashboard that ask something: all but the rows."""
    return [panel for panel in one.panels if panel.targets]


def _panel(data: Mapping[str, Any]) -> Panel:
    place = data["gridPos"]
    config = data.get("fieldConfig", {"defaults": {}, "overrides": []})
    custom = config["defaults"].get("custom") or {}
    links = data.get("links") or [{"title": "", "url": ""}]
    sorts = (data.get("options") or {}).get("sortBy") or [{"displayName": "", "desc": False}]
    return Panel(
        number=data["id"],
        kind=data["type"],
        title=data["title"],
        text=data.get("description", ""),
        runbook=(links[0]["title"], links[0]["url"]),
        place=(place["x"], place["y"], place["w"], place["h"]),
        targets=tuple(_target(one) for one in data.get("targets", [])),
        format=_format(config["defaults"]),
        maximum=config["defaults"].get("max"),
        stacked=(custom.get("stacking") or {}).get("mode", "none") != "none",
        dashed=(custom.get("thresholdsStyle") or {}).get("mode", "off") != "off",
        headings=_headings(data.get("transformations") or []),
        columns={one["matcher"]["options"]: _format(_properties(one)) for one in config["overrides"]},
        sort=(sorts[0]["displayName"], bool(sorts[0].get("desc"))),
    )


def _target(data: Mapping[str, Any]) -> Target:
    scraped = seconds(data["interval"]) if data.get("interval") else SCRAPED
    return Target(data["refId"], data["expr"], data.get("legendFormat", ""), scraped, bool(data.get("instant")))


def _format(data: Mapping[str, Any]) -> Format:
    steps = (data.get("thresholds") or {}).get("steps") or []
    words = {
        value: (result.get("text", value), result.get("color", "blue"))
        for mapping in data.get("mappings") or []
        for value, result in mapping["options"].items()
    }
    return Format(
        data.get("unit", "none"), data.get("decimals"), tuple((one["value"], one["color"]) for one in steps), words
    )


def _properties(override: Mapping[str, Any]) -> Dict[str, Any]:
    return {one["id"]: one["value"] for one in override["properties"]}


def _headings(transformations: List[Mapping[str, Any]]) -> Dict[str, str]:
    for one in transformations:
        if one["id"] == "organize":
            order: Mapping[str, int] = one["options"]["indexByName"]
            names: Mapping[str, str] = one["options"]["renameByName"]
            return {name: names.get(name, name) for name in sorted(order, key=lambda name: order[name])}
    return {}


def seconds(text: str) -> int:
    """Return the seconds of a time such as 30s or 5m."""
    return int(text[:-1]) * _UNITS[text[-1]]


def interval(span: int, points: int, scraped: int) -> int:
    """Return the seconds between two samples, where so many points show a span: never less than between two scrapes."""
    return max(scraped, -(-span // points))


def substituted(expr: str, variables: Mapping[str, str], span: int, step: int, scraped: int) -> str:
    """Return a query with its variables replaced as Grafana does; names that it does not know stay as they are.

    >>> substituted('rate(x{region=~"$region"}[$__rate_interval])', {"region": ".+"}, 3600, 15, 15)
    'rate(x{region=~".+"}[60s])'
    """
    known = {
        "__interval": f"{step}s",
        "__interval_ms": f"{step * 1000}",
        # With four scrapes in it, a rate has two samples even if one scrape fails.
        "__rate_interval": f"{max(step + scraped, 4 * scraped)}s",
        "__range": f"{span}s",
        "__range_s": f"{span}",
        "__range_ms": f"{span * 1000}",
        **variables,
    }
    return _VARIABLE.sub(lambda found: known.get(found[1] or found[2], found[0]), expr)


def legend(form: str, labels: Mapping[str, str]) -> str:
    """Return the name of a series: its legend with the values of labels put in, or all of its labels.

    >>> legend("{{region}} p50", {"region": "us-east-1"}), legend("", {"a": "1", "b": "2"})
    ('us-east-1 p50', 'a="1", b="2"')
    """
    if not form:
        return ", ".join(f'{name}="{value}"' for name, value in sorted(labels.items()) if name != "__name__")
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: labels.get(found[1], ""), form).strip()


def colour(value: float, form: Format) -> str:
    """Return the colour of a value: that of its word, or of the last limit that it reaches."""
    word = form.words.get(_key(value))
    if word:
        return word[1]
    reached = [name for limit, name in form.steps if limit is None or value >= limit]
    return reached[-1] if reached else "blue"


def word(value: float, form: Format) -> Optional[str]:
    """Return the word that is shown in place of a value, if there is one."""
    found = form.words.get(_key(value))
    return found[0] if found else None


def _key(value: float) -> str:
    return str(int(value)) if abs(value) < 1e15 and value == int(value) else str(value)
