# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""May Patroni start with what is in the data directory? Nothing is ever initialised over data that could be somebody's.

A directory is ours if its system identifier is the one that the cluster store has for our cluster (Patroni's key
``initialize``), and Patroni is configured for it. Before Patroni starts for the first time with an empty directory, a
mark is put beside it. With the mark, content without a system identifier is what a first start left that died half-way,
and so is a whole cluster as long as the store says that the cluster is still being initialised.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Optional, Tuple

#: What may be done: start, note that a first start begins, put a leftover aside.
READY, FIRST_START, LEFTOVER = "ready", "first_start", "leftover"


class DataError(Exception):
    """The content must not be touched; the text says whose it may be, and the way out."""


@dataclass(frozen=True)
class Found:
    """What is on the host.

    :param entries: the names in the data directory; None if there is no directory.
    :param identifier: the system identifier of the directory, empty if it has none.
    :param marked: a first start began here.
    :param configured: Patroni's configuration names this cluster and this directory.
    :param active: Patroni runs.
    :param elsewhere: a data directory with a database for which Patroni of this cluster is configured instead; empty
        where there is none.
    """

    entries: Optional[Tuple[str, ...]] = None
    identifier: str = ""
    marked: bool = False
    configured: bool = False
    active: bool = False
    elsewhere: str = ""

    @property
    def empty(self) -> bool:
        """There is nothing that could get lost."""
        return not self.entries


def system_identifier(control: bytes) -> str:
    """Return the identifier in a file global/pg_control, empty if the file is too short.

    It is the first field, 8 bytes in the machine's order: https://doxygen.postgresql.org/structControlFileData.html.
    """
    return str(struct.unpack_from("=Q", control)[0]) if len(control) >= 8 else ""


def judge(directory: str, scope: str, found: Found, stored: Optional[str], adopt: str) -> str:
    """Return what may be done.

    :param stored: the cluster's identifier in the store; empty while it is being initialised, None if there is none.
    :param adopt: an identifier that the operator lets be this cluster's.
    :raises DataError: nothing may.
    """
    if found.elsewhere:
        raise DataError(
            f"this host's member of {scope} has its data in {found.elsewhere}, and would begin anew in {directory}. "
            "Nothing was changed. No run moves data or upgrades it to another version: set postgres_version and "
            "postgres_cluster_name as they were"
        )
    if found.empty:
        return FIRST_START
    if found.active or (found.identifier and found.identifier in (adopt, stored if found.configured else None)):
        return READY
    if found.marked and (not found.identifier or stored == ""):
        return LEFTOVER
    raise DataError(_refusal(directory, scope, found, stored))


def _refusal(directory: str, scope: str, found: Found, stored: Optional[str]) -> str:
    if not found.identifier:
        return (
            f"{directory} is not empty and no database cluster: {', '.join((found.entries or ())[:5])}. "
            "Nothing was changed. Move its content away, then run again"
        )
    owner = f"cluster {scope} has the identifier {stored}" if stored else f"the cluster store knows no cluster {scope}"
    if stored == found.identifier:
        owner = f"cluster {scope} has it too, but Patroni is not configured for it on this host"
    return (
        f"{directory} holds a database cluster with the system identifier {found.identifier}; {owner}. Nothing was "
        f"changed. If its data is not needed, move the directory away and run again: the host gets a copy of {scope}. "
        f"If it is the data of {scope}, run again with -e postgres_adopt_system_identifier={found.identifier}"
    )
