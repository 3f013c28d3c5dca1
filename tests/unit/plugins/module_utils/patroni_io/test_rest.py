# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Requests over TLS, with a password where there is one."""

from __future__ import annotations

import json
import socket
import time
from contextlib import ExitStack

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.rest import (
    Endpoint,
    RestError,
    call,
    read,
)


@pytest.fixture
def endpoint(api):
    return Endpoint("127.0.0.1", api.port, api.ca_file, "patroni", "secret")


def test_a_request_carries_its_body_and_its_password(api, endpoint):
    api.answers["PATCH /config"] = (200, '{"ttl": 20}')
    assert call(endpoint, "PATCH", "/config", {"ttl": 20}) == (200, {"ttl": 20})
    method, path, headers, body = api.requests[0]
    assert (method, path, json.loads(body)) == ("PATCH", "/config", {"ttl": 20})
    assert headers["Authorization"] == "Basic cGF0cm9uaTpzZWNyZXQ="


def test_an_answer_that_is_no_json_is_its_text(api, endpoint):
    api.answers["/switchover"] = (503, "No candidates found\n")
    assert call(endpoint, "POST", "/switchover", {}) == (503, "No candidates found")


def test_a_certificate_that_nobody_vouches_for_is_refused(api, certificate, tmp_path):
    empty = tmp_path / "other.crt"
    empty.write_text("")
    with pytest.raises(RestError):
        call(Endpoint("127.0.0.1", api.port, str(empty)), "GET", "/config")
    assert api.requests == []


def test_a_server_that_is_down_is_named(api):
    with pytest.raises(RestError) as error:
        call(Endpoint("127.0.0.1", 1, api.ca_file), "GET", "/config")
    assert str(error.value) == "https://127.0.0.1:1/config: [Errno 111] Connection refused"


def test_a_host_that_takes_no_connection_is_given_up_before_one_that_is_slow_to_answer(api):
    """Nobody takes the connections that wait here, and the queue is full: what asks for one more is dropped."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as full, ExitStack() as waiting:
        port = full.getsockname()[1]
        for _number in range(2):
            client = waiting.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(("127.0.0.1", port))
        began = time.monotonic()
        with pytest.raises(RestError) as error:
            call(Endpoint("127.0.0.1", port, api.ca_file, timeout=30, reach=0.2), "GET", "/config")
        assert str(error.value) == f"https://127.0.0.1:{port}/config: timed out"
        assert time.monotonic() - began < 15
    api.answers["/config"] = (200, "{}")
    assert call(Endpoint("127.0.0.1", api.port, api.ca_file, reach=5), "GET", "/config") == (200, {})


def failure(host, port, path, ca_file):
    with pytest.raises(RestError) as error:
        read(Endpoint(host, port, ca_file), path)
    return str(error.value)


def test_an_answer_is_read(api):
    api.answers["/cluster"] = (200, json.dumps({"members": []}))
    assert read(Endpoint("127.0.0.1", api.port, api.ca_file), "/cluster") == {"members": []}


def test_another_status_is_no_answer(api):
    api.answers["/cluster"] = (503, "{}")
    said = failure("127.0.0.1", api.port, "/cluster", api.ca_file)
    assert said == f"https://127.0.0.1:{api.port}/cluster: HTTP status 503, not 200"


def test_what_is_no_json_is_no_answer(api):
    api.answers["/cluster"] = (200, "<html>")
    said = failure("127.0.0.1", api.port, "/cluster", api.ca_file)
    assert said == f"https://127.0.0.1:{api.port}/cluster: the answer is no JSON: '<html>'"


def test_a_certificate_for_another_name_is_refused(api):
    assert "certificate verify failed: Hostname mismatch" in failure("localhost", api.port, "/cluster", api.ca_file)


def test_a_certificate_that_the_ca_does_not_know_is_refused(api):
    said = failure("127.0.0.1", api.port, "/cluster", "/etc/ssl/certs/ca-certificates.crt")
    assert "certificate verify failed" in said


def test_a_missing_ca_file_and_a_refused_connection_name_the_place(api):
    said = failure("127.0.0.1", api.port, "/cluster", "/nowhere")
    assert said == f"https://127.0.0.1:{api.port}/cluster: [Errno 2] No such file or directory"
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        said = failure("127.0.0.1", port, "/cluster", api.ca_file)
    assert said == f"https://127.0.0.1:{port}/cluster: [Errno 111] Connection refused"
