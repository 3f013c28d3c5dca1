# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Clients of the route on an application host, with the application's own environment.

client.py ask {app|app_read} STATEMENT    the first row of a statement, through the pool
client.py servers COUNT                   the addresses of the servers that the read route leads so many connections to
client.py hold SECONDS                    keep a transaction open through the pool so long, and commit it
client.py write {pool|api} PREFIX SECONDS write records one after the other, with a driver or through the API, and tell
                                          what was acknowledged, what failed, the longest time without an
                                          acknowledgement, and what of the acknowledged is missing
"""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.request
from typing import Callable, Dict, List, Tuple
from urllib.parse import unquote, urlsplit

import psycopg2

ENVIRONMENT = "/etc/api/environment"
INSERT = "INSERT INTO records (key, value) VALUES (%s, 'x') ON CONFLICT (key) DO UPDATE SET key = excluded.key"
INSERT = "INSERT INTO records (key, value) VALUES (%s, 'x') ON CONFLICT (key) DO UPDATE SET key = excluded.key"
API = "http://10.9.10.10:8000/api/v1/records"
READ_ROUTE = "port=5433 dbname=app sslmode=verify-full sslrootcert=/etc/freeagentics/tls/ca.crt"


def environment() -> Dict[str, str]:
    """Return the application's environment."""
    with open(ENVIRONMENT, encoding="utf-8") as file:
        pairs = (line.rstrip("\n").split("=", 1) for line in file)
        return {name: json.loads(value) for name, value in pairs}


def connect(name: str) -> psycopg2.extensions.connection:
    """Return a connection through the pool, in which each statement commits."""
    url = environment()["DATABASE_URL" if name == "app" else "DATABASE_READ_URL"]
    connection = psycopg2.connect(url, connect_timeout=10)
    connection.autocommit = True
    return connection


def ask(name: str, statement: str) -> None:
    """Print a row."""
    cursor = connect(name).cursor()
    cursor.execute(statement)
    print(*cursor.fetchone())


def servers(count: str) -> None:
    """Print where the read route leads to, each server once; a connection that a server loses does not count."""
    url = urlsplit(environment()["DATABASE_URL"])
    found = set()
    for _ in range(int(count)):
        try:
            connection = psycopg2.connect(
                f"host={url.hostname} user={url.username} {READ_ROUTE}", password=unquote(url.password or "")
            )
            cursor = connection.cursor()
            cursor.execute("SELECT host(inet_server_addr())")
            found.add(cursor.fetchone()[0])
            connection.close()
        except psycopg2.OperationalError:
            continue
    print(*sorted(found))


def hold(seconds: str) -> None:
    """Keep a transaction open."""
    connection = connect("app")
    connection.autocommit = False
    cursor = connection.cursor()
    cursor.execute("SELECT pg_backend_pid()")
    before = cursor.fetchone()
    time.sleep(float(seconds))
    cursor.execute("SELECT pg_backend_pid()")
    print("the same" if cursor.fetchone() == before else "another")
    connection.commit()


class Pool:
    """Writes with a driver, which connects again after an error."""

    connection = None

    def __call__(self, key: str) -> str:
        """Return what came of a write."""
        try:
            if self.connection is None:
                self.connection = connect("app")
            self.connection.cursor().execute(INSERT, (key,))
            return "acknowledged"
        except psycopg2.Error as error:
            self.connection = None
            return str(error).strip().splitlines()[0]


def post(key: str) -> str:
    """Write through the API, and return what came of it."""
    try:
        with urllib.request.urlopen(API, json.dumps({"key": key, "value": "x"}).encode(), timeout=10):
            return "acknowledged"
    except urllib.error.HTTPError as error:
        return f"{error.code} {error.read().decode()}"
    except OSError as error:
        return str(error)


def write(way: str, prefix: str, seconds: str) -> None:
    """Write and look everything up."""
    attempt: Callable[[str], str] = Pool() if way == "pool" else post
    end = time.monotonic() + float(seconds)
    number, acknowledged, errors = 0, [], []
    last = time.monotonic()
    longest = 0.0
    while time.monotonic() < end:
        outcome = attempt(f"{prefix}-{number}")
        if outcome == "acknowledged":
            now = time.monotonic()
            longest, last = max(longest, now - last), now
            acknowledged.append(f"{prefix}-{number}")
            number += 1
        else:
            errors.append(outcome)
        time.sleep(0.02)
    print(json.dumps({**summary(prefix, acknowledged), "errors": errors, "outage": round(longest, 2)}))


def summary(prefix: str, acknowledged: List[str]) -> Dict[str, object]:
    """Return how many were acknowledged, which of them are missing, and on which timelines they were written."""
    cursor = connect("app").cursor()
    cursor.execute("SELECT key, timeline FROM records WHERE key LIKE %s", (f"{prefix}-%",))
    rows: List[Tuple[str, int]] = cursor.fetchall()
    kept = {key for key, _timeline in rows}
    return {
        "acknowledged": len(acknowledged),
        "missing": [key for key in acknowledged if key not in kept],
        "timelines": sorted({timeline for _key, timeline in rows}),
    }


if __name__ == "__main__":
    {"ask": ask, "servers": servers, "hold": hold, "write": write}[sys.argv[1]](*sys.argv[2:])
