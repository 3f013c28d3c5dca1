# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which release of an application is active, which one before it, and which may be removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Tuple


@dataclass(frozen=True)
class State:
    """The releases on a host: versions that are unpacked, newest last, and where the links lead ("" for nowhere)."""

    unpacked: Tuple[str, ...]
    current: str
    previous: str


@dataclass(frozen=True)
class Plan:
    """Where the links shall lead ("" for nowhere) and which versions to remove."""

    current: str
    previous: str
    remove: Tuple[str, ...]


class ReleaseError(Exception):
    """A release cannot be activated; the message says why and what to do."""


def activate(state: State, version: str, keep: int) -> Plan:
    """Return the plan that makes a version the active one and keeps the one before it for a way back.

    :param keep: how many releases stay on the host, the active and the previous one always among them.
    :raises ReleaseError: the version is not on the host.
    """
    if version not in state.unpacked:
        raise ReleaseError(f"release {version} is not on this host; deploy it first. These are: {_listed(state)}")
    if version == state.current:
        return Plan(state.current, state.previous, ())
    previous = state.current or state.previous
    spare = [other for other in state.unpacked if other not in (version, previous)]
    return Plan(version, previous, tuple(spare[: max(0, len(state.unpacked) - keep)]))


def restore(state: State, current: str, previous: str) -> Plan:
    """Return the plan that leads the links where they led before an activation ("" for nowhere).

    A previous release that was removed meanwhile is no way back any more.

    :raises ReleaseError: the release that was active is not on the host any more.
    """
    if current and current not in state.unpacked:
        raise ReleaseError(
            f"release {current} is not on this host any more; deploy it again. These are: {_listed(state)}"
        )
    return Plan(current, previous if previous in state.unpacked else "", ())


def _listed(state: State) -> str:
    return ", ".join(state.unpacked) or "none"
