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
    """What to do: links to set ("" leaves one as it is) and versions to remove."""

    current: str
    previous: str
    remove: Tuple[str, ...]

    @property
    def changes(self) -> bool:
        """Whether there is anything to do."""
        return bool(self.current or self.previous or self.remove)


class ReleaseError(Exception):
    """A release cannot be activated; the message says why and what to do."""


def activate(state: State, version: str, keep: int) -> Plan:
    """Return the plan that makes a version the active one and keeps the one before it for a way back.

    :param keep: how many releases stay on the host, the active and the previous one always among them.
    :raises ReleaseError: the version is not on the host.
    """
    if version not in state.unpacked:
        raise ReleaseError(f"release {version} is not on this host; deploy it first. These are: {', '.join(state.unpacked) or 'none'}")
    if version == state.current:
        return Plan("", "", ())
    previous = state.current or state.previous
    kept = {version, previous}
    spare = [other for other in state.unpacked if other not in kept]
    return Plan(version, previous, tuple(spare[: max(0, len(state.unpacked) - keep)]))


def back(state: State) -> Plan:
    """Return the plan that makes the previous release the active one again, and the active one the previous.

    :raises ReleaseError: there is no previous release.
    """
    if not state.previous or state.previous not in state.unpacked:
        raise ReleaseError("there is no previous release on this host to go back to; deploy the release that you want instead")
    return Plan(state.previous, state.current, ())
