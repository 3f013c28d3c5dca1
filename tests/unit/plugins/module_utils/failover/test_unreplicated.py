# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a server committed behind a position, by the lines of pg_waldump."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.unreplicated import (
    Commit,
    committed,
    record_end,
)

SEGMENT = 16 * 1024 * 1024
#: Where the records of most tests are.
AT = 0x5000100


def line(manager, what, transaction=0, at=AT, length=34):
    low = f"{at:08X}"
    return (
        f"rmgr: {manager:11} len (rec/tot): {length:6}/{length:6}, tx: {transaction:10}, lsn: 0/{low}, "
        f"prev 0/05000028, desc: {what}"
    )


def commit(transaction=730, at=AT, what="COMMIT 2026-11-27 00:10:32.751788 UTC", length=34):
    return line("Transaction", what, transaction, at, length)


#: Says that transactions from 730 on begin behind it.
RUNNING = line("Standby", "RUNNING_XACTS nextXid 730 latestCompletedXid 729 oldestRunningXid 730", at=0x5000038)
STATISTIC = line("Heap", "HOT_UPDATE off 8 xmax 730 flags 0x60, blkref #0: rel 1663/16384/2619 blk 17", 730)
ROW = line("Heap", "INSERT off 4 flags 0x00, blkref #0: rel 1663/16384/16402 blk 0", 730)


@pytest.mark.parametrize(
    ("position", "length", "end"),
    [
        (0x5000100, 34, 0x5000128),
        (0x5000100, 40, 0x5000128),
        # It ends with its page.
        (0x5001FE0, 32, 0x5002000),
        # Eight bytes are on the next page, behind its header.
        (0x5001FE0, 34, 0x5002000 + 24 + 8),
        (0x5001FE0, 32 + 8168 + 8, 0x5004000 + 24 + 8),
        # The first page of a segment begins with a longer one.
        (0x5FFFFE0, 34, 0x6000000 + 40 + 8),
    ],
)
def test_a_record_ends_behind_its_bytes_and_the_headers_of_pages_that_it_enters(position, length, end):
    assert record_end(position, length, SEGMENT) == end


@pytest.mark.parametrize(("after", "commits"), [(AT + 40, 0), (AT + 39, 1), (AT, 1), (AT - 64, 1), (AT + 500, 0)])
def test_a_commit_counts_unless_it_is_whole_before_the_position(after, commits):
    log = committed(["pg_waldump: first record is after 0/5000000, at 0/5000028", commit()], after, SEGMENT)
    assert (len(log.commits), log.end) == (commits, AT + 40)


@pytest.mark.parametrize(("at", "end"), [(AT, 0x6000000), (0x6000000 - 24, 0x6000000), (0x6000000 - 16, 0x7000000)])
def test_behind_a_switch_the_rest_of_the_segment_is_empty(at, end):
    """A record that goes on in the next segment ends there."""
    assert committed([line("XLOG", "SWITCH", at=at, length=24)], AT, SEGMENT).end == end


def test_no_more_are_counted_than_are_enough():
    lines = iter([commit(), commit(), commit(), "not read"])
    assert len(committed(lines, AT, SEGMENT, 2).commits) == 2
    assert len(list(lines)) == 2


def test_it_says_who_committed_when():
    lines = [commit(), commit(731, AT + 40), commit(732, AT + 80, "ABORT 2026-11-27 00:10:33.751788 UTC")]
    assert committed(lines, AT + 40, SEGMENT).commits == [Commit(731, AT + 80, "2026-11-27 00:10:32.751788 UTC")]


@pytest.mark.parametrize(
    ("what", "moment"),
    [
        ("PREPARE gid x: 2026-11-27 00:10:32.751788 UTC", "2026-11-27 00:10:32.751788 UTC"),
        ("COMMIT_PREPARED 729: 2026-11-27 00:10:32.751788 UTC", "2026-11-27 00:10:32.751788 UTC"),
    ],
)
def test_what_is_committed_in_two_steps_counts_at_both(what, moment):
    (found,) = committed([RUNNING, commit(what=what)], AT, SEGMENT).commits
    assert found.moment == moment


@pytest.mark.parametrize(
    "lines",
    [
        [RUNNING, STATISTIC, commit()],
        [RUNNING, line("Heap2", "MULTI_INSERT ntuples 1, blkref #0: rel 1663/16384/2619 blk 17", 730), commit()],
        [RUNNING, line("Heap", "INSERT off 2, blkref #0: rel 1663/16384/2840 blk 3", 730), commit()],
        # What vacuum leaves.
        [RUNNING, line("Standby", "LOCK xid 730 db 16384 rel 16402", 730), commit()],
        [RUNNING, line("Storage", "TRUNCATE base/16384/16402 to 2 blocks flags 7", 730), commit()],
        [RUNNING, line("Heap", "INPLACE off 4, blkref #0: rel 1663/16384/1259 blk 1", 730), commit()],
        [
            RUNNING,
            line("Heap2", "PRUNE_ON_ACCESS isCatalogRel: T, blkref #0: rel 1663/16384/1249 blk 1", 730),
            commit(),
        ],
        [RUNNING, line("Btree", "INSERT_LEAF off 12, blkref #0: rel 1663/16384/2696 blk 5", 730), commit()],
        # Numbers begin anew.
        [RUNNING.replace("nextXid 730", "nextXid 4294967290"), STATISTIC, commit()],
    ],
)
def test_what_a_server_writes_by_itself_does_not_count(lines):
    assert committed(lines, AT, SEGMENT).commits == []


@pytest.mark.parametrize(
    "lines",
    [
        [RUNNING, ROW, commit()],
        [RUNNING, STATISTIC, ROW, commit()],
        [RUNNING, ROW, STATISTIC, commit()],
        [RUNNING, line("Sequence", "LOG rel 1663/16384/16401", 730), commit()],
        [RUNNING, line("LogicalMessage", 'transactional, prefix "x"', 730), commit()],
        [RUNNING, line("Storage", "CREATE base/16384/16402", 730), commit()],
        # Its writes have a number of their own.
        [RUNNING, STATISTIC, commit(what="COMMIT 2026-11-27 00:10:32.751788 UTC; subxacts: 731")],
        # Nobody knows what it wrote before.
        [STATISTIC, commit()],
        [RUNNING.replace("nextXid 730", "nextXid 731"), STATISTIC, commit()],
        [RUNNING.replace("nextXid 730", "nextXid 5"), STATISTIC.replace(" 730,", " 4294967290,"), commit(4294967290)],
    ],
)
def test_what_may_be_a_clients_counts(lines):
    assert len(committed(lines, AT, SEGMENT).commits) == 1


def test_only_the_first_list_of_running_transactions_counts():
    """What began before it may have written before what was read."""
    later = RUNNING.replace("nextXid 730", "nextXid 740")
    assert committed([RUNNING, later, STATISTIC, commit()], AT, SEGMENT).commits == []
