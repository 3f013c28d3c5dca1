# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When volumes fill."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.preflight.forecast import (
    Forecast,
    ForecastError,
    days_until_full,
    forecasts,
)


@pytest.mark.parametrize(
    ("size", "used", "growth", "days"),
    [
        (120, 100, 20, 365),
        (144, 100, 20, 730),
        (500, 250, 20, 1388),
        (100, 100, 20, 0),
        (100, 101, 0, 0),
        (100, 50, 0, None),
        (100, 0, 20, None),
    ],
)
def test_days_until_a_volume_is_full(size, used, growth, days):
    assert days_until_full(size, used, growth) == days


@pytest.mark.parametrize("growth", [1, 5, 20, 80])
def test_growing_for_these_days_fills_the_volume(growth):
    days = days_until_full(500, 250, growth)
    assert 250 * (1 + growth / 100) ** (days / 365.25) <= 500
    assert 250 * (1 + growth / 100) ** ((days + 1) / 365.25) > 500


def test_a_plan_keeps_its_order():
    plan = [{"volume": "data", "size_gb": 500, "used_gb": 250, "growth_percent": 20}, {"volume": "wal", "size_gb": 100}]
    assert forecasts(plan) == (Forecast("data", 500, 250, 20, 1388), Forecast("wal", 100, 0, 0, None))


@pytest.mark.parametrize(
    "volume", [{}, {"size_gb": -1}, {"size_gb": 1, "used_gb": -1}, {"size_gb": 1, "growth_percent": -1}]
)
def test_a_volume_that_cannot_be_is_named(volume):
    with pytest.raises(ForecastError) as caught:
        forecasts([{"volume": "data", **volume}])
    assert str(caught.value) == "data: size_gb must be above 0, used_gb and growth_percent must not be below 0"
