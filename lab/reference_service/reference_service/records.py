"""Records as the API gives them: from the cache where it has them, else from the store."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Dict, List, Mapping, NamedTuple, Optional

from reference_service.store import FileStore, Record, Store

if TYPE_CHECKING:
    from reference_service.cache import Cache


class Read(NamedTuple):
    """A record's value, None where there is no such record; whether the cache had it; else what it was read from."""

    value: Optional[str]
    cache: str
    place: str


class Records:
    """The store, and the cache before it if there is one. A record never changes, so neither does what is cached."""

    def __init__(self, store: Store, cache: Optional[Cache] = None) -> None:
        self._store = store
        self._cache = cache

    def add(self, key: str, value: str) -> str:
        """Keep a record and return the value that is kept; see :class:`Store`."""
        return self._store.add(key, value)

    def get(self, key: str, fresh: bool = False) -> Read:
        """Return a record.

        :param fresh: pass the cache over, and leave it as it is.
        """
        cache = None if fresh else self._cache
        value, state = cache.get(key) if cache else (None, "off")
        if value is not None:
            return Read(value, state, "")
        found = self._store.get(key)
        if found is None:
            return Read(None, state, "")
        if cache and state == "miss":
            cache.set(key, found.value)
        return Read(found.value, state, found.place)

    def newest(self, count: int) -> List[Record]:
        """Return the newest records, newest first."""
        return self._store.newest(count)

    def check(self) -> Dict[str, str]:
        """Return what is to be said of store and cache; see :class:`Store`."""
        shown = self._store.check()
        return {**shown, "cache": self._cache.check()} if self._cache else shown

    def close(self) -> None:
        """Let go of everything."""
        self._store.close()


def from_environment(environment: Mapping[str, str]) -> Records:
    """Return the records of the platform's database and cache, or of a file where there is no database."""
    if "DATABASE_URL" not in environment:
        return Records(FileStore(Path(environment["RECORDS_FILE"])))
    # Neither driver is needed where there is no database.
    from reference_service.postgres import OPERATION, PostgresStore

    write_url = environment["DATABASE_URL"]
    operation = float(environment.get("DATABASE_SECONDS", OPERATION))
    store = PostgresStore(write_url, environment.get("DATABASE_READ_URL", write_url), operation)
    if "REDIS_NODES" not in environment:
        return Records(store)
    from reference_service.cache import Cache

    access = (environment[f"REDIS_{name}"] for name in ("NODES", "USER", "PASSWORD", "CA"))
    return Records(store, Cache(*access))
