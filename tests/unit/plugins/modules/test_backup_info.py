# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module asks pgBackRest once; molecule/backup has repositories to ask for."""

from __future__ import annotations

import json

import pytest

STANZA = {
    "archive": [],
    "backup": [
        {
            "archive": {"start": "000000010000000000000002", "stop": "000000010000000000000003"},
            "backrest": {"format": 5, "version": "2.45"},
            "database": {"id": 1, "repo-key": 1},
            "error": False,
            "info": {"delta": 23259502, "repository": {"delta": 2839632, "size": 2839632}, "size": 23259502},
            "label": "20200101-000000F",
            "lsn": {"start": "0/2000028", "stop": "0/3000050"},
            "prior": None,
            "reference": None,
            "timestamp": {"start": 1577836800, "stop": 1577836803},
            "type": "full",
        }
    ],
    "cipher": "aes-256-cbc",
    "db": [{"id": 1, "repo-key": 1, "system-id": 7712441638903445401, "version": "15"}],
    "name": "freeagentics",
    "repo": [
        {"cipher": "aes-256-cbc", "key": 1, "status": {"code": 0, "message": "ok"}},
        {"cipher": "aes-256-cbc", "key": 2, "status": {"code": 2, "message": "no valid backups"}},
    ],
    "status": {"code": 4, "lock": {"backup": {"held": True}}, "message": "different across repos"},
}
FOREVER = 1e9


@pytest.mark.parametrize("check_mode", [False, True])
def test_backups_are_told_and_compared_with_the_schedule(run_module, stand_in, check_mode):
    asked = stand_in("pgbackrest", {"info": (0, json.dumps([STANZA]), "")})
    done = run_module("backup_info", check_mode, stanza="freeagentics", full_hours=FOREVER, any_hours=FOREVER)
    assert (done["changed"], done["running"], done["system_identifiers"]) == (False, True, ["7712441638903445401"])
    assert [(one["number"], one["code"], one["newest"]["full"]) for one in done["repositories"]] == [
        (1, 0, "20200101-000000F"),
        (2, 2, ""),
    ]
    assert done["missing"] == ["repository 2: no valid backups"]
    assert asked() == [["--stanza=freeagentics", "--output=json", "info"]]


def test_a_limit_is_in_hours(run_module, stand_in):
    stand_in("pgbackrest", {"info": (0, json.dumps([{**STANZA, "repo": STANZA["repo"][:1]}]), "")})
    done = run_module("backup_info", stanza="freeagentics", full_hours=FOREVER, any_hours=1.5)
    assert len(done["missing"]) == 1
    assert done["missing"][0].startswith("repository 1: the last backup is ")
    assert done["missing"][0].endswith(" h old, which must not be over 1.5 h")


def test_an_answer_without_the_stanza_is_refused(run_module, stand_in):
    stand_in("pgbackrest", {"info": (0, "[]", "")})
    done = run_module("backup_info", stanza="freeagentics")
    assert done["failed"] is True
    assert done["msg"] == "pgbackrest info says nothing of freeagentics: does /etc/pgbackrest/pgbackrest.conf?"


def test_an_error_of_pgbackrest_is_its_own(run_module, stand_in):
    stand_in("pgbackrest", {"info": (31, "", "ERROR: [031]: invalid option 'x'\n")})
    done = run_module("backup_info", stanza="freeagentics")
    assert (done["failed"], done["rc"], done["msg"]) == (True, 31, "ERROR: [031]: invalid option 'x'")


def test_a_stanza_is_needed(run_module):
    assert run_module("backup_info")["msg"] == "missing required arguments: stanza"
