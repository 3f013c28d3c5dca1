"""No stretch of time sees more than the rate, and the whole ends in time."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm.pace import Pace


@pytest.mark.parametrize(
    ("rates", "amounts", "slept"),
    [
        ({"keys": 10}, {"keys": 5}, 0.5),
        ({"keys": 10, "bytes": 1000}, {"keys": 5, "bytes": 100}, 0.5),
        ({"keys": 10, "bytes": 1000}, {"keys": 5, "bytes": 3000}, 3.0),
        ({"bytes": 1000}, {"keys": 5}, 0.0),
        ({}, {"keys": 5}, 0.0),
    ],
)
def test_work_keeps_the_next_piece_waiting_by_the_tightest_rate(clock, rates, amounts, slept):
    pace = Pace(rates, 60, clock, clock.sleep)
    assert pace.wait()
    pace.spent(**amounts)
    assert pace.wait()
    assert sum(clock.slept) == slept


def test_time_that_the_work_itself_took_counts_for_the_wait(clock):
    pace = Pace({"keys": 10}, 60, clock, clock.sleep)
    pace.spent(keys=10)
    clock.now += 0.75
    pace.wait()
    assert clock.slept == [0.25]


def test_what_was_lost_is_not_caught_up(clock):
    pace = Pace({"keys": 10}, 60, clock, clock.sleep)
    pace.wait()
    clock.now += 5
    for _piece in range(3):
        pace.wait()
        pace.spent(keys=10)
    assert clock.slept == [1.0, 1.0]


def test_a_piece_that_could_begin_only_after_the_end_is_refused_at_once(clock):
    pace = Pace({"keys": 1}, 10, clock, clock.sleep)
    assert pace.wait()
    pace.spent(keys=20)
    assert not pace.wait()
    assert (clock.slept, pace.over(), pace.seconds()) == ([], False, 0.0)


def test_the_time_ends(clock):
    pace = Pace({}, 10, clock, clock.sleep)
    clock.now += 4
    assert (pace.half_over(), pace.over(), pace.wait()) == (False, False, True)
    clock.now += 1
    assert (pace.half_over(), pace.over(), pace.wait()) == (True, False, True)
    clock.now += 5
    assert (pace.half_over(), pace.over(), pace.wait()) == (True, True, False)
