# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module asks pgBackRest for each repository; molecule/backup has archives to look at."""

from __future__ import annotations

import json

import pytest

BACKUP = {
    "archive": {"start": "000000010000000000000002", "stop": "000000010000000000000003"},
    "backrest": {"format": 5, "version": "2.45"},
    "database": {"id": 1, "repo-key": 1},
    "error": False,
    "info": {"delta": 23259502, "repository": {"delta": 2839632, "size": 2839632}, "size": 23259502},
    "label": "20261126-113416F",
    "lsn": {"start": "0/2000028", "stop": "0/3000050"},
    "prior": None,
    "reference": None,
    "timestamp": {"start": 1795692856, "stop": 1795692859},
    "type": "full",
}
STANZA = {
    "archive": [],
    "backup": [BACKUP],
    "cipher": "aes-256-cbc",
    "db": [],
    "name": "freeagentics",
    "repo": [
        {"cipher": "aes-256-cbc", "key": 1, "status": {"code": 0, "message": "ok"}},
        {"cipher": "aes-256-cbc", "key": 2, "status": {"code": 2, "message": "no valid backups"}},
    ],
    "status": {"code": 4, "lock": {"backup": {"held": False}}, "message": "different across repos"},
}
INFO = (0, json.dumps([STANZA]), "")
CHECKSUM = "5a7324a42519eb403f4effe603b5fd61a586569e"
HISTORY = (0, "1\t0/5000060\tno recovery target specified\n", "")


def archive(*segments, histories=()):
    """Return what pgBackRest lists: segments by timeline and number."""
    files = {f"15-1/{one:08X}.history": {"type": "file", "size": 57, "time": 1795692860} for one in histories}
    for timeline, number in segments:
        name = f"15-1/{timeline:08X}00000000/{timeline:08X}{number:016X}-{CHECKSUM}.zst"
        files[name] = {"type": "file", "size": 100, "time": 1795692856 + number}
    return (0, json.dumps({".": {"type": "path"}, **files}), "")


WHOLE = archive((1, 2), (1, 3), (1, 4), (2, 5), (2, 6), histories=[2])


@pytest.mark.parametrize("check_mode", [False, True])
def test_each_repository_is_listed_and_its_histories_are_read(run_module, stand_in, check_mode):
    asked = stand_in("pgbackrest", {" info": INFO, "repo-ls": WHOLE, "00000002.history": HISTORY})
    done = run_module("wal_archive_info", check_mode, stanza="freeagentics")
    assert (done["changed"], done["healthy"]) == (False, True)
    first, second = done["repositories"]
    assert (first["number"], first["error"], first["archive"], first["timeline"]) == (1, "", "15-1", 2)
    assert [(one["timeline"], one["segments"], one["left_at"]) for one in first["timelines"]] == [
        (1, 3, None),
        (2, 2, "0/5000060"),
    ]
    assert [(one["start_lsn"], one["end_lsn"], one["backups"]) for one in first["windows"]] == [
        ("0/3000050", "0/7000000", ["20261126-113416F"])
    ]
    # The backup is in repository 1 only.
    assert (second["number"], second["windows"]) == (2, [])
    assert asked() == [
        ["--stanza=freeagentics", "--output=json", "info"],
        ["--stanza=freeagentics", "--repo=1", "--recurse", "--output=json", "repo-ls", "archive/freeagentics"],
        ["--stanza=freeagentics", "--repo=1", "repo-get", "archive/freeagentics/15-1/00000002.history"],
        ["--stanza=freeagentics", "--repo=2", "--recurse", "--output=json", "repo-ls", "archive/freeagentics"],
        ["--stanza=freeagentics", "--repo=2", "repo-get", "archive/freeagentics/15-1/00000002.history"],
    ]


def test_a_timeline_that_was_left_is_followed_where_it_is_asked_for(run_module, stand_in):
    stand_in("pgbackrest", {" info": INFO, "repo-ls": WHOLE, "00000002.history": HISTORY})
    done = run_module("wal_archive_info", stanza="freeagentics", repositories=[1], timeline=1)
    assert [(one["timeline"], one["windows"][0]["end_lsn"]) for one in done["repositories"]] == [(1, "0/5000000")]


def test_a_gap_is_not_healthy(run_module, stand_in):
    stand_in("pgbackrest", {" info": INFO, "repo-ls": archive((1, 2), (1, 3), (1, 6))})
    done = run_module("wal_archive_info", stanza="freeagentics", repositories=[1])
    assert done["healthy"] is False
    assert done["repositories"][0]["gaps"] == [
        {
            "first": "000000010000000000000004",
            "last": "000000010000000000000005",
            "segments": 2,
            "followed": True,
        }
    ]


def test_a_repository_that_cannot_be_read_does_not_hide_the_other_one(run_module, stand_in):
    error = "ERROR: [049]: unable to connect to 'backup1:8432':\n       [111] Connection refused\n"
    stand_in("pgbackrest", {" info": INFO, "--repo=1": (49, "", error), "repo-ls": archive((1, 1))})
    done = run_module("wal_archive_info", stanza="freeagentics")
    assert done["healthy"] is False
    assert done["repositories"][0] == {
        "number": 1,
        "error": "ERROR: [049]: unable to connect to 'backup1:8432': [111] Connection refused",
        "gaps": [],
        "windows": [],
    }
    assert (done["repositories"][1]["number"], done["repositories"][1]["error"]) == (2, "")


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({"repo-ls": (0, '{".":{"type":"path"}}', "")}, "there is no archive"),
        (
            {"repo-ls": (0, "[]", "")},
            "pgbackrest repo-ls printed '[]': AttributeError: 'list' object has no attribute 'items'",
        ),
        (
            {"repo-ls": WHOLE, "repo-get": (0, "damaged\n", "")},
            "'damaged' is no line of a history file; one looks like '1 0/3000060 no recovery target'",
        ),
        ({"repo-ls": WHOLE, "repo-get": (41, "", "ERROR: [041]: missing\n")}, "ERROR: [041]: missing"),
    ],
)
def test_why_an_archive_tells_nothing(run_module, stand_in, answers, error):
    stand_in("pgbackrest", {" info": INFO, **answers})
    done = run_module("wal_archive_info", stanza="freeagentics", repositories=[1])
    assert done["healthy"] is False
    assert done["repositories"] == [{"number": 1, "error": error, "gaps": [], "windows": []}]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ((32, "", "ERROR: [032]: key '3' is not valid\n"), "ERROR: [032]: key '3' is not valid"),
        ((0, "[]", ""), "pgbackrest info says nothing of freeagentics: does /etc/pgbackrest/pgbackrest.conf?"),
    ],
)
def test_without_the_stanza_there_is_nothing_to_look_at(run_module, stand_in, answer, message):
    stand_in("pgbackrest", {" info": answer})
    done = run_module("wal_archive_info", stanza="freeagentics")
    assert (done["failed"], done["msg"]) == (True, message)
