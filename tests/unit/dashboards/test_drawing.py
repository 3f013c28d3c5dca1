# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import doctest
import math
from xml.etree import ElementTree

import pytest

from scripts.dashboards import drawing
from scripts.dashboards.drawing import Frame, arc, band_path, chart, dial, line_style, marks, path, stack
from scripts.dashboards.reading import Format

FRAME = Frame(120, 60, 0, 100, 0, 10, left=20, right=0, top=10, bottom=0)
LIMITED = Format("percentunit", None, ((None, "green"), (0.8, "orange"), (0.9, "red")))


def parsed(picture):
    """Return the elements of a picture, which has to be well-formed."""
    return list(ElementTree.fromstring(picture).iter())


def classes(picture):
    return [element.get("class") for element in parsed(picture) if element.get("class")]


def test_the_examples_in_the_texts():
    assert doctest.testmod(drawing).failed == 0


@pytest.mark.parametrize(("moment", "x"), [(0, 20), (50, 70), (100, 120)])
def test_places_in_time(moment, x):
    assert FRAME.x(moment) == x


@pytest.mark.parametrize(("value", "y"), [(0, 60), (5, 35), (10, 10), (99, 10), (-5, 60)])
def test_places_of_values_stay_within_the_axis(value, y):
    assert FRAME.y(value) == y


def test_a_frame_without_any_extent_can_be_drawn():
    frame = Frame(120, 60, 5, 5, 1, 1)
    assert (frame.x(5), frame.y(1)) == (frame.left, 60 - frame.bottom)


def test_a_line_is_broken_where_samples_are_missing_or_infinite():
    assert path(FRAME, [(0, 0), (10, 1), (40, 2), (50, math.inf), (60, 3)], 10).count("M") == 3


def test_a_line_without_samples_is_empty():
    assert path(FRAME, [], 10) == ""
    assert band_path(FRAME, []) == ""


def test_bands_lie_on_each_other_and_missing_samples_count_as_nothing():
    lower, upper = stack([[(0, 1), (10, 2)], [(10, 5)]])
    assert lower == [(0, 0, 1), (10, 0, 2)]
    assert upper == [(0, 1, 1), (10, 2, 7)]


def test_lines_can_be_told_apart_beyond_the_palette():
    styles = [line_style(number) for number in range(3 * drawing.PALETTE)]
    assert len(set(styles)) == len(styles)


@pytest.mark.parametrize(
    ("values", "unit", "maximum", "last"),
    [
        ([], "none", None, 1.0),
        ([0, 0], "none", None, 1.0),
        ([0.3, math.nan, math.inf], "none", None, 0.3),
        ([0.3], "percentunit", 1, 1.0),
        ([3000], "bytes", None, 3072.0),
    ],
)
def test_the_axis_of_values(values, unit, maximum, last):
    assert marks(values, unit, maximum)[0] == 0
    assert marks(values, unit, maximum)[-1] == last


def test_a_chart_has_axes_lines_and_the_limits_that_are_in_sight():
    picture = chart("CPU", [[(0, 0.2), (60, 0.85)]], (400, 200), (0, 60), LIMITED, 60, dashed=True)
    assert classes(picture).count("s0") == 1
    assert [one for one in classes(picture) if one.startswith("limit")] == ["limit c-orange", "limit c-red"]
    assert "75 %" in "".join(ElementTree.fromstring(picture).itertext())
    low = chart("CPU", [[(0, 0.1), (60, 0.2)]], (400, 200), (0, 60), LIMITED, 60, dashed=True)
    assert not [one for one in classes(low) if one.startswith("limit")]


def test_a_stacked_chart_has_bands():
    picture = chart("CPU", [[(0, 1), (60, 2)], [(0, 3)]], (400, 200), (0, 60), Format(), 60, stacked=True)
    assert [one for one in classes(picture) if one.startswith("band")] == ["band f0", "band f1"]


def test_a_chart_of_nothing_can_be_drawn():
    assert parsed(chart("CPU", [], (400, 200), (0, 60), Format(), 60))


def test_names_cannot_break_out_of_a_picture():
    picture = chart('<b>"x"&', [], (400, 200), (0, 60), Format(), 60)
    assert parsed(picture)[0].get("aria-label") == '<b>"x"&: 0 lines'
    assert "<b>" in "".join(ElementTree.fromstring(dial(0.5, LIMITED, 1, "<b>")).itertext())


@pytest.mark.parametrize(("value", "kind"), [(0.5, "dial c-green"), (0.85, "dial c-orange"), (2, "dial c-red")])
def test_a_dial_has_the_colour_of_the_limit_that_is_reached(value, kind):
    assert kind in classes(dial(value, LIMITED, 1, "CPU"))


@pytest.mark.parametrize("value", [0, math.nan, math.inf])
def test_a_dial_without_a_value_to_show_has_its_rim_alone(value):
    kinds = classes(dial(value, LIMITED, 1, "CPU"))
    assert not [one for one in kinds if one.startswith("dial")]
    assert [one for one in kinds if one.startswith("rim")] == ["rim c-green", "rim c-orange", "rim c-red"]


def test_half_an_arc_ends_at_the_top():
    assert arc(0, 0.5, 50) == "M50 100A50 50 0 0 1 100 50"
