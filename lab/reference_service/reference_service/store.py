"""Where records are kept: in the platform's database, or in a file of the host where there is none."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Protocol, Tuple, Union

Record = Tuple[str, str]

TABLE = "CREATE TABLE IF NOT EXISTS records (number INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, value TEXT NOT NULL)"
INSERT = "INSERT INTO records (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING"


class StoreError(Exception):
    """The store cannot be used now; the message says why. A write that ended so was not made."""


class OutcomeUnknown(StoreError):
    """A write may have been made or not. To send it again does no harm."""


class Found(NamedTuple):
    """A record's value, and what it was read from."""

    value: str
    place: str


class Store(Protocol):
    """Keeps records by key; a second write of a key changes nothing, so that clients may send it again.

    Every method blocks, may be called from any thread, and raises :class:`StoreError`.
    """

    def add(self, key: str, value: str) -> str:
        """Keep a record and return the value that is kept, which is of the first write. It is safe when this returns.

        :raises OutcomeUnknown: it may be kept or not.
        """

    def get(self, key: str) -> Optional[Found]:
        """Return a record, or None."""

    def newest(self, count: int) -> List[Record]:
        """Return the newest records, newest first."""

    def check(self) -> Dict[str, str]:
        """Return what is to be said of the store: ``store`` is ``ok`` or ``read-only``."""

    def close(self) -> None:
        """Let go of everything."""


class FileStore:
    """Records in an SQLite file."""

    def __init__(self, path: Path) -> None:
        self._lock = threading.Lock()
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._execute("PRAGMA synchronous=FULL")
        self._execute(TABLE)

    def add(self, key: str, value: str) -> str:
        """See :class:`Store`."""
        self._execute(INSERT, key, value)
        found = self.get(key)
        return found.value if found else value

    def get(self, key: str) -> Optional[Found]:
        """See :class:`Store`."""
        rows = self._execute("SELECT value FROM records WHERE key = ?", key)
        return Found(rows[0][0], "file") if rows else None

    def newest(self, count: int) -> List[Record]:
        """See :class:`Store`."""
        return self._execute("SELECT key, value FROM records ORDER BY number DESC LIMIT ?", count)

    def check(self) -> Dict[str, str]:
        """See :class:`Store`."""
        self._execute("SELECT count(*) FROM records")
        return {"store": "ok"}

    def close(self) -> None:
        """See :class:`Store`."""
        self._database.close()

    def _execute(self, statement: str, *values: Union[str, int]) -> List[Any]:
        try:
            with self._lock:
                return self._database.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"the store cannot be used: {error}") from error
