# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What every check says: how bad a kind of finding is and what to do, and which checks could not be made."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Dict, Iterable, List, NamedTuple, Tuple

DAMAGE, DIFFERENCE, WARNING = "damage", "difference", "warning"


class Kind(NamedTuple):
    """How bad a kind of finding is, and what to do; ``{object}`` stands for what it was found in."""

    severity: str
    remedy: str


@dataclass(frozen=True)
class NotChecked:
    """A check that could not be made, and why."""

    check: str
    object: str
    where: str
    reason: str

    def record(self) -> Dict[str, Any]:
        """Return it as a module tells it."""
        return asdict(self)


def grouped(left: Iterable[NotChecked]) -> List[NotChecked]:
    """Return what was not checked in order, with one entry for all objects of a check that have the same reason."""
    names: Dict[Tuple[str, str, str], List[str]] = {}
    for entry in left:
        names.setdefault((entry.where, entry.check, entry.reason), []).append(entry.object)
    found = []
    for (where, check, reason), objects in sorted(names.items()):
        objects = sorted(set(objects))
        more = f" and {len(objects) - 1} more" if len(objects) > 1 else ""
        found.append(NotChecked(check, f"{objects[0]}{more}", where, reason))
    return found
