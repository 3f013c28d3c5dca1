# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is said where no node answers; molecule/redis_tools has a cluster, and nodes that are down."""

from __future__ import annotations

import socket

import pytest


@pytest.fixture
def nobody():
    """A port where nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield unused.getsockname()[1]


@pytest.fixture
def mute():
    """A port where somebody listens and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


@pytest.mark.parametrize("check_mode", [False, True])
def test_nodes_that_are_down_are_no_failure_and_are_named(run_module, nobody, mute, check_mode):
    nodes = [
        {"name": "redis1", "address": "127.0.0.1", "port": nobody},
        {"name": "redis2", "address": "127.0.0.1", "port": mute},
    ]
    done = run_module("redis_cluster_info", check_mode, nodes=nodes, login_password="top secret", timeout=1)
    assert (done["changed"], done["state"], done["shards"]) == (False, "unknown", [])
    assert [(node["name"], node["answered"], node["role"]) for node in done["nodes"]] == [
        ("redis1", False, "unknown"),
        ("redis2", False, "unknown"),
    ]
    reasons = {entry["node"]: entry["reason"] for entry in done["missing"]}
    assert len(done["missing"]) == 6
    refused = f"127.0.0.1:{nobody}: Error 111 connecting to 127.0.0.1:{nobody}. Connection refused."
    assert reasons["redis1"] == refused
    assert "redis2" in reasons
    assert "top secret" not in str(done)


def test_a_node_needs_an_address(run_module):
    done = run_module("redis_cluster_info", nodes=[{"name": "redis1"}])
    assert done["msg"] == "missing required arguments: address found in nodes"
