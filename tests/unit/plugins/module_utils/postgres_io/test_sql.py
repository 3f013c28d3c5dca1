"""What libpq is told, and that a server that is not there is an error with a place."""

from __future__ import annotations

import socket

import psycopg2
import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_io.sql import Server, connect


@pytest.mark.parametrize(
    ("server", "parameters", "place"),
    [
        (Server("", 5432, "postgres"), {"port": 5432, "user": "postgres"}, "local socket:5432"),
        (
            Server("db1", 5432, "a", passfile="/pgpass"),
            {"host": "db1", "port": 5432, "user": "a", "passfile": "/pgpass", "sslmode": "verify-full"},
            "db1:5432",
        ),
        (
            Server("/run/pg", 5433, "a", ca_file="/ca.crt"),
            {"host": "/run/pg", "port": 5433, "user": "a"},
            "/run/pg:5433",
        ),
        (
            Server("db1", 5432, "a", "secret", "/ca.crt"),
            {
                "host": "db1",
                "port": 5432,
                "user": "a",
                "password": "secret",
                "sslmode": "verify-full",
                "sslrootcert": "/ca.crt",
            },
            "db1:5432",
        ),
    ],
)
def test_what_libpq_is_told(server, parameters, place):
    assert (server.parameters(), server.place) == (parameters, place)


def test_a_server_that_is_not_there_is_named():
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(psycopg2.OperationalError, match=rf"127\.0\.0\.1.*{port}.*Connection refused"):
            connect(Server("127.0.0.1", port, "a"), "postgres", 1, "test")
