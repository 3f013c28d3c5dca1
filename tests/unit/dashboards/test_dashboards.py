# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json
import re
from itertools import combinations
from pathlib import Path

import pytest
import yaml

from scripts.dashboards.reading import board, substituted

ROOT = Path(__file__).resolve().parents[3]
DIRECTORY = ROOT / "roles" / "grafana" / "files" / "dashboards"
DASHBOARDS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(DIRECTORY.glob("*.json"))}
EXPECTED = [
    "api-performance",
    "business-metrics",
    "database-performance",
    "platform-health",
    "redis-performance",
    "security",
    "system-overview",
]
RUNBOOK = re.compile(r"https://github\.com/freeagentics/platform/blob/main/docs/runbooks/(\w+)\.md")
RECORDED = re.compile(r"\b(?:region|host|slo|scaling):\w+(?::\w+)*")
PANELS = [
    pytest.param(panel, id=f"{uid}-{panel['id']}-{panel['title']}")
    for uid, one in DASHBOARDS.items()
    for panel in one["panels"]
    if panel["type"] != "row"
]
EVERY = pytest.mark.parametrize("one", DASHBOARDS.values(), ids=DASHBOARDS)


def test_every_dashboard_is_there():
    assert list(DASHBOARDS) == EXPECTED


@EVERY
def test_a_dashboard_can_be_found_and_leads_to_the_others(one):
    assert one["uid"] in EXPECTED
    assert one["title"]
    assert one["description"]
    assert one["tags"] == ["platform"]
    assert [(link["type"], link["tags"], link["includeVars"], link["keepTime"]) for link in one["links"]] == [
        ("dashboards", ["platform"], True, True)
    ]


@EVERY
def test_variables_choose_the_server_the_region_and_the_host(one):
    source, region, host = one["templating"]["list"]
    assert (source["name"], source["type"], source["query"]) == ("datasource", "datasource", "prometheus")
    for variable, name in ((region, "region"), (host, "host")):
        assert (variable["name"], variable["multi"], variable["includeAll"]) == (name, True, True)
        assert variable["datasource"]["uid"] == "${datasource}"
    assert "$region" in host["query"]["query"]


@EVERY
def test_numbers_of_panels_are_unique(one):
    numbers = [panel["id"] for panel in one["panels"]]
    assert len(set(numbers)) == len(numbers)


@EVERY
def test_panels_stay_within_the_grid_and_do_not_overlap(one):
    places = [panel["gridPos"] for panel in one["panels"]]
    assert all(place["x"] >= 0 and place["x"] + place["w"] <= 24 for place in places)
    for first, second in combinations(places, 2):
        apart_x = first["x"] + first["w"] <= second["x"] or second["x"] + second["w"] <= first["x"]
        apart_y = first["y"] + first["h"] <= second["y"] or second["y"] + second["h"] <= first["y"]
        assert apart_x or apart_y, f"{first} overlaps {second}"


@EVERY
def test_titles_of_panels_are_unique_within_a_row(one):
    titles, seen = [], set()
    for panel in one["panels"]:
        seen = set() if panel["type"] == "row" else seen
        titles += [panel["title"]] if panel["title"] in seen else []
        seen.add(panel["title"])
    assert titles == []


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_says_what_it_shows_in_which_unit_and_where_its_runbook_is(panel):
    defaults = panel["fieldConfig"]["defaults"]
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert defaults["unit"]
    assert defaults["thresholds"]["steps"][0]["value"] is None
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    assert [bool(RUNBOOK.fullmatch(link["url"])) for link in panel["links"]] == [True]


@pytest.mark.parametrize("panel", PANELS)
def test_limits_rise(panel):
    overrides = [
        one["value"] for o in panel["fieldConfig"]["overrides"] for one in o["properties"] if one["id"] == "thresholds"
    ]
    for thresholds in (panel["fieldConfig"]["defaults"]["thresholds"], *overrides):
        limits = [step["value"] for step in thresholds["steps"]]
        assert limits[0] is None
        assert limits[1:] == sorted(limits[1:])


@pytest.mark.parametrize("panel", PANELS)
def test_every_column_of_a_table_has_a_unit(panel):
    if panel["type"] != "table":
        return
    organised = panel["transformations"][1]["options"]["renameByName"]
    values = [title for name, title in organised.items() if name.startswith("Value")]
    units = {
        override["matcher"]["options"]
        for override in panel["fieldConfig"]["overrides"]
        for one in override["properties"]
        if one["id"] == "unit"
    }
    assert len(values) == len(panel["targets"])
    assert set(values) == units


@pytest.mark.parametrize("panel", PANELS)
def test_queries_know_every_variable_and_rates_fit_the_scrapes(panel):
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"]) > 0
    for target in panel["targets"]:
        assert target["datasource"]["uid"] == "${datasource}"
        query = substituted(target["expr"], {"region": ".+", "host": ".+"}, 3600, 15, 15)
        assert "$" not in query
        assert query.count("(") == query.count(")")
        assert not re.search(r"\brate\([^\[]*\[\d", target["expr"]), "a rate is taken over $__rate_interval"
        assert bool(target.get("instant")) == (panel["type"] != "timeseries")


@EVERY
def test_the_preview_can_read_it(one):
    read = board(one)
    assert len(read.panels) == len(one["panels"])
    assert {panel.kind for panel in read.panels} <= {"row", "timeseries", "stat", "gauge", "table"}


def test_what_is_asked_by_a_recorded_name_is_recorded():
    recorded = {
        rule["record"]
        for path in sorted((ROOT / "roles" / "prometheus" / "files" / "rules").glob("*.yml"))
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]
        for rule in group["rules"]
        if "record" in rule
    }
    asked = {
        name
        for one in DASHBOARDS.values()
        for panel in one["panels"]
        for target in panel.get("targets", [])
        for name in RECORDED.findall(target["expr"])
    }
    assert sorted(asked - recorded) == []


def test_every_runbook_that_is_linked_is_there():
    linked = {RUNBOOK.fullmatch(panel.values[0]["links"][0]["url"])[1] for panel in PANELS}
    there = {path.stem for path in (ROOT / "docs" / "runbooks").glob("*.md")}
    assert sorted(linked - there) == []
