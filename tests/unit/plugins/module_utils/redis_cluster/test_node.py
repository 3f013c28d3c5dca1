# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.members import Refusal
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.node import (
    Restart,
    back_in_place,
    copies_of,
    plan_restart,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.plan import plan
from tests.unit.plugins.module_utils.redis_cluster.model import Model, declared


@pytest.fixture
def views():
    """One shard: r1 is the master, r2 and r3 follow it."""
    nodes = declared("aba")
    model = Model(nodes)
    model.carry_out(plan(nodes, 1, 2, model.observe()).steps)
    return model.observe().views


def others(views, place):
    return {other: views[other] for other in copies_of(views[place])}


def test_a_master_hands_over_and_a_replica_need_not(views):
    assert plan_restart(views["10.0.0.1:6379"], others(views, "10.0.0.1:6379"), {}) == Restart("10.0.0.2:6379")
    assert plan_restart(views["10.0.0.2:6379"], others(views, "10.0.0.2:6379"), {}) == Restart("")


def test_a_node_without_other_copies_is_just_restarted():
    nodes = declared("a")
    model = Model(nodes)
    model.carry_out(plan(nodes, 1, 0, model.observe()).steps)
    view = model.observe().views["10.0.0.1:6379"]
    assert (copies_of(view), plan_restart(view, {}, {})) == ([], Restart(""))


def test_a_node_stays_while_another_copy_is_away_or_behind(views):
    copies = others(views, "10.0.0.1:6379")
    copies["10.0.0.3:6379"] = replace(copies["10.0.0.3:6379"], link_up=False)
    with pytest.raises(Refusal) as caught:
        plan_restart(views["10.0.0.1:6379"], copies, {"10.0.0.2:6379": "connection refused"})
    assert caught.value.reasons == (
        "10.0.0.1:6379 is not restarted: 10.0.0.2:6379 has a copy of the same shard and does not answer: "
        "connection refused",
        "10.0.0.1:6379 is not restarted: 10.0.0.3:6379 is not in sync with its master",
    )


def test_a_restarted_node_is_back_when_it_follows(views):
    master, replica = views["10.0.0.1:6379"], views["10.0.0.2:6379"]
    assert back_in_place(replica, "10.0.0.3:6379") == []
    assert back_in_place(replace(replica, link_up=False, state="fail"), "") == [
        "10.0.0.2:6379 is not in sync with its master yet",
        "10.0.0.2:6379 says that the cluster is in state fail",
    ]
    assert back_in_place(master, "10.0.0.3:6379") == ["10.0.0.1:6379 does not know yet that 10.0.0.3:6379 took over"]
