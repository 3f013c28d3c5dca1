# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import doctest
import math

import pytest

from scripts.dashboards import reading
from scripts.dashboards.reading import Format, asking, board, colour, interval, legend, seconds, substituted, word

DASHBOARD = {
    "uid": "one",
    "title": "One",
    "templating": {
        "list": [{"name": "datasource", "type": "datasource"}, {"name": "region", "type": "query", "allValue": ".+"}]
    },
    "panels": [
        {"id": 1, "type": "row", "title": "Now", "gridPos": {"x": 0, "y": 0, "w": 24, "h": 1}},
        {
            "id": 2,
            "type": "timeseries",
            "title": "CPU",
            "description": "How busy.",
            "gridPos": {"x": 0, "y": 1, "w": 12, "h": 8},
            "links": [{"title": "Runbook: CpuHigh", "url": "https://example.org/CpuHigh.md"}],
            "targets": [{"refId": "A", "expr": "up", "legendFormat": "{{host}}", "interval": "30s"}],
            "fieldConfig": {
                "defaults": {
                    "unit": "percentunit",
                    "max": 1,
                    "thresholds": {"steps": [{"value": None, "color": "green"}, {"value": 0.8, "color": "red"}]},
                    "custom": {"stacking": {"mode": "normal"}, "thresholdsStyle": {"mode": "dashed"}},
                },
                "overrides": [],
            },
        },
        {
            "id": 3,
            "type": "table",
            "title": "Hosts",
            "gridPos": {"x": 12, "y": 1, "w": 12, "h": 8},
            "targets": [{"refId": "A", "expr": "up", "instant": True}],
            "options": {"sortBy": [{"displayName": "State", "desc": True}]},
            "transformations": [
                {"id": "merge", "options": {}},
                {
                    "id": "organize",
                    "options": {
                        "indexByName": {"Value": 1, "host": 0},
                        "renameByName": {"host": "Host", "Value": "State"},
                    },
                },
            ],
            "fieldConfig": {
                "defaults": {},
                "overrides": [
                    {
                        "matcher": {"id": "byName", "options": "State"},
                        "properties": [
                            {"id": "unit", "value": "none"},
                            {"id": "mappings", "value": [{"options": {"0": {"text": "down", "color": "red"}}}]},
                        ],
                    }
                ],
            },
        },
    ],
}


def test_the_examples_in_the_texts():
    assert doctest.testmod(reading).failed == 0


def test_a_dashboard_is_read_with_what_grafana_would_put_in():
    assert board(DASHBOARD).variables == {"datasource": ".*", "region": ".+"}


def test_rows_ask_nothing():
    assert [panel.title for panel in asking(board(DASHBOARD))] == ["CPU", "Hosts"]


def test_a_panel_of_lines():
    panel = board(DASHBOARD).panels[1]
    assert panel.runbook == ("Runbook: CpuHigh", "https://example.org/CpuHigh.md")
    assert panel.targets == (reading.Target("A", "up", "{{host}}", 30, instant=False),)
    assert panel.format == Format("percentunit", None, ((None, "green"), (0.8, "red")))
    assert (panel.maximum, panel.stacked, panel.dashed) == (1, True, True)


def test_a_table_has_its_headings_in_order_and_the_formats_of_its_columns():
    panel = board(DASHBOARD).panels[2]
    assert list(panel.headings.items()) == [("host", "Host"), ("Value", "State")]
    assert panel.columns["State"] == Format("none", None, (), {"0": ("down", "red")})
    assert panel.sort == ("State", True)
    assert panel.targets[0].scraped == reading.SCRAPED


@pytest.mark.parametrize(("text", "number"), [("15s", 15), ("5m", 300), ("1h", 3600), ("7d", 604800)])
def test_times(text, number):
    assert seconds(text) == number


@pytest.mark.parametrize(
    ("span", "points", "scraped", "step"),
    [(3600, 240, 15, 15), (3600, 240, 30, 30), (86400, 240, 15, 360), (10, 3, 1, 4)],
)
def test_the_interval_is_never_below_that_of_the_scrapes(span, points, scraped, step):
    assert interval(span, points, scraped) == step


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        ('up{region=~"$region|"}', 'up{region=~".+|"}'),
        ('up{region=~"${region}", host=~"${host:regex}"}', 'up{region=~".+", host=~"a|b"}'),
        ("rate(x[$__rate_interval])", "rate(x[120s])"),
        ("increase(x[$__range])", "increase(x[3600s])"),
        ("x * $__range_s / $__interval_ms", "x * 3600 / 60000"),
        ("avg_over_time(x[$__interval])", "avg_over_time(x[60s])"),
        ('label_replace(x, "a", "$1", "b", "(.*)$")', 'label_replace(x, "a", "$1", "b", "(.*)$")'),
        ("$regions", "$regions"),
    ],
)
def test_variables_are_substituted(expr, expected):
    assert substituted(expr, {"region": ".+", "host": "a|b"}, 3600, 60, 30) == expected


def test_a_label_that_a_series_does_not_have_leaves_nothing_in_its_legend():
    assert legend("{{ region }} {{host}}", {"region": "us-east-1"}) == "us-east-1"


@pytest.mark.parametrize(
    ("value", "name"),
    [(-1, "orange"), (0.5, "green"), (0.8, "red"), (5, "red"), (math.inf, "red"), (math.nan, "green")],
)
def test_a_value_has_the_colour_of_its_word_or_of_the_last_limit_that_it_reaches(value, name):
    form = Format("s", None, ((None, "green"), (0.8, "red")), {"-1": ("never", "orange")})
    assert colour(value, form) == name


@pytest.mark.parametrize(("value", "text"), [(-1.0, "never"), (0.5, None), (math.nan, None), (math.inf, None)])
def test_words(value, text):
    assert word(value, Format(words={"-1": ("never", "orange")})) == text


def test_a_value_without_limits_is_blue():
    assert colour(1, Format()) == "blue"
