# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What lacks in an archive and what can be restored from it, by tables over one, two and three timelines.

Segments are 16 MiB: position 0/5000000 is where segment 5 begins, 1/0 where segment 256 does.
"""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.pgbackrest.archive import (
    Archive,
    ArchiveError,
    Gap,
    Segment,
    Window,
    gaps,
    lost,
    parse_list,
    segment_name,
    segment_number,
    windows,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.pgbackrest.info import FULL, Backup
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.timeline import History, Switch

MIB = 1024 * 1024
#: As pgBackRest 2.45 lists an archive after a failover and an upgrade.
LIST = {
    ".": {"type": "path"},
    "archive.info": {"type": "file", "size": 368, "time": 1795692882},
    "archive.info.copy": {"type": "file", "size": 368, "time": 1795692882},
    "15-2": {"type": "path"},
    "15-2/0000000200000000": {"type": "path"},
    "15-2/0000000200000000/000000020000000000000003-ecf7517ed80701cdcf852c1c625f8ea857f127ac.zst": {
        "type": "file",
        "size": 624,
        "time": 1795692881,
    },
    "15-2/00000002.history": {"type": "file", "size": 57, "time": 1795692880},
    "15-2/0000000100000000": {"type": "path"},
    "15-2/0000000100000000/000000010000000000000003-8e867764a178531fdc17066f9215c326801f1424": {
        "type": "file",
        "size": 16777216,
        "time": 1795692861,
    },
    "15-2/0000000100000000/000000010000000000000002-5a7324a42519eb403f4effe603b5fd61a586569e.gz": {
        "type": "file",
        "size": 768,
        "time": 1795692857,
    },
    "15-2/0000000100000000/000000010000000000000002.00000028.backup": {"type": "file", "size": 400, "time": 1795692859},
    "15-2/0000000100000000/000000010000000000000003.partial-6b1c4ae13ac42b75f58158fd6f265d22083c8dbb.zst": {
        "type": "file",
        "size": 704,
        "time": 1795692878,
    },
    "14-1": {"type": "path"},
    "14-1/0000000100000000": {"type": "path"},
    "14-1/0000000100000000/0000000100000000000000FF-249d8f6105f5c26eb9cc9ff981cf0df00957d2c5.lz4": {
        "type": "file",
        "size": 924976,
        "time": 1795000000,
    },
}


def archive(segments, histories=()):
    """Return an archive with segments by timeline; segment n was archived at n * 10 s."""
    there = [Segment(timeline, number, 100, number * 10) for timeline in segments for number in segments[timeline]]
    return Archive("15-1", tuple(there), tuple(histories))


def backup(label, timeline, first, last, stop_lsn):
    """Return a backup that needs the segments from first to last, and ended when the last one was half full."""
    return Backup(
        label=label,
        kind=FULL,
        repository=1,
        database=1,
        start=first * 10,
        stop=last * 10 + 5,
        start_lsn=f"0/{first:X}000028",
        stop_lsn=stop_lsn,
        first_segment=segment_name(timeline, first),
        last_segment=segment_name(timeline, last),
        content=1000,
        changed=1000,
        stored=100,
        prior="",
        damaged=False,
    )


FIRST = History(1)
#: Timeline 2 left timeline 1 in the middle of segment 5.
SECOND = History(2, (Switch(1, 5 * 16 * MIB + 96),))
THIRD = History(3, (*SECOND.switches, Switch(2, 8 * 16 * MIB + 96)))
#: Timeline 3 left 2 in segment 10, and was left in segment 20.
FOURTH = History(4, (*SECOND.switches, Switch(2, 10 * 16 * MIB + 96), Switch(3, 20 * 16 * MIB + 96)))
BEFORE = History(3, FOURTH.switches[:2])
#: Timeline 3 left timeline 1 in segment 3 and never came through 2, as after a restore to an earlier moment.
FORK = History(3, (Switch(1, 3 * 16 * MIB + 96),))

LONG_AGO = 10000

A = backup("A", 1, 2, 3, "0/3000050")
B = backup("B", 1, 7, 7, "0/7000100")
C = backup("C", 2, 6, 6, "0/6000100")


@pytest.mark.parametrize(
    ("name", "size", "number"),
    [
        ("000000010000000000000001", 16 * MIB, 1),
        ("0000000100000000000000FF", 16 * MIB, 255),
        ("000000010000000100000000", 16 * MIB, 256),
        ("00000002000000010000003F", 64 * MIB, 127),
        ("000000010000000100000FFF", MIB, 8191),
    ],
)
def test_a_segment_s_name_and_number_tell_the_same(name, size, number):
    assert segment_number(name, size) == number
    assert segment_name(int(name[:8], 16), number, size) == name


def test_a_list_is_read_into_an_archive_per_cluster_the_oldest_first():
    assert parse_list(json.dumps(LIST)) == (
        Archive("14-1", (Segment(1, 255, 924976, 1795000000),), ()),
        Archive(
            "15-2",
            (
                Segment(1, 2, 768, 1795692857),
                Segment(1, 3, 16777216, 1795692861),
                Segment(2, 3, 624, 1795692881),
            ),
            (2,),
        ),
    )


def test_the_tenth_cluster_is_newer_than_the_second():
    there = {f"15-{number}/00000002.history": {"type": "file", "size": 1, "time": 1} for number in (10, 2)}
    assert [one.name for one in parse_list(json.dumps(there))] == ["15-2", "15-10"]


@pytest.mark.parametrize("text", ["{}", '{".":{"type":"path"}}', '{"archive.info":{"type":"file"}}'])
def test_a_list_without_log_has_no_archive(text):
    assert parse_list(text) == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "pgbackrest repo-ls printed '': JSONDecodeError: Expecting value: line 1 column 1 (char 0)"),
        ("[]", "pgbackrest repo-ls printed '[]': AttributeError: 'list' object has no attribute 'items'"),
        ('{"a/b": {}}', "pgbackrest repo-ls printed '{\"a/b\": {}}': KeyError: 'type'"),
    ],
)
def test_what_is_no_list_is_refused(text, message):
    with pytest.raises(ArchiveError) as error:
        parse_list(text)
    assert str(error.value) == message


def test_an_archive_knows_its_timelines_and_its_last_segment():
    there = archive({1: [2, 3], 2: [3]}, [2, 3])
    assert there.timelines == (1, 2, 3)
    assert there.of(2) == (Segment(2, 3, 100, 30),)
    assert there.last == Segment(2, 3, 100, 30)
    assert archive({}).last is None


@pytest.mark.parametrize(
    ("segments", "histories", "expected"),
    [
        ({}, {}, []),
        ({1: [2, 3, 4]}, {}, []),
        ({1: [2, 4, 5, 9]}, {}, [Gap(1, 3, 3), Gap(1, 6, 8)]),
        ({1: [2, 3, 4, 5], 2: [5, 6]}, {2: SECOND}, []),
        # The segment of the switch is whole on the new timeline only.
        ({1: [2, 3, 4], 2: [5, 6]}, {2: SECOND}, []),
        ({1: [2, 3], 2: [5, 6]}, {2: SECOND}, [Gap(1, 4, 4)]),
        ({1: [2, 3, 4, 5], 2: [6, 7]}, {2: SECOND}, [Gap(2, 5, 5)]),
        ({1: [2, 3, 4], 2: [6, 7]}, {}, []),
        # Timeline 1 went on after 2 left it: by a server that did not know of it.
        ({1: [2, 3, 4, 5, 6, 7], 2: [5]}, {2: SECOND}, []),
        ({1: [2, 3, 4], 2: [5, 6, 7], 3: [8]}, {2: SECOND, 3: THIRD}, []),
        ({1: [2, 3, 4], 2: [5, 6], 3: [8]}, {2: SECOND, 3: THIRD}, [Gap(2, 7, 7)]),
        ({1: [2, 3, 4], 2: [5, 6], 3: [3, 4]}, {2: SECOND, 3: FORK}, []),
        # A history alone says that its timeline was begun.
        ({1: [2, 3]}, {2: SECOND}, [Gap(1, 4, 4)]),
    ],
)
def test_what_lacks(segments, histories, expected):
    assert list(gaps(archive(segments, histories), histories)) == expected


def test_a_history_of_a_timeline_that_is_not_there_says_nothing():
    assert gaps(archive({1: [2, 3]}), {2: SECOND}) == ()


@pytest.mark.parametrize("histories", [{2: SECOND, 3: BEFORE, 4: FOURTH}, {2: SECOND, 4: FOURTH}, {4: FOURTH}])
def test_a_timeline_of_which_nothing_is_there_lacks_all_of_it(histories):
    """Whether its own history is there or not: those that came through it tell where it began and was left."""
    there = archive({1: [2, 3, 4], 2: range(5, 10), 4: range(20, 25)}, histories)
    assert gaps(there, histories) == (Gap(3, 10, 19),)
    assert gaps(there, histories, [A]) == (Gap(3, 10, 19),)
    assert lost(there, histories, [A], LONG_AGO) == (Gap(3, 10, 19),)


@pytest.mark.parametrize(
    ("segments", "histories", "expected"),
    [
        # It was left in the segment in which it began, which is whole on the next timeline.
        (
            {2: range(5, 9), 4: [8, 9]},
            {3: THIRD, 4: History(4, (*THIRD.switches, Switch(3, 8 * 16 * MIB + 99)))},
            [],
        ),
        # Nobody came through timeline 3, of which nothing but the history got into the archive.
        ({1: [2, 3, 4], 2: [5, 6, 7, 8]}, {2: SECOND, 3: THIRD}, []),
        ({2: [5, 6, 7, 8], 4: [10]}, {3: THIRD, 4: History(4, FOURTH.switches[:2])}, [Gap(2, 9, 9)]),
        # A repository that is younger than the timelines before its first segment.
        ({3: [15, 16, 17, 18, 19], 4: [20]}, {4: FOURTH}, []),
        # It began where its history is not, and those that came through it tell.
        ({1: [2, 3, 4], 2: [6, 7], 3: [8]}, {3: THIRD}, [Gap(2, 5, 5)]),
    ],
)
def test_what_lacks_of_timelines_that_others_came_through(segments, histories, expected):
    assert list(gaps(archive(segments, histories), histories)) == expected


@pytest.mark.parametrize(
    ("segments", "histories", "backups", "expected"),
    [
        ({1: [1, 4, 7]}, {}, [], [Gap(1, 2, 3), Gap(1, 5, 6)]),
        ({1: [1, 4, 7]}, {}, [A], [Gap(1, 2, 3), Gap(1, 5, 6)]),
        ({1: [1, 7]}, {}, [A], [Gap(1, 2, 6)]),
        ({1: [1, 3, 4]}, {}, [A], [Gap(1, 2, 2)]),
        ({1: [5, 7, 9]}, {}, [B], [Gap(1, 8, 8)]),
        # All of the log of the timeline on which the oldest backup is.
        ({2: [5, 6]}, {2: SECOND}, [A], [Gap(1, 2, 4)]),
        # Timelines before the oldest backup have expired, whether anything of them is there or not.
        ({2: [6, 7]}, {2: SECOND}, [C], []),
        ({1: [2, 4], 2: [5, 6, 7]}, {2: SECOND}, [C], []),
        ({2: [6, 7], 3: [8]}, {3: THIRD}, [C], []),
        ({2: [6, 8, 9], 4: [20]}, {4: FOURTH}, [C], [Gap(2, 7, 7), Gap(3, 10, 19)]),
        ({4: [20, 21]}, {4: FOURTH}, [backup("D", 4, 20, 20, "0/14000100")], []),
        # The oldest one counts, whatever order they are in, and none of another database.
        ({1: [3, 4, 7]}, {}, [B, A], [Gap(1, 2, 2), Gap(1, 5, 6)]),
        ({1: [3, 4, 7]}, {}, [B, replace(A, database=2)], []),
        ({}, {}, [A], []),
    ],
)
def test_it_counts_from_the_oldest_backup_on(segments, histories, backups, expected):
    assert list(gaps(archive(segments, histories), histories, backups)) == expected


@pytest.mark.parametrize(
    ("segments", "histories", "backups", "now", "expected"),
    [
        ({}, {}, [A], LONG_AGO, []),
        ({1: [2, 3, 4]}, {}, [A], LONG_AGO, []),
        ({1: [2, 3, 6]}, {}, [A], LONG_AGO, [Gap(1, 4, 5)]),
        # Segment 6 was archived at 60 s, so segment 5 may still come until 660 s.
        ({1: [2, 3, 4, 6]}, {}, [A], 659, []),
        ({1: [2, 3, 4, 6]}, {}, [A], 660, [Gap(1, 5, 5)]),
        ({1: [2, 4, 6]}, {}, [A], 640, [Gap(1, 3, 3)]),
        ({1: [2, 3, 4], 2: [6]}, {2: SECOND}, [A], 659, []),
        ({1: [2, 3, 4], 2: [6]}, {2: SECOND}, [A], 660, [Gap(2, 5, 5)]),
        # What a lost leader did not archive, and what is only on its way when the next one begins.
        ({1: [2, 3], 2: [5, 6]}, {2: SECOND}, [A], LONG_AGO, [Gap(1, 4, 4)]),
        ({1: [2, 3], 2: [5, 6]}, {2: SECOND}, [A], 649, []),
        # Timeline 1, and the beginning of 2, expired with the backups that needed them.
        ({2: [6, 7]}, {2: SECOND}, [C], LONG_AGO, []),
        ({2: [6, 8]}, {2: SECOND}, [C], LONG_AGO, [Gap(2, 7, 7)]),
        # A lost leader went on beyond the segment in which it was left; where a backup was taken there, that counts.
        ({1: [2, 3, 4, 7], 2: [5, 6]}, {2: SECOND}, [A], LONG_AGO, []),
        ({1: [2, 4, 7], 2: [5, 6]}, {2: SECOND}, [A], LONG_AGO, [Gap(1, 3, 3)]),
        ({1: [2, 3, 4, 5, 7], 2: [5, 6]}, {2: SECOND}, [A, B], LONG_AGO, [Gap(1, 6, 6)]),
    ],
)
def test_what_is_lost(segments, histories, backups, now, expected):
    assert list(lost(archive(segments, histories), histories, backups, now)) == expected


@pytest.mark.parametrize(
    ("segments", "history", "backups", "expected"),
    [
        ({1: [2, 3, 4, 5]}, FIRST, [], []),
        # From the position at which the backup ended to the end of the last segment.
        ({1: [2, 3, 4, 5]}, FIRST, [A], [(35, 50, "0/3000050", 6, ["A"])]),
        # No log but the backup's own: the moment at which it ended.
        ({1: [2, 3]}, FIRST, [A], [(35, 35, "0/3000050", 4, ["A"])]),
        # A backup whose own log lacks cannot be restored.
        ({1: [2]}, FIRST, [A], []),
        ({1: [3, 4]}, FIRST, [A], []),
        ({1: range(2, 10)}, FIRST, [B, A], [(35, 90, "0/3000050", 10, ["A", "B"])]),
        ({1: [2, 3, 4, 6, 7, 8]}, FIRST, [A, B], [(35, 40, "0/3000050", 5, ["A"]), (75, 80, "0/7000100", 9, ["B"])]),
        # Over a switch, where segment 5 is read from timeline 2.
        ({1: [2, 3, 4], 2: [5, 6]}, SECOND, [A, C], [(35, 60, "0/3000050", 7, ["A", "C"])]),
        ({1: [2, 3, 4, 5], 2: [6]}, SECOND, [A, C], [(35, 40, "0/3000050", 5, ["A"]), (65, 65, "0/6000100", 7, ["C"])]),
        # Backup B is of a part of timeline 1 that timeline 2 did not come through.
        ({1: range(2, 10), 2: [5, 6]}, SECOND, [A, B], [(35, 60, "0/3000050", 7, ["A"])]),
        # Restored to a moment before the switch: timeline 2 leads elsewhere.
        ({1: [2, 3, 4], 2: [5, 6], 3: [3, 4]}, FORK, [A, C], [(35, 40, "0/3000050", 5, ["A"])]),
        ({1: [2, 3, 4], 2: [5, 6, 7], 3: [8]}, THIRD, [A, C], [(35, 80, "0/3000050", 9, ["A", "C"])]),
    ],
)
def test_what_can_be_restored(segments, history, backups, expected):
    found = windows(archive(segments), history, backups)
    assert list(found) == [
        Window(start, end, int(lsn[2:], 16), end_segment * 16 * MIB, tuple(labels))
        for start, end, lsn, end_segment, labels in expected
    ]


def test_segments_of_another_size_are_counted_by_it():
    there = Archive("15-1", tuple(Segment(1, number, 100, number * 10) for number in (255, 256, 257)), ())
    segment = "00000001000000030000003F"
    one = replace(A, first_segment=segment, last_segment=segment, stop_lsn="3/FC000100")
    assert windows(there, FIRST, [one], 64 * MIB) == (Window(35, 2570, 0x3FC000100, 258 * 64 * MIB, ("A",)),)
