# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.agreement import disagreements, faults
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.plan import plan
from tests.unit.plugins.module_utils.redis_cluster.model import Model, declared


@pytest.fixture
def model():
    nodes = declared("abab")
    found = Model(nodes)
    found.carry_out(plan(nodes, 2, 1, found.observe()).steps)
    return found


def views(model):
    return {view.me.id: view for view in model.observe().views.values()}


def test_a_whole_cluster_has_no_faults(model):
    assert faults(views(model), {"r1": 1, "r2": 1}) == []


def test_a_node_that_some_do_not_know_yet_is_told(model):
    model.add(declared("a", first=5))
    assert disagreements(views(model))[-1] == "10.0.0.5:6379 does not know 4 nodes yet"


def test_nodes_that_are_still_meeting_are_told(model):
    found = views(model)
    meeting = replace(found["r1"].nodes[1], id="made-up", flags=frozenset({"handshake"}))
    found["r1"] = replace(found["r1"], nodes=(*found["r1"].nodes, meeting))
    assert disagreements(found) == ["10.0.0.1:6379 does not know 1 nodes yet"]


def test_another_picture_of_slots_is_told(model):
    found = views(model)
    model.members["r1"].slots.discard(7)
    found["r1"] = views(model)["r1"]
    assert disagreements(found)[0] == (
        "10.0.0.1:6379 sees other slots or masters than 10.0.0.2:6379, 10.0.0.3:6379, 10.0.0.4:6379"
    )


def test_everything_that_keeps_a_cluster_from_being_whole_is_told(model):
    model.members["r1"].slots.discard(7)
    model.members["r2"].importing[9] = "r1"
    model.members["r3"].link_up = False
    found = views(model)
    found["r1"] = replace(found["r1"], state="fail", good_replicas=0)
    assert faults(found, {"r1": 1, "r2": 2}) == [
        "10.0.0.1:6379 says that the cluster is in state fail",
        "10.0.0.2:6379 has open slots (9)",
        "10.0.0.3:6379 is not in sync with its master",
        "nobody has slots 7",
        "10.0.0.1:6379 has 0 replicas that follow it closely, not 1",
        "10.0.0.2:6379 has 1 replicas, not 2",
    ]
