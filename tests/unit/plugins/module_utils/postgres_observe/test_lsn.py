"""Positions and lags by tables."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.lsn import (
    lag_bytes,
    lag_seconds,
    parse_lsn,
    show_lsn,
)


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("0/0", 0),
        ("0/3000060", 50331744),
        ("1/0", 1 << 32),
        ("a/ff", (10 << 32) + 255),
        ("FFFFFFFF/FFFFFFFF", 2**64 - 1),
    ],
)
def test_a_position_is_a_number_of_bytes(text, position):
    assert parse_lsn(text) == position


@pytest.mark.parametrize("text", ["", "3000060", "0/", "0/3000060 ", "0/123456789", "-1/0", "x/0"])
def test_what_is_no_position_is_refused(text):
    with pytest.raises(ValueError, match="position") as error:
        parse_lsn(text)
    assert str(error.value) == f"{text!r} is no position in the log; one looks like 0/3000060"


@given(st.integers(min_value=0, max_value=2**64 - 1))
def test_what_is_shown_is_read_again(position):
    assert parse_lsn(show_lsn(position)) == position


@pytest.mark.parametrize(
    ("ahead", "behind", "lag"), [(100, 40, 60), (100, 100, 0), (40, 100, 0), (None, 40, None), (40, None, None)]
)
def test_the_lag_in_bytes(ahead, behind, lag):
    assert lag_bytes(ahead, behind) == lag


@pytest.mark.parametrize(
    ("missing", "measured", "since_replay", "lag"),
    [
        (0, None, 3600.0, 0.0),  # nothing was committed for an hour
        (0, 0.5, 3600.0, 0.0),
        (10, 0.0123456, 3600.0, 0.012),
        (10, None, 7.5, 7.5),  # not connected
        (10, None, -0.2, 0.0),  # clocks differ
        (10, None, None, None),
        (None, None, 7.5, 7.5),  # the primary is away
        (None, 0.25, None, 0.25),
    ],
)
def test_the_lag_in_seconds(missing, measured, since_replay, lag):
    assert lag_seconds(missing, measured, since_replay) == lag
