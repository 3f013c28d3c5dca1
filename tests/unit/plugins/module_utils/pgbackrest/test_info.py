# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What pgBackRest 2.45 answered is read, and what lacks is told by a table."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.pgbackrest.info import (
    FULL,
    INCREMENTAL,
    Backup,
    Info,
    InfoError,
    Repository,
    Schedule,
    missing,
    newest,
    parse,
)

FULL_ENTRY = {
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
INCREMENTAL_ENTRY = {
    "archive": {"start": "000000010000000000000007", "stop": "000000010000000000000007"},
    "backrest": {"format": 5, "version": "2.45"},
    "database": {"id": 1, "repo-key": 1},
    "info": {"delta": 7684869, "repository": {"delta": 948048, "size": 3786672}, "size": 30886769},
    "label": "20261126-113416F_20261126-113435I",
    "lsn": {"start": "0/7000028", "stop": "0/7000100"},
    "prior": "20261126-113416F",
    "reference": ["20261126-113416F"],
    "timestamp": {"start": 1795692875, "stop": 1795692877},
    "type": "incr",
}
STANZA = {
    "archive": [
        {
            "database": {"id": 1, "repo-key": 1},
            "id": "15-1",
            "max": "000000010000000000000009",
            "min": "000000010000000000000001",
        }
    ],
    "backup": [INCREMENTAL_ENTRY, FULL_ENTRY],
    "cipher": "aes-256-cbc",
    "db": [{"id": 1, "repo-key": 1, "system-id": 7712441638903445401, "version": "15"}],
    "name": "freeagentics",
    "repo": [{"cipher": "aes-256-cbc", "key": 1, "status": {"code": 0, "message": "ok"}}],
    "status": {"code": 0, "lock": {"backup": {"held": False}}, "message": "ok"},
}

FULL_BACKUP = Backup(
    label="20261126-113416F",
    kind=FULL,
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
INCREMENTAL_BACKUP = Backup(
    label="20261126-113416F_20261126-113435I",
    kind=INCREMENTAL,
    repository=1,
    database=1,
    start=1795692875,
    stop=1795692877,
    start_lsn="0/7000028",
    stop_lsn="0/7000100",
    first_segment="000000010000000000000007",
    last_segment="000000010000000000000007",
    content=30886769,
    changed=7684869,
    stored=948048,
    prior="20261126-113416F",
    damaged=None,
    version="15",
)
HERE = Repository(1, "aes-256-cbc", 0, "ok")
S3 = Repository(2, "aes-256-cbc", 0, "ok")
HOUR = 3600
DAILY = Schedule(full=26 * HOUR, any=8 * HOUR)
NOW = 1795692877


def answer(**changes):
    """Return an answer with changes of the stanza."""
    return json.dumps([{**STANZA, **changes}])


def test_each_backup_is_of_the_version_of_its_database():
    """The stanza was upgraded in one repository since; of a database that the answer does not know nothing is told."""
    database = [
        {"id": 1, "repo-key": 1, "system-id": 7, "version": "14"},
        {"id": 2, "repo-key": 1, "system-id": 7, "version": "15"},
        {"id": 1, "repo-key": 2, "system-id": 7, "version": "15"},
        {"id": 1, "repo-key": 3, "system-id": 7},
    ]
    keys = ((1, 1), (1, 2), (2, 1), (2, 2), (3, 1))
    backups = [{**FULL_ENTRY, "database": {"repo-key": number, "id": one}} for number, one in keys]
    read = parse(answer(db=database, backup=backups), "freeagentics").backups
    assert {(one.repository, one.database): one.version for one in read} == dict(zip(keys, ("14", "15", "15", "", "")))


def info(backups, repositories=(HERE,)):
    """Return a stanza with backups."""
    return Info("freeagentics", False, tuple(repositories), tuple(backups), ())


def test_backups_are_in_the_order_in_which_they_ended():
    assert parse(answer(), "freeagentics") == Info(
        "freeagentics",
        False,
        (HERE,),
        (FULL_BACKUP, INCREMENTAL_BACKUP),
        ("7712441638903445401",),
        {(1, 1): "000000010000000000000009"},
    )


def test_another_stanza_is_passed_over():
    both = json.dumps([{**STANZA, "name": "other", "backup": []}, STANZA])
    assert parse(both, "freeagentics").backups == (FULL_BACKUP, INCREMENTAL_BACKUP)


@pytest.mark.parametrize(
    ("lock", "running"),
    [({}, False), ({"backup": {"held": False}}, False), ({"backup": {"held": True}}, True)],
)
def test_a_backup_that_runs_is_told(lock, running):
    assert parse(answer(status={"code": 0, "lock": lock, "message": "ok"}), "freeagentics").running is running


def test_of_each_repository_the_newest_cluster_counts():
    clusters = [
        {"id": 1, "repo-key": 1, "system-id": 7000000000000000001, "version": "14"},
        {"id": 2, "repo-key": 1, "system-id": 7000000000000000002, "version": "15"},
        {"id": 1, "repo-key": 2, "system-id": 7000000000000000003, "version": "15"},
    ]
    assert parse(answer(db=clusters), "freeagentics").systems == ("7000000000000000002", "7000000000000000003")


def test_a_message_of_many_lines_becomes_one():
    state = {"code": 99, "message": "[PathMissingError] unable to list:\n            [FileOpenError] no file"}
    repository = parse(answer(backup=[], repo=[{"cipher": "none", "key": 1, "status": state}]), "freeagentics")
    assert repository.repositories == (
        Repository(1, "none", 99, "[PathMissingError] unable to list: [FileOpenError] no file"),
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[]", "pgbackrest info says nothing of freeagentics: does /etc/pgbackrest/pgbackrest.conf?"),
        ("", "pgbackrest info answered '': JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
        ("WARN: x", "pgbackrest info answered 'WARN: x': JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
        ("null", "pgbackrest info answered 'null': TypeError: 'NoneType' object is not iterable"),
        ('[{"db": []}]', "pgbackrest info answered '[{\"db\": []}]': KeyError: 'name'"),
        (
            '[{"name": "freeagentics"}]',
            "pgbackrest info answered '[{\"name\": \"freeagentics\"}]': KeyError: 'db'",
        ),
    ],
)
def test_what_does_not_describe_the_stanza_is_refused(text, message):
    with pytest.raises(InfoError) as error:
        parse(text, "freeagentics")
    assert str(error.value) == message


def test_a_long_answer_is_shown_in_part():
    with pytest.raises(InfoError) as error:
        parse("x" * 1000, "freeagentics")
    assert str(error.value) == (
        f"pgbackrest info answered '{'x' * 200}': JSONDecodeError: Expecting value: line 1 column 1 (char 0)"
    )


@pytest.mark.parametrize(
    ("kinds", "found"),
    [((FULL,), FULL_BACKUP), (("diff",), None), ((FULL, INCREMENTAL), INCREMENTAL_BACKUP)],
)
def test_the_newest_backup_of_some_kinds(kinds, found):
    assert newest((FULL_BACKUP, INCREMENTAL_BACKUP), kinds) == found


def test_the_backups_of_one_repository():
    elsewhere = replace(FULL_BACKUP, repository=2)
    assert info([FULL_BACKUP, elsewhere], [HERE, S3]).of(2) == (elsewhere,)


@pytest.mark.parametrize(
    ("backups", "now", "expected"),
    [
        ([FULL_BACKUP, INCREMENTAL_BACKUP], NOW, []),
        ([FULL_BACKUP, INCREMENTAL_BACKUP], INCREMENTAL_BACKUP.stop + 8 * HOUR, []),
        (
            [FULL_BACKUP, INCREMENTAL_BACKUP],
            INCREMENTAL_BACKUP.stop + 9 * HOUR,
            ["repository 1: the last backup is 9.0 h old, which must not be over 8.0 h"],
        ),
        (
            [FULL_BACKUP, replace(INCREMENTAL_BACKUP, stop=FULL_BACKUP.stop + 27 * HOUR)],
            FULL_BACKUP.stop + 27 * HOUR,
            ["repository 1: the last full backup is 27.0 h old, which must not be over 26.0 h"],
        ),
        ([INCREMENTAL_BACKUP], NOW, ["repository 1: no full backup"]),
        ([], NOW, ["repository 1: no full backup", "repository 1: no backup"]),
        (
            [replace(FULL_BACKUP, damaged=True), INCREMENTAL_BACKUP],
            NOW,
            ["repository 1: backup 20261126-113416F has pages with wrong checksums"],
        ),
    ],
)
def test_what_lacks_in_a_repository(backups, now, expected):
    assert list(missing(info(backups), DAILY, now)) == expected


def test_each_repository_needs_its_own_backups():
    assert missing(info([FULL_BACKUP], [HERE, S3]), DAILY, NOW) == (
        "repository 2: no full backup",
        "repository 2: no backup",
    )


def test_an_empty_repository_that_is_not_well_is_told_once():
    repository = replace(HERE, code=2, message="no valid backups")
    assert missing(info([], [repository]), DAILY, NOW) == ("repository 1: no valid backups",)


def test_a_state_is_told_beside_what_lacks():
    repository = replace(HERE, code=99, message="other")
    assert missing(info([INCREMENTAL_BACKUP], [repository]), DAILY, NOW) == (
        "repository 1: other",
        "repository 1: no full backup",
    )
