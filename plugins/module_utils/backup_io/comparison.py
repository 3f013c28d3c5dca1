# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks at the database on a replica, and at a restored copy in the same way, for a comparison of the two.

The leader is never read. A replica is read as a dump reads it: by the same user, with the weakest locks, through a
snapshot that is given back after a time. Nothing stops its replay but for as long as PostgreSQL lets any query.

This file is also read on the hosts: standard library only, and psycopg2.
"""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Tuple

from ..backup.source import Member, Source
from ..postgres_io import sql
from ..postgres_io.integrity import Options, Side, inspect
from .command import BackupError
from .dump import ask_cluster

CHECKS = ("catalog", "fingerprints", "sequences")
#: Seconds that one statement may take on a replica: it reads a part of a table.
STATEMENT_SECONDS = 300
COPY = "the restored backup"


def look(databases: Mapping[str, Any], wanted: Mapping[str, Any], jobs: int) -> Tuple[Dict[str, Any], str]:
    """Look at a database on the first replica that shows all of it; return what was seen, and the replica's name.

    Where none shows all, it is what the first one shows that can be read.

    :param databases: the ``members``, and how to log in to them.
    :param wanted: the ``database``, and ``settle_seconds`` and ``snapshot_seconds`` for it.
    :raises BackupError: no replica can be read.
    """
    if sql.PSYCOPG2_ERROR:
        raise BackupError("no database can be looked at without python3-psycopg2")
    members = [Member(**entry) for entry in databases["members"]]
    options = Options(
        databases=(wanted["database"],),
        checks=CHECKS,
        workers=jobs,
        job_timeout=STATEMENT_SECONDS,
        settle=wanted["settle_seconds"],
        snapshot_seconds=wanted["snapshot_seconds"],
    )
    replicas = [source for source in ask_cluster(members, databases["ca"]) if not source.leader]
    partial: List[Tuple[Dict[str, Any], str]] = []
    failed: List[str] = []
    for source in replicas:
        try:
            told = _look(source, databases, options)
        except BackupError as error:
            failed.append(str(error))
            continue
        if _shows_all(told):
            return told, source.member.name
        partial.append((told, source.member.name))
    if partial:
        return partial[0]
    raise BackupError("; ".join(["no replica can be read, and the leader is not asked", *failed]))


def _shows_all(told: Mapping[str, Any]) -> bool:
    """Return whether a replica shows the content of every table; that a page is damaged there is a finding."""
    contents = (table for one in told["state"]["databases"].values() for table in one["tables"].values())
    return not told["not_checked"] and all(table["fingerprint"] is not None for table in contents)


def _look(source: Source, databases: Mapping[str, Any], options: Options) -> Dict[str, Any]:
    member = source.member
    login = {"user": databases["user"], "passfile": databases["passfile"], "ca_file": databases["ca"]}
    told = _inspect(Side(member.name, sql.Server(member.host, member.port, **login), options))
    lacking = [name for name in options.databases if name not in told["state"]["databases"]]
    if lacking:
        raise BackupError(f"{member.name} has no database {lacking[0]}")
    return told


def compare(directory: str, port: int, original: Mapping[str, Any], database: str, jobs: int) -> Dict[str, Any]:
    """Compare the server whose socket is in a folder with what was seen of a replica; return what was found.

    :param original: what :func:`look` returned.
    :raises BackupError: it cannot be read.
    """
    server = sql.Server(directory, port, "postgres")
    options = Options(databases=(database,), checks=CHECKS, workers=jobs)
    return _inspect(Side(COPY, server, options), original["state"])


def _inspect(side: Side, baseline: Any = None) -> Dict[str, Any]:
    try:
        return inspect(side, baseline=baseline)
    except sql.ERRORS as error:
        raise BackupError(f"{side.name} cannot be read: {' '.join(str(error).split())}") from None
