# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writers on a host of the application, which use its route, its user and its libraries; a program for the host itself.

    python3 -m tests.acceptance.ledger_host database --ledger FILE --prefix NAME     as root

It says where to it writes, and ends when its standard input does. A write that fails is given up, and the next one
connects anew; nothing else is added to what the driver does by itself, so that what is measured is the route.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Optional

import psycopg2
from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import RedisClusterException, RedisError

from ansible_collections.freeagentics.platform.plugins.module_utils.drill.write import STORED, Ledger, Writers

#: Records of the database; without a unique index, so that one that is written twice is there twice.
TABLE = "ledger"
COLUMNS = """key text, value text, timeline integer NOT NULL
    DEFAULT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer"""
#: Seconds that keys live in the cache, and that its client waits for an answer.
LIFETIME, PATIENCE = 3600, 0.5
#: Writes in a second, and connections that share them.
RATE, WRITERS = 40.0, 8
FAILURES = (psycopg2.Error, RedisError, RedisClusterException)


def environment(path: Path) -> Dict[str, str]:
    """Return the application's environment: a line NAME="value" for each variable, quoted as JSON is."""
    lines = (line.split("=", 1) for line in path.read_text(encoding="utf-8").splitlines() if "=" in line)
    return {name: str(json.loads(value)) for name, value in lines}


class Database:
    """One client of the database."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._connection: Optional[Any] = None

    def __call__(self, key: str, value: str) -> int:
        """Insert a record; a connection that failed is not used again.

        :raises psycopg2.Error: it failed.
        """
        try:
            self.execute(f"INSERT INTO {TABLE} VALUES (%s, %s)", key, value)
        except psycopg2.Error:
            self.close()
            raise
        return STORED

    def execute(self, statement: str, *values: str) -> None:
        """Run a statement in a transaction of its own."""
        if self._connection is None:
            self._connection = psycopg2.connect(self._url, connect_timeout=5)
            self._connection.autocommit = True
        with self._connection.cursor() as cursor:
            cursor.execute(statement, values)

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Cache:
    """One client of the cache whose keys all belong to one shard, which their common part chooses."""

    def __init__(self, settings: Dict[str, str], name: str) -> None:
        self._name = name
        self._settings = settings
        self._cluster = self._connected()

    def _connected(self) -> Any:
        settings = self._settings
        addresses = [entry.rsplit(":", 1) for entry in settings["REDIS_NODES"].split(",")]
        return RedisCluster(
            startup_nodes=[ClusterNode(host, int(port)) for host, port in addresses],
            username=settings["REDIS_USER"],
            password=settings["REDIS_PASSWORD"],
            ssl=True,
            ssl_ca_certs=settings["REDIS_CA"],
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
            decode_responses=True,
        )

    @property
    def master(self) -> str:
        """The address of the shard's master."""
        return str(self._cluster.get_node_from_key(self._key("")).host)

    def __call__(self, key: str, value: str) -> int:
        """Store a key and read it again. A client that cannot ask for the nodes any more is replaced.

        :raises RedisError: it failed.
        :raises RedisClusterException: no node could be asked.
        """
        try:
            self._cluster.set(self._key(key), value, ex=LIFETIME)
            found = self._cluster.get(self._key(key))
        except RedisClusterException:
            # redis-py 4 does not get over the loss of the node that it asks first for the others.
            self._cluster = self._connected()
            raise
        if found != value:
            raise RedisError("another value was read than was written")
        return STORED

    def found(self, keys: List[str]) -> List[List[str]]:
        """Return which of some keys are there, each with its value."""
        values = self._cluster.mget([self._key(key) for key in keys]) if keys else []
        return [[key, value] for key, value in zip(keys, values) if value is not None]

    def _key(self, key: str) -> str:
        return f"{{{self._name}}}:{key}"


def main() -> None:
    """Write until the standard input ends; of the cache, print then what is found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("store", choices=("database", "cache"))
    parser.add_argument("--environment", type=Path, default=Path("/etc/api/environment"))
    parser.add_argument("--ledger", type=Path, required=True)
    parser.add_argument("--prefix", required=True)
    parser.add_argument("--rate", type=float, default=RATE, help="writes in a second")
    parser.add_argument("--writers", type=int, default=WRITERS)
    options = parser.parse_args()
    settings = environment(options.environment)
    ledger = Ledger(options.ledger)
    clients: List[Any]
    if options.store == "database":
        clients = [Database(settings["DATABASE_URL"]) for _ in range(options.writers)]
        _begin(clients[0])
    else:
        clients = [Cache(settings, options.prefix) for _ in range(options.writers)]
    with Writers(ledger, options.prefix, clients, options.rate, FAILURES):
        print(clients[0].master if options.store == "cache" else "the database", flush=True)
        sys.stdin.read()
    ledger.close()
    if options.store == "cache":
        _print_found(clients[0], options.ledger)


def _begin(client: Database) -> None:
    """Make the table. A pool may still have connections to a server that led before."""
    deadline = time.monotonic() + 30
    while True:
        try:
            client.execute(f"CREATE TABLE IF NOT EXISTS {TABLE} ({COLUMNS})")
            return
        except psycopg2.Error:
            client.close()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


def _print_found(cache: Cache, ledger: Path) -> None:
    keys = [entry["key"] for entry in map(json.loads, ledger.open(encoding="utf-8")) if "value" in entry]
    print(json.dumps(cache.found(keys)))


if __name__ == "__main__":
    main()
