# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What goes wrong in a lab, said so that it can be put right."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Iterable


class LabError(Exception):
    """A failure that the person at the keyboard can do something about."""

    def __init__(self, problem: str, cause: str, remedy: str) -> None:
        super().__init__(f"{problem}\n  cause:  {cause}\n  remedy: {remedy}")


def unknown_name(kind: str, name: str, known: Iterable[str]) -> LabError:
    """Return the error for a name that the topology does not have, with the names that come near.

    :param kind: ``host`` or ``zone``.
    """
    names = list(known)
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    remedy = f"did you mean {' or '.join(near)}?" if near else f"the {kind}s are: {', '.join(names)}"
    return LabError(f"{name}: no such {kind} in the lab", f"the topology declares no {kind} of this name", remedy)
