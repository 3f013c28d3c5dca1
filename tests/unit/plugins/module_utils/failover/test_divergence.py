# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where ways part, by a table of histories, and what a log has from there on, by what PostgreSQL 15 prints of it."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.divergence import (
    Found,
    Stretch,
    beyond,
    is_end,
    read,
    segment_name,
    segments_of,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.timeline import History, Switch


def history(*ways):
    """The history of a server: the timelines that it left with the places, and at last the one that it is on."""
    *left, timeline = ways
    return History(timeline, tuple(Switch(*pair) for pair in left))


# Where the ways part


@pytest.mark.parametrize(
    ("own", "leader", "stretches"),
    [
        # The leader was promoted, and the server went on as if nothing had been.
        (history(1), history((1, 100), 2), [Stretch(1, 100)]),
        (history((1, 100), 2), history((1, 100), (2, 200), 3), [Stretch(2, 200)]),
        # The leader failed over once more in its own region.
        (history((1, 100), 2), history((1, 100), (2, 200), (3, 300), 4), [Stretch(2, 200)]),
        # The server's region failed over by itself after the ways had parted, once and twice.
        (history((1, 150), 2), history((1, 100), 2), [Stretch(1, 100, 150), Stretch(2, 150)]),
        (
            history((1, 50), (2, 150), (3, 160), 4),
            history((1, 50), (2, 100), 3),
            [Stretch(2, 100, 150), Stretch(3, 150, 160), Stretch(4, 160)],
        ),
        # Both regions did.
        (
            history((1, 50), (2, 150), 3),
            history((1, 50), (2, 100), (3, 300), (4, 400), 5),
            [Stretch(2, 100, 150), Stretch(3, 150)],
        ),
        # The server left the timeline earlier than the leader, so its new timeline is all its own.
        (history((1, 100), 2), history((1, 150), 2), [Stretch(2, 100)]),
        (history((1, 100), (2, 120), 3), history((1, 150), 2), [Stretch(2, 100, 120), Stretch(3, 120)]),
        (history((1, 100), 2), history(1), [Stretch(2, 100)]),
        (history((1, 50), (2, 100), 3), history((1, 50), 2), [Stretch(3, 100)]),
        # Timelines are not numbered without gaps: a number that the archive knows already is left out.
        (history((1, 100), 2), history((1, 50), 3), [Stretch(1, 50, 100), Stretch(2, 100)]),
    ],
)
def test_what_a_server_has_beyond_the_leader(own, leader, stretches):
    assert beyond(own, leader) == tuple(stretches)


@pytest.mark.parametrize(
    ("own", "leader", "stretches"),
    [
        (history((1, 100), 2), history((1, 100), 3), [Stretch(2, 100)]),
        (history((1, 100), 3), history((1, 100), 2), [Stretch(3, 100)]),
        # One of them failed over once more since then, or both did.
        (history((1, 100), (2, 150), 4), history((1, 100), 3), [Stretch(2, 100, 150), Stretch(4, 150)]),
        (history((1, 100), 2), history((1, 100), (3, 150), 4), [Stretch(2, 100)]),
        (history((1, 100), (2, 150), 4), history((1, 100), (3, 150), 4), [Stretch(2, 100, 150), Stretch(4, 150)]),
        (history((1, 50), (2, 100), 3), history((1, 50), (2, 100), 4), [Stretch(3, 100)]),
    ],
)
def test_two_that_left_at_the_same_place_for_timelines_of_different_numbers_part_there(own, leader, stretches):
    """Both regions had the same log when each elected a leader, and one number was taken."""
    assert beyond(own, leader) == tuple(stretches)


@pytest.mark.parametrize("both", [history(1), history((1, 100), 2), history((1, 100), (3, 200), 4)])
def test_a_server_that_went_the_same_way_has_nothing_beyond(both):
    assert beyond(both, both) == ()


def test_a_server_that_only_follows_is_at_the_end_of_its_timeline_at_most():
    """Its history does not say how far its log goes: what is beyond may be nothing."""
    (stretch,) = beyond(history((1, 100), 2), history((1, 100), (2, 200), 3))
    assert (stretch.timeline, stretch.start, stretch.end) == (2, 200, None)


@pytest.mark.parametrize(
    ("own", "leader", "message"),
    [
        (history(2), history((1, 100), 2), "timeline 2 has no beginning in common with timeline 2"),
        (history(5), history(1), "timeline 5 has no beginning in common with timeline 1"),
        (history((2, 50), 3), history((1, 100), 4), "timeline 2 has no beginning in common with timeline 4"),
    ],
)
def test_data_that_has_no_common_beginning_is_of_another_cluster(own, leader, message):
    with pytest.raises(ValueError, match="no beginning in common") as raised:
        beyond(own, leader)
    assert str(raised.value) == message


# Which files have it

MB = 1024 * 1024
#: A place in segment 5 and one in segment 7, of 16 MB each.
IN_FIVE, IN_SEVEN = 5 * 16 * MB + 0x100, 7 * 16 * MB + 0x200


@pytest.mark.parametrize(
    ("timeline", "number", "size", "name"),
    [
        (1, 0, 16, "000000010000000000000000"),
        (5, 5, 16, "000000050000000000000005"),
        (2, 255, 16, "0000000200000000000000FF"),
        (2, 257, 16, "000000020000000100000001"),
        (2, 4095, 1, "000000020000000000000FFF"),
        (2, 4096, 1, "000000020000000100000000"),
        (2, 3, 1024, "000000020000000000000003"),
        (2, 7, 1024, "000000020000000100000003"),
        (26, 5, 16, "0000001A0000000000000005"),
    ],
)
def test_a_segment_is_named_as_postgresql_does_it(timeline, number, size, name):
    assert segment_name(timeline, number, size * MB) == name


def names(*segments):
    """Names of segments by their timelines and numbers, with what follows them."""
    return [segment_name(timeline, number, 16 * MB) + "".join(more) for timeline, number, *more in segments]


def pairs(*segments):
    """Names of segments, each of which is there under its own name."""
    return {name: name for name in names(*segments)}


@pytest.mark.parametrize(
    ("files", "found"),
    [
        (names((5, 5)), pairs((5, 5))),
        # From the place on to the last one that is there.
        (names((5, 3), (5, 4), (5, 5), (5, 6), (5, 256)), pairs((5, 5), (5, 6), (5, 256))),
        # Those of another timeline, and what is no segment, have nothing of it.
        (["00000005.history", "archive_status", *names((4, 5), (6, 5), (5, 5), (5, 6, ".partial.gz"))], pairs((5, 5))),
        # The log ends before the place.
        ([], {}),
        (names((5, 3), (5, 4)), {}),
        # A part in the middle or at the beginning is missing, which pg_waldump says.
        (names((5, 5), (5, 7)), pairs((5, 5), (5, 7))),
        (names((5, 6)), pairs((5, 6))),
    ],
)
def test_files_of_the_timeline_that_the_server_is_on(files, found):
    own = history((4, 100), 5)
    assert segments_of(Stretch(5, IN_FIVE), own, files) == found
    assert list(segments_of(Stretch(5, IN_FIVE), own, reversed(files))) == list(found)


def instead(*segments):
    """The last segment of timeline 5 in that of another name."""
    return dict(zip(names((5, 7)), names(*segments)))


@pytest.mark.parametrize(
    ("files", "found"),
    [
        # A server that followed has the segment in which it left the timeline under both names.
        (names((5, 5), (5, 6), (5, 7), (6, 7), (6, 8)), pairs((5, 5), (5, 6), (5, 7))),
        (names((5, 5), (5, 6), (5, 7), (5, 7, ".partial"), (6, 7)), pairs((5, 5), (5, 6), (5, 7))),
        # One that was promoted archives it as what it is, and has it as the first one of the next timeline.
        (names((5, 5), (5, 6), (5, 7, ".partial"), (6, 7)), {**pairs((5, 5), (5, 6)), **instead((5, 7, ".partial"))}),
        (names((5, 5), (5, 6), (6, 7), (6, 8)), {**pairs((5, 5), (5, 6)), **instead((6, 7))}),
        # The next timeline was left in the same segment.
        (names((5, 5), (5, 6), (8, 7)), {**pairs((5, 5), (5, 6)), **instead((8, 7))}),
        (names((5, 5), (5, 6), (6, 7, ".partial"), (8, 7)), {**pairs((5, 5), (5, 6)), **instead((8, 7))}),
        # What is behind the place at which it was left is of the next timelines.
        (names((5, 5), (5, 6), (5, 7), (5, 8), (5, 9)), pairs((5, 5), (5, 6), (5, 7))),
        # A timeline that the server was on before, or never, has nothing of it.
        (names((5, 5), (5, 6), (4, 7), (7, 7)), pairs((5, 5), (5, 6))),
        (names((6, 7)), instead((6, 7))),
        ([], {}),
    ],
)
def test_files_of_a_timeline_that_was_left(files, found):
    own = history((4, 100), (5, IN_SEVEN), (6, IN_SEVEN + 8), 8)
    assert segments_of(Stretch(5, IN_FIVE, IN_SEVEN), own, files) == found


def test_a_timeline_that_was_left_in_the_segment_in_which_the_ways_part_has_one_file():
    own = history((5, IN_FIVE + 8), 6)
    assert segments_of(Stretch(5, IN_FIVE, IN_FIVE + 8), own, names((6, 5), (6, 6))) == dict(
        zip(names((5, 5)), names((6, 5)))
    )


@pytest.mark.parametrize(
    ("size", "first", "last"),
    [
        (1, "000000050000000000000050", "00000005000000000000006F"),
        (16, "000000050000000000000005", "000000050000000000000006"),
        (64, "000000050000000000000001", "000000050000000000000001"),
        (1024, "000000050000000000000000", "000000050000000000000000"),
    ],
)
def test_a_segment_has_as_many_bytes_as_the_server_says(size, first, last):
    files = [segment_name(5, number, size * MB) for number in range(-(-7 * 16 // size))]
    found = segments_of(Stretch(5, IN_FIVE), history(5), files, size * MB)
    assert (min(found), max(found)) == (first, last)


# Where a log ends

SEGMENTS = names((5, 5), (5, 6))


@pytest.mark.parametrize(
    ("complaint", "end"),
    [
        # As PostgreSQL 15 says it where a log ends.
        (
            "pg_waldump: error: error in WAL record at 0/15168A8: invalid record length at 0/15168D0: wanted 24, got 0",
            True,
        ),
        ("pg_waldump: error: could not find a valid record after 0/2F00000", True),
        (
            "pg_waldump: error: error in WAL record at 0/5FFFF98: unexpected pageaddr 0/3000000 in log segment "
            "000000050000000000000006, offset 0",
            True,
        ),
        (
            "pg_waldump: error: error in WAL record at 0/50001C0: incorrect resource manager data checksum in record "
            "at 0/5000200",
            True,
        ),
        ("pg_waldump: fatal: could not find a valid record after 0/1524D18", True),
        ("out-of-sequence timeline ID 4 (after 5) in log segment 000000050000000000000006, offset 0", True),
        # It ends with a whole segment.
        ('pg_waldump: error: could not find file "000000050000000000000007": No such file or directory', True),
        ('pg_waldump: error: could not find file "000000050000000100000000": No such file or directory', True),
        # And where a part of it is missing, or cannot be read.
        ('pg_waldump: error: could not find file "000000050000000000000004": No such file or directory', False),
        ('pg_waldump: error: could not find file "000000050000000000000005": No such file or directory', False),
        ('pg_waldump: error: could not find file "000000050000000000000006": No such file or directory', False),
        ('pg_waldump: error: could not open directory "/var/lib/postgresql/15/main/pg_wal": Permission denied', False),
        ("pg_waldump: error: could not read from file 000000050000000000000005, offset 0: Input/output error", False),
        ("pg_waldump: error: WAL segment size must be a power of two between 1 MB and 1 GB", False),
        ('pg_waldump: error: invalid WAL location: "nowhere"', False),
        ("", False),
    ],
)
def test_where_a_log_ends_is_told_from_where_a_part_of_it_is_missing(complaint, end):
    assert is_end(complaint, SEGMENTS) is end
    assert is_end(complaint, dict.fromkeys(SEGMENTS, "0000000600000000000000FF")) is end


# What the log has


def record(manager, transaction, position, desc):
    """A line of pg_waldump."""
    return (
        f"rmgr: {manager:11} len (rec/tot):     54/    54, tx: {transaction:10}, lsn: {position}, prev 0/01524D18, "
        f"desc: {desc}"
    )


def delete(transaction, position="0/01525138", relation="1663/5/16384"):
    desc = f"DELETE off 2 flags 0x00 KEYS_UPDATED , blkref #0: rel {relation} blk 0"
    return record("Heap", transaction, position, desc)


def commit(transaction, position="0/01525170", more=""):
    return record("Transaction", transaction, position, f"COMMIT 2026-11-27 00:10:32.751788 UTC{more}")


MOMENT = "2026-11-27 00:10:32.751788 UTC"
#: As PostgreSQL 15 printed it, but for the length of the messages about caches.
LOG = """\
rmgr: Heap        len (rec/tot):     61/    61, tx:        725, lsn: 0/01524D18, prev 0/015247E0, desc: INSERT+INIT \
off 1 flags 0x00, blkref #0: rel 1663/5/16384 blk 0
rmgr: Btree       len (rec/tot):     64/    64, tx:        725, lsn: 0/01524DB8, prev 0/01524D58, desc: INSERT_LEAF \
off 1, blkref #0: rel 1663/5/16389 blk 1
rmgr: Transaction len (rec/tot):     34/    34, tx:        725, lsn: 0/01524EF8, prev 0/01524EB8, desc: COMMIT \
2026-11-27 00:10:32.729408 UTC
rmgr: Transaction len (rec/tot):     50/    50, tx:        726, lsn: 0/015250A0, prev 0/01525060, desc: COMMIT \
2026-11-27 00:10:32.744272 UTC; subxacts: 727 728
rmgr: Heap        len (rec/tot):     54/    54, tx:        729, lsn: 0/015250D8, prev 0/015250A0, desc: DELETE off 1 \
flags 0x00 KEYS_UPDATED , blkref #0: rel 1663/5/16384 blk 0
rmgr: Transaction len (rec/tot):     34/    34, tx:        729, lsn: 0/01525110, prev 0/015250D8, desc: ABORT \
2026-11-27 00:10:32.751494 UTC
rmgr: Heap        len (rec/tot):     54/    54, tx:        731, lsn: 0/01525138, prev 0/01525110, desc: DELETE off 2 \
flags 0x00 KEYS_UPDATED , blkref #0: rel 1663/5/16384 blk 0
rmgr: Transaction len (rec/tot):     46/    46, tx:        730, lsn: 0/01525170, prev 0/01525138, desc: COMMIT \
2026-11-27 00:10:32.751788 UTC; subxacts: 731
rmgr: Heap        len (rec/tot):     54/    54, tx:        732, lsn: 0/015251A0, prev 0/01525170, desc: DELETE off 3 \
flags 0x00 KEYS_UPDATED , blkref #0: rel 1663/5/16384 blk 0
rmgr: Heap        len (rec/tot):     54/    54, tx:        733, lsn: 0/015251D8, prev 0/015251A0, desc: DELETE off 4 \
flags 0x00 KEYS_UPDATED , blkref #0: rel 1663/5/16384 blk 0
rmgr: Transaction len (rec/tot):     34/    34, tx:        733, lsn: 0/01525210, prev 0/015251D8, desc: ABORT \
2026-11-27 00:10:32.751993 UTC
rmgr: Transaction len (rec/tot):     34/    34, tx:        732, lsn: 0/01525238, prev 0/01525210, desc: COMMIT \
2026-11-27 00:10:32.752008 UTC
rmgr: Heap        len (rec/tot):     54/    54, tx:        734, lsn: 0/01525260, prev 0/01525238, desc: DELETE off 5 \
flags 0x00 KEYS_UPDATED , blkref #0: rel 1663/5/16384 blk 0
rmgr: Transaction len (rec/tot):    293/   293, tx:        734, lsn: 0/01525298, prev 0/01525260, desc: PREPARE gid x: \
2026-11-27 00:10:32.752069 UTC
rmgr: Transaction len (rec/tot):     42/    42, tx:          0, lsn: 0/015253C0, prev 0/01525298, desc: \
COMMIT_PREPARED 734: 2026-11-27 00:10:32.752152 UTC
rmgr: Transaction len (rec/tot):    250/   250, tx:        735, lsn: 0/015254F0, prev 0/015254B0, desc: PREPARE gid y: \
2026-11-27 00:10:32.753272 UTC; subxacts: 736 737
rmgr: Transaction len (rec/tot):     54/    54, tx:          0, lsn: 0/015255F0, prev 0/015254F0, desc: \
COMMIT_PREPARED 735: 2026-11-27 00:10:32.753334 UTC; subxacts: 736 737
rmgr: Transaction len (rec/tot):    242/   242, tx:        738, lsn: 0/015256A8, prev 0/01525668, desc: PREPARE gid z: \
2026-11-27 00:10:32.753396 UTC
rmgr: Transaction len (rec/tot):     42/    42, tx:          0, lsn: 0/015257A0, prev 0/015256A8, desc: ABORT_PREPARED \
738: 2026-11-27 00:10:32.753416 UTC
rmgr: Heap        len (rec/tot):     54/    54, tx:        741, lsn: 0/01528C68, prev 0/01528C30, desc: DELETE off 53 \
flags 0x00 KEYS_UPDATED , blkref #0: rel 1663/5/1249 blk 55
rmgr: Heap2       len (rec/tot):     85/    85, tx:        742, lsn: 0/0152A278, prev 0/0152A238, desc: MULTI_INSERT 1 \
tuples flags 0x02, blkref #0: rel 1663/5/2608 blk 13
rmgr: Transaction len (rec/tot):   1961/  1961, tx:        740, lsn: 0/0152A360, prev 0/0152A318, desc: COMMIT \
2026-11-27 00:10:32.781082 UTC; rels: base/5/16384 base/5/16387 base/5/16388 base/5/16389; subxacts: 741 742; dropped \
stats: 2/5/16389 2/5/16388 2/5/16387 2/5/16384; inval msgs: catcache 80 catcache 79 snapshot 2608 relcache 16384
rmgr: XLOG        len (rec/tot):    114/   114, tx:          0, lsn: 0/0152ABC0, prev 0/0152AB48, desc: \
CHECKPOINT_SHUTDOWN redo 0/152ABC0; tli 1; prev tli 1; fpw true; xid 0:743; oid 16400; multi 1; offset 0; oldest xid \
716 in DB 1; oldest multi 1 in DB 1; oldest/newest commit timestamp xid: 0/0; oldest running xid 0; shutdown
pg_waldump: error: error in WAL record at 0/152ABC0: invalid record length at 0/152AC38: wanted 24, got 0
"""


def test_what_was_committed_is_read_from_what_postgresql_prints():
    found = read(LOG.splitlines(), Found())
    assert found.commits == {
        725: "2026-11-27 00:10:32.729408 UTC",
        726: "2026-11-27 00:10:32.744272 UTC",
        730: "2026-11-27 00:10:32.751788 UTC",
        732: "2026-11-27 00:10:32.752008 UTC",
        734: "2026-11-27 00:10:32.752152 UTC",
        735: "2026-11-27 00:10:32.753334 UTC",
        740: "2026-11-27 00:10:32.781082 UTC",
    }
    assert found.transactions == [725, 726, 727, 728, 730, 731, 732, 734, 735, 736, 737, 740, 741, 742]
    assert found.last == "0/0152ABC0"


def test_rows_are_counted_that_were_deleted_by_what_was_committed():
    """729 was rolled back as a whole, 733 to a savepoint; 731 and 741 were parts of what was committed."""
    assert read(LOG.splitlines(), Found()).deleted == {"1663/5/16384": 3, "1663/5/1249": 1}


@pytest.mark.parametrize(
    ("lines", "commits", "transactions"),
    [
        ([commit(725)], {725: MOMENT}, [725]),
        ([commit(725, more="; inval msgs: catcache 80 relcache 16384")], {725: MOMENT}, [725]),
        ([commit(726, more="; subxacts: 727 728; inval msgs: catcache 80")], {726: MOMENT}, [726, 727, 728]),
        ([record("Transaction", 729, "0/01525110", f"ABORT {MOMENT}")], {}, []),
        ([record("Transaction", 729, "0/01525110", f"ABORT {MOMENT}; subxacts: 730")], {}, []),
        ([record("Transaction", 734, "0/01525298", f"PREPARE gid x: {MOMENT}")], {}, []),
        ([record("Transaction", 0, "0/015253C0", f"COMMIT_PREPARED 734: {MOMENT}")], {734: MOMENT}, [734]),
        (
            [record("Transaction", 0, "0/015255F0", f"COMMIT_PREPARED 735: {MOMENT}; subxacts: 736 737")],
            {735: MOMENT},
            [735, 736, 737],
        ),
        ([record("Transaction", 0, "0/015257A0", f"ABORT_PREPARED 738: {MOMENT}")], {}, []),
        ([record("Transaction", 739, "0/015257A0", "INVALIDATION ; inval msgs: catcache 80")], {}, []),
        # Another zone, and a whole second.
        (
            [record("Transaction", 725, "0/01524EF8", "COMMIT 2026-11-27 01:10:32 CET")],
            {725: "2026-11-27 01:10:32 CET"},
            [725],
        ),
        (["pg_waldump: fatal: could not find a valid record after 0/1524D18"], {}, []),
        ([], {}, []),
    ],
)
def test_each_kind_of_end_of_a_transaction(lines, commits, transactions):
    found = read(lines, Found())
    assert (found.commits, found.transactions) == (commits, transactions)


@pytest.mark.parametrize(
    ("lines", "deleted"),
    [
        ([delete(725), commit(725)], {"1663/5/16384": 1}),
        ([delete(725), delete(725), commit(725)], {"1663/5/16384": 2}),
        ([delete(725), delete(725, relation="1663/5/16390"), commit(725)], {"1663/5/16384": 1, "1663/5/16390": 1}),
        ([delete(725), record("Transaction", 725, "0/01525110", f"ABORT {MOMENT}"), commit(726)], {}),
        ([delete(725)], {}),
        ([delete(731), commit(730, more="; subxacts: 731")], {"1663/5/16384": 1}),
        ([delete(734), record("Transaction", 0, "0/1", f"COMMIT_PREPARED 734: {MOMENT}")], {"1663/5/16384": 1}),
        # An index is no table, and neither is an update a deletion.
        ([record("Btree", 725, "0/1", "DELETE nitems 1, blkref #0: rel 1663/5/16389 blk 1"), commit(725)], {}),
        (
            [record("Heap", 725, "0/1", "HOT_UPDATE off 1 xmax 725 , blkref #0: rel 1663/5/16384 blk 0"), commit(725)],
            {},
        ),
    ],
)
def test_a_row_counts_as_deleted_once_its_transaction_is_committed(lines, deleted):
    assert read(lines, Found()).deleted == deleted


def test_what_is_found_on_one_stretch_is_added_to_that_of_the_one_before():
    """A transaction may begin on one timeline and be committed on the next: it was prepared."""
    found = read([delete(734), record("Transaction", 734, "0/01525298", f"PREPARE gid x: {MOMENT}")], Found())
    assert (found.commits, found.deleted, found.last) == ({}, {}, "0/01525298")
    read([record("Transaction", 0, "0/02000028", f"COMMIT_PREPARED 734: {MOMENT}")], found)
    assert (found.commits, found.deleted, found.last) == ({734: MOMENT}, {"1663/5/16384": 1}, "0/02000028")
