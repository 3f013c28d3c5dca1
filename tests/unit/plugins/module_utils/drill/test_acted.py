# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A command acts once it has looked and planned."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.drill.acted import acted


def phase(name, start, seconds):
    return {"phase": name, "from": start, "seconds": seconds}


OBSERVE, PLAN, PROVE = phase("Observe", 0.0, 3.5), phase("Plan, and guard", 3.5, 0.75), phase("Prove it", 4.25, 5.75)


@pytest.mark.parametrize(
    ("delta", "expected"),
    [
        # The phases took 10 s; what is left is the start of the command.
        ("0:00:10", 4.2),
        ("0:00:11.250000", 5.5),
        ("0:01:00.5", 54.8),
        ("1:00:00", 3594.2),
        ("1 day, 0:00:10", 86404.2),
        ("2 days, 0:00:10", 172804.2),
    ],
)
def test_its_own_start_counts(delta, expected):
    assert acted(delta, [OBSERVE, PLAN, PROVE]) == expected


@pytest.mark.parametrize("timeline", [[], [OBSERVE], [OBSERVE, PLAN], [OBSERVE, PROVE]])
def test_a_command_that_was_refused_did_not_act(timeline):
    assert acted("0:00:10", timeline) is None
