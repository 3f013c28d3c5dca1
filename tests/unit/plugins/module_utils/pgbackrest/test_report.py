# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Backups and archives as plain values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.pgbackrest.archive import Archive, Segment, Window
from ansible_collections.freeagentics.platform.plugins.module_utils.pgbackrest.info import Backup, Info, Repository
from ansible_collections.freeagentics.platform.plugins.module_utils.pgbackrest.report import (
    of_archive,
    of_info,
    of_windows,
    show_time,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.timeline import History, Switch

FULL = Backup(
    label="20261126-113416F",
    kind="full",
    repository=1,
    database=1,
    start=1795692856,
    stop=1795692859,
    start_lsn="0/2000028",
    stop_lsn="0/3000050",
    first_segment="000000010000000000000002",
    last_segment="000000010000000000000003",
    content=23259502,
    changed=23259502,
    stored=2839632,
    prior="",
    damaged=False,
    version="15",
)
FULL_VALUES = {
    "label": "20261126-113416F",
    "kind": "full",
    "repository": 1,
    "database": 1,
    "start": 1795692856,
    "stop": 1795692859,
    "start_time": "2026-11-26 11:34:16+00",
    "stop_time": "2026-11-26 11:34:19+00",
    "seconds": 3,
    "age": 60,
    "start_lsn": "0/2000028",
    "stop_lsn": "0/3000050",
    "first_segment": "000000010000000000000002",
    "last_segment": "000000010000000000000003",
    "content": 23259502,
    "changed": 23259502,
    "stored": 2839632,
    "prior": "",
    "damaged": False,
    "version": "15",
}
NOW = 1795692919.4
#: Timeline 2 left timeline 1 in the middle of segment 5.
SECOND = History(2, (Switch(1, 0x5000060, "no recovery target specified"),))


@pytest.mark.parametrize(
    ("moment", "text"),
    [(0, "1970-01-01 00:00:00+00"), (1795692859, "2026-11-26 11:34:19+00"), (1795692859.9, "2026-11-26 11:34:19+00")],
)
def test_a_moment_is_in_utc(moment, text):
    assert show_time(moment) == text


def test_each_repository_has_its_own_backups():
    repositories = (Repository(1, "aes-256-cbc", 0, "ok"), Repository(2, "none", 2, "no valid backups"))
    assert of_info(Info("freeagentics", False, repositories, (FULL,), ()), NOW) == [
        {
            "number": 1,
            "cipher": "aes-256-cbc",
            "code": 0,
            "message": "ok",
            "backups": [FULL_VALUES],
            "newest": {"full": "20261126-113416F", "diff": "", "incr": ""},
            "stored": 2839632,
        },
        {
            "number": 2,
            "cipher": "none",
            "code": 2,
            "message": "no valid backups",
            "backups": [],
            "newest": {"full": "", "diff": "", "incr": ""},
            "stored": 0,
        },
    ]


def segments(timeline, *numbers):
    """Return segments of 100 bytes, archived one second after the other from the backup's beginning on."""
    return tuple(Segment(timeline, number, 100, 1795692856 + number) for number in numbers)


def test_an_archive_over_two_timelines_with_a_gap():
    archive = Archive("15-1", segments(1, 2, 3, 4) + segments(2, 5, 6, 9), (2,))
    assert of_archive(archive, {2: SECOND}, [FULL], None, NOW) == {
        "archive": "15-1",
        "timelines": [
            {
                "timeline": 1,
                "segments": 3,
                "first": "000000010000000000000002",
                "last": "000000010000000000000004",
                "history": False,
                "left": None,
                "left_at": None,
                "reason": "",
            },
            {
                "timeline": 2,
                "segments": 3,
                "first": "000000020000000000000005",
                "last": "000000020000000000000009",
                "history": True,
                "left": 1,
                "left_at": "0/5000060",
                "reason": "no recovery target specified",
            },
        ],
        "timeline": 2,
        "gaps": [
            {
                "first": "000000020000000000000007",
                "last": "000000020000000000000008",
                "segments": 2,
                "followed": True,
            }
        ],
        "last": {"segment": "000000020000000000000009", "time": "2026-11-26 11:34:25+00", "age": 54},
        "size": 600,
        "windows": [
            {
                "start": 1795692859,
                "end": 1795692862,
                "start_time": "2026-11-26 11:34:19+00",
                "end_time": "2026-11-26 11:34:22+00",
                "start_lsn": "0/3000050",
                "end_lsn": "0/7000000",
                "backups": ["20261126-113416F"],
            }
        ],
    }


def test_what_expired_with_older_backups_is_no_gap():
    archive = Archive("15-1", segments(2, 7, 8), (2,))
    later = replace(FULL, first_segment="000000020000000000000007", last_segment="000000020000000000000007")
    assert of_archive(archive, {2: SECOND}, [later], None, NOW)["gaps"] == []


def test_an_older_timeline_leads_elsewhere():
    archive = Archive("15-1", segments(1, 2, 3, 4, 5, 6) + segments(2, 5), (2,))
    found = of_archive(archive, {2: SECOND}, [FULL], 1, NOW)
    assert (found["timeline"], [one["end_lsn"] for one in found["windows"]]) == (1, ["0/7000000"])


def test_a_timeline_of_which_there_is_a_history_only():
    found = of_archive(Archive("15-1", segments(1, 2, 3, 4), (2,)), {2: SECOND}, [], None, NOW)
    assert found["timelines"][1] == {
        "timeline": 2,
        "segments": 0,
        "first": "",
        "last": "",
        "history": True,
        "left": 1,
        "left_at": "0/5000060",
        "reason": "no recovery target specified",
    }


def test_an_archive_without_anything():
    assert of_archive(Archive("15-1", (), ()), {}, [FULL], None, NOW) == {
        "archive": "15-1",
        "timelines": [],
        "timeline": 1,
        "gaps": [],
        "last": None,
        "size": 0,
        "windows": [],
    }


def test_windows_keep_their_order():
    first, second = Window(0, 10, 1, 2, ("A", "B")), Window(20, 30, 3, 1 << 32, ("C",))
    assert [(one["start"], one["end_lsn"], one["backups"]) for one in of_windows([first, second])] == [
        (0, "0/2", ["A", "B"]),
        (20, "1/0", ["C"]),
    ]


@pytest.mark.parametrize(
    ("target", "there", "histories", "expected"),
    [
        # Timeline 1 went on after 2 left it in segment 5, by a server that did not know of it.
        (None, [(1, (2, 3, 7)), (2, (5, 6))], {2: SECOND}, {"000000010000000000000004": True}),
        (None, [(1, (2, 3, 4, 5, 7)), (2, (5, 6))], {2: SECOND}, {"000000010000000000000006": False}),
        (1, [(1, (2, 3, 4, 5, 7)), (2, (5, 6))], {2: SECOND}, {"000000010000000000000006": True}),
        # Timeline 3 left 1 in segment 3, and never came through 2.
        (
            None,
            [(1, (2, 3, 4)), (2, (5, 8)), (3, (3, 4))],
            {2: SECOND, 3: History(3, (Switch(1, 0x3000060),))},
            {"000000020000000000000006": False},
        ),
    ],
)
def test_a_gap_tells_whether_the_log_that_is_restored_leads_through_it(target, there, histories, expected):
    listed = tuple(one for timeline, numbers in there for one in segments(timeline, *numbers))
    told = of_archive(Archive("15-1", listed, tuple(histories)), histories, [FULL], target, NOW)
    assert {gap["first"]: gap["followed"] for gap in told["gaps"]} == expected
