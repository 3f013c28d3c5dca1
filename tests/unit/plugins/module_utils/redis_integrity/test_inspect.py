"""Each fault of a cluster is named with its place, and nothing else is."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.observe.findings import NotChecked
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_integrity.content import Pair
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_integrity.inspect import (
    Counted,
    Wanted,
    counted,
    inspect,
    not_checked,
    pairs_of,
)


def fail(nodes):
    nodes.everywhere("r2", flags="master,fail")
    nodes.down["r2"] = "Connection refused"


def claim_twice(nodes):
    nodes.views["r2"]["r2"].slots = "5460-10922"


def change_view(nodes):
    nodes.views["r3"]["r1"].slots = "0-5459"
    nodes.views["r3"]["r4"].master = "id-r2"


def one_host(nodes):
    nodes.declared[3] = nodes.declared[3].__class__("r4", "10.0.0.1", 6380, "a")
    nodes.everywhere("r4", address="10.0.0.1")
    for lines in nodes.views.values():
        line = lines["r4"]
        line.text = lambda asked, line=line: type(line).text(line, asked).replace(":6379@16379", ":6380@16380")


def undeclared(nodes):
    del nodes.declared[2]


def zone(nodes):
    nodes.declared[3] = nodes.declared[3].__class__("r4", "10.0.0.4", 6379, "b")


FAULTS = {
    "uncovered": (
        lambda nodes: nodes.everywhere("r2", slots="5463-10922"),
        ("slots_uncovered", "slots 5461-5462", "cluster", "16382 of 16384 slots have a master, these have none"),
    ),
    "unserved": (
        fail,
        ("slots_uncovered", "slots 5461-10922", "cluster", "their master r2 failed"),
        ("node_failing", "r2", "cluster", "it failed, as r1, r3, r4 see it"),
    ),
    "open": (
        lambda nodes: nodes.everywhere("r1", slots="0-5460 [7->-id-r2]"),
        ("open_slot", "slot 7", "r1", "migrating to r2"),
    ),
    "arriving": (
        lambda nodes: nodes.everywhere("r1", slots="0-5460 [7-<-id-r2]"),
        ("open_slot", "slot 7", "r1", "importing from r2"),
    ),
    "twice": (
        claim_twice,
        ("slots_claimed_twice", "slots 5460", "cluster", "each of r1, r2 says that they are its own"),
        ("views_differ", "r2", "cluster", "other than r1, r3, r4 it sees that slots 5460 belong to r2"),
    ),
    "views": (
        change_view,
        (
            "views_differ",
            "r3",
            "cluster",
            "other than r1, r2, r4 it sees that slots 5460 have no master; r4 copies r2",
        ),
    ),
    "refuses": (
        lambda nodes: nodes.state["r3"].update(cluster_state="fail", cluster_slots_ok="5461"),
        ("cluster_fails", "r3", "r3", "it says cluster_state:fail, with 5461 of 16384 slots served"),
    ),
    "suspected": (
        lambda nodes: setattr(nodes.views["r2"]["r3"], "flags", "master,fail?"),
        ("node_failing", "r3", "cluster", "it does not answer r2"),
    ),
    "bus": (
        lambda nodes: setattr(nodes.views["r2"]["r3"], "link", "disconnected"),
        ("node_unlinked", "r3", "cluster", "r2 cannot reach it over the bus"),
    ),
    "stranger": (
        undeclared,
        ("node_not_declared", "10.0.0.3:6379", "cluster", "the cluster has the master, nothing declares it"),
    ),
    "host": (one_host, ("copies_on_one_host", "shard of r1", "10.0.0.1", "r1, r4 are on one host")),
    "zone": (zone, ("copies_in_one_zone", "shard of r1", "b", "r1, r4 are in one zone")),
    "unlinked": (
        lambda nodes: nodes.info["r4"].update(master_link_status="down"),
        ("replica_unlinked", "r4", "r4", "no connection to its master r1 for 1 s"),
    ),
    "behind": (
        lambda nodes: nodes.info["r1"].update(master_repl_offset="601"),
        ("replica_behind", "r4", "r4", "101 bytes behind its master r1"),
    ),
    "loading": (
        lambda nodes: nodes.info["r2"].update(loading="1", loading_loaded_perc="12.5"),
        ("loading", "r2", "r2", "12.5 % are loaded"),
    ),
    "aof": (
        lambda nodes: nodes.info["r2"].update(aof_last_write_status="err", aof_last_bgrewrite_status="err"),
        ("append_only_file_failing", "append-only file", "r2", "the last write ended with err"),
        ("append_only_file_failing", "append-only file", "r2", "the last rewrite ended with err"),
    ),
    "no aof": (
        lambda nodes: nodes.info["r2"].update(aof_enabled="0"),
        ("append_only_file_off", "append-only file", "r2", "other nodes have one, it has none"),
    ),
    "rdb": (
        lambda nodes: nodes.info["r2"].update(rdb_last_bgsave_status="err"),
        ("snapshot_failing", "snapshot", "r2", "the last snapshot ended with err"),
    ),
    "versions": (
        lambda nodes: nodes.info["r2"].update(redis_version="7.2.1"),
        ("versions_differ", "redis", "cluster", "7.0.15: r1, r3, r4; 7.2.1: r2"),
    ),
}


def found(nodes, replicas=None):
    return [
        (entry.kind, entry.object, entry.where, entry.detail)
        for entry in inspect(nodes.cluster(), Wanted(replicas, 100))
    ]


def test_nothing_is_wrong_with_a_sound_cluster(nodes):
    assert found(nodes) == []
    assert not_checked(nodes.cluster()) == []


@pytest.mark.parametrize("fault", sorted(FAULTS))
def test_a_fault_is_named(nodes, fault):
    plant, *expected = FAULTS[fault]
    plant(nodes)
    assert found(nodes) == expected


def test_a_declared_node_that_nobody_knows_is_named(nodes):
    for name, lines in nodes.views.items():
        if name != "r4":
            del lines["r4"]
    nodes.views["r4"] = {"r4": nodes.views["r4"]["r4"]}
    assert ("node_not_member", "r4", "cluster", "it is declared, no other node knows it") in found(nodes)


def test_shards_with_too_few_replicas_are_named(nodes):
    assert found(nodes, replicas=1) == [
        ("replicas_missing", "shard of r2", "cluster", "0 of 1 replicas are there"),
        ("replicas_missing", "shard of r3", "cluster", "0 of 1 replicas are there"),
    ]
    assert ("replicas_missing", "shard of r1", "cluster", "1 of 2 replicas are there: r4") in found(nodes, replicas=2)


def test_what_did_not_answer_was_not_checked(nodes):
    nodes.down["r3"] = "no answer within 5 s"
    assert not_checked(nodes.cluster()) == [NotChecked("node", "everything", "r3", "no answer within 5 s")]


def test_keys_are_counted_where_both_stand_at_one_offset(nodes):
    nodes.info["r4"]["db0"] = "keys=6,expires=2,avg_ttl=0"
    assert counted(nodes.cluster()) == [Counted("r4", "r1", 6, 7)]
    assert pairs_of(nodes.cluster()) == [Pair("r4", "r1", tuple(range(5461)))]
    nodes.info["r1"]["master_repl_offset"] = "501"
    assert counted(nodes.cluster()) == []
    nodes.down["r1"] = "Connection refused"
    assert pairs_of(nodes.cluster()) == []
