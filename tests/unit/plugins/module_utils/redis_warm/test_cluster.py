"""Commands reach the masters of their keys, also when those change."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm.cluster import (
    Cluster,
    ClusterError,
    Failure,
    slot_of,
)


@pytest.mark.parametrize(
    ("key", "slot"),
    [
        # The first is the example of the specification; the others were asked of Redis 7.0 (CLUSTER KEYSLOT).
        (b"123456789", 12739),
        (b"foo", 12182),
        (b"{foo}.bar", 12182),
        (b"a{foo}{bar}", 12182),
        (b"foo{}{bar}", 8363),
        (b"foo{{bar}}zap", 4015),
        (b"", 0),
        (b"{", 4092),
    ],
)
def test_a_key_has_its_slot(key, slot):
    assert slot_of(key) == slot


def test_commands_go_to_the_masters_of_their_keys_in_one_go_each(source):
    for key in (b"foo", b"bar", b"baz"):
        source.add(key)
    cluster = source.cluster()
    source.sent.clear()
    assert cluster.ask([("DUMP", b"foo"), ("DUMP", b"bar"), ("DUMP", b"baz")]) == [b"of foo", b"of bar", b"of baz"]
    assert sorted(source.sent) == [(source.nodes[0], 2), (source.nodes[1], 1)]
    assert cluster.masters() == list(source.nodes)


def test_a_slot_that_moved_is_followed(source):
    source.add(b"foo")
    cluster = source.cluster()
    source.nodes = source.nodes[::-1]
    assert cluster.ask([("DUMP", b"foo")]) == [b"of foo"]


def test_a_slot_that_is_on_its_way_stays_a_failure(source):
    source.answers["DUMP", b"foo"] = Failure("ASK 12182 127.0.0.1:7000")
    assert source.cluster().ask([("DUMP", b"foo")]) == [Failure("ASK 12182 127.0.0.1:7000")]


def test_a_seed_that_is_down_is_passed_over(source):
    source.down = {source.nodes[0]}
    assert source.cluster().masters() == list(source.nodes)


def test_without_any_answer_every_seed_is_told(source):
    source.down = set(source.nodes)
    with pytest.raises(ClusterError) as caught:
        source.cluster()
    assert str(caught.value) == "127.0.0.1:7000: Connection refused; 127.0.0.1:7001: Connection refused"


def test_slots_without_a_master_are_refused():
    with pytest.raises(ClusterError) as caught:
        Cluster([("here", 1)], lambda node, commands: [[[0, 99, [b"", 1, b"id"]]]])
    assert str(caught.value) == "here:1: 16284 slots have no master"


def test_a_server_that_does_not_know_its_address_is_where_it_was_asked():
    cluster = Cluster([("here", 1)], lambda node, commands: [[[0, 16383, [b"", 2, b"id"]]]])
    assert cluster.masters() == [("here", 2)]


def test_all_keys_are_seen_in_turns(source):
    for number in range(20):
        source.add(b"%d" % number)
    groups = list(source.cluster().keys(10))
    assert sorted(key for _node, keys in groups for key in keys) == sorted(source.keys)
    assert [node for node, _keys in groups] == list(source.nodes)


def test_a_master_that_stops_answering_is_told(source):
    cluster = source.cluster()
    source.down = {source.nodes[1]}
    with pytest.raises(ClusterError) as caught:
        list(cluster.keys(10))
    assert str(caught.value) == "127.0.0.1:7001: SCAN: Connection refused"
