# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether two servers were looked at as of the same moment.

A snapshot is described by pg_current_snapshot(): ``xmin:xmax:running``. Where xmin equals xmax, every transaction below
that number had ended and none from it on was visible. Two servers with the same history of log whose snapshots are
still in this sense, and have the same number, therefore show the same commits, whatever else was going on
(https://www.postgresql.org/docs/15/functions-info.html, table of snapshot components). A copy that has left recovery
counts transactions of its own, so its number proves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Mapping, Tuple


@dataclass(frozen=True)
class Moment:
    """When a server was looked at: its cluster, its position in the log as text, and what its snapshot shows."""

    system_identifier: str
    timeline: int
    lsn: str
    snapshot: str
    in_recovery: bool

    @property
    def horizon(self) -> int:
        """The first transaction that is not visible."""
        return int(self.snapshot.split(":")[1])

    @property
    def still(self) -> bool:
        """Whether no transaction that writes was under way."""
        parts = self.snapshot.split(":")
        return parts[0] == parts[1] and not parts[2]

    def record(self) -> Dict[str, Any]:
        """Return it as a module tells it."""
        return {
            "system_identifier": self.system_identifier,
            "timeline": self.timeline,
            "lsn": self.lsn,
            "snapshot": self.snapshot,
            "in_recovery": self.in_recovery,
        }


def read(record: Mapping[str, Any]) -> Moment:
    """Return what record() told.

    :raises KeyError: a part is missing.
    """
    return Moment(
        system_identifier=str(record["system_identifier"]),
        timeline=int(record["timeline"]),
        lsn=str(record["lsn"]),
        snapshot=str(record["snapshot"]),
        in_recovery=record["in_recovery"] in (True, "True", "true"),
    )


def same(original: Moment, copy: Moment) -> Tuple[bool, str]:
    """Return whether both show the same commits, and why it is known or not."""
    if original.system_identifier != copy.system_identifier:
        return False, "they are different clusters, so only their content can be compared"
    if not copy.in_recovery:
        return False, "the copy has left recovery and counts transactions of its own: pause it at the target instead"
    if not original.still:
        return False, f"transactions were under way on the original ({original.snapshot})"
    if not copy.still:
        return False, f"transactions were under way on the copy ({copy.snapshot})"
    if original.horizon != copy.horizon:
        behind = original.horizon - copy.horizon
        place = "behind" if behind > 0 else "ahead"
        return False, f"the copy was {abs(behind)} transactions {place} ({copy.snapshot} against {original.snapshot})"
    return True, f"both show every transaction before {original.horizon} and none after, at {original.lsn}"
