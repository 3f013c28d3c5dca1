# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a client of the API sees."""

from __future__ import annotations

import json
import socket
import sqlite3
from dataclasses import replace

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect


@pytest.fixture(scope="module")
def api(start, tmp_path_factory):
    return start("api", RECORDS_FILE=str(tmp_path_factory.mktemp("api") / "records.sqlite"))


def test_health_is_answered(api):
    assert api.get("/health") == (200, {"status": "ok"})
    assert api.get("/api/v1/health") == (200, {"status": "ok", "store": "ok"})


def test_the_server_and_its_release_are_named(api):
    assert api.get("/api/v1/server") == (200, {"server": socket.gethostname(), "version": "7"})


@pytest.mark.parametrize(
    ("key", "path"), [("one", "one"), ("a/b c", "a%2Fb%20c"), ("100%25", "100%2525"), ("ü", "%C3%BC")]
)
def test_a_record_is_kept_under_its_key(api, key, path):
    assert api.get(f"/api/v1/records/{path}") == (404, {"error": "there is no such record"})
    assert api.post("/api/v1/records", {"key": key, "value": "first"}) == (201, {"key": key, "value": "first"})
    assert api.get(f"/api/v1/records/{path}") == (200, {"key": key, "value": "first"})


def test_a_record_that_is_sent_again_stays_as_it_was(api):
    api.post("/api/v1/records", {"key": "twice", "value": "first"})
    again = api.post("/api/v1/records", {"key": "twice", "value": "second"})
    assert again == (201, {"key": "twice", "value": "first"})
    listed = api.get("/api/v1/records")[1]["records"]
    assert [record for record in listed if record["key"] == "twice"] == [{"key": "twice", "value": "first"}]
    assert listed[0] == {"key": "twice", "value": "first"}


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (b"{", 'a record is {"key": text, "value": text}'),
        (b"[]", 'a record is {"key": text, "value": text}'),
        (b'{"key": "one"}', 'a record is {"key": text, "value": text}'),
        (b'{"key": "", "value": "x"}', "key and value have to be texts, and the key not empty"),
        (b'{"key": 1, "value": "x"}', "key and value have to be texts, and the key not empty"),
        (b'{"key": "\\ud800", "value": "x"}', "key and value have to be texts, and the key not empty"),
    ],
)
def test_what_is_no_record_is_refused(api, body, error):
    status, _headers, answer = api.ask("POST", "/api/v1/records", body)
    assert (status, json.loads(answer)) == (400, {"error": error})


def test_a_body_that_is_too_large_is_refused(api):
    status, _headers, answer = api.ask("POST", "/api/v1/records", b"x" * (1024 * 1024 + 1))
    assert (status, json.loads(answer)) == (413, {"error": "the body is too large"})


def test_the_echo_shows_headers_as_they_arrived(api):
    sent = [("X-Twice", "a"), ("X-Twice", "b"), ("X-Forwarded-For", "203.0.113.9")]
    status, _headers, answer = api.ask("POST", "/api/v1/echo?q", b"four", sent)
    shown = json.loads(answer)
    assert status == 200
    assert (shown["method"], shown["path"], shown["body_bytes"]) == ("POST", "/api/v1/echo", 4)
    assert [value for name, value in shown["headers"] if name == "x-twice"] == ["a", "b"]
    assert ["x-forwarded-for", "203.0.113.9"] in shown["headers"]


def test_unknown_paths_are_not_found(api):
    assert api.get("/no/such/path") == (404, {"error": "there is nothing here"})
    assert api.ask("DELETE", "/api/v1/records/one")[0] == 404


def test_documentation_is_there_for_the_load_balancer_to_hide(api):
    status, _headers, body = api.ask("GET", "/docs")
    assert (status, "/api/v1/records" in body.decode().splitlines()) == (200, True)


def test_metrics_have_their_published_names_and_no_label_of_a_client(api):
    api.ask("GET", "/health")
    api.ask("MADEUP", "/no/such/path/at/all")
    shown = api.ask("GET", "/metrics")[2].decode()
    assert 'http_requests_total{endpoint="/health",method="GET",status="200"}' in shown
    assert 'http_requests_total{endpoint="unknown",method="other",status="404"}' in shown
    assert 'http_request_duration_seconds_count{endpoint="/health",method="GET"}' in shown
    for name in (
        "agent_spawn_total",
        "freeagentics_system_active_agents_total",
        "freeagentics_business_inference_operations_total",
    ):
        assert f"\n{name} " in shown
    assert "MADEUP" not in shown
    assert "/no/such" not in shown


def test_metrics_are_on_a_port_of_their_own_too(start, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    api = start("api", RECORDS_FILE=str(tmp_path / "records.sqlite"), METRICS_PORT=str(port))
    api.get("/health")
    status, _headers, body = replace(api, port=port).ask("GET", "/metrics")
    assert status == 200
    assert 'http_requests_total{endpoint="/health",method="GET",status="200"} 1.0' in body.decode()
    assert api.get("/api/v1/records") == (200, {"records": []})


def test_the_socket_gives_texts_and_bytes_back(api):
    with connect(f"ws://127.0.0.1:{api.port}/api/v1/ws/echo") as client:
        for message in ("text", "", b"\x00bytes"):
            client.send(message)
            assert client.recv(timeout=10) == message


def test_other_sockets_are_refused(api):
    with pytest.raises(InvalidStatus) as caught:
        connect(f"ws://127.0.0.1:{api.port}/api/v1/ws/other")
    assert caught.value.response.status_code == 403


def test_a_store_that_cannot_be_used_is_told(start, tmp_path):
    path = tmp_path / "records.sqlite"
    api = start("api", RECORDS_FILE=str(path))
    with sqlite3.connect(path) as other:
        other.execute("DROP TABLE records")
    assert api.get("/api/v1/health") == (503, {"error": "the store cannot be used: no such table: records"})
    assert api.get("/health") == (200, {"status": "ok"})
    assert 'http_requests_total{endpoint="/api/v1/health",method="GET",status="503"} 1.0' in (
        api.ask("GET", "/metrics")[2].decode()
    )


def test_it_ends_well_with_a_socket_open_and_keeps_its_records(start, tmp_path):
    path = str(tmp_path / "records.sqlite")
    api = start("api", RECORDS_FILE=path)
    api.post("/api/v1/records", {"key": "one", "value": "first"})
    with connect(f"ws://127.0.0.1:{api.port}/api/v1/ws/echo"):
        api.stop()
    assert "Application shutdown complete." in api.process.stderr.read()
    assert start("api", RECORDS_FILE=path).get("/api/v1/records/one") == (200, {"key": "one", "value": "first"})
