# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Every alert says how bad it is, who is told and what to do, and is seen to fire and to be silent."""

from __future__ import annotations

import functools
import re
from collections import Counter
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
RULES = sorted((ROOT / "roles/prometheus/files/rules").glob("*.yml"))
CASES = sorted((ROOT / "tests/rules").glob("*.yml"))
RUNBOOKS = ROOT / "docs/runbooks"
ADDRESS = "https://github.com/freeagentics/platform/blob/main/docs/runbooks"
ROUTES = {"page": {"pager"}, "warning": {"email_slack", "email"}, "notice": {"email"}}
#: What fires at any time goes to a switch that waits for it.
ALWAYS = "Watchdog"
#: How many seconds a page may wait; the loss of a region may be told within 5 min.
PAGE_WAITS, WAITS = 20, {"RegionDown": 240}
SECTIONS = [
    "What it means",
    "How bad it is",
    "How to look",
    "What to do",
    "How to know that it is over",
]
#: Something is there or it is not: a value would add nothing to the summary.
WITHOUT_A_VALUE = {
    "AlertmanagerDown",
    "ApiDown",
    "DatabaseDown",
    "EtcdMemberDown",
    "EtcdNoLeader",
    "ExporterDown",
    "HostDown",
    "BackupMissing",
    "NoSynchronousStandby",
    "PatroniMemberDown",
    "PatroniPendingRestart",
    "ProberSilent",
    "PrometheusDown",
    "RedisNodeDown",
    "RedisShardWithoutReplica",
    "ReloadFailed",
    "TargetMissing",
    "UnitFailed",
    "Watchdog",
    "WayOutBroken",
}
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


@functools.cache
def load(path):
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def rules(kind):
    return [(path, rule) for path in RULES for group in load(path)["groups"] for rule in group["rules"] if kind in rule]


ALERTS = rules("alert")
NAMES = [rule["alert"] for _path, rule in ALERTS]
EACH = pytest.mark.parametrize(
    ("where", "rule"), [pytest.param(f"{path.name}, {rule['alert']}", rule, id=rule["alert"]) for path, rule in ALERTS]
)


def seconds(text):
    return sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)([smhd])", text))


def expectations():
    """Every alert that a test asks for, and how many of it are expected."""
    for path in CASES:
        for case in load(path)["tests"]:
            for asked in case.get("alert_rule_test", []):
                yield asked["alertname"], len(asked["exp_alerts"])


def table(text):
    """The rows of the table of a Markdown file, without its head."""
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return rows[2:]


def test_there_are_alerts():
    assert len(NAMES) > 40


def test_names_are_there_once():
    # Series of one name are told apart by the labels that their rules give them.
    recorded = Counter((rule["record"], *sorted(rule.get("labels", {}).items())) for _path, rule in rules("record"))
    twice = [name for name, count in (Counter((name,) for name in NAMES) + recorded).items() if count > 1]
    assert twice == [], f"more than one rule is called {twice}"


def test_groups_are_there_once():
    groups = Counter(group["name"] for path in RULES for group in load(path)["groups"])
    assert max(groups.values()) == 1, groups


@EACH
def test_severity_and_route_are_known_and_fit(where, rule):
    labels = rule["labels"]
    assert set(labels) == {"severity", "route"}, f"{where}: labels are severity and route"
    if rule["alert"] == ALWAYS:
        assert labels == {"severity": "notice", "route": "watchdog"}, where
    else:
        assert labels["severity"] in ROUTES, f"{where}: the severity is one of {sorted(ROUTES)}"
        assert labels["route"] in ROUTES[labels["severity"]], f"{where}: a {labels['severity']} does not go there"


@EACH
def test_pages_reach_the_pager_in_time(where, rule):
    if rule["labels"]["severity"] == "page":
        most = WAITS.get(rule["alert"], PAGE_WAITS)
        assert seconds(rule.get("for", "0s")) <= most, f"{where}: a page waits {most} s at most"


@EACH
def test_what_people_read_is_complete(where, rule):
    annotations = rule["annotations"]
    assert set(annotations) == {"summary", "description", "runbook_url"}, where
    assert "\n" not in annotations["summary"], f"{where}: the summary is one line"
    says = re.search(r"{{-? *\$value", annotations["summary"]) is not None
    assert says != (rule["alert"] in WITHOUT_A_VALUE), f"{where}: the summary has a value, else name it above"
    address = f"{ADDRESS}/{rule['alert']}.md"
    assert annotations["runbook_url"] == address, f"{where}: runbook_url is {address}"


@EACH
def test_each_has_a_runbook_with_all_sections(where, rule):
    path = RUNBOOKS / f"{rule['alert']}.md"
    assert path.is_file(), f"{where}: docs/runbooks/{path.name} is missing"
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# {rule['alert']}\n"), f"{path.name}: the title is the alert's name"
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS, f"{path.name}: the sections are {SECTIONS}"
    assert all(re.split(r"^## .+$", text, flags=re.MULTILINE)[1:]), f"{path.name}: a section is empty"


def test_each_runbook_belongs_to_an_alert():
    left = {path.stem for path in RUNBOOKS.glob("*.md")} - set(NAMES) - {"README"}
    assert left == set(), f"docs/runbooks has files of no alert: {sorted(left)}"


def test_the_table_of_runbooks_is_that_of_the_rules():
    rows = table((RUNBOOKS / "README.md").read_text(encoding="utf-8"))
    told = [(row[0], row[1], row[2]) for row in rows]
    wanted = [
        (f"[{rule['alert']}]({rule['alert']}.md)", rule["labels"]["severity"], rule["labels"]["route"])
        for _path, rule in ALERTS
    ]
    assert sorted(told) == sorted(wanted), "docs/runbooks/README.md and the rules differ"
    assert [row[0] for row in rows if not row[3]] == [], "docs/runbooks/README.md: a line says nothing"


@EACH
def test_each_is_seen_to_fire_and_to_be_silent(where, rule):
    seen = [count for name, count in expectations() if name == rule["alert"]]
    assert any(seen), f"{where}: no case of tests/rules sees it fire"
    assert rule["alert"] == ALWAYS or 0 in seen, f"{where}: no case of tests/rules sees it silent"


def test_no_case_asks_for_an_alert_that_is_not_there():
    unknown = {name for name, _count in expectations()} - set(NAMES)
    assert unknown == set(), f"tests/rules asks for {sorted(unknown)}"


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.name)
def test_cases_evaluate_every_group_in_a_fixed_order(path):
    groups = {group["name"] for rules_of in RULES for group in load(rules_of)["groups"]}
    assert set(load(path)["group_eval_order"]) == groups, f"{path.name}: group_eval_order names every group"
