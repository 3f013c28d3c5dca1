# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Targets as operators write them, and what is refused of them."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.restore.target import (
    LATEST,
    LSN,
    NAME,
    TIME,
    XID,
    RestoreError,
    Target,
    parse_target,
    parse_time,
)

TEN = 1795687200.0


@pytest.mark.parametrize(
    ("kind", "value", "target", "words", "options"),
    [
        ("latest", "", Target(LATEST), "the newest transaction", ("--type=default",)),
        ("latest", "whatever", Target(LATEST), "the newest transaction", ("--type=default",)),
        (
            "time",
            "2026-11-26 10:00:00+00",
            Target(TIME, "2026-11-26 10:00:00+00", moment=TEN),
            "the state at 2026-11-26 10:00:00+00",
            ("--type=time", "--target=2026-11-26 10:00:00+00", "--target-action=promote"),
        ),
        (
            "xid",
            "741",
            Target(XID, "741"),
            "transaction 741",
            ("--type=xid", "--target=741", "--target-action=promote"),
        ),
        (
            "xid",
            "0741",
            Target(XID, "741"),
            "transaction 741",
            ("--type=xid", "--target=741", "--target-action=promote"),
        ),
        (
            "name",
            "before the import",
            Target(NAME, "before the import"),
            "the restore point before the import",
            ("--type=name", "--target=before the import", "--target-action=promote"),
        ),
        (
            "lsn",
            "0/30000a0",
            Target(LSN, "0/30000A0", position=0x30000A0),
            "the position 0/30000A0",
            ("--type=lsn", "--target=0/30000A0", "--target-action=promote"),
        ),
    ],
)
def test_a_target_is_read_and_told(kind, value, target, words, options):
    assert parse_target(kind, value) == target
    assert target.words() == words
    assert target.options() == options


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        ("date", "today", "target is 'date': use latest, time, xid, name, lsn"),
        ("time", "", "target=time needs target_time"),
        ("name", "", "target=name needs target_name"),
        ("xid", "-1", "target_xid is '-1': a transaction has a number, as pg_current_xact_id() tells it"),
        ("xid", "7²", "target_xid is '7²': a transaction has a number, as pg_current_xact_id() tells it"),
        ("lsn", "3000060", "target_lsn: '3000060' is no position in the log; one looks like 0/3000060"),
    ],
)
def test_what_is_no_target_is_refused(kind, value, message):
    with pytest.raises(RestoreError) as error:
        parse_target(kind, value)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-26 10:00:00+00", TEN),
        ("2026-11-26T10:00:00Z", TEN),
        (" 2026-11-26 10:00:00 +00:00 ", TEN),
        ("2026-11-26 12:30:00+0230", TEN),
        ("2026-11-26 05:00:00-05", TEN),
        ("2026-11-27 00:00:00+14", TEN),
        ("2026-11-26 10:00:00.5+00", TEN + 0.5),
        ("2026-11-26 10:00:00.000250-00:00", TEN + 0.00025),
        ("1970-01-01 00:00:00Z", 0.0),
    ],
)
def test_a_moment_is_the_same_in_every_zone(text, moment):
    assert parse_time(text) == moment


@pytest.mark.parametrize(
    "text",
    ["", "yesterday", "2026-11-26", "2026-11-26 10:00:00", "2026-11-26 10:00+00", "26.11.2026 10:00:00+00"],
)
def test_a_moment_that_depends_on_who_reads_it_is_refused(text):
    with pytest.raises(RestoreError) as error:
        parse_time(text)
    assert str(error.value) == (
        f"target_time is {text!r}: write date, time and the offset from UTC, as in '2026-11-26 10:00:00+00'; "
        "without an offset nobody knows which moment is meant"
    )


def test_a_day_that_is_in_no_calendar_is_refused():
    with pytest.raises(RestoreError) as error:
        parse_time("2026-02-30 10:00:00+00")
    assert str(error.value) == "target_time is '2026-02-30 10:00:00+00': day is out of range for month"
