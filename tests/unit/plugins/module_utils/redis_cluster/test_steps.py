# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster import steps


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (steps.Forget("a"), "forget <a>, which is gone"),
        (steps.Meet("a"), "let <a> join"),
        (steps.Close("a", (7,)), "close slot 7 on <a> that nobody moves"),
        (steps.Move("a", "b", (1, 2, 3, 9)), "move 4 slots (1-3,9) from <a> to <b>"),
        (steps.Failover("a", "b"), "let <a> take over from <b>"),
        (steps.Detach("a"), "make <a> a master instead of a replica"),
        (steps.Assign("a", (1, 2)), "give <a> 2 slots (1-2) that nobody has"),
        (steps.Replicate("a", "b"), "let <a> replicate <b>"),
        (steps.Remove("a"), "let <a> leave"),
    ],
)
def test_steps_are_told_in_words(step, words):
    assert step.words(lambda node: f"<{node}>") == words
