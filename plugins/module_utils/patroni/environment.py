# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which virtual environment of Patroni a host shall have, and the steps there. Each is a folder that never changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Sequence, Tuple

#: Steps, in the order in which they are done.
BUILD, SWITCH, REMOVE = "build", "switch", "remove"


@dataclass(frozen=True)
class Step:
    """One thing to do with one folder."""

    action: str
    folder: str


def stamp(digest: str, python: str, machine: str) -> str:
    """Return what tells environments apart: the packages, and the Python that they are for.

    :param digest: a hash of the requirements.
    :param python: major and minor version.

    >>> stamp("0123456789abcdef", "3.11", "x86_64")
    '0123456789ab-py3.11-x86_64'
    """
    return f"{digest[:12]}-py{python}-{machine}"


def plan(root: str, wanted: str, complete: Sequence[str], linked: str) -> Tuple[Step, ...]:
    """Return the steps until the link leads to the wanted environment.

    The environment that the link leads to now is kept, because Patroni still runs from it; older ones are removed.

    :param root: the link's path; the folders are called after it.
    :param wanted: the stamp of the wanted environment.
    :param complete: the folders that were built to their end.
    :param linked: the folder that the link leads to, empty if there is none.
    """
    folder = f"{root}-{wanted}"
    if linked == folder and folder in complete:
        return ()
    build = () if folder in complete else (Step(BUILD, folder),)
    old = tuple(Step(REMOVE, other) for other in sorted(complete) if other not in (folder, linked))
    return (*build, Step(SWITCH, folder), *old)
