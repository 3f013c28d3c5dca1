"""Where records are kept: a file of the host, until there is a database."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any, List, Optional, Protocol, Tuple, Union

Record = Tuple[str, str]

TABLE = "CREATE TABLE IF NOT EXISTS records (number INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, value TEXT NOT NULL)"
INSERT = "INSERT INTO records (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING"


class StoreError(Exception):
    """The store cannot be used now; the message says why."""


class Store(Protocol):
    """Keeps records by key; a second write of a key changes nothing, so that clients may send it again."""

    def add(self, key: str, value: str) -> None:
        """Keep a record. It is on disk when this returns."""

    def get(self, key: str) -> Optional[str]:
        """Return a record's value, or None."""

    def newest(self, count: int) -> List[Record]:
        """Return the newest records, newest first."""

    def check(self) -> None:
        """Do nothing where the store can be used.

        :raises StoreError: it cannot, as every other method does then.
        """


class FileStore:
    """Records in an SQLite file."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._execute("PRAGMA synchronous=FULL")
        self._execute(TABLE)

    def add(self, key: str, value: str) -> None:
        """See :class:`Store`."""
        self._execute(INSERT, key, value)

    def get(self, key: str) -> Optional[str]:
        """See :class:`Store`."""
        rows = self._execute("SELECT value FROM records WHERE key = ?", key)
        return rows[0][0] if rows else None

    def newest(self, count: int) -> List[Record]:
        """See :class:`Store`."""
        return self._execute("SELECT key, value FROM records ORDER BY number DESC LIMIT ?", count)

    def check(self) -> None:
        """See :class:`Store`."""
        self._execute("SELECT count(*) FROM records")

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()

    def _execute(self, statement: str, *values: Union[str, int]) -> List[Any]:
        try:
            return self._database.execute(statement, values).fetchall()
        except sqlite3.Error as error:
            raise StoreError(f"the store cannot be used: {error}") from error
