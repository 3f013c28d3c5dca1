"""Keys of a replica are compared with its master's by what they hold, not by how that is stored."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_integrity.content import (
    ContentError,
    Pair,
    compare,
    per_slot,
    slots_apart,
    spread,
    value,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_integrity.findings import Finding

PAIR = Pair("r4", "r1", (1, 2, 3))


class Stores:
    """Two nodes; each key has a slot, a type, a payload, content and a time of expiry."""

    def __init__(self):
        self.keys = {"r1": {}, "r4": {}}
        self.refuse = {}

    def add(self, key, slot, kind=b"string", payload=b"p", content=b"v", expires=-1, nodes=("r1", "r4")):
        for node in nodes:
            self.keys[node][key] = {
                "slot": slot,
                "TYPE": kind,
                "DUMP": payload,
                "content": content,
                "PEXPIRETIME": expires,
            }

    def ask(self, node, commands):
        assert commands[0] == ("READONLY",)
        return [b"OK", *(self.answer(node, *command) for command in commands[1:])]

    def answer(self, node, name, *words):
        if name in self.refuse:
            return self.refuse[name]
        keys = self.keys[node]
        if name == "CLUSTER":
            found = sorted(key for key, entry in keys.items() if entry["slot"] == words[1])
            return len(found) if words[0] == "COUNTKEYSINSLOT" else found[: words[2]]
        entry = keys.get(words[1] if name == "MEMORY" else words[0])
        if name == "MEMORY":
            return entry and len(entry["DUMP"])
        if entry is None:
            return {"TYPE": b"none", "PEXPIRETIME": -2}.get(name)
        return entry.get(name, entry["content"])


@pytest.fixture
def stores():
    return Stores()


def look(stores, count=9, size=100):
    return compare(stores.ask, PAIR, count, size, lambda seconds: None)


def test_the_same_content_is_found_the_same_however_it_is_stored(stores):
    stores.add(b"a", 1)
    for node, payload, fields, members in (
        ("r1", b"x", [b"f", b"1", b"g", b"2"], [b"m", b"n"]),
        ("r4", b"y", [b"g", b"2", b"f", b"1"], [b"n", b"m"]),
    ):
        stores.add(b"hash", 2, b"hash", payload, fields, nodes=(node,))
        stores.add(b"set", 3, b"set", payload, members, nodes=(node,))
    assert look(stores) == (3, [])


@pytest.mark.parametrize(
    "change",
    [
        {"payload": b"q", "content": b"w"},
        {"expires": 77},
        {"kind": b"list", "payload": b"q"},
    ],
)
def test_another_value_time_or_type_is_named(stores, change):
    stores.add(b"a", 1)
    stores.add(b"b", 2)
    stores.add(b"b", 2, nodes=("r4",), **change)
    detail = "1 of 2 keys compared have another value or time of expiry on r1"
    assert look(stores) == (2, [Finding("value_differs", "b", "r4", detail)])


def test_a_key_that_lacks_is_named_and_only_some_are(stores):
    for number in range(7):
        stores.add(b"%d" % number, 1, nodes=("r1",))
    assert look(stores).findings[0].object == "0, 1, 2, 3, 4"


def test_a_value_that_was_about_to_be_written_is_no_difference(stores):
    stores.add(b"a", 1)
    stores.add(b"a", 1, payload=b"older", content=b"older", nodes=("r4",))
    done = compare(stores.ask, PAIR, 9, 100, lambda seconds: stores.add(b"a", 1))
    assert done == (1, [])


def test_large_keys_are_left_out_and_the_sample_is_as_large_as_asked(stores):
    stores.add(b"large", 1, payload=b"p" * 101)
    for number in range(10):
        stores.add(b"%d" % number, 2 + number % 2)
    assert look(stores, count=3).keys == 2
    assert look(stores, count=30).keys == 10


def test_what_a_node_refuses_is_told(stores):
    stores.add(b"a", 1)
    stores.refuse["DUMP"] = PermissionError("NOPERM  no DUMP")
    with pytest.raises(ContentError) as caught:
        look(stores)
    assert str(caught.value) == "NOPERM no DUMP"


def test_values_of_modules_cannot_be_read(stores):
    stores.add(b"a", 1, b"ReJSON-RL")
    with pytest.raises(ContentError) as caught:
        value(stores.ask, "r1", b"a")
    assert str(caught.value) == "keys of the type ReJSON-RL cannot be read"


def test_slots_with_other_counts_are_named(stores):
    stores.add(b"a", 1)
    assert slots_apart(stores.ask, PAIR) == "slot by slot they are the same now"
    stores.add(b"b", 2, nodes=("r1",))
    stores.add(b"c", 3, nodes=("r4",))
    assert slots_apart(stores.ask, PAIR) == "slot 2 has 0, not 1; slot 3 has 1, not 0"
    assert per_slot(stores.ask, "r1", (1, 2, 3)) == {1: 1, 2: 1, 3: 0}
    many = Pair("r4", "r1", tuple(range(10)))
    for slot in range(10):
        stores.add(b"x%d" % slot, slot, nodes=("r1",))
    assert slots_apart(stores.ask, many).endswith("; 4 more slots differ")


@pytest.mark.parametrize(
    ("count", "chosen"), [(0, []), (1, [0]), (2, [0, 5]), (5, [0, 2, 4, 6, 8]), (99, list(range(10)))]
)
def test_a_sample_is_spread_evenly(count, chosen):
    assert spread(range(10), count) == chosen
