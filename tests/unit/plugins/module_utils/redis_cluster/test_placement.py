# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.placement import (
    Candidate,
    choose_masters,
    place_replicas,
)

PROD = [Candidate(f"redis{number}", zone) for number, zone in enumerate("aaaaabbbb", 1)]


def test_new_masters_take_turns_between_the_zones():
    chosen = choose_masters(PROD, {}, {}, 3)
    assert [(node.id, node.zone) for node in chosen] == [("redis1", "a"), ("redis2", "a"), ("redis6", "b")]


def test_masters_with_slots_stay_and_those_with_most_first():
    assert [node.id for node in choose_masters(PROD, {"redis9": 9000, "redis2": 7000, "redis3": 384}, {}, 2)] == [
        "redis2",
        "redis9",
    ]


def test_a_further_master_is_taken_from_those_that_replicate_nobody():
    slots = {"redis1": 8192, "redis2": 8192}
    replicas = {node.id: "redis1" for node in PROD if node.id not in (*slots, "redis5")}
    assert [node.id for node in choose_masters(PROD, slots, replicas, 3)] == ["redis1", "redis2", "redis5"]


def test_each_shard_has_a_replica_in_the_other_zone():
    masters = choose_masters(PROD, {}, {}, 3)
    placed = place_replicas(masters, [node for node in PROD if node not in masters], {})
    assert placed == {
        "redis3": "redis6",
        "redis4": "redis1",
        "redis5": "redis2",
        "redis7": "redis2",
        "redis8": "redis1",
        "redis9": "redis6",
    }


def test_without_replicas_nothing_is_placed():
    assert place_replicas(PROD[:3], [], {}) == {}


@st.composite
def clusters(draw):
    """Return masters and replicas over zones that all leave enough nodes elsewhere, and who follows whom."""
    shards = draw(st.integers(1, 5))
    number = shards * (1 + draw(st.integers(1, 3))) + draw(st.integers(0, 3))
    zones = draw(
        st.lists(st.sampled_from("abc"), min_size=number, max_size=number).filter(
            lambda found: all(number - found.count(zone) >= shards for zone in set(found))
        )
    )
    nodes = draw(st.permutations([Candidate(f"n{place}", zone) for place, zone in enumerate(zones)]))
    masters, others = nodes[:shards], nodes[shards:]
    follows = {node.id: draw(st.sampled_from([*(one.id for one in masters), "elsewhere", ""])) for node in others}
    return masters, others, follows


@settings(deadline=None, derandomize=True)
@given(clusters())
def test_every_shard_is_in_two_zones_and_none_has_two_replicas_more_than_another(cluster):
    masters, others, follows = cluster
    placed = place_replicas(masters, others, follows)
    zone = {node.id: node.zone for node in (*masters, *others)}
    assert set(placed) == {node.id for node in others}
    count = Counter(placed.values())
    assert max(count[master.id] for master in masters) - min(count[master.id] for master in masters) <= 1
    for master in masters:
        copies = [master.id, *(node for node, followed in placed.items() if followed == master.id)]
        assert len({zone[node] for node in copies}) > 1
    assert place_replicas(masters, others, placed) == placed
