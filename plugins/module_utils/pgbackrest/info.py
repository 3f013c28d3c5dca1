# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ``pgbackrest info --output=json`` says of a stanza: its backups in each repository, and what is missing.

Times are seconds since 1970, sizes are bytes. https://pgbackrest.org/command.html#command-info describes the answer.

This file is also read on the backup host, beside the program that writes metrics: standard library only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, List, Mapping, Optional, Tuple

FULL, DIFFERENTIAL, INCREMENTAL = "full", "diff", "incr"
KINDS = (FULL, DIFFERENTIAL, INCREMENTAL)
#: A kind of backup also does for those after it: a full one for an incremental one that was due.
OK = 0
HOUR = 3600


class InfoError(Exception):
    """The answer is none of pgBackRest's; the message shows what it was."""


@dataclass(frozen=True)
class Backup:
    """One backup in one repository.

    ``content`` is the size of the database, ``changed`` what of it this backup had to read, ``stored`` what it takes in
    the repository. ``damaged`` says whether pages had wrong checksums, None where they were not looked at. ``version``
    is PostgreSQL's, empty where it is not known.
    """

    label: str
    kind: str
    repository: int
    database: int
    start: int
    stop: int
    start_lsn: str
    stop_lsn: str
    first_segment: str
    last_segment: str
    content: int
    changed: int
    stored: int
    prior: str
    damaged: Optional[bool]
    version: str = ""


@dataclass(frozen=True)
class Repository:
    """A repository: its number, its cipher, and its state, where code 0 is good."""

    number: int
    cipher: str
    code: int
    message: str


@dataclass(frozen=True)
class Info:
    """A stanza in all repositories. ``backups`` are in the order in which they ended.

    ``archived`` has the name of the last segment in the archive by the numbers of the repository and of the database.
    """

    stanza: str
    running: bool
    repositories: Tuple[Repository, ...]
    backups: Tuple[Backup, ...]
    systems: Tuple[str, ...]
    archived: Mapping[Tuple[int, int], str] = field(default_factory=dict)

    def of(self, repository: int) -> Tuple[Backup, ...]:
        """Return the backups of one repository, the oldest first."""
        return tuple(backup for backup in self.backups if backup.repository == repository)


@dataclass(frozen=True)
class Schedule:
    """How old, in seconds, the newest full backup and the newest one of any kind may be."""

    full: float
    any: float


def parse(text: str, stanza: str) -> Info:
    """Read the answer.

    :raises InfoError: it is no JSON, or none that describes the stanza.
    """
    try:
        entry = next(one for one in json.loads(text) if one["name"] == stanza)
        return _info(entry)
    except StopIteration:
        raise InfoError(f"pgbackrest info says nothing of {stanza}: does /etc/pgbackrest/pgbackrest.conf?") from None
    except (ValueError, KeyError, TypeError) as error:
        raise InfoError(f"pgbackrest info answered {text[:200]!r}: {type(error).__name__}: {error}") from None


def _info(entry: Mapping[str, Any]) -> Info:
    versions = {(one["repo-key"], one["id"]): one.get("version", "") for one in entry["db"]}
    backups = sorted((_backup(one, versions) for one in entry["backup"]), key=lambda one: (one.stop, one.label))
    current = {one["repo-key"]: one["id"] for one in entry["db"]}
    systems = {str(one["system-id"]) for one in entry["db"] if one["id"] == current[one["repo-key"]]}
    repositories = tuple(
        Repository(one["key"], one["cipher"], one["status"]["code"], _one_line(one["status"]["message"]))
        for one in entry["repo"]
    )
    running = bool(entry["status"].get("lock", {}).get("backup", {}).get("held"))
    archives = [one for one in entry.get("archive", ()) if one["max"]]
    archived = {(one["database"]["repo-key"], one["database"]["id"]): one["max"] for one in archives}
    return Info(entry["name"], running, repositories, tuple(backups), tuple(sorted(systems)), archived)


def _backup(one: Mapping[str, Any], versions: Mapping[Tuple[int, int], str]) -> Backup:
    database = one["database"]
    return Backup(
        label=one["label"],
        kind=one["type"],
        repository=database["repo-key"],
        database=database["id"],
        start=one["timestamp"]["start"],
        stop=one["timestamp"]["stop"],
        start_lsn=one["lsn"]["start"],
        stop_lsn=one["lsn"]["stop"],
        first_segment=one["archive"]["start"],
        last_segment=one["archive"]["stop"],
        content=one["info"]["size"],
        changed=one["info"]["delta"],
        stored=one["info"]["repository"]["delta"],
        prior=one["prior"] or "",
        damaged=one.get("error"),
        version=versions.get((database["repo-key"], database["id"]), ""),
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def newest(backups: Tuple[Backup, ...], kinds: Tuple[str, ...] = KINDS) -> Optional[Backup]:
    """Return the newest backup of some kinds, or None."""
    return next((backup for backup in reversed(backups) if backup.kind in kinds), None)


def missing(info: Info, schedule: Schedule, now: float) -> Tuple[str, ...]:
    """Return what lacks in the repositories, one sentence each; nothing where every backup is there that was due.

    :param now: seconds since 1970.
    """
    found: List[str] = []
    for repository in info.repositories:
        found += [f"repository {repository.number}: {text}" for text in _missing(info, repository, schedule, now)]
    return tuple(found)


def _missing(info: Info, repository: Repository, schedule: Schedule, now: float) -> List[str]:
    backups = info.of(repository.number)
    if repository.code != OK and not backups:
        return [repository.message]
    found = [] if repository.code == OK else [repository.message]
    for kinds, limit, name in (((FULL,), schedule.full, "full backup"), (KINDS, schedule.any, "backup")):
        last = newest(backups, kinds)
        if last is None:
            found.append(f"no {name}")
        elif now - last.stop > limit:
            found.append(f"the last {name} is {_hours(now - last.stop)} old, which must not be over {_hours(limit)}")
    found += [f"backup {one.label} has pages with wrong checksums" for one in backups if one.damaged]
    return found


def _hours(seconds: float) -> str:
    return f"{seconds / HOUR:.1f} h"
