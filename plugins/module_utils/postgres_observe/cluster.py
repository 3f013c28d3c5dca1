# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A cluster's state, put together from what its members answered. Every answer may be missing; none is invented."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.lsn import (
    lag_bytes,
    lag_seconds,
    parse_lsn,
    show_lsn,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.timeline import (
    parse_patroni_history,
)

#: What a member is asked: three times Patroni's REST API, and PostgreSQL itself.
PATRONI, CLUSTER, HISTORY, SQL = "patroni", "cluster", "history", "sql"
QUESTIONS = (PATRONI, CLUSTER, HISTORY, SQL)
LEADERS = ("leader", "primary", "master", "standby_leader")


@dataclass(frozen=True)
class Answer:
    """What a member answered to one question: a value, or why there is none."""

    member: str
    question: str
    value: Any = None
    error: str = ""


class Answers:
    """All answers, found by member and question."""

    def __init__(self, answers: Sequence[Answer]) -> None:
        self.all = tuple(answers)
        self._values = {(answer.member, answer.question): answer.value for answer in answers if not answer.error}

    def of(self, member: str, question: str) -> Dict[str, Any]:
        """Return a member's answer, an empty one where it is missing."""
        value = self._values.get((member, question))
        return value if isinstance(value, dict) else {}

    def first(self, question: str, prefer: str = "") -> Any:
        """Return the answer of one member, else that of the first one that gave any, else None."""
        given = [answer for answer in self.all if answer.question == question and not answer.error]
        given.sort(key=lambda answer: answer.member != prefer)
        return given[0].value if given else None

    def missing(self) -> List[Dict[str, str]]:
        """Return the questions without an answer, and why."""
        return [
            {"member": answer.member, "question": answer.question, "reason": answer.error}
            for answer in self.all
            if answer.error
        ]


def describe(declared: Sequence[str], answers: Sequence[Answer]) -> Dict[str, Any]:
    """Return the state of a cluster.

    :param declared: the names of the members that shall be there.
    :param answers: one for each question that was asked, failed ones included.
    """
    known = Answers(answers)
    listed = _listed(known)
    names = list(declared) + sorted(set(listed) - set(declared))
    leader = _leader(names, listed, known)
    positions = {name: _position(known, name) for name in names}
    reference = _reference(leader, positions)
    members = [_member(name, name in declared, listed.get(name), known, leader, reference) for name in names]
    cluster = known.first(CLUSTER, leader) or {}
    by_sql = known.of(leader, SQL)
    timeline = next((member["timeline"] for member in members if member["name"] == leader), None)
    return {
        "scope": cluster.get("scope") or known.of(leader, PATRONI).get("patroni", {}).get("scope", ""),
        "leader": leader,
        "paused": bool(cluster.get("pause", False)),
        "timeline": timeline,
        "history": _history(known, leader, timeline),
        "system_identifiers": sorted({member["system_identifier"] for member in members} - {""}),
        "lag_against": reference[0],
        "members": members,
        "synchronous_standby_names": by_sql.get("synchronous_standby_names"),
        "slots": [
            {"member": name, **slot} for name in names for slot in _slots(known.of(name, SQL), positions[name].furthest)
        ],
        "archive": _archive(by_sql) if by_sql else None,
        "missing": known.missing(),
    }


def _listed(known: Answers) -> Dict[str, Mapping[str, Any]]:
    """Return what Patroni's store says of each member, from whoever answered."""
    cluster = known.first(CLUSTER) or {}
    return {member["name"]: member for member in cluster.get("members", [])}


def _leader(names: Sequence[str], listed: Mapping[str, Mapping[str, Any]], known: Answers) -> str:
    """Return the name of the leader: the member that says so of itself, else the one of Patroni's store, else none."""
    for name in names:
        if known.of(name, PATRONI).get("role") in LEADERS or known.of(name, SQL).get("in_recovery") is False:
            return name
    return next((name for name, member in listed.items() if member.get("role") in LEADERS), "")


@dataclass(frozen=True)
class Position:
    """Where a member is in the log: what it wrote itself, received and replayed; None where unknown."""

    written: Optional[int] = None
    received: Optional[int] = None
    replayed: Optional[int] = None

    @property
    def furthest(self) -> Optional[int]:
        """The last position that it has in its log."""
        known = [position for position in (self.written, self.received, self.replayed) if position is not None]
        return max(known) if known else None


def _position(known: Answers, name: str) -> Position:
    """Return a member's position; PostgreSQL's own answer counts before Patroni's."""
    by_sql, by_rest = known.of(name, SQL), known.of(name, PATRONI).get("xlog", {})
    if by_sql:
        return Position(*(_lsn(by_sql.get(key)) for key in ("written", "received", "replayed")))
    return Position(by_rest.get("location"), by_rest.get("received_location"), by_rest.get("replayed_location"))


def _lsn(text: Optional[str]) -> Optional[int]:
    return parse_lsn(text) if text else None


def _reference(leader: str, positions: Mapping[str, Position]) -> Tuple[str, Optional[int]]:
    """Return what lags are measured against: the leader, or where it does not answer the member that has most."""
    own = positions[leader].furthest if leader in positions else None
    if own is not None:
        return leader, own
    known = [(position.furthest, name) for name, position in positions.items() if position.furthest is not None]
    if not known:
        return "", None
    furthest, name = max(known)
    return name, furthest


def _member(
    name: str,
    declared: bool,
    listed: Optional[Mapping[str, Any]],
    known: Answers,
    leader: str,
    reference: Tuple[str, Optional[int]],
) -> Dict[str, Any]:
    by_rest, by_sql, stored = known.of(name, PATRONI), known.of(name, SQL), listed or {}
    position = _position(known, name)
    sender = _sender(known, leader, name)
    missing = lag_bytes(reference[1], position.replayed) if name != reference[0] else 0
    return {
        "name": name,
        "declared": declared,
        "known_to_patroni": None if listed is None and known.first(CLUSTER) is None else listed is not None,
        "role": stored.get("role") or by_rest.get("role") or _role(by_sql),
        "answered": bool(by_rest or by_sql),
        "state": by_rest.get("state") or ("running" if by_sql else "unknown"),
        "replication": sender.get("state") or by_rest.get("replication_state", ""),
        "timeline": by_sql.get("timeline") or by_rest.get("timeline") or stored.get("timeline"),
        "system_identifier": by_sql.get("system_identifier") or by_rest.get("database_system_identifier", ""),
        "server_version": by_sql.get("server_version") or by_rest.get("server_version"),
        "data_checksums": by_sql.get("data_checksums"),
        "patroni_version": by_rest.get("patroni", {}).get("version", ""),
        "pending_restart": bool(by_rest.get("pending_restart", stored.get("pending_restart", False))),
        "tags": by_rest.get("tags", stored.get("tags", {})),
        "written": _shown(position.written),
        "received": _shown(position.received),
        "replayed": _shown(position.replayed),
        "replay_paused": by_sql.get("replay_paused", by_rest.get("xlog", {}).get("paused")),
        "lag_bytes": missing,
        "lag_seconds": _seconds(missing, sender, by_sql, name == leader),
        "sync_state": sender.get("sync_state") or _sync_state(stored.get("role", "")),
    }


def _role(by_sql: Mapping[str, Any]) -> str:
    return ("replica" if by_sql["in_recovery"] else "primary") if by_sql else "unknown"


def _sync_state(role: str) -> str:
    """Return what Patroni's role of a member says of its synchronisation."""
    return {"sync_standby": "sync", "quorum_standby": "quorum"}.get(role, "")


def _sender(known: Answers, leader: str, name: str) -> Mapping[str, Any]:
    """Return what the leader says of its connection to a member; Patroni names connections after members."""
    senders = known.of(leader, SQL).get("replication") or known.of(leader, PATRONI).get("replication") or []
    return next((sender for sender in senders if sender.get("application_name") == name), {})


def _seconds(
    missing: Optional[int], sender: Mapping[str, Any], by_sql: Mapping[str, Any], is_leader: bool
) -> Optional[float]:
    if is_leader:
        return 0.0
    return lag_seconds(missing, sender.get("replay_lag"), by_sql.get("since_replay"))


def _shown(position: Optional[int]) -> Optional[str]:
    return None if position is None else show_lsn(position)


def _history(known: Answers, leader: str, timeline: Optional[int]) -> List[Dict[str, Any]]:
    """Return the switches that led to the present timeline, as Patroni keeps them."""
    entries = known.first(HISTORY, leader) or []
    latest = 1 + max((int(entry[0]) for entry in entries), default=0)
    history = parse_patroni_history(max(timeline or 0, latest), entries)
    return [
        {
            "timeline": switch.timeline,
            "end": show_lsn(switch.end),
            "reason": switch.reason,
            "at": switch.at,
            "leader": switch.leader,
        }
        for switch in history.switches
    ]


def _slots(by_sql: Mapping[str, Any], position: Optional[int]) -> List[Dict[str, Any]]:
    """Return the replication slots of a member, with the bytes of log that each one holds back."""
    return [
        {**slot, "retained_bytes": lag_bytes(position, _lsn(slot["restart_lsn"]))} for slot in by_sql.get("slots") or []
    ]


def _archive(by_sql: Mapping[str, Any]) -> Dict[str, Any]:
    """Return how the leader's archive stands.

    PostgreSQL tries a segment again and again, so archiving fails if the newest failure is newer than the newest
    success. Times are seconds ago, by the leader's clock.
    """
    archiver: Mapping[str, Any] = by_sql.get("archiver") or {}
    done, failed = archiver.get("since_archived"), archiver.get("since_failed")
    if by_sql.get("archive_mode") == "off":
        state = "off"
    elif failed is not None and (done is None or failed < done):
        state = "failing"
    else:
        state = "waiting" if done is None else "working"
    return {"state": state, "mode": by_sql.get("archive_mode"), **archiver}
