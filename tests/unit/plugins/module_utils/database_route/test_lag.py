# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A replica gets reads as long as it has what its leader had a second ago."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.freeagentics.platform.plugins.module_utils.database_route.lag import Lag, Seen, parse

INFINITY = float("inf")


def leader(time, position, timeline=1):
    return Seen(time, "primary", timeline, position)


def replica(time, position):
    return Seen(time, "replica", 1, position)


@pytest.fixture
def lag():
    """A leader that writes 100 bytes every half second, from 0 at second 10 to 400 at second 12."""
    lag = Lag(limit=1.0)
    for step in range(5):
        lag.note("db1", leader(10 + step / 2, step * 100))
    return lag


@pytest.mark.parametrize(
    ("position", "behind"),
    [(500, 0.0), (400, 0.0), (399, 0.5), (300, 0.5), (299, 1.0), (100, 1.5), (0, 2.0), (-1, INFINITY)],
)
def test_the_latest_note_that_was_reached_counts(lag, position, behind):
    assert lag.behind(replica(12, position), 12.0) == behind


@pytest.mark.parametrize(
    ("member", "verdict"),
    [
        (replica(12, 400), (True, "0.0 s behind")),
        (replica(12, 200), (True, "1.0 s behind")),
        (replica(12, 199), (False, "1.5 s behind")),
        (replica(12, -1), (False, "not known how far behind")),
        (replica(10, 400), (True, "0.0 s behind")),
        (replica(9.9, 400), (False, "no answer")),
        (None, (False, "no answer")),
        (leader(12, 400), (False, "primary")),
        (Seen(12, "standby_leader", 1, 0), (True, "standby leader")),
    ],
)
def test_who_gets_reads(lag, member, verdict):
    assert lag.verdict(member, 12.0) == verdict


def test_an_idle_cluster_is_never_behind():
    lag = Lag(limit=1.0)
    for second in range(100):
        lag.note("db1", leader(second, 700))
    assert lag.behind(replica(99, 700), 99.0) == 0.0


def test_without_a_leader_who_has_everything_stays_and_others_go(lag):
    assert lag.verdict(replica(100, 400), 100.0) == (True, "0.0 s behind")
    assert lag.verdict(replica(100, 399), 100.0) == (False, "88.5 s behind")


@pytest.mark.parametrize(("name", "timeline"), [("db2", 1), ("db1", 2)])
def test_a_new_leader_or_timeline_begins_anew(lag, name, timeline):
    lag.note(name, leader(12.5, 350, timeline))
    assert lag.behind(replica(12.5, 350), 12.5) == 0.0
    assert lag.behind(replica(12.5, 349), 12.5) == INFINITY


def test_nothing_is_known_before_a_leader_was_seen():
    assert Lag(limit=1.0).verdict(replica(1, 5), 1.0) == (False, "not known how far behind")


@given(st.lists(st.integers(0, 50), min_size=2, max_size=40), st.integers(0, 39), st.floats(0.1, 1.0))
def test_never_less_than_the_truth(growth, missing_from, interval):
    """The replica stopped at some note: whatever the leader wrote right after it is missing since then."""
    lag, position, positions = Lag(limit=1.0), 0, []
    for step, grown in enumerate(growth):
        position += grown
        positions.append(position)
        lag.note("db1", leader(step * interval, position))
    stopped = min(missing_from, len(growth) - 1)
    now = (len(growth) - 1) * interval
    later = [step for step in range(stopped, len(growth)) if positions[step] > positions[stopped]]
    truth = now - (later[0] * interval) if later else 0.0
    assert lag.behind(replica(now, positions[stopped]), now) >= truth


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (
            {"state": "running", "role": "primary", "timeline": 3, "xlog": {"location": 700}},
            Seen(5.0, "primary", 3, 700),
        ),
        (
            {"state": "running", "role": "replica", "xlog": {"received_location": 9, "replayed_location": 8}},
            Seen(5.0, "replica", 0, 8),
        ),
        ({"state": "starting", "role": "replica", "xlog": {"replayed_location": 8}}, None),
        ({"state": "running", "role": "replica", "xlog": {"replayed_location": None}}, None),
        ({"state": "stopped", "role": "replica"}, None),
    ],
)
def test_the_status_of_a_member_is_read(status, expected):
    assert parse(status, 5.0) == expected
