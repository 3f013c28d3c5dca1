"""What Prometheus answers: the queries of panels, sent to its HTTP interface, several at a time."""

from __future__ import annotations

import json
import math
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from scripts.dashboards.reading import POINTS, Board, Panel, Target, asking, interval, substituted

AT_ONCE = 8
TIME_LIMIT = 30

#: Sends the fields of a form to a path, and returns the JSON that came back.
Send = Callable[[str, Mapping[str, str]], Mapping[str, Any]]


class QueryError(Exception):
    """Prometheus did not answer a query, or refused it; the message is its own."""


@dataclass(frozen=True)
class Series:
    """A series of an answer."""

    labels: Mapping[str, str]
    points: Tuple[Tuple[float, float], ...]

    @property
    def last(self) -> float:
        """Return the newest value; NaN if there is none."""
        return self.points[-1][1] if self.points else math.nan


@dataclass(frozen=True)
class Answer:
    """What came of a query: its series, how long it took, and what was wrong."""

    target: Target
    query: str
    seconds: float
    step: int
    series: Tuple[Series, ...] = ()
    error: str = ""

    @property
    def empty(self) -> bool:
        """Say whether there is no value at all."""
        return not any(not math.isnan(value) for one in self.series for _time, value in one.points)


@dataclass(frozen=True)
class Window:
    """The time that the dashboards show: from so many seconds before a moment up to it."""

    end: int
    span: int


def sender(url: str, ca: Optional[str] = None) -> Send:
    """Return what sends to a Prometheus, whose certificate has to be from this authority where one is given."""
    # It is asked directly: what the environment says of proxies is about the outside.
    handlers: List[urllib.request.BaseHandler] = [urllib.request.ProxyHandler({})]
    if url.startswith("https:"):
        handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca)))
    opener = urllib.request.build_opener(*handlers)

    def send(path: str, fields: Mapping[str, str]) -> Mapping[str, Any]:
        request = urllib.request.Request(f"{url.rstrip('/')}{path}", urllib.parse.urlencode(fields).encode())
        try:
            with opener.open(request, timeout=TIME_LIMIT) as response:
                answer: Mapping[str, Any] = json.load(response)
        except urllib.error.HTTPError as error:
            raise QueryError(_told(error)) from error
        except (OSError, ValueError) as error:
            raise QueryError(str(error)) from error
        return answer

    return send


def _told(error: urllib.error.HTTPError) -> str:
    """Return what Prometheus says of an error."""
    try:
        return str(json.load(error)["error"])
    except (ValueError, KeyError):
        return str(error)


def ask(send: Send, board: Board, panel: Panel, target: Target, window: Window) -> Answer:
    """Ask one query, and return its answer whatever became of it."""
    step = interval(window.span, panel.place[2] * POINTS, target.scraped)
    query = substituted(target.expr, board.variables, window.span, step, target.scraped)
    begun = time.monotonic()
    try:
        if target.instant:
            data = send("/api/v1/query", {"query": query, "time": str(window.end)})
        else:
            data = send("/api/v1/query_range", {"query": query, "step": str(step), **_bounds(window, step)})
    except QueryError as error:
        return Answer(target, query, time.monotonic() - begun, step, error=str(error))
    return Answer(target, query, time.monotonic() - begun, step, _series(data["data"]))


def _bounds(window: Window, step: int) -> Dict[str, str]:
    """Return the start and end of a query: multiples of the step, so that lines stay where they are."""
    end = window.end // step * step
    return {"start": str((window.end - window.span) // step * step), "end": str(end)}


def _series(data: Mapping[str, Any]) -> Tuple[Series, ...]:
    if data["resultType"] == "scalar":
        return (Series({}, (_point(data["result"]),)),)
    return tuple(
        Series(one["metric"], tuple(map(_point, one.get("values") or [one["value"]]))) for one in data["result"]
    )


def _point(sample: Sequence[Any]) -> Tuple[float, float]:
    return float(sample[0]), float(sample[1])


def ask_all(send: Send, board: Board, window: Window) -> Dict[int, List[Answer]]:
    """Ask every query of a dashboard, and return the answers by the number of their panel."""
    questions = [(panel, target) for panel in asking(board) for target in panel.targets]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda one: ask(send, board, one[0], one[1], window), questions))
    found: Dict[int, List[Answer]] = {}
    for (panel, _target), answer in zip(questions, answers):
        found.setdefault(panel.number, []).append(answer)
    return found


def complaints(board: Board, answers: Mapping[int, Sequence[Answer]]) -> List[str]:
    """Return what is wrong: each query that failed or returned nothing, with its panel."""
    return [
        f"{board.uid}: {panel.title!r}, query {answer.target.name}: {answer.error or 'nothing returned'}"
        for panel in asking(board)
        for answer in answers[panel.number]
        if answer.error or answer.empty
    ]
