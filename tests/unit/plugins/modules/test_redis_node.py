# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module leaves a node alone that is not there, and says what it would do."""

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
    def start(check_mode=False, **changes):
        arguments = {"address": "127.0.0.1", "port": nobody, "login_password": "top secret", "timeout": 1}
        return run_module("redis_node", check_mode=check_mode, **{**arguments, **changes})

    return start


def test_a_node_that_does_not_run_loads_nothing(run, certificate):
    done = run(load_users=True, certificate=str(certificate["crt"]))
    assert (done["changed"], done["actions"]) == (False, [])


def test_a_node_with_another_certificate_is_told_to_load_its_own(run, api, certificate, tmp_path):
    assert run(check_mode=True, port=api.port, certificate=str(certificate["crt"]))["actions"] == []
    other = tmp_path / "other.crt"
    other.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    assert run(check_mode=True, port=api.port, certificate=str(other))["actions"] == [f"load {other}"]


def test_a_restart_is_told_in_check_mode(run):
    assert run(check_mode=True, restart_unit="redis-server.service")["actions"] == ["restart redis-server.service"]


def test_outsiders_alone_are_restarted_where_that_is_asked(run):
    done = run(check_mode=True, restart_unit="redis-server.service", restart_members=False)
    assert done["actions"] == ["restart redis-server.service"]
