"""Which history contains which, by a table."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.timeline import (
    History,
    Switch,
    contains,
    objection,
    parse_history,
    parse_patroni_history,
)

FILE = "1\t0/3000060\tno recovery target specified\n\n# made by hand\n2\t0/5000000\tbefore 2026-11-23 02:00:00+00\n"
FIRST = History(1)
SECOND = History(2, (Switch(1, 100),))
OTHER_SECOND = History(2, (Switch(1, 90),))
THIRD = History(3, (Switch(1, 100), Switch(2, 200)))
SKIPPED = History(3, (Switch(1, 100),))


def test_a_history_file_is_read():
    assert parse_history(3, FILE) == History(
        3,
        (
            Switch(1, 0x3000060, "no recovery target specified"),
            Switch(2, 0x5000000, "before 2026-11-23 02:00:00+00"),
        ),
    )


def test_patroni_s_history_is_read_up_to_a_timeline():
    entries = [
        [1, 25623960, "no recovery target specified", "2026-11-23T08:00:00+00:00", "db2"],
        [2, 25624000, "no recovery target specified"],
    ]
    first = Switch(1, 25623960, "no recovery target specified", "2026-11-23T08:00:00+00:00", "db2")
    assert parse_patroni_history(2, entries) == History(2, (first,))
    assert parse_patroni_history(3, entries).switches[1] == Switch(2, 25624000, "no recovery target specified")


@pytest.mark.parametrize(
    ("timeline", "text", "message"),
    [
        (2, "one 0/1 x", "'one 0/1 x' is no line of a history file; one looks like '1 0/3000060 no recovery target'"),
        (2, "1", "'1' is no line of a history file; one looks like '1 0/3000060 no recovery target'"),
        (2, "1 x why", "'x' is no position in the log; one looks like 0/3000060"),
        (2, FILE, "timelines must rise, and these do not: 1, 2, 2"),
    ],
)
def test_what_is_no_history_file_is_refused(timeline, text, message):
    with pytest.raises(ValueError, match=r".") as error:
        parse_history(timeline, text)
    assert str(error.value) == message


def test_what_is_no_history_of_patroni_is_refused():
    with pytest.raises(ValueError, match="entry") as error:
        parse_patroni_history(2, [[1]])
    assert str(error.value) == "[1] is no entry of Patroni's history; it has a timeline and a position"


@pytest.mark.parametrize(
    ("newer", "older", "position", "reason"),
    [
        (FIRST, FIRST, 1000, ""),
        (SECOND, FIRST, 90, ""),
        (SECOND, FIRST, 100, ""),
        (SECOND, FIRST, 101, "timeline 1 was left at 0/64, before 0/65"),
        (FIRST, SECOND, 150, "timeline 2 is newer than timeline 1"),
        (SECOND, OTHER_SECOND, 95, "timeline 1 was left at 0/5A by one and at 0/64 by the other"),
        (THIRD, FIRST, 100, ""),
        (THIRD, SECOND, 200, ""),
        (THIRD, SECOND, 201, "timeline 2 was left at 0/C8, before 0/C9"),
        (THIRD, OTHER_SECOND, 95, "timeline 1 was left at 0/5A by one and at 0/64 by the other"),
        (SKIPPED, SECOND, 100, "timeline 3 does not come from timeline 2"),
        (THIRD, SKIPPED, 300, "only one came through timeline 2"),
        (THIRD, History(3), 300, "only one came through timeline 1, 2"),
        (SKIPPED, THIRD, 300, "timeline 2 was left at 0/C8 by one and never by the other"),
    ],
)
def test_one_history_contains_another_or_says_why_not(newer, older, position, reason):
    assert objection(newer, older, position) == reason
    assert contains(newer, older, position) is (reason == "")
