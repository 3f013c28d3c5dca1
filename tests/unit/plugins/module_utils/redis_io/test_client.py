# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import socket
from dataclasses import replace

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.client import (
    Client,
    LoginError,
    Server,
    ServerError,
    as_text,
)


@pytest.fixture
def client(server):
    with Client(Server("127.0.0.1", server.port, "admin", "a secret", server.ca_file), 2) as found:
        yield found


def test_commands_go_out_after_a_login_and_answers_come_back_as_they_are(server, client):
    server.answers = {"GET a": b"$3\r\nx\x00y\r\n", "DBSIZE": b":7\r\n", "GET none": b"$-1\r\n"}
    assert client.ask_all([("GET", "a"), ("DBSIZE",), ("GET", b"none")]) == [b"x\x00y", 7, None]
    assert "AUTH admin a secret" in server.asked
    assert client.text("GET", "a") == "x\x00y"


def test_an_error_among_answers_does_not_keep_the_others_back(server, client):
    server.answers = {"CLUSTER MEET": b"-ERR Invalid node address\r\n", "PING": b"+PONG\r\n"}
    refused, answer = client.ask_all([("CLUSTER", "MEET", "a secret"), ("PING",)])
    assert str(refused) == f"{server.place}: CLUSTER MEET: Invalid node address"
    assert answer == b"PONG"
    with pytest.raises(ServerError):
        client.ask("CLUSTER", "MEET")


def test_a_refused_login_names_the_server_and_no_password(server, client):
    server.answers = {"AUTH": b"-WRONGPASS invalid username-password pair or user is disabled.\r\n"}
    with pytest.raises(LoginError) as caught:
        client.ask("PING")
    assert str(caught.value).startswith(f"{server.place}: ")
    assert "invalid username-password pair or user is disabled" in str(caught.value)
    assert "a secret" not in str(caught.value)


def test_the_previous_password_is_tried_where_the_present_one_is_refused(server):
    refused = b"-WRONGPASS invalid username-password pair or user is disabled.\r\n"
    server.answers = {"AUTH admin new": refused, "PING": b"+PONG\r\n"}
    with Client(Server("127.0.0.1", server.port, "admin", "new", server.ca_file, "old"), 2) as client:
        assert client.ask("PING") == b"PONG"
        server.answers = {"AUTH admin old": refused, "PING": b"+PONG\r\n"}
        assert client.ask("PING") == b"PONG"
        client.close()
        assert client.ask("PING") == b"PONG"
        client.close()
        server.answers = {"AUTH": refused}
        with pytest.raises(LoginError):
            client.ask("PING")
    asked = [text for text in server.asked if text.startswith("AUTH")]
    assert asked == [f"AUTH admin {word}" for word in ("new", "old", "new", "new", "old")]


def test_a_certificate_that_need_not_be_verified_is_not(server, other_ca):
    server.answers = {"PING": b"+PONG\r\n"}
    here = Server("127.0.0.1", server.port, "admin", "a secret", other_ca)
    with pytest.raises(ServerError, match="certificate verify failed"):
        Client(here, 2).ask("PING")
    with Client(replace(here, verified=False), 2) as client:
        assert client.ask("PING") == b"PONG"


def test_a_server_that_nobody_vouches_for_is_not_asked(server, tmp_path):
    other = tmp_path / "ca.crt"
    other.write_text("")
    with pytest.raises(ServerError):
        Client(Server("127.0.0.1", server.port, "admin", "a secret", str(other)), 2).ask("PING")
    assert server.asked == []


def test_a_port_where_nobody_listens_is_an_error():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(ServerError) as caught:
            Client(Server("127.0.0.1", port), 2).ask("PING")
    assert str(caught.value).startswith(f"127.0.0.1:{port}: ")


def test_a_password_is_not_shown():
    assert "a secret" not in repr(Server("127.0.0.1", 6379, "admin", "a secret", "", "a secret of old"))


def test_answers_are_told_as_text():
    assert (as_text(b"x"), as_text(7), as_text(b"\xff")) == ("x", "7", "�")
