# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.members import Declared, Refusal
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.apply import (
    Unsettled,
    Worker,
    agreed_plan,
    make_whole,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.carry import Pace
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.client import ServerError
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.cluster import Access, Nodes
from tests.unit.plugins.module_utils.redis_io.conftest import line, tell

PACE = Pace(100, 1, 1)


@pytest.fixture
def pair(servers):
    """Two nodes on hosts of their own, as they are declared, and their scripts; each stands alone."""
    scripts = {"r1": servers("127.0.0.2"), "r2": servers("127.0.0.3")}
    declared = []
    for name, script in scripts.items():
        address = script.place.partition(":")[0]
        declared.append(Declared(name, address, script.port, 16379, ""))
        tell(script, line(name, script.port, "myself,master", address=address))
    with Nodes(Access("admin", "a secret", "", 2)) as nodes:
        yield nodes, declared, scripts


def join(declared, scripts, first="0-8191", second="8192-16383"):
    """Let both say that they form a cluster."""
    slots = {"r1": f" {first}", "r2": f" {second}"}
    for name, script in scripts.items():
        flags = {one.name: "myself,master" if one.name == name else "master" for one in declared}
        tell(
            script,
            "".join(
                line(one.name, one.port, flags[one.name], slots[one.name], address=one.address) for one in declared
            ),
        )


def asked(script):
    return [
        text for text in script.asked if text.startswith("CLUSTER") and text not in ("CLUSTER NODES", "CLUSTER INFO")
    ]


def test_a_cluster_is_formed_and_every_node_meets_every_other_one(pair):
    nodes, declared, scripts = pair
    found = agreed_plan(nodes, declared, (2, 0, False), 1)
    join(declared, scripts)
    Worker(nodes, found.members, PACE, 1).carry_out(found)
    assert asked(scripts["r1"]) == ["CLUSTER SET-CONFIG-EPOCH 1", "CLUSTER ADDSLOTSRANGE 0 8191"]
    assert asked(scripts["r2"]) == [
        "CLUSTER SET-CONFIG-EPOCH 2",
        f"CLUSTER MEET 127.0.0.2 {scripts['r1'].port} 16379",
        "CLUSTER ADDSLOTSRANGE 8192 16383",
    ]


def test_slots_move_and_the_keys_are_counted(pair):
    nodes, declared, scripts = pair
    scripts["r1"].answers["CLUSTER COUNTKEYSINSLOT"] = b":1\r\n"
    scripts["r1"].answers["CLUSTER GETKEYSINSLOT"] = [b"*1\r\n$1\r\nx\r\n", b"*0\r\n"]
    join(declared, scripts, "0-8192", "8193-16383")
    found = agreed_plan(nodes, declared, (2, 0, False), 1)
    worker = Worker(nodes, found.members, PACE, 1)
    worker.carry_out(found)
    assert found.words == ("move slot 8192 from r1 to r2",)
    assert worker.keys_moved == 1
    assert asked(scripts["r2"]) == ["CLUSTER SETSLOT 8192 IMPORTING r1", "CLUSTER SETSLOT 8192 NODE r2"]


def test_nodes_that_never_agree_are_an_error(pair):
    nodes, declared, scripts = pair
    found = agreed_plan(nodes, declared, (2, 0, False), 1)
    with pytest.raises(Unsettled) as caught:
        Worker(nodes, found.members, PACE, 0.2).carry_out(found)
    places = [script.place for script in scripts.values()]
    assert str(caught.value) == (
        f"after 0.2 s: {places[0]} does not know 1 nodes yet; {places[1]} does not know 1 nodes yet"
    )


def test_a_node_that_refuses_a_step_is_an_error(pair):
    nodes, declared, scripts = pair
    scripts["r2"].answers["CLUSTER MEET"] = b"-ERR Invalid node address specified\r\n"
    found = agreed_plan(nodes, declared, (2, 0, False), 1)
    with pytest.raises(ServerError) as caught:
        Worker(nodes, found.members, PACE, 1).carry_out(found)
    assert str(caught.value) == f"{scripts['r2'].place}: CLUSTER MEET: Invalid node address specified"


def test_a_refusal_of_the_moment_leads_to_a_new_plan(pair):
    nodes, declared, scripts = pair
    join(declared, scripts, "0-8192", "8193-16383")
    scripts["r1"].answers["CLUSTER SETSLOT"] = b"-ERR I'm not the owner of hash slot 8192\r\n"
    answer = scripts["r1"].answer

    def refuse_once(words):
        if words[:2] == ["CLUSTER", "SETSLOT"]:
            join(declared, scripts)
        return answer(words)

    scripts["r1"].answer = refuse_once
    done = make_whole(nodes, declared, (2, 0, False), PACE, 1)
    assert [found.words for found in done.plans] == [("move slot 8192 from r1 to r2",), ()]


def test_a_refusal_that_stays_is_told_in_the_end(pair):
    nodes, declared, scripts = pair
    join(declared, scripts, "0-8192", "8193-16383")
    scripts["r1"].answers["CLUSTER SETSLOT"] = b"-ERR I'm not the owner of hash slot 8192\r\n"
    with pytest.raises(ServerError) as caught:
        make_whole(nodes, declared, (2, 0, False), PACE, 1)
    assert str(caught.value) == f"{scripts['r1'].place}: CLUSTER SETSLOT: I'm not the owner of hash slot 8192"


def test_before_the_first_run_the_plan_is_for_new_nodes():
    declared = [Declared("r1", "127.0.0.1", 1, 16379, "a")]
    with Nodes(Access("admin", "a secret", "", 1)) as nodes:
        found = agreed_plan(nodes, declared, (1, 0, False), 1, look_ahead=True)
        assert found.words == ("let r1 join", "give r1 16384 slots (0-16383) that nobody has")
        with pytest.raises(Refusal):
            agreed_plan(nodes, declared, (1, 0, False), 1)
