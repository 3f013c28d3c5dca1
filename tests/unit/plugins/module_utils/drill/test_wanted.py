# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was measured is as wanted where it stays under what is wanted."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.drill import scenarios, wanted


@pytest.mark.parametrize(
    ("limit", "seconds", "said"),
    [
        (None, (), ""),
        (None, (3.0, 4.0), ""),
        (8.0, (), "8 s"),
        (8.0, (7.9, 7.9), "8 s: met"),
        (8.0, (7.9, 8.0), "8 s: met by the median"),
        (8.0, (8.0, 9.0), "8 s: missed"),
        (0.5, (0.4,), "0.5 s: met"),
        (0.5, (0.5,), "0.5 s: missed"),
    ],
)
def test_a_figure_is_judged(limit, seconds, said):
    assert wanted.judged(limit, *seconds) == said


@pytest.mark.parametrize(
    ("scenario", "row", "seconds"),
    [
        ("primary_lost", "R62", 23),
        ("primary_killed", "R62", 300),
        ("region_lost", "R63", 60),
        ("region_handed_over", "R63", 300),
        ("everything_lost", "R64", 14400),
        # By itself, whatever time that takes.
        ("web_lost", "R61", None),
    ],
)
def test_a_scenario_without_a_figure_has_that_of_its_row(scenario, row, seconds):
    assert {**scenarios.SCENARIOS, **scenarios.BESIDE}[scenario].row == row
    assert wanted.away(scenario, row) == seconds


def test_every_figure_is_of_a_scenario():
    assert set(wanted.AWAY) - {"switchover"} <= set(scenarios.SCENARIOS)
    rows = {one.row for one in (*scenarios.SCENARIOS.values(), *scenarios.BESIDE.values())}
    assert set(wanted.RECOVERED) | set(wanted.NOTICED) == rows
