"""Parameters become nodes and connections."""

from __future__ import annotations

import socket

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_info.ask import Declared
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_info.options import (
    ask_once,
    client,
    declared,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.client import ServerError

LOGIN = {"login_user": "default", "login_password": None, "ca_file": None}


@pytest.fixture
def server():
    """A port that answers one connection with what is given to it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening


def test_nodes_are_taken_from_the_parameter():
    node = {"name": "redis1", "address": "10.0.0.1", "port": 6379, "bus_port": 16379, "zone": "a"}
    assert declared([node]) == (Declared("redis1", "10.0.0.1", 6379, "a"),)


def test_a_connection_has_login_and_authority():
    login = {"login_user": "admin", "login_password": "secret", "ca_file": "/etc/ssl/certs/ca-certificates.crt"}
    assert client("10.0.0.1", 6379, login, 5).server.place == "10.0.0.1:6379"
    assert "secret" not in repr(client("10.0.0.1", 6379, login, 5).server)


def test_a_node_that_is_not_there_is_told(server):
    port = server.getsockname()[1]
    server.close()
    with pytest.raises(ServerError) as caught:
        ask_once(Declared("redis1", "127.0.0.1", port), [("PING",)], LOGIN, 2)
    assert str(caught.value).startswith(f"127.0.0.1:{port}: Error 111 connecting to 127.0.0.1:{port}.")
