# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module plans for nodes that are not there yet, refuses what cannot be, and names what it could not reach."""

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
def run(run_module, nobody):
    """Run the module for two nodes that do not run."""

    def start(check_mode=False, **changes):
        nodes = [{"name": f"r{n}", "address": f"127.0.0.{n}", "port": nobody, "zone": "ab"[n % 2]} for n in (1, 2)]
        arguments = {"nodes": nodes, "shards": 1, "replicas": 1, "login_user": "admin", "login_password": "top secret"}
        return run_module("redis_cluster", check_mode=check_mode, **{**arguments, "timeout": 1, **changes})

    return start


def test_check_mode_tells_the_steps_before_any_node_runs(run):
    done = run(check_mode=True)
    assert done["changed"]
    assert done["steps"] == [
        "let r1 join",
        "let r2 join",
        "give r1 16384 slots (0-16383) that nobody has",
        "let r2 replicate r1",
    ]
    assert done["diff"] == {
        "before": "r1: no slots\nr2: no slots\n",
        "after": "r1: 16384 slots (0-16383), replicas r2\n",
    }


def test_nodes_that_do_not_answer_are_named(run, nobody):
    done = run()
    assert done["failed"]
    assert done["msg"].startswith(f"nothing was changed: r1 (127.0.0.1:{nobody}) does not answer: ")
    assert f"; r2 (127.0.0.2:{nobody}) does not answer: " in done["msg"]
    assert "top secret" not in str(done)


def test_too_few_nodes_are_refused(run):
    assert run(shards=2)["msg"] == (
        "nothing was changed: 2 shards with 1 replicas need 4 nodes, one for each copy, and 2 are declared"
    )
