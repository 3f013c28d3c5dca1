"""Where records are kept: a file of the host, until there is a database."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import List, Optional, Protocol, Tuple

Record = Tuple[str, str]


class Store(Protocol):
    """Keeps records by key; a second write of a key changes nothing, so that clients may send it again."""

    def add(self, key: str, value: str) -> None:
        """Keep a record. It is on disk when this returns."""

    def get(self, key: str) -> Optional[str]:
        """Return a record's value, or None."""

    def newest(self, count: int) -> List[Record]:
        """Return the newest records, newest first."""

    def check(self) -> None:
        """Raise where the store cannot be used."""


class FileStore:
    """Records in an SQLite file."""

    def __init__(self, path: Path) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.execute("CREATE TABLE IF NOT EXISTS records (number INTEGER PRIMARY KEY, key TEXT UNIQUE NOT NULL, value TEXT NOT NULL)")

    def add(self, key: str, value: str) -> None:
        """See :class:`Store`."""
        self._database.execute("INSERT INTO records (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING", (key, value))

    def get(self, key: str) -> Optional[str]:
        """See :class:`Store`."""
        row = self._database.execute("SELECT value FROM records WHERE key = ?", (key,)).fetchone()
        return row[0] if row else None

    def newest(self, count: int) -> List[Record]:
        """See :class:`Store`."""
        return self._database.execute("SELECT key, value FROM records ORDER BY number DESC LIMIT ?", (count,)).fetchall()

    def check(self) -> None:
        """See :class:`Store`."""
        self._database.execute("SELECT count(*) FROM records").fetchone()

    def close(self) -> None:
        """Let go of the file."""
        self._database.close()
