# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run saw that restored a backup and compared it with the database: whether it counts, and its report.

This file is also read on the hosts: standard library only.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any, Dict, List, Mapping, Optional, Tuple

UNFINISHED = "the run ended before it was done"


@dataclass
class Seen:
    """What a run has seen so far; its report is written however the run ends.

    ``begun``: seconds since 1970. ``backup``: ``label``, ``repository`` and ``completed`` of what was restored.
    ``original`` and ``copy``: what looking at the database and at the restored copy told. ``not_compared``: why there
    is nothing to compare with. ``wanted``: whether a comparison belongs to the run. ``read``: the number of ``tables``
    and ``rows`` once everything was read. ``failure``: why the run ended.
    """

    begun: float
    database: str
    wanted: bool
    backup: Optional[Mapping[str, Any]] = None
    server: str = ""
    original: Optional[Mapping[str, Any]] = None
    copy: Optional[Mapping[str, Any]] = None
    not_compared: str = ""
    recovered_to: str = ""
    read: Optional[Mapping[str, int]] = None
    failure: str = UNFINISHED
    timeline: List[Dict[str, Any]] = field(default_factory=list)

    @property
    def moment(self) -> Optional[Mapping[str, Any]]:
        """The moment as of which the database was looked at."""
        return self.original["state"]["databases"][self.database]["as_of"] if self.original else None

    @property
    def findings(self) -> List[Mapping[str, Any]]:
        """What is wrong with the copy, and not with the database itself."""
        known = {_what(one) for one in self.of_the_database}
        return [one for one in self.copy["findings"] if _what(one) not in known] if self.copy else []

    @property
    def of_the_database(self) -> List[Mapping[str, Any]]:
        """What is wrong with the database itself, which a good backup has, too."""
        return list(self.original["findings"]) if self.original else []

    @property
    def not_checked(self) -> List[Mapping[str, Any]]:
        """What could not be read on either side, and so is not compared."""
        entries = [one for side in (self.original, self.copy) if side for one in side["not_checked"]]
        return list({(one["check"], one["object"], one["where"]): one for one in reversed(entries)}.values())[::-1]

    @property
    def rows(self) -> int:
        """How many rows of the copy were compared."""
        return sum(figure["rows"] for figure in self.copy["figures"]) if self.copy else 0

    @property
    def tables(self) -> int:
        """How many tables of the copy were compared."""
        contents = self.copy["state"]["databases"][self.database]["tables"].values() if self.copy else ()
        return sum(1 for table in contents if table["fingerprint"] is not None)

    @property
    def compared(self) -> bool:
        """Whether all of the database was compared and nothing differs."""
        return self.copy is not None and not self.findings and not self.not_checked

    @property
    def verified(self) -> bool:
        """Whether the backup is good: everything was read, and it is what the database was."""
        return not self.failure and (self.compared or not self.wanted)

    def seconds(self, name: str) -> float:
        """Return how long a phase took."""
        return float(sum(phase["seconds"] for phase in self.timeline if phase["phase"] == name))

    def problem(self) -> str:
        """Return in one sentence why the backup does not count as good; nothing where it does."""
        if self.failure or self.verified:
            return self.failure
        read = "everything was restored and read, and nothing is damaged"
        if self.copy is None:
            return f"{read}, but it was not compared with the database: {self.not_compared}"
        if self.findings:
            first = self.findings[0]
            more = f", and {len(self.findings) - 1} more" if len(self.findings) > 1 else ""
            return f"the copy is not what the database was: {first['kind']} {first['object']}: {first['detail']}{more}"
        left = self.not_checked[0]
        more = f", and {len(self.not_checked) - 1} more" if len(self.not_checked) > 1 else ""
        return f"{read}, but not all of it was compared: {left['object']} on {left['where']}: {left['reason']}{more}"

    def record(self) -> Dict[str, Any]:
        """Return the report for programs."""
        return {
            "verified": self.verified,
            "problem": self.problem(),
            "begun": show_time(self.begun),
            "backup": self.backup,
            "recovered_to": self.recovered_to,
            "read": self.read,
            "database": self.database,
            "server": self.server,
            "moment": self.moment,
            "same_moment": self.copy["as_of"] if self.copy else {},
            "not_compared": self.not_compared,
            "findings": self.findings,
            "of_the_database": self.of_the_database,
            "not_checked": self.not_checked,
            "figures": [figure for side in (self.original, self.copy) if side for figure in side["figures"]],
            "timeline": self.timeline,
        }


def _what(finding: Mapping[str, Any]) -> Tuple[str, ...]:
    return tuple(finding[key] for key in ("kind", "object", "detail"))


def show_time(moment: float) -> str:
    """Return a moment as reports show it.

    >>> show_time(0)
    '1970-01-01 00:00:00 UTC'
    """
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def page(record: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the report for people, as :mod:`..report.page` takes it, from the one for programs."""
    sections = [
        ("Restored", _restored(record)),
        ("Compared with the database", _compared(record)),
        ("Findings", [_finding(one) for one in record["findings"]] or ["None."]),
        ("Wrong with the database itself", [_finding(one) for one in record["of_the_database"]]),
        ("Not checked", [f"{one['check']} of {one['object']} on {one['where']}" for one in record["not_checked"]]),
    ]
    remedies = {f"{one['object']}: {one['remedy']}" for one in [*record["findings"], *record["of_the_database"]]}
    reasons = {one["reason"] for one in record["not_checked"]}
    return {
        "title": "The newest backup, restored and compared",
        "verdict": "Verified"
        if record["verified"]
        else f"Not verified: {record['problem'].splitlines()[0].rstrip(':.')}",
        "good": record["verified"],
        "begun": record["begun"],
        "sections": [{"heading": heading, "lines": lines} for heading, lines in sections if lines],
        "next": sorted(remedies) + sorted(reasons),
        "timeline": record["timeline"],
    }


def _restored(record: Mapping[str, Any]) -> List[str]:
    backup, read = record["backup"], record["read"]
    if not backup:
        return str(record["problem"]).splitlines()
    lines = [
        f"backup {backup['label']} of repository {backup['repository']}, which was completed {backup['completed']}"
    ]
    lines += [f"recovered up to {record['recovered_to']}"] if record["recovered_to"] else []
    if read:
        return [*lines, f"everything was read: {read['tables']} tables, {read['rows']} rows, nothing damaged"]
    return [*lines, *record["problem"].splitlines()]


def _compared(record: Mapping[str, Any]) -> List[str]:
    moment = record["moment"]
    if not moment:
        return [record["not_compared"] or "Not compared."]
    lines = [
        f"database {record['database']} as of {moment['lsn']}, timeline {moment['timeline']}, on {record['server']}"
    ]
    for where, one in sorted(record["same_moment"].items()):
        lines.append(
            f"{where}: {'the same moment' if one['exact'] else 'perhaps not the same moment'}: {one['reason']}"
        )
    lines += [f"{one['where']}: {one['rows']} rows read in {one['seconds']:.1f} s" for one in record["figures"]]
    return lines + ([record["not_compared"]] if record["not_compared"] else [])


def _finding(one: Mapping[str, Any]) -> str:
    return f"{one['severity']} {one['kind']}: {one['object']} on {one['where']}: {one['detail']}"
