"""All nodes are asked at once, and one that fails or is late keeps nobody."""

from __future__ import annotations

import threading
import time

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_info.collect import collect


def test_all_nodes_are_asked_at_once(nodes):
    together = threading.Barrier(4, timeout=5)

    def ask(node, commands):
        together.wait()
        assert commands == [("INFO",), ("CLUSTER", "NODES"), ("CLUSTER", "INFO")]
        answers = nodes.answers(node.name)
        return [answers[" ".join(command)] for command in commands]

    cluster = collect(nodes.declared, ask, 10)
    assert [told.missing for told in cluster.told.values()] == [{}, {}, {}, {}]
    assert cluster.told["r2"].myself.id == "id-r2"


def test_a_node_that_cannot_be_reached_and_one_that_is_late_are_missing(nodes):
    def ask(node, commands):
        if node.name == "r1":
            raise OSError("Connection refused")
        if node.name == "r2":
            time.sleep(1)
        answers = nodes.answers(node.name)
        return [answers[" ".join(command)] for command in commands]

    cluster = collect(nodes.declared, ask, 0.5)
    assert {name: next(iter(told.missing.values()), "") for name, told in cluster.told.items()} == {
        "r1": "Connection refused",
        "r2": "no answer within 0.5 s",
        "r3": "",
        "r4": "",
    }
