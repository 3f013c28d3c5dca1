# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A report for people, as Markdown and as one HTML file that needs nothing else, with a picture of the time line.

A report has a ``title``, a ``verdict``, the ``begun`` time, ``sections`` (a heading and lines each), ``figures`` (what
was measured, and the target beside it), ``next`` (what to do), and the phases of :mod:`.timeline` in ``timeline``.
"""

from __future__ import annotations

from html import escape
from typing import Any, Iterator, List, Mapping, Sequence

#: The picture's measures in pixels.
WIDTH, NAMES, LINE = 960, 330, 26

STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2733;background:#fff}
h1{font-size:1.6rem;margin-bottom:.2rem}h2{font-size:1.1rem;margin:1.8rem 0 .4rem}
table{border-collapse:collapse}td,th{padding:.25rem .9rem .25rem 0;text-align:left;border-bottom:1px solid #dde3ea}
.good{color:#176639}.bad{color:#a3201d}svg{width:100%;height:auto}
pre{white-space:pre-wrap;font:14px/1.45 ui-monospace,monospace}
@media(prefers-color-scheme:dark){body{background:#12181f;color:#dfe6ee}td,th{border-color:#2c3744}
.good{color:#63c78d}.bad{color:#f08783}text{fill:#dfe6ee}}
"""


def markdown(report: Mapping[str, Any]) -> str:
    """Return the report as Markdown."""
    return "\n".join(_markdown(report)) + "\n"


def _markdown(report: Mapping[str, Any]) -> Iterator[str]:
    yield f"# {report['title']}"
    yield ""
    yield f"{report['verdict']}. Begun {report['begun']}."
    if report.get("figures"):
        yield ""
        yield "| | measured | target |"
        yield "| --- | --- | --- |"
        for figure in report["figures"]:
            yield f"| {figure['name']} | {figure['measured']} | {figure['target']} |"
    for section in report.get("sections") or ():
        yield ""
        yield f"## {section['heading']}"
        yield ""
        # Four spaces keep a screen as it was.
        yield from (f"    {line}" for line in section["lines"])
    yield ""
    yield "## Time line"
    yield ""
    yield "| from | seconds | |"
    yield "| --- | --- | --- |"
    for phase in report["timeline"]:
        failed = " (failed)" if phase["failed"] else ""
        yield f"| {phase['from']:.1f} | {phase['seconds']:.1f} | {phase['phase']}{failed} |"
    if report.get("next"):
        yield ""
        yield "## What to do next"
        yield ""
        yield from (f"- {line}" for line in report["next"])


def html(report: Mapping[str, Any]) -> str:
    """Return the report as one HTML file."""
    return "\n".join(_html(report)) + "\n"


def _html(report: Mapping[str, Any]) -> Iterator[str]:
    kind = "good" if report.get("good") else "bad"
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
    yield f"<title>{escape(report['title'])}</title><style>{STYLE}</style></head><body>"
    yield f"<h1>{escape(report['title'])}</h1>"
    yield f'<p><strong class="{kind}">{escape(report["verdict"])}.</strong> Begun {escape(report["begun"])}.</p>'
    if report.get("figures"):
        yield "<table><tr><th></th><th>measured</th><th>target</th></tr>"
        for figure in report["figures"]:
            cells = "".join(f"<td>{escape(str(figure[key]))}</td>" for key in ("name", "measured", "target"))
            yield f"<tr>{cells}</tr>"
        yield "</table>"
    yield "<h2>Time line</h2>"
    yield picture(report["timeline"])
    for section in report.get("sections") or ():
        yield f"<h2>{escape(section['heading'])}</h2>"
        lines = "\n".join(escape(line) for line in section["lines"])
        yield f"<pre>{lines}</pre>"
    if report.get("next"):
        yield "<h2>What to do next</h2><ul>"
        yield from (f"<li>{escape(line)}</li>" for line in report["next"])
        yield "</ul>"
    yield "</body></html>"


def picture(timeline: Sequence[Mapping[str, Any]]) -> str:
    """Return the time line as SVG: a bar for each phase, as long as it took."""
    total = max([phase["from"] + phase["seconds"] for phase in timeline] or [1.0]) or 1.0
    scale = (WIDTH - NAMES - 70) / total
    height = LINE * len(timeline) + 8
    bars: List[str] = []
    for number, phase in enumerate(timeline):
        top, left = 4 + number * LINE, NAMES + phase["from"] * scale
        width = max(2.0, phase["seconds"] * scale)
        colour = "#c4403b" if phase["failed"] else "#3b7dc4"
        middle = top + LINE * 0.68
        bars.append(f'<text x="{NAMES - 12}" y="{middle:.0f}" text-anchor="end">{escape(phase["phase"])}</text>')
        bars.append(
            f'<rect x="{left:.1f}" y="{top + 4}" width="{width:.1f}" height="{LINE - 8}" rx="3" fill="{colour}"/>'
        )
        bars.append(f'<text x="{left + width + 6:.1f}" y="{middle:.0f}">{phase["seconds"]:.1f} s</text>')
    label = f"{len(timeline)} phases in {total:.1f} s"
    return (
        f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{label}" font-size="14" font-family="system-ui">'
        + "".join(bars)
        + "</svg>"
    )
