# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.members import Refusal
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.plan import check, plan
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.steps import Close, Move
from tests.unit.plugins.module_utils.redis_cluster.model import Model, declared

PROD = "aaaaabbbb"


def formed(zones=PROD, shards=3, replicas=2):
    nodes = declared(zones)
    model = Model(nodes)
    model.carry_out(plan(nodes, shards, replicas, model.observe()).steps)
    return nodes, model


def test_a_cluster_is_formed_of_new_nodes():
    nodes = declared("abab")
    found = plan(nodes, 2, 1, Model(nodes).observe())
    assert found.words == (
        "let r1 join",
        "let r2 join",
        "let r3 join",
        "let r4 join",
        "give r1 8192 slots (0-8191) that nobody has",
        "give r2 8192 slots (8192-16383) that nobody has",
        "let r4 replicate r1",
        "let r3 replicate r2",
    )
    assert found.before == ("r1: no slots", "r2: no slots", "r3: no slots", "r4: no slots")
    assert found.after == ("r1: 8192 slots (0-8191), replicas r4", "r2: 8192 slots (8192-16383), replicas r3")
    assert found.replicas == {"r1": 1, "r2": 1}


def test_a_formed_cluster_is_left_alone():
    nodes, model = formed()
    found = plan(nodes, 3, 2, model.observe())
    assert (found.steps, found.before) == ((), found.after)


def test_a_shard_is_added_with_its_replicas_first():
    nodes, model = formed("abab", 2, 1)
    more = declared("ab", first=5)
    model.add(more)
    assert plan([*nodes, *more], 3, 1, model.observe()).words == (
        "let r5 join",
        "let r6 join",
        "let r6 replicate r5",
        "move 2730 slots (5462-8191) from r1 to r5",
        "move 2731 slots (13653-16383) from r2 to r5",
    )


def test_a_shard_is_removed_with_its_nodes():
    nodes, model = formed("ababab", 3, 1)
    masters = [one.id for one in model.members.values() if not one.master]
    leaving = masters[-1]
    replica = next(one.id for one in model.members.values() if one.master == leaving)
    kept = [node for node in nodes if node.name not in (leaving, replica)]
    found = plan(kept, 2, 1, model.observe())
    model.carry_out(found.steps)
    assert sum(len(step.slots) for step in found.steps if isinstance(step, Move)) == 5461
    assert found.words[-2:] == tuple(sorted(f"let 10.0.0.{name[1]}:6379 leave" for name in (leaving, replica)))
    assert plan(kept, 2, 1, model.observe()).steps == ()


def test_a_master_that_leaves_hands_over_to_its_replica_without_a_slot_moving():
    nodes, model = formed("abab", 2, 1)
    newcomer = declared("a", first=5)
    model.add(newcomer)
    replica = next(one.id for one in model.members.values() if one.master == "r1")
    assert plan([*nodes[1:], *newcomer], 2, 1, model.observe()).words == (
        "let r5 join",
        f"let {replica} take over from 10.0.0.1:6379",
        f"let r5 replicate {replica}",
        "let 10.0.0.1:6379 leave",
    )


def test_a_node_that_was_made_anew_takes_its_old_place():
    nodes, model = formed("abab", 2, 1)
    old = model.members["r4"]
    old.alive, old.slots = False, set()
    renewed = Model(nodes).members["r4"]
    renewed.id = "new"
    model.members["new"] = renewed
    assert plan(nodes, 2, 1, model.observe()).words == (
        "forget 10.0.0.4:6379 (r4), which is gone",
        "let r4 join",
        "let r4 replicate r1",
    )


def test_more_shards_of_the_same_nodes_make_masters_of_replicas():
    nodes, model = formed("abababab", 2, 3)
    found = plan(nodes, 4, 1, model.observe())
    model.carry_out(found.steps)
    assert sum("a master instead of a replica" in words for words in found.words) == 2
    assert plan(nodes, 4, 1, model.observe()).steps == ()


def test_fewer_shards_of_the_same_nodes_make_replicas_of_masters():
    nodes, model = formed("abababab", 4, 1)
    model.carry_out(plan(nodes, 2, 3, model.observe()).steps)
    assert plan(nodes, 2, 3, model.observe()).steps == ()


def test_a_move_that_was_begun_is_finished_before_anything_else():
    nodes, model = formed("abab", 2, 1)
    model.members["r1"].migrating[5] = "r2"
    model.members["r2"].importing[5] = "r1"
    assert plan(nodes, 2, 1, model.observe()).words == (
        "move slot 5 from r1 to r2",
        "move slot 16383 from r2 to r1",
    )


def test_a_move_whose_target_failed_over_goes_to_the_new_master():
    nodes, model = formed("abab", 2, 1)
    replica = next(one.id for one in model.members.values() if one.master == "r2")
    model.members["r1"].migrating[5] = replica
    assert plan(nodes, 2, 1, model.observe()).steps[0] == Move("r1", "r2", (5,))


@pytest.mark.parametrize(
    ("node", "state", "other"),
    [("r1", "migrating", "lost"), ("r2", "importing", "r1"), ("r2", "migrating", "r1"), ("r1", "importing", "r2")],
)
def test_a_slot_that_only_one_side_thinks_is_moved_is_closed(node, state, other):
    nodes, model = formed("abab", 2, 1)
    getattr(model.members[node], state)[5] = other
    found = plan(nodes, 2, 1, model.observe())
    assert found.steps == (Close(node, (5,)),)
    model.carry_out(found.steps)
    assert plan(nodes, 2, 1, model.observe()).steps == ()


def test_keys_that_were_imported_before_the_source_failed_over_get_the_rest_of_their_slot():
    nodes, model = formed("abab", 2, 1)
    model.members["r2"].importing[5] = "lost"
    model.members["r2"].open_keys[5] = 4
    assert plan(nodes, 2, 1, model.observe()).steps[0] == Move("r1", "r2", (5,))


@pytest.mark.parametrize(
    ("zones", "shards", "replicas", "message"),
    [
        ("ab", 0, 0, "0 shards with 0 replicas need 1 nodes, one for each copy, and 2 are declared"),
        ("ab", 2, 1, "2 shards with 1 replicas need 4 nodes, one for each copy, and 2 are declared"),
        ("aaab", 2, 1, "so many nodes stand in a that a shard would have all its copies there"),
    ],
)
def test_what_cannot_be_is_refused(zones, shards, replicas, message):
    with pytest.raises(Refusal) as caught:
        check(declared(zones), shards, replicas)
    assert str(caught.value) == message


def test_two_nodes_on_one_host_are_refused():
    with pytest.raises(Refusal) as caught:
        check([*declared("a"), *declared("b")], 1, 1)
    assert str(caught.value) == (
        "10.0.0.1 is declared for more than one node, so that one host could have two copies of a shard"
    )


@settings(deadline=None, derandomize=True, max_examples=15)
@given(st.data())
def test_from_any_declaration_one_run_leads_to_any_other_and_keeps_the_rules(data):
    def draw(first):
        shards, replicas = data.draw(st.integers(1, 4)), data.draw(st.integers(0, 2))
        number = shards * (1 + replicas) + data.draw(st.integers(0, 2))
        return shards, replicas, declared(("ab" * number)[:number], first)

    shards, replicas, nodes = draw(1)
    if len(nodes) % 2 and replicas:
        shards = min(shards, len(nodes) // 2)
    model = Model(nodes)
    model.carry_out(plan(nodes, shards, replicas, model.observe()).steps)
    shards, replicas, fresh = draw(50)
    stay = data.draw(st.integers(1, min(len(nodes), len(fresh))))
    wanted = [*nodes[:stay], *fresh[stay:]]
    zones = Counter(node.zone for node in wanted)
    if replicas and len(zones) > 1 and len(wanted) - max(zones.values()) < shards:
        return
    model.add(fresh[stay:])
    found = plan(wanted, shards, replicas, model.observe())
    model.carry_out(found.steps)
    assert plan(wanted, shards, replicas, model.observe()).steps == ()
    holders = [one for one in model.members.values() if one.slots]
    assert len(holders) == shards
    assert sum(len(one.slots) for one in holders) == 16384
    assert set(model.members) == {node.name for node in wanted}
    zone = {node.name: node.zone for node in wanted}
    for holder in holders:
        copies = [holder.id, *(one.id for one in model.members.values() if one.master == holder.id)]
        assert len(copies) > replicas
        assert not replicas or len({zone[copy] for copy in copies}) == min(2, len(zones))
