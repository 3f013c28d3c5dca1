# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the hosts of a database's cluster said when a failover was asked for. Every answer may be missing.

Each host is asked about itself, about the cluster store as it sees it, and about the Patroni of every member as it sees
that. Hosts that did not answer at all are there with a reason.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.role import EPOCH, HEARD
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.lsn import parse_lsn
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.timeline import (
    History,
    parse_history,
    parse_patroni_history,
)

#: What Patroni says of a member that leads; https://patroni.readthedocs.io/en/latest/rest_api.html
LEADING = ("primary", "master", "leader", "standby_leader")
#: States of a server in which it answers queries.
ALIVE = ("running", "streaming", "in archive recovery")


@dataclass(frozen=True)
class Store:
    """The keys of the cluster store that decide who leads.

    ``leader`` is empty where nobody holds the lease; ``lease`` is how long it still runs, in seconds. ``revision`` is
    when the key was made, and ``lease_id`` the lease that it hangs on, so that a later one of the same member is told
    from this one.
    """

    leader: str = ""
    lease: float = 0.0
    revision: int = 0
    lease_id: int = 0
    position: Optional[int] = None
    identifier: str = ""
    synchronous: Tuple[str, ...] = ()
    synchronous_leader: str = ""
    quorum: int = 0
    history: Optional[History] = None
    config: Mapping[str, Any] = field(default_factory=dict)
    names: Tuple[str, ...] = ()

    @property
    def paused(self) -> bool:
        """Whether Patroni is in maintenance mode."""
        return bool(self.config.get("pause"))

    @property
    def ttl(self) -> float:
        """How long a lease runs that is not renewed, in seconds."""
        return float(self.config.get("ttl", 30))

    @property
    def maximum_lag(self) -> int:
        """How many bytes a member may lack that shall lead."""
        return int(self.config.get("maximum_lag_on_failover", 1048576))

    @property
    def synchronous_mode(self) -> bool:
        """Whether Patroni lets only members lead that acknowledged what clients were told of."""
        return str(self.config.get("synchronous_mode") or "off").lower() not in ("off", "false")

    @property
    def voters(self) -> Tuple[str, ...]:
        """The members without the leader one of which holds each acknowledged write.

        Just after a failover the key still names the leader before, which is one of them then.
        """
        before = self.synchronous_leader
        also = self.leader and before and before not in (self.leader, *self.synchronous)
        kept = tuple(name for name in self.synchronous if name != self.leader)
        return kept + ((before,) if also else ())

    @property
    def follows(self) -> str:
        """The host that the whole cluster follows, empty if it leads itself."""
        return followed(self.config)

    @property
    def epoch(self) -> int:
        """How many failovers of a region led here. Of two regions that both lead, the one with more is right."""
        return int(self.config.get(EPOCH) or 0)

    @property
    def highest(self) -> int:
        """The highest number of a failover of a region that is known of here: the own one, or another region's."""
        return max(self.epoch, int(self.config.get(HEARD) or 0))


@dataclass(frozen=True)
class Member:
    """A member's host: what it says of itself, and what the others see of its Patroni.

    ``unreached`` is why the host did not answer, empty if it did. ``process`` is the state of the server's process as
    Linux tells it, empty where there is none. ``position`` is the end of the log that the member has, in bytes: of its
    own where it wrote it, received else; ``exact`` is false where it is only what the server had at least.
    ``replayed_at`` is when the last transaction that it replayed was committed, in seconds of the epoch.
    """

    name: str
    unreached: str = ""
    patroni: str = ""
    process: str = ""
    answers: bool = False
    in_recovery: Optional[bool] = None
    identifier: str = ""
    history: Optional[History] = None
    position: Optional[int] = None
    exact: bool = False
    replayed_at: Optional[float] = None
    fenced: bool = False
    seen_by: Tuple[str, ...] = ()
    role: str = ""
    state: str = ""
    tags: Mapping[str, Any] = field(default_factory=dict)

    @property
    def reached(self) -> bool:
        """Whether the host answered."""
        return not self.unreached

    @property
    def held(self) -> bool:
        """Whether a run stopped it for a failover, and nobody has let it back."""
        return self.fenced and self.patroni != "active"

    @property
    def frozen(self) -> bool:
        """Whether the server's process is stopped by a signal or a debugger; proc(5)."""
        return self.process in ("T", "t")

    @property
    def writable(self) -> bool:
        """Whether it takes writes."""
        return self.answers and self.in_recovery is False


@dataclass(frozen=True)
class Sight:
    """Everything that was seen. ``store`` is None where no host got an answer of the cluster store.

    ``superseded_by`` is the region that is seen to lead instead of this one, empty where none is.
    """

    members: Tuple[Member, ...]
    store: Optional[Store]
    store_error: str = ""
    region: str = ""
    superseded_by: str = ""

    def member(self, name: str) -> Optional[Member]:
        """Return a member by its name."""
        return next((one for one in self.members if one.name == name), None)


def read(hosts: Sequence[Mapping[str, Any]], region: str = "", witnesses: Sequence[Mapping[str, Any]] = ()) -> Sight:
    """Put together what ``postgres_failover_info`` returned on each host.

    :param hosts: for each member ``name``, and either ``unreached`` (why) or ``seen`` (what the module returned).
    :param region: the region that they are in.
    :param witnesses: hosts of other regions, which may see the members' Patroni.
    """
    stores = [one["seen"].get("store") or {} for one in hosts if one.get("seen")]
    answered = [store for store in stores if not store.get("error")]
    errors = sorted({str(store["error"]) for store in stores if store.get("error")})
    return Sight(
        tuple(_member(one, (*hosts, *witnesses)) for one in hosts),
        _store(answered[0]) if answered else None,
        "; ".join(errors) or "no database host answered",
        region,
    )


def _member(one: Mapping[str, Any], hosts: Sequence[Mapping[str, Any]]) -> Member:
    name, seen = str(one["name"]), one.get("seen") or {}
    views = views_of(name, hosts)
    view = next(iter(views.values()), {})
    if not seen:
        return Member(
            name,
            unreached=str(one.get("unreached") or "it did not answer"),
            seen_by=tuple(sorted(views)),
            role=str(view.get("role", "")),
            state=str(view.get("state", "")),
            tags=view.get("tags") or {},
            identifier=str(view.get("database_system_identifier", "")),
        )
    server, control = seen.get("server") or {}, seen.get("control") or {}
    position, exact = _position(server, control)
    timeline = server.get("timeline") or control.get("timeline")
    return Member(
        name,
        patroni=str(seen.get("patroni", "")),
        process=str(seen.get("process", "")),
        answers=bool(server),
        in_recovery=server.get("in_recovery"),
        identifier=str(control.get("identifier", "")),
        history=parse_history(int(timeline), str(seen.get("history") or "")) if timeline else None,
        position=position,
        exact=exact,
        replayed_at=float(server["replayed_at"]) if server.get("replayed_at") else None,
        fenced=bool(seen.get("fenced")),
        seen_by=tuple(sorted(views)),
        role=str(view.get("role", "")),
        state=str(view.get("state", "")),
        tags=view.get("tags") or {},
    )


def views_of(name: str, hosts: Sequence[Mapping[str, Any]]) -> Dict[str, Mapping[str, Any]]:
    """Return what each host that got an answer of a member's Patroni got, by host.

    :param hosts: as of :func:`read`.
    """
    found = {}
    for one in hosts:
        view = ((one.get("seen") or {}).get("members") or {}).get(name) or {}
        if view and not view.get("error"):
            found[str(one["name"])] = view
    return found


def _position(server: Mapping[str, Any], control: Mapping[str, Any]) -> Tuple[Optional[int], bool]:
    """Return the end of a member's log, and whether that is all of it."""
    if server.get("position"):
        return parse_lsn(str(server["position"])), True
    known = [parse_lsn(str(control[key])) for key in ("checkpoint", "recovered") if control.get(key)]
    # A primary that was shut down wrote its last checkpoint at the end. After a crash there is more behind it, and a
    # standby may have received more than it replayed.
    return (max(known), control.get("state") == "shut down") if known else (None, False)


def _store(answer: Mapping[str, Any]) -> Store:
    sync, status = answer.get("sync") or {}, answer.get("status") or {}
    # Patroni writes the positions of the leader's log and its slots into one key; older ones a number alone.
    optime = status.get("optime") if isinstance(status, Mapping) else status
    return Store(
        leader=str(answer.get("leader") or ""),
        lease=float(answer.get("lease") or 0),
        revision=int(answer.get("revision") or 0),
        lease_id=int(answer.get("lease_id") or 0),
        position=int(optime) if optime else None,
        identifier=str(answer.get("initialize") or ""),
        synchronous=tuple(sorted(filter(None, str(sync.get("sync_standby") or "").split(",")))),
        synchronous_leader=str(sync.get("leader") or ""),
        quorum=int(sync.get("quorum") or 0),
        history=_history(answer.get("history") or []),
        config=answer.get("config") or {},
        names=tuple(sorted(answer.get("members") or ())),
    )


def _history(entries: Sequence[Sequence[Any]]) -> Optional[History]:
    """Return the history that Patroni keeps, None while there was no switch yet."""
    return parse_patroni_history(int(entries[-1][0]) + 1, entries) if entries else None


def followed(config: Optional[Mapping[str, Any]]) -> str:
    """Return the host that a whole cluster follows, empty if it leads itself.

    :param config: the settings that Patroni keeps in the cluster store, None where there are none.
    """
    return str(((config or {}).get("standby_cluster") or {}).get("host", ""))


def leads(said: Mapping[str, Any]) -> bool:
    """Return whether a member's own Patroni says that it leads and that its server runs.

    :param said: its answer to ``/patroni``.
    """
    return said.get("role") in LEADING and said.get("state") == "running"


def is_being_promoted(name: str, store: Mapping[str, Any], server: Mapping[str, Any]) -> bool:
    """Return whether a member was elected a moment ago: it holds the lease, and its server is a standby that answers.

    A region that follows another one has a leader that stays a standby.

    :param store: what ``postgres_failover_info`` returns of the cluster store, and ``server`` of PostgreSQL there.
    """
    elected = bool(name) and store.get("leader") == name
    return elected and server.get("in_recovery") is True and not followed(store.get("config"))


def fence_mark(unit: str, folder: str = "/run/systemd/system") -> str:
    """Return the path of the mark that a unit was stopped for a failover. It keeps the unit from being started.

    :param folder: where systemd reads units from that a restart of the host forgets.
    """
    return f"{folder}/{unit}.d/fenced.conf"


def going_mark(mark: str) -> str:
    """Return the path that a mark has while its unit is let back; by that name it is no drop-in of systemd's.

    >>> going_mark("/run/systemd/system/patroni.service.d/fenced.conf")
    '/run/systemd/system/patroni.service.d/fenced.conf.released'
    """
    return f"{mark}.released"


_CONTROL = {
    "Database system identifier": "identifier",
    "Database cluster state": "state",
    "Latest checkpoint location": "checkpoint",
    "Latest checkpoint's TimeLineID": "timeline",
    "Minimum recovery ending location": "recovered",
    "Min recovery ending loc's timeline": "recovered_timeline",
    "Bytes per WAL segment": "segment",
}


def parse_control(text: str) -> Dict[str, Any]:
    """Return what pg_controldata prints, as far as it matters here; empty where it printed something else.

    https://www.postgresql.org/docs/15/app-pgcontroldata.html; with ``LC_ALL=C``.
    """
    pairs = dict(re.findall(r"^([^:\n]+):[ \t]*(.*)$", text, re.MULTILINE))
    found: Dict[str, Any] = {key: pairs[label].strip() for label, key in _CONTROL.items() if label in pairs}
    for key in ("timeline", "recovered_timeline", "segment"):
        if key in found:
            found[key] = int(found[key])
    if "timeline" in found:
        # A standby's last checkpoint may be of a timeline that it has left since.
        found["timeline"] = max(found["timeline"], found.pop("recovered_timeline", 0))
    return found
