# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which backup leads to which target, and what stands against restoring it, by tables."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.restore.plan import (
    Backup,
    Choice,
    Repository,
    Span,
    check_version,
    choose,
    describe,
    in_mebibytes,
    later,
    objections,
    read,
    unarchived,
    uneven,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.restore.target import (
    RestoreError,
    Target,
    parse_target,
)

MIB = 1024 * 1024
TEN = 1795687200
A = Backup("A", TEN, 0x3000050, 1000 * MIB)
B = Backup("B", TEN + 7200, 0x7000100, 2000 * MIB)
C = Backup("C", TEN + 14400, 0xB000100, 3000 * MIB)


def span(backups, end, end_lsn, last):
    """Return what can be restored from the first of some backups on."""
    start = backups[0].stop
    return Span(start, end, backups[0].stop_lsn, end_lsn, f"{10 + (start - TEN) // 3600}:00", last, tuple(backups))


WHOLE = span([A, B, C], TEN + 18000, 0xD000000, "15:00")
EARLY = span([A, B], TEN + 10800, 0x9000000, "13:00")
LATE = span([C], TEN + 18000, 0xD000000, "15:00")

LOCAL = Repository(1, "", (WHOLE,))
BROKEN = Repository(1, "", (EARLY, LATE))
CUT_OFF = Repository(1, "", (EARLY,), "00000001000000000000000A")
S3 = Repository(2, "", (WHOLE,))
EMPTY = Repository(1, "", ())
AWAY = Repository(1, "unable to connect to 'backup1:8432'", ())

# Repositories that do not have the same log: one was away for some hours, and one knows of a later timeline.
SHORT = Repository(1, "", (EARLY,), timeline=1, end=0x9000000)
LONG = Repository(2, "", (WHOLE,), timeline=1, end=0xD000000)
THIRD = Repository(3, "", (WHOLE,), timeline=1, end=0xD000000)
NEWER = Repository(3, "", (EARLY,), timeline=2, end=0x9000000)
AFTER_A_GAP = Repository(2, "", (EARLY,), "00000001000000000000000A", timeline=1, end=0xD000000)
WITHOUT_BACKUP = Repository(2, "", (), timeline=1, end=0xD000000)

YOUNGEST = "the youngest one that ended before the target"
OLDEST = "the oldest one, as nothing tells where the target is; -e backup=<label> takes another one"
LATEST = Target("latest")


def at(clock):
    """Return the target of a time of that day."""
    return parse_target("time", f"2026-11-26 {clock}+00")


@pytest.mark.parametrize(
    ("target", "repositories", "wanted", "label", "expected"),
    [
        (LATEST, [LOCAL, S3], None, "", Choice(1, C, 0x1FFFF00, YOUNGEST, 0xC000000)),
        (LATEST, [LOCAL, S3], 2, "", Choice(2, C, 0x1FFFF00, YOUNGEST, 0xC000000)),
        (LATEST, [LOCAL], None, "A", Choice(1, A, 0x9FFFFB0, YOUNGEST, 0xC000000)),
        (LATEST, [AWAY, S3], None, "", Choice(2, C, 0x1FFFF00, YOUNGEST, 0xC000000)),
        (LATEST, [EMPTY, S3], None, "", Choice(2, C, 0x1FFFF00, YOUNGEST, 0xC000000)),
        # The newest transaction is not in a repository whose log breaks off.
        (LATEST, [CUT_OFF, S3], None, "", Choice(2, C, 0x1FFFF00, YOUNGEST, 0xC000000)),
        (LATEST, [BROKEN], None, "", Choice(1, C, 0x1FFFF00, YOUNGEST, 0xC000000)),
        # From a backup before a gap nothing leads to the end of the log.
        (LATEST, [BROKEN, S3], None, "A", Choice(2, A, 0x9FFFFB0, YOUNGEST, 0xC000000)),
        # The one that has most of the log, and of several the first one.
        (LATEST, [SHORT, LONG], None, "", Choice(2, C, 0x1FFFF00, YOUNGEST, 0xC000000)),
        (LATEST, [LONG, SHORT], None, "", Choice(2, C, 0x1FFFF00, YOUNGEST, 0xC000000)),
        (LATEST, [SHORT, LONG, THIRD], None, "", Choice(2, C, 0x1FFFF00, YOUNGEST, 0xC000000)),
        (LATEST, [SHORT, LONG, NEWER], None, "", Choice(3, B, 0x1FFFF00, YOUNGEST, 0x8000000)),
        (LATEST, [SHORT, AFTER_A_GAP], None, "", Choice(1, B, 0x1FFFF00, YOUNGEST, 0x8000000)),
        (LATEST, [SHORT, LONG], 1, "", Choice(1, B, 0x1FFFF00, YOUNGEST, 0x8000000)),
        (at("11:00:00"), [SHORT, LONG], None, "", Choice(1, A, 0x5FFFFB0, YOUNGEST)),
        (at("10:00:00"), [LOCAL], None, "", Choice(1, A, 0x9FFFFB0, YOUNGEST)),
        (at("11:59:59"), [LOCAL], None, "", Choice(1, A, 0x9FFFFB0, YOUNGEST)),
        (at("12:00:00"), [LOCAL], None, "", Choice(1, B, 0x5FFFF00, YOUNGEST)),
        (at("12:30:00"), [BROKEN], None, "", Choice(1, B, 0x1FFFF00, YOUNGEST)),
        (at("12:30:00"), [CUT_OFF], None, "", Choice(1, B, 0x1FFFF00, YOUNGEST)),
        (at("15:00:00"), [LOCAL], None, "", Choice(1, C, 0x1FFFF00, YOUNGEST)),
        (at("13:30:00"), [BROKEN, S3], None, "", Choice(2, B, 0x5FFFF00, YOUNGEST)),
        (at("12:30:00"), [LOCAL], None, "A", Choice(1, A, 0x9FFFFB0, YOUNGEST)),
        (parse_target("lsn", "0/7000100"), [LOCAL], None, "", Choice(1, B, 0, YOUNGEST)),
        (parse_target("lsn", "0/70000FF"), [LOCAL], None, "", Choice(1, A, 0x40000AF, YOUNGEST)),
        (parse_target("xid", "741"), [LOCAL], None, "", Choice(1, A, 0x9FFFFB0, OLDEST)),
        (parse_target("name", "import"), [LOCAL], None, "B", Choice(1, B, 0x5FFFF00, OLDEST)),
    ],
)
def test_the_nearest_backup_before_the_target_is_chosen(target, repositories, wanted, label, expected):
    assert choose(target, repositories, wanted, label) == expected


@pytest.mark.parametrize(
    ("target", "repositories", "wanted", "label", "message"),
    [
        (LATEST, [LOCAL, S3], 3, "", "there is no repository 3; the repositories are 1, 2"),
        (LATEST, [], 1, "", "there is no repository 1; the repositories are none"),
        (
            LATEST,
            [AWAY],
            None,
            "",
            "the newest transaction cannot be restored. "
            "repository 1 cannot be read: unable to connect to 'backup1:8432'",
        ),
        (
            LATEST,
            [CUT_OFF],
            None,
            "",
            "the newest transaction cannot be restored. repository 1 restores every moment from 10:00 to 13:00, "
            "then the log lacks 00000001000000000000000A",
        ),
        (
            at("09:59:59"),
            [LOCAL, EMPTY],
            None,
            "",
            "the state at 2026-11-26 09:59:59+00 cannot be restored. repository 1 restores every moment "
            "from 10:00 to 15:00; repository 1 has no backup that can be rolled forward",
        ),
        (
            at("13:30:00"),
            [BROKEN],
            None,
            "",
            "the state at 2026-11-26 13:30:00+00 cannot be restored. repository 1 restores every moment "
            "from 10:00 to 13:00 and from 14:00 to 15:00",
        ),
        (
            at("11:00:00"),
            [LOCAL, S3],
            2,
            "B",
            "the state at 2026-11-26 11:00:00+00 cannot be restored from backup B. "
            "repository 2 restores every moment from 10:00 to 15:00",
        ),
        (
            parse_target("lsn", "0/E000000"),
            [LOCAL],
            None,
            "",
            "the position 0/E000000 cannot be restored. repository 1 restores every moment from 10:00 to 15:00",
        ),
        (
            parse_target("name", "import"),
            [LOCAL],
            None,
            "D",
            "the restore point import cannot be restored from backup D. "
            "repository 1 restores every moment from 10:00 to 15:00",
        ),
    ],
)
def test_what_cannot_be_restored_is_told_with_what_can(target, repositories, wanted, label, message):
    with pytest.raises(RestoreError) as error:
        choose(target, repositories, wanted, label)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("repository", "words"),
    [
        (LOCAL, "repository 1 restores every moment from 10:00 to 15:00"),
        (BROKEN, "repository 1 restores every moment from 10:00 to 13:00 and from 14:00 to 15:00"),
        (EMPTY, "repository 1 has no backup that can be rolled forward"),
        (AWAY, "repository 1 cannot be read: unable to connect to 'backup1:8432'"),
    ],
)
def test_a_repository_in_words(repository, words):
    assert describe(repository) == words


@pytest.mark.parametrize(("backup", "wanted"), [("15", "15"), ("", "15"), ("15", "")])
def test_a_backup_of_the_same_version_or_of_an_unknown_one_is_restored(backup, wanted):
    check_version(Choice(1, replace(A, version=backup), 0, YOUNGEST), wanted)


def test_a_backup_of_another_version_is_refused():
    with pytest.raises(RestoreError) as error:
        check_version(Choice(2, replace(A, version="14"), 0, YOUNGEST), "15")
    assert str(error.value) == (
        "backup A of repository 2 is of PostgreSQL 14, and postgres_version is 15, whose server cannot read it: set "
        "postgres_version and the packages to 14 (docs/postgres.md, Another version of PostgreSQL)"
    )


SHORT_WORDS = "repository 1 has log up to 0/9000000 on timeline 1"
LONG_WORDS = "repository 2 has log up to 0/D000000 on timeline 1"
NEWER_WORDS = "repository 3 has log up to 0/9000000 on timeline 2"
MISSING = "what was written in between would be missing in what is restored"


@pytest.mark.parametrize(
    ("repositories", "wanted", "target", "said", "left"),
    [
        ([LONG, THIRD], None, LATEST, "", []),
        ([AWAY, LONG], None, LATEST, "", []),
        ([SHORT, LONG], None, LATEST, f"{SHORT_WORDS}, {LONG_WORDS}", []),
        ([SHORT, LONG, NEWER], None, LATEST, f"{SHORT_WORDS}, {LONG_WORDS}, {NEWER_WORDS}", []),
        (
            [SHORT, LONG],
            1,
            LATEST,
            f"{SHORT_WORDS}, {LONG_WORDS}",
            [
                f"{LONG_WORDS}, and {SHORT_WORDS}: {MISSING}. Use -e repository=2, or leave that log there, "
                "with -e later_log_is_left=true"
            ],
        ),
        ([SHORT, LONG], 2, LATEST, f"{SHORT_WORDS}, {LONG_WORDS}", []),
        (
            [LONG, NEWER],
            2,
            LATEST,
            f"{LONG_WORDS}, {NEWER_WORDS}",
            [
                f"{NEWER_WORDS}, and {LONG_WORDS}: {MISSING}. Use -e repository=3, or leave that log there, "
                "with -e later_log_is_left=true"
            ],
        ),
        (
            [SHORT, AFTER_A_GAP],
            None,
            LATEST,
            f"{SHORT_WORDS}, {LONG_WORDS}",
            [
                f"{LONG_WORDS}, and {SHORT_WORDS}: {MISSING}. It cannot be restored from there, as repository 2 "
                "restores every moment from 10:00 to 13:00, then the log lacks 00000001000000000000000A. Leave that "
                "log there, with -e later_log_is_left=true"
            ],
        ),
        (
            [SHORT, WITHOUT_BACKUP],
            None,
            LATEST,
            f"{SHORT_WORDS}, {LONG_WORDS}",
            [
                f"{LONG_WORDS}, and {SHORT_WORDS}: {MISSING}. It cannot be restored from there, as repository 2 has no "
                "backup that can be rolled forward. Leave that log there, with -e later_log_is_left=true"
            ],
        ),
        # Any repository that reaches another target has all that it takes.
        ([SHORT, LONG], 1, at("11:00:00"), "", []),
    ],
)
def test_which_repository_has_more_of_the_log_is_told(repositories, wanted, target, said, left):
    choice = choose(target, repositories, wanted)
    assert uneven(choice, repositories) == said
    assert list(later(choice, repositories)) == left


INFO = {
    "number": 1,
    "backups": [
        {"label": "A", "stop": TEN, "stop_lsn": "0/3000050", "content": 1000 * MIB, "kind": "full"},
        {"label": "B", "stop": TEN + 7200, "stop_lsn": "0/7000100", "content": 2000 * MIB, "kind": "incr"},
    ],
}
WINDOW = {
    "start": TEN,
    "end": TEN + 10800,
    "start_time": "10:00",
    "end_time": "13:00",
    "start_lsn": "0/3000050",
    "end_lsn": "0/9000000",
    "backups": ["A", "B"],
}
LAST = {"segment": "00000001000000000000000B", "time": "13:00", "age": 10}


@pytest.mark.parametrize(
    ("archive", "expected"),
    [
        (
            {"number": 1, "error": "", "timeline": 1, "last": LAST, "gaps": [], "windows": [WINDOW]},
            Repository(1, "", (EARLY,), timeline=1, end=0xC000000),
        ),
        # Restored along a timeline that was left, or along one of which there is the history only.
        (
            {"number": 1, "error": "", "timeline": 2, "last": LAST, "gaps": [], "windows": [WINDOW]},
            Repository(1, "", (EARLY,), timeline=2, end=0x9000000),
        ),
        # A gap before the window's end is behind it; one after it cuts it off.
        (
            {
                "number": 1,
                "error": "",
                "last": LAST,
                "gaps": [{"first": "000000010000000000000001", "followed": True}],
                "windows": [WINDOW],
            },
            Repository(1, "", (EARLY,), end=0x9000000),
        ),
        (
            {
                "number": 1,
                "error": "",
                "last": LAST,
                "gaps": [{"first": "000000010000000000000009", "followed": True}],
                "windows": [WINDOW],
            },
            Repository(1, "", (EARLY,), "000000010000000000000009", end=0x9000000),
        ),
        # One of a timeline that was left before, or that leads elsewhere.
        (
            {
                "number": 1,
                "error": "",
                "last": LAST,
                "gaps": [{"first": "000000010000000000000009", "followed": False}],
                "windows": [WINDOW],
            },
            Repository(1, "", (EARLY,), end=0x9000000),
        ),
        (
            {
                "number": 1,
                "error": "",
                "last": LAST,
                "gaps": [{"first": "000000010000000100000000", "followed": True}],
                "windows": [],
            },
            Repository(1, "", ()),
        ),
        ({"number": 1, "error": "no route", "gaps": [], "windows": []}, Repository(1, "no route", ())),
        ({"number": 2, "error": "", "last": None, "gaps": [], "windows": []}, Repository(2, "", ())),
    ],
)
def test_what_the_modules_return_is_put_together(archive, expected):
    assert read([INFO], [archive]) == (expected,)


def test_a_backup_s_version_is_put_together_with_it():
    info = {"number": 1, "backups": [{**one, "version": "15"} for one in INFO["backups"]]}
    (repository,) = read([info], [{"number": 1, "error": "", "last": LAST, "gaps": [], "windows": [WINDOW]}])
    assert [one.version for one in repository.spans[0].backups] == ["15", "15"]


def test_a_backup_that_only_the_archive_knows_is_left_out():
    (repository,) = read([], [{"number": 1, "last": LAST, "windows": [WINDOW]}])
    assert repository.spans[0].backups == ()


CHOICE = Choice(1, A, 24 * MIB, YOUNGEST)
UNCONFIRMED = "the database of prod would be replaced: confirm it with -e confirm=prod"
UNREACHABLE = (
    "not every database host of every region can be reached, and one that goes on writing would lose what it "
    "writes: bring it back or power it off, then use -e members_are_off=true"
)
FULL_DISK = "db2 has 1126 MiB free and the restore needs 1126 MiB: make room, or use -e little_space=true"


@pytest.mark.parametrize(
    ("free", "in_place", "confirm", "primary_kept", "expected"),
    [
        ({}, False, "", False, []),
        ({}, True, "prod", True, []),
        ({}, True, "", True, [UNCONFIRMED]),
        ({}, True, "lab", False, [UNCONFIRMED, UNREACHABLE]),
        # 1024 MiB and a tenth of it: 1181116006 bytes.
        ({"db1": 1181116006, "db2": 1181116005}, False, "", True, [FULL_DISK]),
        ({"db2": 1181116005}, True, "prod", False, [UNREACHABLE, FULL_DISK]),
    ],
)
def test_what_stands_against_a_plan(free, in_place, confirm, primary_kept, expected):
    assert list(objections(CHOICE, free, in_place, "prod", confirm, primary_kept)) == expected


def test_a_region_that_follows_needs_room_for_its_copy():
    found = objections(
        CHOICE, {"db1": 1181116005, "db3": 100 * MIB, "db4": 1 << 40}, True, "prod", "prod", True, ["db3", "db4"]
    )
    assert list(found) == [
        "db1 has 1126 MiB free and the restore needs 1126 MiB: make room, or use -e little_space=true",
        "db3 has 100 MiB free and the copy of its region, which follows, needs 1126 MiB: make room, "
        "or use -e little_space=true",
    ]


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ("", "pgbackrest check says nothing"),
        (
            "WARN: slow\nERROR: [082]: WAL segment was not archived before the 60000ms timeout\n\n",
            "ERROR: [082]: WAL segment was not archived before the 60000ms timeout",
        ),
    ],
)
def test_a_leader_s_log_that_cannot_be_archived(said, why):
    assert unarchived("db1", said) == (
        f"the newest log of db1 cannot be brought into the archive, and would be missing in what is restored: {why}. "
        "Mend the archive, or leave that log in the old data, which stay beside the new, "
        "with -e unarchived_log_is_left=true"
    )


@pytest.mark.parametrize(
    ("in_place", "expected"), [(True, [UNREACHABLE, "left", "more", "most", FULL_DISK]), (False, [FULL_DISK])]
)
def test_log_that_would_be_missing_stands_against_a_restore_in_place_alone(in_place, expected):
    free = {"db2": 1181116005}
    found = objections(CHOICE, free, in_place, "prod", "prod", False, unarchived_log="left", later_log=["more", "most"])
    assert list(found) == expected


@pytest.mark.parametrize(("size", "words"), [(0, "0 MiB"), (1572864, "2 MiB"), (10 * 1024 * MIB, "10240 MiB")])
def test_a_size_in_words(size, words):
    assert in_mebibytes(size) == words
