"""A cluster's state is put together from what its nodes told; what is missing stays missing."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_info.describe import (
    coverage,
    describe,
    fingerprint,
    keys_of,
    number,
    pairs,
    volatile_keys_of,
)


def named(state, name):
    return next(node for node in state["nodes"] if node["name"] == name)


def test_a_sound_cluster(nodes):
    state = describe(nodes.cluster())
    assert (state["state"], state["epoch"], state["missing"]) == ("ok", 3, [])
    assert state["coverage"] == {"covered": 16384, "missing": ""}
    assert state["agreement"] == {"agreed": True, "groups": [["r1", "r2", "r3", "r4"]]}
    assert state["shards"][0] == {"master": "r1", "slots": "0-5460", "slot_count": 5461, "replicas": ["r4"]}
    assert named(state, "r4") == {
        "name": "r4",
        "place": "10.0.0.4:6379",
        "zone": "a",
        "declared": True,
        "known_to_cluster": True,
        "answered": True,
        "id": "id-r4",
        "role": "replica",
        "shard": "r1",
        "slots": "",
        "slot_count": 0,
        "open_slots": [],
        "epoch": 1,
        "offset": 500,
        "lag_bytes": 0,
        "lag_seconds": 1,
        "link": "up",
        "memory_bytes": 1000,
        "memory_limit_bytes": 9000,
        "key_count": 7,
        "version": "7.0.15",
        "uptime_seconds": 60,
        "flags": {},
        "not_linked_from": [],
    }


def test_a_replica_that_is_behind_has_a_lag(nodes):
    nodes.info["r4"].update(slave_repl_offset="480", master_link_status="down", master_link_down_since_seconds="9")
    del nodes.info["r1"]["slave0"]
    replica = named(describe(nodes.cluster()), "r4")
    assert (replica["lag_bytes"], replica["lag_seconds"], replica["link"]) == (20, 9, "down")


def test_a_replica_that_was_asked_later_is_not_ahead(nodes):
    nodes.info["r4"]["slave_repl_offset"] = "520"
    del nodes.info["r1"]["slave0"]
    replica = named(describe(nodes.cluster()), "r4")
    assert (replica["lag_bytes"], replica["lag_seconds"]) == (0, 7)


def test_a_node_that_is_down_is_described_by_the_others(nodes):
    nodes.down["r1"] = "Connection refused"
    nodes.everywhere("r1", flags="master,fail", link="disconnected")
    state = describe(nodes.cluster())
    gone = named(state, "r1")
    assert (gone["answered"], gone["role"], gone["slots"]) == (False, "master", "0-5460")
    assert (gone["key_count"], gone["offset"], gone["memory_bytes"], gone["version"]) == (None, None, None, "")
    assert gone["flags"] == {"fail": ["r2", "r3", "r4"]}
    assert gone["not_linked_from"] == ["r2", "r3", "r4"]
    assert named(state, "r4")["lag_bytes"] is None
    assert [entry["question"] for entry in state["missing"]] == ["INFO", "CLUSTER NODES", "CLUSTER INFO"]
    assert state["missing"][0] == {"node": "r1", "question": "INFO", "reason": "Connection refused"}


def test_nothing_is_known_where_nobody_answers(nodes):
    nodes.down = dict.fromkeys(("r1", "r2", "r3", "r4"), "no answer within 5 s")
    state = describe(nodes.cluster())
    assert (state["state"], state["epoch"], state["shards"]) == ("unknown", None, [])
    assert state["coverage"] == {"covered": 0, "missing": ""}
    assert state["agreement"] == {"agreed": False, "groups": []}
    assert {node["role"] for node in state["nodes"]} == {"unknown"}
    assert {node["known_to_cluster"] for node in state["nodes"]} == {None}


def test_who_disagrees_is_told_and_most_are_believed(nodes):
    nodes.views["r3"]["r1"].slots, nodes.views["r3"]["r2"].slots = "0-5459", "5460-10922"
    nodes.state["r3"]["cluster_state"] = "fail"
    state = describe(nodes.cluster())
    assert state["agreement"] == {"agreed": False, "groups": [["r1", "r2", "r4"], ["r3"]]}
    assert (state["state"], named(state, "r1")["slots"]) == ("fail", "0-5460")


def test_slots_on_their_way_are_told_by_the_node_itself(nodes):
    nodes.everywhere("r1", slots="0-5460 [7->-id-r2]")
    nodes.everywhere("r2", slots="5461-10922 [7-<-id-r1] [8-<-id-gone]")
    state = describe(nodes.cluster())
    assert named(state, "r1")["open_slots"] == [{"slot": 7, "state": "migrating", "other": "r2"}]
    assert named(state, "r2")["open_slots"] == [
        {"slot": 7, "state": "importing", "other": "r1"},
        {"slot": 8, "state": "importing", "other": "id-gone"},
    ]


def test_nodes_that_nobody_declares_and_that_nobody_knows_are_told(nodes):
    lone = nodes.declared.pop(1)
    for name, lines in nodes.views.items():
        if name != "r3":
            del lines["r3"]
    nodes.views["r3"] = {"r3": nodes.views["r3"]["r3"]}
    state = describe(nodes.cluster())
    assert [(node["name"], node["declared"], node["known_to_cluster"]) for node in state["nodes"]] == [
        ("r1", True, True),
        ("r3", True, False),
        ("r4", True, True),
        (lone.place, False, True),
    ]


def test_a_node_that_is_just_met_is_no_node_yet(nodes):
    nodes.everywhere("r4", flags="handshake")
    assert fingerprint(nodes.cluster().views()["r1"]) == tuple(
        sorted((f"id-r{n}", "", slots) for n, slots in ((1, "0-5460"), (2, "5461-10922"), (3, "10923-16383")))
    )


def test_slots_without_a_master_are_told(nodes):
    nodes.everywhere("r2", slots="5463-10922")
    assert coverage(nodes.cluster().majority()) == {"covered": 16382, "missing": "5461-5462"}


@pytest.mark.parametrize(
    ("value", "expected"),
    [("keys=7,expires=2", {"keys": "7", "expires": "2"}), ("", {}), ("nonsense", {})],
)
def test_values_of_several_parts(value, expected):
    assert pairs(value) == expected


def test_numbers_of_info():
    info = {"db0": "keys=7,expires=2,avg_ttl=0", "used_memory": "12", "role": "master", "down": "-1"}
    assert (keys_of(info), volatile_keys_of(info), keys_of({})) == (7, 2, 0)
    assert [number(info, name) for name in ("used_memory", "role", "down", "none")] == [12, None, -1, None]
