# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster import observe

NODES = """\
07c37 10.0.0.1:6379@16379,redis1.internal,shard-id=69 myself,master - 0 142623 2 connected 0-2 7 [7->-292f8] [9-<-67ed2]
67ed2 10.0.0.2:6379@16379 slave 07c37 0 1426238317741 2 connected
292f8 10.0.0.3:6379@16379 master,fail - 0 1426238318243 3 disconnected 8-9
6ec23 :0@0 master,noaddr - 1426238318243 1426238318243 0 disconnected
e7d1e 10.0.0.5:6379@16379 handshake - 0 0 0 connected
"""


@pytest.fixture
def nodes():
    return observe.parse_nodes(NODES)


def test_a_line_is_read_with_all_its_fields(nodes):
    assert nodes[0] == observe.Node(
        id="07c37",
        address="10.0.0.1",
        port=6379,
        bus_port=16379,
        hostname="redis1.internal",
        flags=frozenset({"myself", "master"}),
        master_id="",
        config_epoch=2,
        linked=True,
        slots=frozenset({0, 1, 2, 7}),
        migrating=((7, "292f8"),),
        importing=((9, "67ed2"),),
    )
    assert nodes[0].place == "10.0.0.1:6379"


def test_flags_are_told_as_questions(nodes):
    assert [node.id for node in nodes if node.myself] == ["07c37"]
    assert [node.id for node in nodes if node.is_master] == ["07c37", "292f8", "6ec23"]
    assert [node.id for node in nodes if node.is_gone] == ["292f8", "6ec23"]
    assert [node.id for node in nodes if not node.is_known] == ["e7d1e"]
    assert [node.id for node in nodes if not node.linked] == ["292f8", "6ec23"]


def test_a_replica_names_its_master(nodes):
    assert (nodes[1].master_id, nodes[1].slots) == ("07c37", frozenset())


def test_the_asked_node_is_found_and_owners_are_told(nodes):
    assert observe.own(nodes).id == "07c37"
    assert observe.owners(nodes) == {0: "07c37", 1: "07c37", 2: "07c37", 7: "07c37", 8: "292f8", 9: "292f8"}


def test_an_answer_without_the_asked_node_is_an_error(nodes):
    with pytest.raises(ValueError, match=r"^no line of CLUSTER NODES is marked as the node itself$"):
        observe.own(nodes[1:])


def test_another_text_is_an_error():
    with pytest.raises(ValueError, match=r"^no line of CLUSTER NODES: 'PONG'$"):
        observe.parse_nodes("PONG")


def test_info_is_read_without_its_headings():
    text = "# Replication\r\nrole:master\r\n\r\nslave0:ip=10.0.0.2,port=6379\r\n"
    assert observe.parse_info(text) == {"role": "master", "slave0": "ip=10.0.0.2,port=6379"}


@pytest.mark.parametrize(
    ("slots", "text"), [([], ""), ([5], "5"), ([3, 1, 2], "1-3"), ([0, 1, 9, 16383], "0-1,9,16383")]
)
def test_slots_are_told_as_ranges(slots, text):
    assert observe.slot_ranges(slots) == text
