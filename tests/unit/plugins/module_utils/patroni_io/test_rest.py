# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Requests over TLS, with a password where there is one."""

from __future__ import annotations

import json

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.rest import Endpoint, RestError, call


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
