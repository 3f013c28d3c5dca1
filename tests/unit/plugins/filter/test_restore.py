# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plan from what an operator asks for and what the modules return."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.filter.restore import FilterModule
from ansible_collections.freeagentics.platform.plugins.module_utils.restore.mark import NOTHING

restore_plan = FilterModule().filters()["restore_plan"]
restore_begun = FilterModule().filters()["restore_begun"]
restore_epoch = FilterModule().filters()["restore_epoch"]

TEN = 1795687200
MIB = 1024 * 1024
BACKUPS = [
    {
        "number": number,
        "backups": [
            {"label": "20261126-100000F", "stop": TEN, "stop_lsn": "0/3000050", "content": 1000 * MIB},
            {
                "label": "20261126-100000F_20261126-120000I",
                "stop": TEN + 7200,
                "stop_lsn": "0/7000100",
                "content": 2000 * MIB,
            },
        ],
    }
    for number in (1, 2)
]
ARCHIVES = [
    {
        "number": number,
        "error": "",
        "last": {"segment": "000000010000000000000008"},
        "gaps": [],
        "windows": [
            {
                "start": TEN,
                "end": TEN + 10800,
                "start_time": "2026-11-26 10:00:00+00",
                "end_time": "2026-11-26 13:00:00+00",
                "start_lsn": "0/3000050",
                "end_lsn": "0/9000000",
                "backups": ["20261126-100000F", "20261126-100000F_20261126-120000I"],
            }
        ],
    }
    for number in (1, 2)
]
WINDOWS = [
    f"repository {number} restores every moment from 2026-11-26 10:00:00+00 to 2026-11-26 13:00:00+00"
    for number in (1, 2)
]
AT_ELEVEN = {"target": "time", "target_time": "2026-11-26 12:00:00+01", "scope": "scratch"}
UNCONFIRMED = "the database of lab would be replaced: confirm it with -e confirm=lab"
UNREACHABLE = (
    "not every database host of every region can be reached, and one that goes on writing would lose what it "
    "writes: bring it back or power it off, then use -e members_are_off=true"
)
LITTLE_SPACE = "db1 has 100 MiB free and the restore needs 1206 MiB: make room, or use -e little_space=true"


def test_a_plan_names_the_backup_and_says_what_else_can_be_restored():
    assert restore_plan(AT_ELEVEN, BACKUPS, ARCHIVES) == {
        "refusal": "",
        "target": "time",
        "target_value": "2026-11-26 12:00:00+01",
        "words": "the state at 2026-11-26 12:00:00+01",
        "repository": 1,
        "backup": "20261126-100000F",
        "content": 1000 * MIB,
        "why": "the youngest one that ended before the target",
        "at_least": "",
        "windows": WINDOWS,
        "uneven": "",
        "objections": [],
    }


@pytest.mark.parametrize(
    ("request_", "repository", "backup", "words"),
    [
        ({}, 1, "20261126-100000F_20261126-120000I", "the newest transaction"),
        # Variables given with -e are texts.
        ({"repository": "2"}, 2, "20261126-100000F_20261126-120000I", "the newest transaction"),
        ({"repository": ""}, 1, "20261126-100000F_20261126-120000I", "the newest transaction"),
        ({"backup": "20261126-100000F"}, 1, "20261126-100000F", "the newest transaction"),
        ({"target": "xid", "target_xid": 741}, 1, "20261126-100000F", "transaction 741"),
        (
            {"target": "lsn", "target_lsn": "0/7000100"},
            1,
            "20261126-100000F_20261126-120000I",
            "the position 0/7000100",
        ),
    ],
)
def test_what_is_asked_for_limits_the_choice(request_, repository, backup, words):
    plan = restore_plan(request_, BACKUPS, ARCHIVES)
    assert (plan["repository"], plan["backup"], plan["words"]) == (repository, backup, words)


def test_the_newest_transaction_has_to_be_in_the_last_segment():
    assert restore_plan({}, BACKUPS, ARCHIVES)["at_least"] == "0/8000000"


@pytest.mark.parametrize(
    ("request_", "done"),
    [
        ({"target": "lsn", "target_lsn": "0/a0", "target_timeline": "3"}, "db1"),
        ({"target": "lsn", "target_lsn": "0/A0", "target_timeline": 3}, "db1"),
        ({"target": "lsn", "target_lsn": "0/A0", "target_timeline": ""}, ""),
        ({"target": "latest"}, ""),
        ({"target": "time", "target_time": "yesterday"}, ""),
    ],
)
def test_an_earlier_run_of_the_same_request_is_gone_on_with(request_, done):
    text = (
        '{"directory": "/main", "device": 1, "inode": 2, "purpose": "in_service", "request": "lsn 0/A0 timeline 3", '
        '"phase": "recovered", "timeline": 5}'
    )
    marks = [{"host": "db1", "text": text, "directory": "/main", "device": "1", "inode": "2"}]
    members = [{"name": "db1", "state": "running", "timeline": 5}]
    cluster = {"leader": "db1", "timeline": 5, "members": members, "history": []}
    led = bool(done)
    told = {**NOTHING, "host": done, "leads": led, "finished": led, "timeline": 5 * led, "whole": ["db1"] * led}
    assert restore_begun(marks, cluster, request_) == {"begun": [], "done": told, "nothing": NOTHING}
    elsewhere = [{"name": "west1", "timeline": 5, "replication": "streaming"}]
    whole = ["db1", "west1"] if done else []
    assert restore_begun(marks, cluster, request_, elsewhere)["done"] == {**told, "whole": whole}


@pytest.mark.parametrize(
    ("request_", "refusal"),
    [
        ({"target": "time"}, "target=time needs target_time"),
        ({"target": "yesterday"}, "target is 'yesterday': use latest, time, xid, name, lsn"),
        # Else the newest state would be restored, with the mistake in it.
        (
            {"target_time": "2026-11-26 11:00:00Z"},
            "target_time is set, and target is latest: say -e target=time, or leave target_time away",
        ),
        (
            {"target": "time", "target_time": "2026-11-26 11:00:00Z", "target_xid": "741"},
            "target_xid is set, and target is time: say -e target=xid, or leave target_xid away",
        ),
        ({"repository": 3}, "there is no repository 3; the repositories are 1, 2"),
        ({"repository": "s3"}, "repository is 's3': use its number"),
        (
            {"target": "lsn", "target_lsn": "0/1", "repository": 2},
            f"the position 0/1 cannot be restored. {WINDOWS[1]}",
        ),
    ],
)
def test_where_nothing_leads_to_the_target_it_is_told_why(request_, refusal):
    assert restore_plan(request_, BACKUPS, ARCHIVES) == {"refusal": refusal, "windows": WINDOWS, "objections": []}


def test_a_backup_of_another_version_is_refused_before_anything_stands_against_it():
    backups = [{**one, "backups": [{**backup, "version": "15"} for backup in one["backups"]]} for one in BACKUPS]
    request = {**AT_ELEVEN, "postgres_version": "16", "scope": "in_place"}
    assert restore_plan(request, backups, ARCHIVES) == {
        "refusal": "backup 20261126-100000F of repository 1 is of PostgreSQL 15, and postgres_version is 16, whose "
        "server cannot read it: set postgres_version and the packages to 15 (docs/postgres.md, Another version of "
        "PostgreSQL)",
        "windows": WINDOWS,
        "objections": [],
    }
    # Inventories write numbers, too.
    assert restore_plan({**request, "postgres_version": 15}, backups, ARCHIVES)["refusal"] == ""


@pytest.mark.parametrize(
    ("changes", "reachable", "objections"),
    [
        ({}, False, [LITTLE_SPACE]),
        ({"little_space": True}, False, []),
        ({"scope": "in_place", "platform": "lab"}, True, [UNCONFIRMED, LITTLE_SPACE]),
        ({"scope": "in_place", "platform": "lab", "confirm": "lab"}, False, [UNREACHABLE, LITTLE_SPACE]),
        (
            {"scope": "in_place", "platform": "lab", "confirm": "lab", "members_are_off": True, "little_space": True},
            False,
            [],
        ),
    ],
)
def test_what_stands_against_a_plan_and_what_overrules_it(changes, reachable, objections):
    plan = restore_plan({**AT_ELEVEN, **changes}, BACKUPS, ARCHIVES, {"db1": 100 * MIB}, reachable)
    assert plan["objections"] == objections


def test_room_is_wanted_in_the_regions_that_follow():
    request = {**AT_ELEVEN, "scope": "in_place", "platform": "lab", "confirm": "lab"}
    free = {"db1": 2000 * MIB, "db3": 100 * MIB}
    assert restore_plan(request, BACKUPS, ARCHIVES, free, True, ["db3"])["objections"] == [
        "db3 has 100 MiB free and the copy of its region, which follows, needs 1206 MiB: make room, "
        "or use -e little_space=true"
    ]
    assert restore_plan({**request, "little_space": True}, BACKUPS, ARCHIVES, free, True, ["db3"])["objections"] == []


@pytest.mark.parametrize(
    ("changes", "objections"),
    [
        (
            {},
            [
                "the newest log of db1 cannot be brought into the archive, and would be missing in what is restored: "
                "ERROR: [049]: refused. Mend the archive, or leave that log in the old data, which stay beside the "
                "new, with -e unarchived_log_is_left=true"
            ],
        ),
        ({"unarchived_log_is_left": True}, []),
        ({"scope": "scratch"}, []),
    ],
)
def test_log_that_cannot_be_archived_stands_against_a_plan(changes, objections):
    request = {**AT_ELEVEN, "scope": "in_place", "platform": "lab", "confirm": "lab", **changes}
    unarchived = {"host": "db1", "said": "ERROR: [049]: refused\n"}
    assert restore_plan(request, BACKUPS, ARCHIVES, {}, True, [], unarchived)["objections"] == objections
    assert restore_plan(request, BACKUPS, ARCHIVES, {}, True, [], {})["objections"] == []


def more(archive):
    """Return an archive that goes on for a segment."""
    (window,) = archive["windows"]
    longer = {**window, "end": TEN + 10860, "end_lsn": "0/A000000"}
    return {**archive, "timeline": 1, "last": {"segment": "000000010000000000000009"}, "windows": [longer]}


@pytest.mark.parametrize(
    ("changes", "archived", "repository", "objected"),
    [
        ({}, False, 2, False),
        # -e gives texts.
        ({"repository": "1"}, False, 1, True),
        ({"repository": "2"}, False, 2, False),
        ({"repository": "1", "later_log_is_left": True}, False, 1, False),
        # Its segment came since.
        ({"repository": "1"}, True, 1, False),
        ({"repository": "1", "scope": "scratch"}, False, 1, False),
    ],
)
def test_log_that_another_repository_has_stands_against_a_plan(changes, archived, repository, objected):
    request = {"scope": "in_place", "platform": "lab", "confirm": "lab", **changes}
    archives = [{**ARCHIVES[0], "timeline": 1}, more(ARCHIVES[1])]
    plan = restore_plan(request, BACKUPS, archives, {}, True, [], {}, archived)
    had, has = "log up to 0/9000000 on timeline 1", "log up to 0/A000000 on timeline 1"
    assert (plan["repository"], plan["uneven"]) == (repository, f"repository 1 has {had}, repository 2 has {has}")
    assert plan["objections"] == [
        f"repository 2 has {has}, and repository 1 has {had}: what was written in between would be missing in what is "
        "restored. Use -e repository=2, or leave that log there, with -e later_log_is_left=true"
    ] * int(objected)


@pytest.mark.parametrize(
    ("settings", "number"),
    [
        ({}, 23),
        ({"region_epoch": None, "region_heard": None}, 23),
        ({"region_epoch": 40}, 40),
        ({"region_heard": 22}, 23),
        ({"region_epoch": 2, "region_heard": 23}, 24),
        ({"region_epoch": 40, "region_heard": 30}, 40),
    ],
)
def test_the_number_of_a_restore_is_the_last_one_of_the_timeline_before_or_above_all_that_the_settings_know(
    settings, number
):
    assert restore_epoch(8, settings) == number
    assert restore_epoch(8) == 23
