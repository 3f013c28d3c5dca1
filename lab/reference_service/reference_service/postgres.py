"""Records in PostgreSQL, through a failover: every operation is safe to repeat and is repeated while its time lasts."""

from __future__ import annotations

import select
import threading
import time
from typing import Any, Dict, List, Optional, Tuple

import psycopg2
import psycopg2.extensions
from reference_service.store import Found, OutcomeUnknown, Record, StoreError

#: ``timeline`` is the history on which the row was written: it grows with every change of the primary.
TABLE = """
CREATE TABLE IF NOT EXISTS records (
    number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    key text NOT NULL UNIQUE,
    value text NOT NULL,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    timeline integer NOT NULL
        DEFAULT ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::integer
)"""
#: A repeated write commits, too. So when it is acknowledged, the first one, which it meets, is on the replicas as well.
INSERT = """
INSERT INTO records (key, value) VALUES (%s, %s)
ON CONFLICT (key) DO UPDATE SET key = excluded.key RETURNING value"""
SELECT = "SELECT (SELECT value FROM records WHERE key = %s), pg_is_in_recovery()"
NEWEST = "SELECT key, value FROM records ORDER BY number DESC LIMIT %s"
RECOVERY = "SELECT pg_is_in_recovery()"

#: Limits in seconds: of a connection, of a statement, of an operation with all its attempts, and the pause between two.
#: An operation lasts longer than a planned change of the primary may: for 20 s the pools hold clients back.
CONNECT, STATEMENT, OPERATION, PAUSE = 1.0, 3.0, 25.0, 0.1
#: The same statement would fail again.
PERMANENT = (psycopg2.ProgrammingError, psycopg2.DataError, psycopg2.IntegrityError, psycopg2.NotSupportedError)
EVENTS = {psycopg2.extensions.POLL_READ: select.POLLIN, psycopg2.extensions.POLL_WRITE: select.POLLOUT}


class _Clock(threading.local):
    """Until when the present thread may wait for its connection; without a time, for as long as it takes."""

    until: float | None = None


_clock = _Clock()


def _wait(connection: Any) -> None:
    """Wait for a connection, as psycopg2 asks its waiter to. libpq alone has no limit for a statement."""
    poller = select.poll()
    while True:
        state = connection.poll()
        if state == psycopg2.extensions.POLL_OK:
            return
        left = None if _clock.until is None else _clock.until - time.monotonic()
        descriptor = connection.fileno()
        poller.register(descriptor, EVENTS[state])
        if (left is not None and left <= 0) or not poller.poll(None if left is None else left * 1000):
            raise psycopg2.OperationalError("no answer in time")
        poller.unregister(descriptor)


class PostgresStore:
    """Records in PostgreSQL; each thread has connections of its own to the writable server and to the readable ones."""

    def __init__(self, write_url: str, read_url: str, operation: float = OPERATION) -> None:
        self._urls = {"write": write_url, "read": read_url}
        self._operation = operation
        self._own = threading.local()
        # It holds for all connections of the process.
        psycopg2.extensions.set_wait_callback(_wait)

    def create(self) -> bool:
        """Create the table where it is missing.

        False where the database can only be read: then it follows another one, and gets the table from there.
        """
        if self._run("write", RECOVERY)[0][0]:
            return False
        self._run("write", TABLE)
        return True

    def add(self, key: str, value: str) -> str:
        """See :class:`Store`."""
        return str(self._run("write", INSERT, key, value)[0][0])

    def get(self, key: str) -> Optional[Found]:
        """See :class:`Store`. A record that a replica does not have (yet) is looked for on the primary."""
        for route in ("read", "write"):
            ((value, recovery),) = self._run(route, SELECT, key)
            if value is not None:
                return Found(value, "replica" if recovery else "primary")
            if not recovery:
                break
        return None

    def newest(self, count: int) -> List[Record]:
        """See :class:`Store`."""
        return self._run("read", NEWEST, count)

    def check(self) -> Dict[str, str]:
        """See :class:`Store`."""
        try:
            if not self._attempt("write", RECOVERY, (), time.monotonic() + CONNECT)[0][0]:
                return {"store": "ok", "database": "read-write"}
        except psycopg2.Error:
            self._forget("write")
        try:
            self._attempt("read", RECOVERY, (), time.monotonic() + CONNECT)
        except psycopg2.Error as error:
            self._forget("read")
            raise StoreError(f"the store cannot be used: {_reason(error)}") from error
        return {"store": "read-only", "database": "read-only"}

    def close(self) -> None:
        """See :class:`Store`. Connections end with their threads."""

    def _run(self, route: str, statement: str, *values: Any) -> List[Any]:
        """Execute a statement, again and again while it may succeed and its time lasts."""
        until, sent = time.monotonic() + self._operation, False
        while True:
            try:
                self._connection(route, until)
                sent = True
                return self._attempt(route, statement, values, until)
            except PERMANENT as error:
                raise StoreError(f"the store cannot be used: {_reason(error)}") from error
            except psycopg2.Error as error:
                self._forget(route)
                if time.monotonic() + PAUSE < until:
                    time.sleep(PAUSE)
                    continue
                failure = OutcomeUnknown if sent and statement is INSERT else StoreError
                raise failure(f"the store cannot be used: {_reason(error)}") from error

    def _attempt(self, route: str, statement: str, values: Tuple[Any, ...], until: float) -> List[Any]:
        connection = self._connection(route, until)
        _clock.until = min(until, time.monotonic() + STATEMENT)
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def _connection(self, route: str, until: float) -> Any:
        connection = getattr(self._own, route, None)
        if connection is None or connection.closed:
            _clock.until = min(until, time.monotonic() + CONNECT)
            connection = psycopg2.connect(self._urls[route])
            connection.autocommit = True
            setattr(self._own, route, connection)
        return connection

    def _forget(self, route: str) -> None:
        connection = getattr(self._own, route, None)
        if connection is not None:
            connection.close()
            setattr(self._own, route, None)


def _reason(error: psycopg2.Error) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
