# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What has to be done to a host's files: wanted minus found, as values.

Nothing here touches a file: the module observes, this plans, the module applies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Optional, Tuple

FILE, DIRECTORY, LINK, ABSENT = "file", "directory", "link", "absent"


@dataclass(frozen=True)
class Wanted:
    """How a path shall be. ``mode`` is a number such as ``0o640``; None leaves what is there."""

    path: str
    state: str = FILE
    content: Optional[str] = None
    target: Optional[str] = None
    owner: str = "root"
    group: str = "root"
    mode: Optional[int] = None
    validate: Optional[str] = None
    secret: bool = False


@dataclass(frozen=True)
class Found:
    """How a path is. ``state`` is one of the states above or ``other`` (a device, a socket)."""

    state: str = ABSENT
    content: Optional[str] = None
    target: Optional[str] = None
    owner: str = ""
    group: str = ""
    mode: Optional[int] = None


@dataclass(frozen=True)
class Change:
    """One path to change: ``write`` its content or kind, or only ``own`` (owner, group, mode)."""

    wanted: Wanted
    found: Found
    write: bool
    own: bool


class PlanError(Exception):
    """A path is something that must not be replaced; the message names it and the remedy."""


def plan(pairs: Tuple[Tuple[Wanted, Found], ...]) -> Tuple[Change, ...]:
    """Return the changes that turn what was found into what is wanted, in the order given.

    :raises PlanError: a directory stands where a file shall be, or the other way round.
    """
    changes = (_change(wanted, found) for wanted, found in pairs)
    return tuple(change for change in changes if change.write or change.own)


def _change(wanted: Wanted, found: Found) -> Change:
    _refuse_replacing(wanted, found)
    if wanted.state == ABSENT:
        return Change(wanted, found, write=found.state != ABSENT, own=False)
    write = found.state != wanted.state or found.content != wanted.content or found.target != wanted.target
    return Change(wanted, found, write=write, own=wanted.state != LINK and _owning_differs(wanted, found))


def _owning_differs(wanted: Wanted, found: Found) -> bool:
    mode_differs = wanted.mode is not None and wanted.mode != found.mode
    return mode_differs or (wanted.owner, wanted.group) != (found.owner, found.group)


def _refuse_replacing(wanted: Wanted, found: Found) -> None:
    replaceable = {FILE: (FILE, LINK, ABSENT), LINK: (FILE, LINK, ABSENT), DIRECTORY: (DIRECTORY, ABSENT)}
    if wanted.state in replaceable and found.state not in replaceable[wanted.state]:
        raise PlanError(
            f"{wanted.path}: a {wanted.state} is wanted, but a {found.state} is there; nothing was changed. "
            "Look at it, and move it away if nobody needs it."
        )


def difference(change: Change) -> Dict[str, str]:
    """Return Ansible's diff of one change; the content of a secret is not in it."""
    return {
        "before_header": change.wanted.path,
        "after_header": change.wanted.path,
        "before": _describe(change, change.found.state, change.found.content, change.found.target)
        + _owning(change.found.state, change.found.owner, change.found.group, change.found.mode),
        "after": _describe(change, change.wanted.state, change.wanted.content, change.wanted.target)
        + _owning(change.wanted.state, change.wanted.owner, change.wanted.group, change.wanted.mode),
    }


def _describe(change: Change, state: str, content: Optional[str], target: Optional[str]) -> str:
    if state == ABSENT:
        return ""
    if state == LINK:
        return f"link to {target}\n"
    if state == FILE and change.write:
        return "(secret content)\n" if change.wanted.secret else content or ""
    return f"{state}\n"


def _owning(state: str, owner: str, group: str, mode: Optional[int]) -> str:
    if state in (ABSENT, LINK):
        return ""
    return f"# {owner}:{group} {'kept' if mode is None else format(mode, '04o')}\n"
