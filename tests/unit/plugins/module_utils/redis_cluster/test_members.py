# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.members import (
    Observed,
    Refusal,
    as_new,
    core_of,
    sort_out,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.plan import plan
from tests.unit.plugins.module_utils.redis_cluster.model import Model, declared


def formed(zones="abab", shards=2, replicas=1):
    nodes = declared(zones)
    model = Model(nodes)
    model.carry_out(plan(nodes, shards, replicas, model.observe()).steps)
    return nodes, model


def refusal(nodes, observed, give_up=False):
    with pytest.raises(Refusal) as caught:
        sort_out(nodes, observed, give_up)
    return str(caught.value)


def test_new_nodes_are_no_cluster():
    nodes = declared("ab")
    members = sort_out(nodes, Model(nodes).observe(), False)
    assert (members.core, members.fresh, members.alive) == ((), ("r1", "r2"), ("r1", "r2"))


def test_nodes_that_are_not_there_yet_are_as_new_ones():
    nodes = declared("ab")
    assert sort_out(nodes, as_new(nodes), False).fresh == ("r1", "r2")


def test_members_newcomers_and_leaving_ones_are_told_apart():
    nodes, model = formed()
    newcomer = declared("a", first=5)
    model.add(newcomer)
    members = sort_out([*nodes[1:], *newcomer], model.observe(), False)
    assert (members.core, members.fresh, members.leaving) == (("r2", "r3", "r4"), ("r5",), ("r1",))
    assert [members.name(node) for node in members.alive] == ["r2", "r3", "r4", "r5", "10.0.0.1:6379"]


def test_a_single_node_with_all_slots_is_a_cluster():
    _nodes, model = formed("a", 1, 0)
    assert core_of({"r1": model.observe().views["10.0.0.1:6379"]}) == ("r1",)


def test_a_declared_node_that_does_not_answer_is_refused():
    nodes, model = formed()
    model.members["r2"].alive = False
    assert refusal(nodes, model.observe()) == (
        "r2 (10.0.0.2:6379) does not answer: connection refused; start it, or take it out of the declaration"
    )


def test_a_node_with_keys_and_slots_of_its_own_is_refused():
    nodes, model = formed()
    foreign = declared("a", first=5)
    model.add(foreign)
    model.members["r5"].keys, model.members["r5"].slots = 3, {1, 2}
    assert refusal([*nodes, *foreign], model.observe()) == (
        "r5 (10.0.0.5:6379) cannot join: it has slots (1-2) and holds 3 keys; "
        "save what it holds, then run FLUSHALL and CLUSTER RESET there, or take it out of the declaration"
    )


def test_a_node_of_another_cluster_is_refused():
    nodes, model = formed()
    others = declared("ab", first=5)
    other = Model(others)
    other.carry_out(plan(others, 2, 0, other.observe()).steps)
    for member in other.members.values():
        member.slots.clear()
    observed = Observed({**model.observe().views, **other.observe().views})
    assert refusal([*nodes, others[0]], observed) == (
        "r5 (10.0.0.5:6379) cannot join: it belongs to another cluster, of 2 nodes; "
        "save what it holds, then run FLUSHALL and CLUSTER RESET there, or take it out of the declaration"
    )


def test_a_lost_shard_is_given_up_only_where_that_is_said():
    nodes, model = formed("ab", 2, 0)
    model.members["r2"].alive = False
    replacement = declared("b", first=3)
    model.add(replacement)
    wanted = [nodes[0], *replacement]
    assert refusal(wanted, model.observe()) == (
        "10.0.0.2:6379 (r2) is gone with the only copy of slots 8192-16383; "
        "start it again, or set give_up_lost_slots to give these slots away empty"
    )
    members = sort_out(wanted, model.observe(), True)
    assert (members.gone, members.name("r2")) == ({"r2": "10.0.0.2:6379"}, "10.0.0.2:6379 (r2)")


def test_a_shard_whose_replica_lives_is_never_given_up():
    nodes, model = formed()
    master = model.members["r3"].master
    model.members[master].alive = False
    wanted = [node for node in nodes if node.name != master]
    assert refusal(wanted, model.observe(), give_up=True) == (
        f"10.0.0.{master[1]}:6379 ({master}) is gone and 10.0.0.3:6379 has a copy of what it had; "
        "run CLUSTER FAILOVER TAKEOVER there"
    )


def test_an_undeclared_node_that_the_cluster_reaches_and_the_module_does_not_is_refused():
    nodes, model = formed()
    observed = model.observe()
    views = {place: view for place, view in observed.views.items() if place != "10.0.0.4:6379"}
    assert refusal(nodes[:3], Observed(views, {"10.0.0.4:6379": "timed out"})) == (
        "10.0.0.4:6379 (r4) is not declared and does not answer: timed out; "
        "start it so that it can leave, or stop it and wait until the cluster finds that it failed"
    )
