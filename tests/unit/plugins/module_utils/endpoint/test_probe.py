# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An endpoint is healthy where a visitor gets what is expected, by real requests to real servers."""

from __future__ import annotations

import socket
import threading
import time
from pathlib import Path

import pytest
from websockets.sync.server import serve

from ansible_collections.freeagentics.platform.plugins.module_utils.endpoint.probe import Endpoint, accepted, probe


def ca(api):
    """Return the CA of the server."""
    return Path(api.ca_file).read_text(encoding="ascii")


@pytest.fixture
def page(api):
    """The URL of a page that answers."""
    api.answers["/health?deep=1"] = (200, '{"status": "ok"}')
    return f"https://127.0.0.1:{api.port}/health?deep=1"


def test_a_page_that_answers_is_healthy_and_its_times_are_told(api, page):
    result = probe(Endpoint(page, ca=ca(api), contains="ok"))
    assert (result.healthy, result.status, result.error) == (True, 200, "")
    parts = [result.seconds[part] for part in ("connected", "secured", "answered", "done")]
    assert parts == sorted(parts)
    assert 29 < result.certificate_days <= 30


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"contains": "fine"}, "the answer has no 'fine' in its first 65536 bytes"),
        ({"statuses": (201, 204)}, "status 200, not 201 or 204"),
        ({"days": 400}, "the certificate ends in 30 days, sooner than in 400"),
        ({"ca": ""}, "certificate verify failed"),
    ],
)
def test_what_is_otherwise_than_expected_is_said(api, page, changes, error):
    result = probe(Endpoint(page, **{"ca": ca(api), **changes}))
    assert not result.healthy
    assert error in result.error.replace("29.99", "30").replace("30.00", "30")


def test_a_certificate_for_another_name_is_refused(api):
    result = probe(Endpoint(f"https://localhost:{api.port}/", address="127.0.0.1", ca=ca(api)))
    assert "certificate is not valid for 'localhost'" in result.error


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "127.0.0.1", "https://"])
def test_what_is_no_url_is_said(url):
    assert probe(Endpoint(url)).error == f"{url!r} is no URL with http, https, ws or wss and a host"


def test_nobody_there_is_said():
    assert probe(Endpoint("http://127.0.0.1:1/")).error == "[Errno 111] Connection refused"


def test_a_server_that_says_nothing_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        begun = time.monotonic()
        result = probe(Endpoint(f"http://127.0.0.1:{silent.getsockname()[1]}/", timeout=0.3))
    assert (result.healthy, result.error) == (False, "timed out")
    assert time.monotonic() - begun < 2


def test_a_websocket_is_opened():
    with serve(lambda connection: connection.recv(), "127.0.0.1", 0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        result = probe(Endpoint(f"ws://127.0.0.1:{server.socket.getsockname()[1]}/ws"))
        server.shutdown()
    assert (result.healthy, result.status, result.error) == (True, 101, "")


def test_a_page_is_no_websocket(api, page):
    result = probe(Endpoint(page.replace("https", "wss"), ca=ca(api)))
    assert result.error == "status 200: no WebSocket was opened"


def test_the_key_is_answered_as_the_standard_says():
    assert accepted("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
