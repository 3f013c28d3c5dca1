# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a check can find, how bad it is, and what to do; and what an error of PostgreSQL means for a check."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from typing import Any, Dict, Mapping, Optional, Tuple, Union

from ..observe.findings import DAMAGE, DIFFERENCE, WARNING, Kind, NotChecked

#: What is done about a page that a server cannot read, or whose content is wrong.
_REBUILD = (
    "on a replica: rebuild it from the leader; on the leader: switch over to a replica whose check is clean, then "
    "rebuild this server; if no server is clean, restore; look at the host's disk and memory before it is used again"
)


KINDS: Dict[str, Kind] = {
    "damaged_page": Kind(DAMAGE, _REBUILD),
    "damaged_table": Kind(DAMAGE, _REBUILD),
    "damaged_index": Kind(DAMAGE, "REINDEX INDEX CONCURRENTLY {object} on the leader; then look for the cause"),
    "missing_file": Kind(DAMAGE, _REBUILD),
    "checksum_failures": Kind(
        DAMAGE,
        "find the table or index in the other findings or in the server's log; after the repair "
        "SELECT pg_stat_reset() in this database sets the counter back",
    ),
    "invalid_index": Kind(
        DAMAGE,
        "REINDEX INDEX CONCURRENTLY {object} on the leader, or DROP INDEX CONCURRENTLY if its name ends in _ccnew or "
        "_ccold",
    ),
    "collation_changed": Kind(
        WARNING,
        "REINDEX DATABASE CONCURRENTLY {object} on the leader, then ALTER DATABASE {object} REFRESH COLLATION VERSION; "
        "run the same libc on all members",
    ),
    "checksums_off": Kind(
        WARNING, "damaged pages stay unnoticed until they are used: stop the server and run pg_checksums --enable"
    ),
    "database_missing": Kind(DIFFERENCE, "find out who dropped or created it; restore the copy again"),
    "table_missing": Kind(DIFFERENCE, "find out who dropped or created it; restore the copy again"),
    "table_rows": Kind(DIFFERENCE, "do not fail over to the copy or restore from it; find the cause, then rebuild it"),
    "table_content": Kind(
        DIFFERENCE, "do not fail over to the copy or restore from it; find the cause, then rebuild it"
    ),
    "sequence_missing": Kind(DIFFERENCE, "find out who dropped or created it; restore the copy again"),
    "sequence_behind": Kind(DIFFERENCE, "set it forward with setval before the copy serves, else keys come up twice"),
    "extension_differs": Kind(
        DIFFERENCE, "install the same packages on both hosts, then ALTER EXTENSION {object} UPDATE on the leader"
    ),
}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: a kind of KINDS, in an object, at a place (``server/database``), in words."""

    kind: str
    object: str
    where: str
    detail: str

    def record(self) -> Dict[str, Any]:
        """Return it as a module tells it, with its severity and remedy."""
        kind = KINDS[self.kind]
        remedy = kind.remedy.replace("{object}", self.object)
        return {**asdict(self), "severity": kind.severity, "remedy": remedy}


#: Error codes that speak of damage (https://www.postgresql.org/docs/15/errcodes-appendix.html): data_corrupted,
#: index_corrupted, undefined_file and io_error; and internal_error and character_not_in_repertoire, which broken
#: content brings about when it is read.
_DAMAGE = {
    "XX001": "damaged_page",
    "XX002": "damaged_index",
    "58P01": "missing_file",
    "58030": "missing_file",
}
_BROKEN_CONTENT = ("XX000", "22021")
_FILE = re.compile(r"((?:base|global|pg_tblspc)/[\w./]*?\d+)(?:\.\d+)?(?![\w/])")
#: What an error of PostgreSQL means where it is no damage, and what to do.
_REASONS = {
    "57014": "it took too long, or stood in the way of the replay: raise job_timeout or look at another member",
    "40001": "it stood in the way of the replay: look again, or at another member",
    "42501": "the user may not: run it as a superuser",
    "55P03": "somebody holds a lock on it: look again later",
    "42P01": "it is not there any more: look again",
    "42704": "it is not there any more: look again",
}


def judge(
    check: str, name: str, where: str, sqlstate: str, message: str, files: Mapping[str, Tuple[str, bool]]
) -> Union[Finding, NotChecked]:
    """Return what an error means that a check ended with: damage, or only that the check could not be made.

    :param check: indexes, heaps, or another name of a check.
    :param sqlstate: PostgreSQL's code; empty where the connection broke.
    :param message: PostgreSQL's words.
    :param files: name of the object in each file, and whether it is an index. An error that names a file is about the
        object in it, which may be another one than the one that was looked at.
    """
    said = " ".join(message.split())
    name, is_index = _in_file(said, files) or (name, check == "indexes")
    if sqlstate in _DAMAGE:
        return Finding("damaged_index" if is_index else _DAMAGE[sqlstate], name, where, said)
    if sqlstate == "XX000" and said.startswith("could not open relation with OID"):
        return NotChecked(check, name, where, f"{said}; {_REASONS['42P01']}")
    if sqlstate in _BROKEN_CONTENT:
        return Finding("damaged_index" if is_index else "damaged_table", name, where, said)
    advice = _REASONS.get(sqlstate, "look at the server's log")
    return NotChecked(check, name, where, f"{said}; {advice}")


def _in_file(said: str, files: Mapping[str, Tuple[str, bool]]) -> Optional[Tuple[str, bool]]:
    """Return the object whose file an error names; further files of a large object have a number at their end."""
    found = _FILE.search(said)
    return files.get(found.group(1)) if found else None
