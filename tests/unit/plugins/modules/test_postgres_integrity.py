# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is said where no server answers; molecule/postgres_integrity has the servers, and the damage."""

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
def test_a_server_that_is_not_there_stops_the_module_and_is_named(run_module, nobody, check_mode):
    server = {"host": "127.0.0.1", "port": nobody, "password": "top secret", "sslmode": "disable"}
    done = run_module("postgres_integrity", check_mode, server=server)
    assert done["failed"] is True
    assert done["msg"] == (
        f'the server could not be looked at: connection to server at "127.0.0.1", port {nobody} failed: '
        "Connection refused Is the server running on that host and accepting TCP/IP connections?"
    )
    assert "top secret" not in str(done)


def test_a_copy_and_a_state_are_not_compared_at_once(run_module):
    done = run_module("postgres_integrity", copy={"name": "b"}, baseline={"name": "a"})
    assert done["msg"] == "parameters are mutually exclusive: copy|baseline"


def test_an_unknown_check_is_refused(run_module):
    done = run_module("postgres_integrity", checks=["everything"])
    assert "value of checks must be one or more of: checksums, catalog, fingerprints" in done["msg"]
