# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A report says the same as Markdown and as HTML, and takes nothing of what it is told for markup."""

from __future__ import annotations

from xml.etree import ElementTree

from ansible_collections.freeagentics.platform.plugins.module_utils.report.page import html, markdown, picture

TIMELINE = [
    {"phase": "Observe", "from": 0.0, "seconds": 3.5, "failed": False, "steps": []},
    {"phase": "Act <at once>", "from": 3.5, "seconds": 0.5, "failed": True, "steps": []},
]
REPORT = {
    "title": "Failover of <shop>",
    "verdict": "db2 leads instead of db1",
    "good": True,
    "begun": "2026-11-26 03:00:00 UTC",
    "figures": [{"name": "writes lost", "measured": "none", "target": "none"}],
    "sections": [{"heading": "The plan", "lines": ["found  db2: standby", "lost   a < b"]}],
    "next": ["look at db1"],
    "timeline": TIMELINE,
}


def test_markdown_has_everything():
    assert (
        markdown(REPORT)
        == """\
# Failover of <shop>

db2 leads instead of db1. Begun 2026-11-26 03:00:00 UTC.

| | measured | target |
| --- | --- | --- |
| writes lost | none | none |

## The plan

    found  db2: standby
    lost   a < b

## Time line

| from | seconds | |
| --- | --- | --- |
| 0.0 | 3.5 | Observe |
| 3.5 | 0.5 | Act <at once> (failed) |

## What to do next

- look at db1
"""
    )


def test_html_has_everything_and_stands_alone():
    page = html(REPORT)
    for text in ("Failover of &lt;shop&gt;", "writes lost", "lost   a &lt; b", "look at db1", 'class="good"', "<svg"):
        assert text in page
    assert "http" not in page
    assert "<shop>" not in page


def test_a_report_that_says_little_is_one_too():
    bare = {"title": "T", "verdict": "It stopped", "begun": "now", "timeline": []}
    assert 'class="bad"' in html(bare)
    assert markdown(bare).startswith("# T\n\nIt stopped. Begun now.\n\n## Time line\n")


def test_the_picture_has_a_bar_for_each_phase():
    bars = ElementTree.fromstring(picture(TIMELINE)).findall("rect")
    assert [one.get("fill") for one in bars] == ["#3b7dc4", "#c4403b"]
    assert float(bars[0].get("width")) > 6 * float(bars[1].get("width"))
