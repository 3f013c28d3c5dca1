# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Records between cache and store, and what is said while one of them is away; molecule/database_route has both."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time

import pytest
from reference_service.cache import Cache
from reference_service.postgres import PostgresStore
from reference_service.records import Read, Records
from reference_service.store import FileStore, OutcomeUnknown, StoreError


class Remembering:
    """A cache that works, or one that cannot be used."""

    def __init__(self, works=True):
        self.records, self.works = {}, works

    def get(self, key):
        if not self.works:
            return None, "off"
        return (self.records[key], "hit") if key in self.records else (None, "miss")

    def set(self, key, value):
        self.records[key] = value

    def check(self):
        return "ok" if self.works else "off"


@pytest.fixture
def store(tmp_path):
    store = FileStore(tmp_path / "records.sqlite")
    store.add("one", "first")
    yield store
    store.close()


@pytest.fixture
def closed_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture
def database():
    """A server that lets everybody in and then answers nothing, as a database that dies in a commit does. Its port."""
    login = b"R" + struct.pack("!ii", 8, 0) + b"Z" + struct.pack("!i", 5) + b"I"
    for name in (b"client_encoding\0UTF8\0", b"DateStyle\0ISO, DMY\0"):
        login = login[:9] + b"S" + struct.pack("!i", 4 + len(name)) + name + login[9:]
    with socket.create_server(("127.0.0.1", 0)) as server:
        held = []

        def serve():
            while True:
                try:
                    connection, _peer = server.accept()
                except OSError:
                    return
                held.append(connection)
                connection.recv(1024)
                connection.sendall(login)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()
        for connection in held:
            connection.close()


def postgres(port, operation=0.4):
    url = f"postgresql://app:secret@127.0.0.1:{port}/app?sslmode=disable"
    return PostgresStore(url, url, operation)


def test_a_record_is_cached_when_it_was_read(store):
    records = Records(store, Remembering())
    assert records.get("one") == Read("first", "miss", "file")
    assert records.get("one") == Read("first", "hit", "")


def test_what_is_not_there_is_not_cached(store):
    records = Records(store, Remembering())
    assert records.get("two") == Read(None, "miss", "")
    store.add("two", "second")
    assert records.get("two") == Read("second", "miss", "file")


def test_a_fresh_read_passes_the_cache_over(store):
    cache = Remembering()
    assert Records(store, cache).get("one", fresh=True) == Read("first", "off", "file")
    assert cache.records == {}


def test_without_a_cache_the_store_answers(store):
    assert Records(store).get("one") == Read("first", "off", "file")
    assert Records(store, Remembering(works=False)).get("one") == Read("first", "off", "file")


def test_health_tells_of_the_cache_where_there_is_one(store):
    assert Records(store).check() == {"store": "ok"}
    assert Records(store, Remembering(works=False)).check() == {"store": "ok", "cache": "off"}


def test_a_cache_that_is_away_is_passed_over_for_a_while(closed_port, tmp_path):
    authority = tmp_path / "ca.crt"
    authority.write_text("", encoding="utf-8")
    cache = Cache(f"127.0.0.1:{closed_port}", "app", "secret", str(authority))
    assert cache.get("one") == (None, "off")
    started = time.monotonic()
    for _call in range(1000):
        assert cache.get("one") == (None, "off")
    assert time.monotonic() - started < 0.5
    cache.set("one", "first")
    assert cache.check() == "off"


def test_a_write_without_a_connection_was_not_made(closed_port):
    started = time.monotonic()
    with pytest.raises(StoreError) as caught:
        postgres(closed_port).add("one", "first")
    assert 0.2 < time.monotonic() - started < 2
    assert not isinstance(caught.value, OutcomeUnknown)
    assert str(caught.value).startswith("the store cannot be used: ")
    assert "Connection refused" in str(caught.value)


def test_a_write_without_an_answer_may_have_been_made(database):
    with pytest.raises(OutcomeUnknown) as caught:
        postgres(database).add("one", "first")
    assert str(caught.value) == "the store cannot be used: no answer in time"


def test_a_read_without_an_answer_fails_and_leaves_nothing_unknown(database):
    with pytest.raises(StoreError) as caught:
        postgres(database).get("one")
    assert (type(caught.value), str(caught.value)) == (StoreError, "the store cannot be used: no answer in time")


def test_clients_are_told_that_they_may_send_the_record_again(start, database):
    url = f"postgresql://app:secret@127.0.0.1:{database}/app?sslmode=disable"
    api = start("api", DATABASE_URL=url, DATABASE_SECONDS="4")
    status, _headers, answer = api.ask("POST", "/api/v1/records", b'{"key": "one", "value": "first"}')
    error = "the store cannot be used: no answer in time"
    assert (status, json.loads(answer)) == (503, {"error": error, "outcome": "unknown"})
    assert api.get("/api/v1/health") == (503, {"error": error})
    assert api.get("/health") == (200, {"status": "ok"})
