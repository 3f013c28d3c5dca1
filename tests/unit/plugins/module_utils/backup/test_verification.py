"""When a restored backup counts as good, and what its report says for programs and for people."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.backup.verification import UNFINISHED, Seen, page

MOMENT = {"lsn": "0/16000000", "timeline": 2, "snapshot": "757:757:", "system_identifier": "7", "in_recovery": True}
TABLES = {"public.a": {"rows": 5, "fingerprint": "ab"}, "public.b": {"rows": None, "fingerprint": None}}
FINDING = {
    "kind": "table_rows",
    "severity": "difference",
    "object": "public.a",
    "where": "the restored backup/app",
    "detail": "5 rows, 1 fewer than the 6 of db2/app",
    "remedy": "find the cause",
}
LEFT = {"check": "fingerprints", "object": "public.b", "where": "db2/app", "reason": "it took too long"}


def side(name, findings=(), left=()):
    return {
        "state": {"name": name, "databases": {"app": {"as_of": MOMENT, "tables": TABLES}}},
        "figures": [{"where": f"{name}/app", "rows": 5, "seconds": 0.25}],
        "findings": list(findings),
        "not_checked": list(left),
        "as_of": {"app": {"exact": True, "reason": "both show every transaction before 757 and none after"}},
    }


def seen(**more):
    """A run that came to its end, compared or not."""
    known = {
        "backup": {"label": "20261126-020003F", "repository": 2, "completed": "2026-11-26 02:00:31 UTC"},
        "read": {"tables": 3, "rows": 9},
        "recovered_to": "0/16000000",
        "failure": "",
        "timeline": [{"phase": "Compare", "from": 0.0, "seconds": 1.5, "failed": False, "steps": []}],
    }
    return Seen(1795683600, "app", **{"wanted": True, **known, **more})


GOOD = {"server": "db2", "original": side("db2"), "copy": side("the restored backup")}


def test_a_run_counts_as_unfinished_until_it_says_otherwise():
    run = Seen(0, "app", True)
    assert (run.verified, run.problem()) == (False, UNFINISHED)
    assert page(run.record())["sections"][0] == {"heading": "Restored", "lines": [UNFINISHED]}


def test_a_copy_that_is_the_same_is_good():
    run = seen(**GOOD)
    assert (run.verified, run.compared, run.problem()) == (True, True, "")
    assert (run.tables, run.rows, run.seconds("Compare"), run.seconds("Restore")) == (1, 5, 1.5, 0)


def test_where_no_comparison_is_wanted_reading_is_enough():
    run = seen(wanted=False, not_compared="this host knows of no database to compare with")
    assert (run.verified, run.compared, run.problem()) == (True, False, "")
    assert run.record()["moment"] is None


READ = "everything was restored and read, and nothing is damaged"


@pytest.mark.parametrize(
    ("more", "problem"),
    [
        ({"not_compared": "no replica"}, f"{READ}, but it was not compared with the database: no replica"),
        (
            {**GOOD, "copy": side("the restored backup", [FINDING, FINDING], [LEFT])},
            "the copy is not what the database was: table_rows public.a: 5 rows, 1 fewer than the 6 of db2/app,"
            " and 1 more",
        ),
        (
            {**GOOD, "original": side("db2", left=[LEFT])},
            f"{READ}, but not all of it was compared: public.b on db2/app: it took too long",
        ),
        (
            {**GOOD, "copy": side("the restored backup", left=[LEFT, {**LEFT, "object": "public.a"}])},
            f"{READ}, but not all of it was compared: public.b on db2/app: it took too long, and 1 more",
        ),
        ({**GOOD, "failure": "pg_amcheck ended with status 2"}, "pg_amcheck ended with status 2"),
    ],
)
def test_why_a_backup_does_not_count_as_good(more, problem):
    run = seen(**more)
    assert (run.verified, run.problem()) == (False, problem)


def test_what_is_wrong_with_the_database_itself_does_not_count_against_the_backup():
    there = {**FINDING, "where": "db2/app"}
    run = seen(**{**GOOD, "original": side("db2", [there]), "copy": side("the restored backup", [FINDING])})
    assert (run.verified, run.findings, run.of_the_database) == (True, [], [there])
    shown = page(run.record())
    assert shown["sections"][3] == {
        "heading": "Wrong with the database itself",
        "lines": [f"difference table_rows: public.a on db2/app: {FINDING['detail']}"],
    }
    assert shown["next"] == ["public.a: find the cause"]


def test_a_table_that_neither_side_could_show_is_told_once():
    other = {**LEFT, "reason": "its content could not be read there, so the copy's was compared with nothing"}
    run = seen(**{**GOOD, "original": side("db2", left=[LEFT]), "copy": side("the restored backup", left=[other])})
    assert (run.not_checked, run.verified) == ([LEFT], False)


def test_the_report_for_people_of_a_good_backup():
    shown = page(seen(**GOOD).record())
    assert (shown["title"], shown["verdict"], shown["good"], shown["begun"], shown["next"]) == (
        "The newest backup, restored and compared",
        "Verified",
        True,
        "2026-11-26 09:00:00 UTC",
        [],
    )
    assert [(section["heading"], section["lines"]) for section in shown["sections"]] == [
        (
            "Restored",
            [
                "backup 20261126-020003F of repository 2, which was completed 2026-11-26 02:00:31 UTC",
                "recovered up to 0/16000000",
                "everything was read: 3 tables, 9 rows, nothing damaged",
            ],
        ),
        (
            "Compared with the database",
            [
                "database app as of 0/16000000, timeline 2, on db2",
                "app: the same moment: both show every transaction before 757 and none after",
                "db2/app: 5 rows read in 0.2 s",
                "the restored backup/app: 5 rows read in 0.2 s",
            ],
        ),
        ("Findings", ["None."]),
    ]


def test_the_report_for_people_names_what_differs_and_what_to_do():
    shown = page(seen(**{**GOOD, "copy": side("the restored backup", [FINDING], [LEFT])}).record())
    assert shown["verdict"].startswith("Not verified: the copy is not what the database was: table_rows public.a: ")
    assert [(section["heading"], section["lines"]) for section in shown["sections"][2:]] == [
        ("Findings", [f"difference table_rows: public.a on the restored backup/app: {FINDING['detail']}"]),
        ("Not checked", ["fingerprints of public.b on db2/app"]),
    ]
    assert shown["next"] == ["public.a: find the cause", "it took too long"]


def test_a_failure_of_many_lines_is_shown_whole_below_its_first_one():
    shown = page(seen(read=None, failure="the server ended: gone.\nIts log").record())
    assert shown["verdict"] == "Not verified: the server ended: gone"
    assert shown["sections"][0]["lines"][-2:] == ["the server ended: gone.", "Its log"]
