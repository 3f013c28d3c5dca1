# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import doctest
import math

import pytest

from scripts.dashboards import figures
from scripts.dashboards.figures import number, text_of, ticks, time_ticks


def test_the_examples_in_the_texts():
    assert doctest.testmod(figures).failed == 0


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (0, None, "0"),
        (0.0000012, None, "0.0000012"),
        (-1.5, None, "-1.5"),
        (999.6, None, "1000"),
        (16384, None, "16384"),
        (2, 3, "2.000"),
    ],
)
def test_numbers(value, decimals, text):
    assert number(value, decimals) == text


@pytest.mark.parametrize(
    ("value", "unit", "decimals", "text"),
    [
        (0.99912, "percentunit", 3, "99.912 %"),
        (0.0004, "s", None, "400 µs"),
        (0.25, "s", None, "250 ms"),
        (0, "s", None, "0 s"),
        (-3, "s", None, "-3 s"),
        (7200, "s", None, "2 h"),
        (14 * 86400, "s", None, "14 d"),
        (0, "bytes", None, "0 B"),
        (1536, "bytes", None, "1.5 KiB"),
        (500e9, "bytes", None, "466 GiB"),
        (1e9, "bps", None, "1 Gbit/s"),
        (0.5, "reqps", None, "0.5 req/s"),
        (12000, "short", None, "12 k"),
        (7, "short", None, "7"),
        (0, "short", None, "0"),
        (16384, "none", None, "16384"),
        (math.nan, "s", None, "–"),
        (math.inf, "none", None, "∞"),
        (-math.inf, "none", None, "-∞"),
    ],
)
def test_values_with_their_units(value, unit, decimals, text):
    assert text_of(value, unit, decimals) == text


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1), (0, 0.83), (0, 7), (0, 0.00042), (0, 123456), (-3, 12), (5, 5), (0, 0), (0.2, 0.3)]
)
@pytest.mark.parametrize("base", [2, 10])
def test_marks_enclose_the_values_at_equal_distances(low, high, base):
    marks = ticks(low, high, base=base)
    steps = [round(later - earlier, 9) for earlier, later in zip(marks, marks[1:])]
    assert marks[0] <= low
    assert marks[-1] >= high
    assert len(set(steps)) == 1
    assert 2 <= len(marks) <= 7


@pytest.mark.parametrize("span", [300, 900, 3600, 6 * 3600, 86400, 7 * 86400, 30 * 86400])
def test_marks_of_time_are_few_and_within_the_window(span):
    start = 1_700_000_123
    marks = [moment for moment, _text in time_ticks(start, start + span)]
    assert 1 <= len(marks) <= 7
    assert start <= marks[0] <= marks[-1] <= start + span


def test_days_are_named_where_the_window_is_long():
    assert time_ticks(0, 3 * 86400, 4)[1] == (86400, "02 Jan")
