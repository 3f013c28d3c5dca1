# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The page says of each scenario how many drills the platform passed, by the reports that they left."""

from __future__ import annotations

import json
import subprocess
import sys
from types import SimpleNamespace

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.drill.scenarios import Scenario
from scripts import drills

#: Those of the page, before a test has others.
EVERY = drills.ALL
#: Scenarios of this test: who deals with them, and how long the site may be away.
SCENARIOS = {
    "primary_lost": Scenario("the primary is lost", "R62", "power", lambda hosts, primary: [primary], 40),
    "web_lost": Scenario("a web server is lost", "R61", "power", lambda hosts, primary: [primary], 15),
    "primary_frozen": Scenario("it hangs", "R62", "freeze", lambda hosts, primary: [primary], 7.5, "database"),
    "region_lost": Scenario("a region is lost", "R63", "power", lambda hosts, primary: [primary], 120, "region"),
}


@pytest.fixture(autouse=True)
def scenarios(monkeypatch):
    monkeypatch.setattr(drills, "SCENARIOS", SCENARIOS)
    monkeypatch.setattr(drills, "ALL", SCENARIOS)


def drill(name, away=12.0, good=True, **findings):
    return {
        "name": name,
        "title": "what happens",
        "row": "R62",
        "seconds": 40,
        "acknowledged": 100,
        "failed": 3,
        "away": away,
        "findings": findings,
        "good": good,
    }


@pytest.fixture
def reports(tmp_path):
    """Return a function that leaves a report in a folder of its own; ``folder`` is where they are."""

    def leave(name, **report):
        (tmp_path / name).mkdir()
        (tmp_path / name / "report.json").write_text(json.dumps(report), encoding="utf-8")

    leave.folder = tmp_path
    return leave


def row(found, name):
    """Return the cells of a scenario's row from the fourth one on."""
    (line,) = [line for line in drills.page(found).splitlines() if line.startswith(f"| `{name}` ")]
    return [cell.strip() for cell in line.strip("|").split("|")][3:]


# The reports


def test_reports_are_read_the_oldest_first(reports):
    first, second, other = drill("primary_lost", 1.0), drill("primary_lost", 2.0), drill("region_lost", 3.0)
    reports("2026-11-27T000200Z-drill-primary_lost", verdict="passed", drill=second)
    reports("2026-11-27T000300Z-drill-region_lost", drill=other)
    reports("2026-11-26T235900Z-drill-primary_lost", drill=first)
    assert drills.results(reports.folder) == {"primary_lost": [first, second], "region_lost": [other]}


@pytest.mark.parametrize("report", [{"title": "Drill of lab", "verdict": "It stopped"}, {"drill": {}}, {"drill": None}])
def test_a_drill_that_died_did_not_pass(reports, report):
    """Its report has no part of it, so it is named by its folder."""
    whole = drill("primary_lost", 1.0)
    reports("2026-11-27T000200Z-drill-primary_lost", **report)
    reports("2026-11-27T000300Z-drill-primary_lost", drill=whole)
    reports("2026-11-27T000400Z-drill-region_lost", **report)
    died = {"good": False, "away": None, "findings": {}}
    assert drills.results(reports.folder) == {
        "primary_lost": [{"name": "primary_lost", **died}, whole],
        "region_lost": [{"name": "region_lost", **died}],
    }


def test_what_is_no_report_of_a_drill_is_left_out(reports):
    reports("2026-11-27T000100Z-database", drill=drill("primary_lost"))
    (reports.folder / "2026-11-27T000400Z-drill-region_lost").mkdir()
    (reports.folder / "2026-11-27T000500Z-drill-region_lost").write_text("a file")
    assert drills.results(reports.folder) == {}
    assert drills.results(reports.folder / "nowhere") == {}


# The page


def test_the_page_has_a_row_for_each_scenario():
    lines = drills.page({}).splitlines()
    assert lines[: len(drills.HEAD.splitlines())] == drills.HEAD.splitlines()
    head, rule, *rows = lines[len(drills.HEAD.splitlines()) + 1 :]
    assert head == (
        "| scenario | what happens | row | who deals with it | passed | away, median and worst "
        "| after the command, median and worst | wanted | at most | acts after, median and worst | wanted "
        "| first alert | wanted | lost (none is wanted) |"
    )
    assert rule == "|" + " --- |" * 14
    assert [line.split(" | ")[0] for line in rows] == [f"| `{name}`" for name in SCENARIOS]
    assert {line.count("|") for line in (head, rule, *rows)} == {15}
    assert drills.page({}).endswith(f"{rows[-1]}\n")


def test_the_page_that_is_kept_is_what_would_be_written_today(monkeypatch):
    """Whatever was measured: the words, the scenarios, and what is wanted of them."""
    monkeypatch.setattr(drills, "ALL", EVERY)
    kept = drills.PAGE.read_text(encoding="utf-8")
    assert drills.page({}, kept) == kept
    assert [line.split("`")[1] for line in kept.splitlines() if line.startswith("| `")] == list(EVERY)


@pytest.mark.parametrize(
    ("name", "begin", "cells"),
    [
        (
            "primary_lost",
            "the primary is lost | R62 | the platform by itself",
            "|  |  | 23 s | 40 s |  |  |  | 60 s |  |",
        ),
        ("web_lost", "a web server is lost | R61 | the platform by itself", "|  |  |  | 15 s |  |  |  | 60 s |  |"),
        # What is over at once, nobody has to notice.
        (
            "primary_frozen",
            "it hangs | R62 | an operator: `failover.yml`",
            "|  |  | 300 s | 7.5 s |  | 10 s |  |  |  |",
        ),
        (
            "region_lost",
            "a region is lost | R63 | an operator: `failover.yml`",
            "|  |  | 60 s | 120 s |  | 10 s |  | 300 s |  |",
        ),
    ],
)
def test_a_drill_that_was_not_run_says_so(name, begin, cells):
    line = f"| `{name}` | {begin} | not run {cells}"
    assert line in drills.page({}).splitlines()
    others = {other: [drill(other)] for other in SCENARIOS if other != name}
    assert line in drills.page(others).splitlines()


@pytest.mark.parametrize(
    ("runs", "cells"),
    [
        ([drill("primary_lost")], ["1 of 1", "12.0 s, 12.0 s", "", "23 s: met", "40 s", "", "", "", "60 s", "none"]),
        (
            [drill("primary_lost", 12.34), drill("primary_lost", 11.0)],
            ["2 of 2", "11.7 s, 12.3 s", "", "23 s: met", "40 s", "", "", "", "60 s", "none"],
        ),
        (
            [drill("primary_lost", 30), drill("primary_lost", 50.06, good=False), drill("primary_lost", 10)],
            ["2 of 3", "30.0 s, 50.1 s", "", "23 s: missed", "40 s", "", "", "", "60 s", "none"],
        ),
        (
            [drill("primary_lost", good=False, db2="1 lost (a)", db1="1 lost (a)")],
            ["0 of 1", "12.0 s, 12.0 s", "", "23 s: met", "40 s", "", "", "", "60 s", "1 lost (a)"],
        ),
        # What was found once counts, however often the platform passed since.
        (
            [
                drill("primary_lost", good=False, db2="2 lost (a, b)", db1="1 doubled (c)"),
                drill("primary_lost"),
                drill("primary_lost"),
            ],
            ["2 of 3", "12.0 s, 12.0 s", "", "23 s: met", "40 s", "", "", "", "60 s", "1 doubled (c); 2 lost (a, b)"],
        ),
    ],
)
def test_of_drills_that_were_run_the_page_says_what_came_of_them(runs, cells):
    assert row({"primary_lost": runs}, "primary_lost") == ["the platform by itself", *cells]


@pytest.mark.parametrize(
    ("runs", "lost"),
    [
        ([{"lost": 0, "loss": 0.0}], "none"),
        ([{"lost": 0, "loss": 0.0}, {"lost": 3, "loss": 0.25}], "3 of the last 0.25 s in 1 of 2"),
        ([{"lost": 1, "loss": 1.0}, {"lost": 3, "loss": 0.25}], "1 of the last 1 s in 2 of 2"),
        (
            [{"lost": 1, "loss": 1.0}, {"lost": 1, "findings": {"db1": "1 lost (a)"}}],
            "1 lost (a); 1 of the last 1 s in 1 of 2",
        ),
    ],
)
def test_the_page_says_what_was_lost_and_may_be(runs, lost):
    assert row({"region_lost": [{**drill("region_lost"), **one} for one in runs]}, "region_lost")[-1] == lost


@pytest.mark.parametrize(
    ("more", "cells"),
    [
        ([], ["0 of 1", "", "", "23 s", "40 s", "", "", "", "60 s", "none"]),
        ([drill("primary_lost", 8.0)], ["1 of 2", "8.0 s, 8.0 s", "", "23 s: met", "40 s", "", "", "", "60 s", "none"]),
        (
            [drill("primary_lost", 8.0, good=False, db1="1 lost (a)")],
            ["0 of 2", "8.0 s, 8.0 s", "", "23 s: met", "40 s", "", "", "", "60 s", "1 lost (a)"],
        ),
    ],
)
def test_a_drill_that_died_says_nothing_of_how_long_the_site_was_away(reports, more, cells):
    reports("2026-11-27T000200Z-drill-primary_lost", title="Drill of lab")
    for number, one in enumerate(more, 3):
        reports(f"2026-11-27T000{number}00Z-drill-primary_lost", drill=one)
    assert row(drills.results(reports.folder), "primary_lost") == ["the platform by itself", *cells]


@pytest.mark.parametrize(
    ("noticed", "cells"),
    [
        ([[]], ["none meanwhile", "60 s"]),
        ([[("HostDown", 31.4)], []], ["31 s, HostDown", "60 s: met"]),
        (
            [[("HostDown", 30), ("SiteDown", 90)], [("DatabaseDown", 20)], [("DatabaseDown", 40)]],
            ["30 s, DatabaseDown", "60 s: met"],
        ),
        ([[("HostDown", 60)]], ["60 s, HostDown", "60 s: missed"]),
    ],
)
def test_the_page_says_what_alert_fired_first(noticed, cells):
    runs = [
        {**drill("primary_lost"), "noticed": [{"alert": name, "seconds": seconds} for name, seconds in told]}
        for told in noticed
    ]
    assert row({"primary_lost": runs}, "primary_lost")[8:10] == cells


@pytest.mark.parametrize(
    ("acted", "cells"),
    [
        ([None], ["", "10 s"]),
        ([4.0], ["4.0 s, 4.0 s", "10 s: met"]),
        ([4.0, None, 6.04, 5.0], ["5.0 s, 6.0 s", "10 s: met"]),
        ([4.0, 9.0, 10.1], ["9.0 s, 10.1 s", "10 s: met by the median"]),
        ([10.0, 10.0], ["10.0 s, 10.0 s", "10 s: missed"]),
    ],
)
def test_the_page_says_how_soon_the_command_acted(acted, cells):
    runs = [{**drill("primary_frozen"), "acted": seconds} for seconds in acted]
    assert row({"primary_frozen": runs}, "primary_frozen")[6:8] == cells


@pytest.mark.parametrize(
    ("back", "cells"),
    [
        ([None], ["12.0 s, 12.0 s", "", "60 s"]),
        ([41.0], ["12.0 s, 12.0 s", "41.0 s, 41.0 s", "60 s: met"]),
        ([41.0, 50.0, 61.0], ["12.0 s, 12.0 s", "50.0 s, 61.0 s", "60 s: met by the median"]),
    ],
)
def test_where_an_operator_acted_it_counts_from_the_command(back, cells):
    runs = [{**drill("region_lost"), "back": seconds} for seconds in back]
    assert row({"region_lost": runs}, "region_lost")[2:5] == cells


def test_a_scenario_without_reports_keeps_what_the_page_said_of_it():
    before = drills.page({"primary_lost": [drill("primary_lost")], "region_lost": [drill("region_lost", 3.0)]})
    now = {"primary_lost": [drill("primary_lost", 8.0)]}
    assert drills.page(now, before) == drills.page({**now, "region_lost": [drill("region_lost", 3.0)]})
    assert drills.page({}, before) == before


def test_a_scenario_that_there_is_no_more_has_no_row():
    assert drills.page({"host_lost": [drill("host_lost")]}) == drills.page({})


# The program


@pytest.mark.parametrize(
    ("code", "passed", "said"), [(0, True, ""), (2, False, "what it printed\nwhat it complained\n")]
)
def test_a_drill_is_run_as_an_operator_does(monkeypatch, capsys, code, passed, said):
    asked = []

    def run(command, **options):
        asked.append((command, options))
        return SimpleNamespace(returncode=code, stdout="what it printed", stderr="what it complained")

    monkeypatch.setattr(drills, "subprocess", SimpleNamespace(run=run))
    assert drills.run("region_lost") is passed
    assert asked == [
        (
            ["ansible-playbook", "playbooks/drill.yml", "-i", "inventories/lab", "-e", "scenario=region_lost"],
            {"cwd": drills.ROOT, "capture_output": True, "text": True, "timeout": drills.LIMIT + 120, "check": False},
        )
    ]
    assert capsys.readouterr().out == said


@pytest.fixture
def program(monkeypatch, tmp_path):
    """Run the program with stand-ins for a drill and the reports; return its status and the drills that it ran."""

    def run(*arguments, fail=()):
        ran = []
        monkeypatch.setenv("PATH", "/bin")
        monkeypatch.setattr(sys, "argv", ["drills", *arguments])
        monkeypatch.setattr(drills, "run", lambda name: ran.append(name) or (name, len(ran)) not in fail)
        monkeypatch.setattr(drills, "results", lambda: {"region_lost": [drill("region_lost")]})
        monkeypatch.setattr(drills, "PAGE", tmp_path / "drills.md")
        return drills.main(), ran

    run.page = tmp_path / "drills.md"
    return run


def test_each_scenario_is_run_some_times_and_then_the_page_is_written(program, capsys):
    assert program("--only", "region_lost", "primary_frozen", "--runs", "2") == (
        0,
        ["region_lost"] * 2 + ["primary_frozen"] * 2,
    )
    assert program.page.read_text(encoding="utf-8") == drills.page({"region_lost": [drill("region_lost")]})
    assert capsys.readouterr().out.splitlines() == [
        "region_lost, run 1 of 2: passed",
        "region_lost, run 2 of 2: passed",
        "primary_frozen, run 1 of 2: passed",
        "primary_frozen, run 2 of 2: passed",
        f"{program.page} is written",
    ]


@pytest.mark.parametrize(("quick", "runs"), [(120.0, 20), (0.0, 3)])
def test_all_scenarios_are_run_as_often_as_their_time_allows(program, monkeypatch, quick, runs):
    monkeypatch.setattr(drills, "QUICK", quick)
    assert program() == (0, [name for name in SCENARIOS for dummy in range(runs)])


def test_a_drill_that_does_not_end_did_not_pass(monkeypatch, capsys):
    def run(command, **options):
        raise subprocess.TimeoutExpired(command, options["timeout"], output="as far as it got")

    monkeypatch.setattr(drills, "subprocess", SimpleNamespace(run=run, TimeoutExpired=subprocess.TimeoutExpired))
    assert drills.run("region_lost") is False
    assert capsys.readouterr().out == f"region_lost did not end within {drills.LIMIT + 120} s: as far as it got\n"


def test_a_drill_that_did_not_pass_stops_no_other_one(program, capsys):
    assert program("--only", "region_lost", "--runs", "3", fail=[("region_lost", 2)]) == (1, ["region_lost"] * 3)
    assert capsys.readouterr().out.splitlines()[:3] == [
        "region_lost, run 1 of 3: passed",
        "region_lost, run 2 of 3: did not pass",
        "region_lost, run 3 of 3: passed",
    ]
    assert program.page.exists()


def test_the_page_can_be_written_alone(program):
    assert program("--page") == (0, [])
    assert program.page.exists()


def test_a_scenario_that_is_none_is_refused(program, capsys):
    with pytest.raises(SystemExit) as stopped:
        program("--only", "host_lost")
    assert stopped.value.code == 2
    assert "invalid choice: 'host_lost'" in capsys.readouterr().err
    assert not program.page.exists()
