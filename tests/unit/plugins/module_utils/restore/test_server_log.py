# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Logs of PostgreSQL 15 that recovered up to each kind of target, or did not, and what they prove."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.restore.server_log import (
    Outcome,
    parse_log,
    parse_server_time,
    shortfall,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.restore.target import Target, parse_target

STARTED = """\
2026-11-26 13:07:06.789 UTC [26385] LOG:  starting PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu
2026-11-26 13:07:06.821 UTC [26405] LOG:  database system was interrupted; last known up at 2026-11-26 13:06:28 UTC
"""
REACHED = (
    STARTED
    + """\
2026-11-26 13:07:07.045 UTC [26405] LOG:  starting point-in-time recovery to 2026-11-26 13:06:54.055451+00
2026-11-26 13:07:07.045 UTC [26405] LOG:  starting backup recovery with redo LSN 0/2000028, on timeline ID 1
2026-11-26 13:07:07.223 UTC [26405] LOG:  restored log file "000000010000000000000002" from archive
2026-11-26 13:07:07.228 UTC [26405] LOG:  redo starts at 0/2000028
2026-11-26 13:07:09.117 UTC [26405] LOG:  consistent recovery state reached at 0/2000138
2026-11-26 13:07:09.117 UTC [26385] LOG:  database system is ready to accept read-only connections
2026-11-26 13:07:09.118 UTC [26405] LOG:  recovery stopping before commit of transaction 725, \
time 2026-11-26 13:06:54.14443+00
2026-11-26 13:07:09.118 UTC [26405] LOG:  redo done at 0/6000068 system usage: CPU: user: 0.00 s, elapsed: 1.89 s
2026-11-26 13:07:09.118 UTC [26405] LOG:  last completed transaction was at log time 2026-11-26 13:06:52.885163+00
2026-11-26 13:07:09.652 UTC [26405] LOG:  selected new timeline ID: 2
2026-11-26 13:07:09.868 UTC [26405] LOG:  archive recovery complete
2026-11-26 13:07:09.899 UTC [26385] LOG:  database system is ready to accept connections
"""
)
MISSED = (
    STARTED
    + """\
2026-11-26 13:08:13.620 UTC [28266] LOG:  starting point-in-time recovery to 2030-01-01 00:00:00+00
2026-11-26 13:08:13.908 UTC [28266] LOG:  consistent recovery state reached at 0/8000088
2026-11-26 13:08:13.969 UTC [28266] LOG:  redo done at 0/8000088 system usage: CPU: user: 0.00 s, elapsed: 0.24 s
2026-11-26 13:08:13.969 UTC [28266] FATAL:  recovery ended before configured recovery target was reached
2026-11-26 13:08:13.980 UTC [28263] LOG:  startup process (PID 28266) exited with exit code 1
2026-11-26 13:08:13.993 UTC [28263] LOG:  database system is shut down
"""
)
TO_THE_END = (
    STARTED
    + """\
2026-11-26 13:07:51.919 UTC [27674] LOG:  starting archive recovery
2026-11-26 13:07:52.612 UTC [27674] LOG:  consistent recovery state reached at 0/8000088
2026-11-26 13:07:52.735 UTC [27674] LOG:  redo done at 0/8000088 system usage: CPU: user: 0.00 s, elapsed: 0.53 s
2026-11-26 13:07:53.184 UTC [27674] LOG:  selected new timeline ID: 2
2026-11-26 13:07:53.313 UTC [27674] LOG:  archive recovery complete
2026-11-26 13:07:53.362 UTC [27666] LOG:  database system is ready to accept connections
"""
)

AT_A_TIME = Outcome(
    beginning="point-in-time recovery to 2026-11-26 13:06:54.055451+00",
    consistent="0/2000138",
    stopping="stopping before commit of transaction 725, time 2026-11-26 13:06:54.14443+00",
    redo_done="0/6000068",
    last_transaction="2026-11-26 13:06:52.885163+00",
    timeline=2,
    complete=True,
    ready=True,
)
BEYOND = Outcome(
    beginning="point-in-time recovery to 2030-01-01 00:00:00+00",
    consistent="0/8000088",
    redo_done="0/8000088",
    failure="recovery ended before configured recovery target was reached",
)
AT_THE_END = Outcome(
    beginning="archive recovery",
    consistent="0/8000088",
    redo_done="0/8000088",
    timeline=2,
    complete=True,
    ready=True,
)
TIME = parse_target("time", "2026-11-26 13:06:54.055451+00")


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("", Outcome()),
        ("no line of a log\n", Outcome()),
        (REACHED, AT_A_TIME),
        (MISSED, BEYOND),
        (TO_THE_END, AT_THE_END),
        (MISSED + TO_THE_END, AT_THE_END),
        (REACHED + STARTED, Outcome()),
        (
            "PANIC:  could not locate a valid checkpoint record\n",
            Outcome(failure="could not locate a valid checkpoint record"),
        ),
        ("ERROR:  recovery stopping\nHINT:  redo done at 0/1\n", Outcome()),
    ],
)
def test_a_log_is_read_from_its_last_start_on(text, outcome):
    assert parse_log(text) == outcome


@pytest.mark.parametrize(
    ("kind", "value", "stopping"),
    [
        ("latest", "", ""),
        (
            "time",
            "2026-11-26 13:06:54.055451+00",
            "before commit of transaction 725, time 2026-11-26 13:06:54.14443+00",
        ),
        ("time", "2026-11-26 14:06:54+01", "before abort of transaction 725, time 2026-11-26 13:06:54.14443+00"),
        ("time", "2026-11-26 13:06:54Z", "before commit of transaction 725, time 2026-11-26 13:06:54 UTC"),
        # A zone that is not known is not compared; that the server stopped at a time says enough.
        ("time", "2026-11-26 13:06:54Z", "before commit of transaction 725, time 2026-11-26 08:06:55 EST"),
        ("xid", "741", "after commit of transaction 741, time 2026-11-26 13:06:54.14443+00"),
        ("xid", "4294968037", "before commit of transaction 741, time 2026-11-26 13:06:54.14443+00"),
        ("name", "before (1)", 'at restore point "before (1)", time 2026-11-26 13:06:54.14443+00'),
        ("lsn", "0/5000100", 'after WAL location (LSN) "0/5000100"'),
        ("lsn", "0/5000100", 'before WAL location (LSN) "0/5000128"'),
    ],
)
def test_a_stop_at_the_target_proves_it(kind, value, stopping):
    outcome = replace(AT_A_TIME, stopping=f"stopping {stopping}" if stopping else "")
    assert shortfall(parse_target(kind, value), outcome) == ""


@pytest.mark.parametrize(
    ("target", "outcome", "reason"),
    [
        (Target("latest"), Outcome(), "the server's log tells of no recovery"),
        (
            parse_target("time", "2030-01-01 00:00:00+00"),
            BEYOND,
            "the server ended: recovery ended before configured recovery target was reached. "
            "It was consistent at 0/8000088",
        ),
        (
            Target("latest"),
            Outcome(failure="could not locate a valid checkpoint record"),
            "the server ended: could not locate a valid checkpoint record",
        ),
        (
            TIME,
            replace(AT_A_TIME, stopping=""),
            "the server's log does not say that the state at 2026-11-26 13:06:54.055451+00 was reached; "
            "it tells of no stop. The last transaction that was replayed is of 2026-11-26 13:06:52.885163+00",
        ),
        (
            TIME,
            replace(
                AT_A_TIME, stopping="stopping before commit of transaction 725, time 2026-11-26 13:06:54.055450+00"
            ),
            "the server's log does not say that the state at 2026-11-26 13:06:54.055451+00 was reached; it says: "
            "recovery stopping before commit of transaction 725, time 2026-11-26 13:06:54.055450+00. "
            "The last transaction that was replayed is of 2026-11-26 13:06:52.885163+00",
        ),
        (
            parse_target("xid", "72"),
            replace(AT_A_TIME, last_transaction=""),
            "the server's log does not say that transaction 72 was reached; it says: recovery stopping before commit "
            "of transaction 725, time 2026-11-26 13:06:54.14443+00. It was consistent at 0/2000138",
        ),
        (
            parse_target("name", "befor."),
            replace(AT_A_TIME, stopping='stopping at restore point "before", time 2026-11-26 13:06:54+00'),
            "the server's log does not say that the restore point befor. was reached; it says: recovery stopping at "
            'restore point "before", time 2026-11-26 13:06:54+00. '
            "The last transaction that was replayed is of 2026-11-26 13:06:52.885163+00",
        ),
        (
            TIME,
            replace(AT_A_TIME, complete=False, ready=False),
            "the recovery did not complete. The last transaction that was replayed is of 2026-11-26 13:06:52.885163+00",
        ),
        (
            Target("latest"),
            replace(AT_THE_END, complete=False),
            "the recovery did not complete. It was consistent at 0/8000088",
        ),
        (
            Target("latest"),
            replace(AT_THE_END, ready=False),
            "the recovery did not complete. It was consistent at 0/8000088",
        ),
    ],
)
def test_what_does_not_prove_it_is_told(target, outcome, reason):
    assert shortfall(target, outcome) == reason


@pytest.mark.parametrize(
    ("redo_done", "at_least"),
    [
        ("0/8000088", 0x8000000),
        ("0/8000000", 0x8000000),
        ("1/8", 0xFF000000),
        # The record that ends a segment may begin in the one before.
        ("0/7FFFFE8", 0x8000000),
        ("0/8000088", None),
        ("", None),
    ],
)
def test_the_newest_transaction_is_in_the_last_segment(redo_done, at_least):
    assert shortfall(Target("latest"), replace(AT_THE_END, redo_done=redo_done), at_least) == ""


def test_only_the_newest_transaction_is_at_the_end_of_the_archive():
    assert shortfall(TIME, AT_A_TIME, 0x9000000) == ""


@pytest.mark.parametrize(
    ("redo_done", "replayed", "or_so"),
    [
        (
            "0/7FFFFE0",
            "up to 0/7FFFFE0",
            ", or take what there is with -e target=lsn -e target_lsn=0/7FFFFE0",
        ),
        ("", "not at all", ""),
    ],
)
def test_an_archive_that_ended_too_early_was_not_read_to_its_end(redo_done, replayed, or_so):
    assert shortfall(Target("latest"), replace(AT_THE_END, redo_done=redo_done), 0x8000000) == (
        f"the archive could not be read to its end: the log was replayed {replayed}, and the last segment of the "
        "archive begins at 0/8000000. It was consistent at 0/8000088. Run it again when the repository can be read, "
        f"or read another one with -e repository=<number>{or_so}"
    )


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-26 10:00:00+00", 1795687200.0),
        ("2026-11-26 10:00:00.25 UTC\n", 1795687200.25),
        ("2026-11-26 10:00:00 GMT", 1795687200.0),
        ("2026-11-26 10:00:00 CET", None),
        ("2026-11-26 10:00:00+01", None),
        ("", None),
    ],
)
def test_a_moment_of_the_log(text, moment):
    assert parse_server_time(text) == moment
