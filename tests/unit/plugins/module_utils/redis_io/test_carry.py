# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.carry import (
    Pace,
    Side,
    batches,
    move_slots,
    patiently,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.client import (
    Client,
    Server,
    ServerError,
)

PACE = Pace(keys_at_once=2, migrate_timeout=1, patience=2)


@pytest.fixture
def sides(servers):
    scripts = servers(), servers()
    clients = [Client(Server("127.0.0.1", one.port, "admin", "a secret", one.ca_file), 2) for one in scripts]
    yield scripts, (Side("a", clients[0]), Side("b", clients[1]))
    for client in clients:
        client.close()


def test_a_slot_is_handed_over_with_its_keys_in_the_order_that_loses_none(sides):
    (source, target), (one, other) = sides
    source.answers = {
        "CLUSTER COUNTKEYSINSLOT": b":3\r\n",
        "CLUSTER GETKEYSINSLOT": [b"*2\r\n$1\r\nx\r\n$1\r\ny\r\n", b"*1\r\n$1\r\nz\r\n", b"*0\r\n"],
    }
    assert move_slots(one, other, [7], PACE) == 3
    assert [text for text in target.asked if text.startswith("CLUSTER")] == [
        "CLUSTER SETSLOT 7 IMPORTING a",
        "CLUSTER SETSLOT 7 NODE b",
    ]
    login = "AUTH2 admin a secret"
    assert [text for text in source.asked if text.startswith(("CLUSTER", "MIGRATE"))] == [
        "CLUSTER SETSLOT 7 MIGRATING b",
        "CLUSTER COUNTKEYSINSLOT 7",
        "CLUSTER GETKEYSINSLOT 7 2",
        f"MIGRATE 127.0.0.1 {target.port}  0 1000 REPLACE {login} KEYS x y",
        "CLUSTER GETKEYSINSLOT 7 2",
        f"MIGRATE 127.0.0.1 {target.port}  0 1000 REPLACE {login} KEYS z",
        "CLUSTER GETKEYSINSLOT 7 2",
        "CLUSTER SETSLOT 7 NODE b",
    ]


def test_a_refusal_that_passes_is_waited_for(sides):
    (source, _target), (one, other) = sides
    source.answers = {
        "CLUSTER COUNTKEYSINSLOT": b":1\r\n",
        "CLUSTER GETKEYSINSLOT": [b"*1\r\n$1\r\nx\r\n", b"*0\r\n"],
        "MIGRATE": [b"-ERR Target instance replied with error: NOREPLICAS Not enough good replicas\r\n", b"+OK\r\n"],
    }
    assert move_slots(one, other, [7], PACE) == 1


def test_a_refusal_that_stays_is_an_error(sides):
    (source, _target), (one, other) = sides
    source.answers = {"CLUSTER SETSLOT": b"-ERR I'm not the owner of hash slot 7\r\n"}
    with pytest.raises(ServerError) as caught:
        move_slots(one, other, [7], PACE)
    assert str(caught.value) == f"{source.place}: CLUSTER SETSLOT: I'm not the owner of hash slot 7"


def test_the_first_slots_go_in_small_groups_so_that_clients_learn_of_the_target_soon():
    groups = list(batches(range(300)))
    assert [len(group) for group in groups] == [1, 2, 4, 8, 16, 32, 64, 64, 64, 45]
    assert [slot for group in groups for slot in group] == list(range(300))


def test_patience_ends():
    def refuse():
        raise ServerError("LOADING")

    with pytest.raises(ServerError, match=r"^LOADING$"):
        patiently(refuse, 0.1)
