# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is said where no node answers; molecule/redis_tools has a cluster, and the faults."""

from __future__ import annotations

import socket

import pytest


@pytest.fixture
def nobody():
    """A port where nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield unused.getsockname()[1]


@pytest.mark.parametrize("check_mode", [False, True])
def test_what_does_not_answer_is_not_checked_and_so_not_healthy(run_module, nobody, check_mode):
    node = {"name": "redis1", "address": "127.0.0.1", "port": nobody}
    done = run_module("redis_integrity", check_mode, nodes=[node], login_password="top secret", settle=0)
    assert (done["changed"], done["healthy"], done["findings"]) == (False, False, [])
    assert done["not_checked"] == [
        {
            "check": "node",
            "object": "everything",
            "where": "redis1",
            "reason": f"127.0.0.1:{nobody}: Error 111 connecting to 127.0.0.1:{nobody}. Connection refused.",
        }
    ]
    assert "top secret" not in str(done)
