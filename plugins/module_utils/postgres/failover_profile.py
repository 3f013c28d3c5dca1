# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How fast a failover is: timings of Patroni, etcd, PostgreSQL, HAProxy and PgBouncer that fit together.

Timings of different programs depend on each other, so they are chosen as one profile:

``fast``
    The shortest lease that Patroni takes. For regions whose zones are a few milliseconds apart.
``normal``
    Patroni's own defaults.
``wide``
    For networks that lose contact for many seconds, which must not cost a failover.

**Rules**, checked here. Patroni, "Dynamic Configuration Settings"
(https://patroni.readthedocs.io/en/latest/dynamic_configuration.html): ``ttl`` >= 20, ``loop_wait`` >= 1,
``retry_timeout`` >= 3, ``loop_wait + 2 * retry_timeout <= ttl``. Ours:
``loop_wait + retry_timeout + primary_stop_timeout <= ttl``, so that a leader that lost the store has ended its server
before another one can hold the lease.

**Outage**: how long clients of the route cannot write, in seconds, at most, in a cluster with a synchronous replica.

``takeover_s`` = PROMOTE + route, where route = ``downinter`` + (``rise`` - 1) * ``fastinter`` + ``server_login_retry``:
    A replica wins the race and ends recovery. HAProxy asks a server that is down every ``downinter``, and one that
    comes up every ``fastinter`` (https://docs.haproxy.org/2.6/configuration.html#5.2-inter). PgBouncer waits
    ``server_login_retry`` after a refused login (https://www.pgbouncer.org/config.html).
``host_s`` = ``ttl`` + REVOKE + ``takeover_s``:
    The lease was renewed in the moment of the loss. etcd looks for leases that are over every 0.5 s
    (``server/lease/lessor.go``).
``host_and_store_leader_s`` = ``host_s`` + 3 * ``election_timeout``:
    The host also led etcd. An election takes up to two election timeouts (https://etcd.io/docs/v3.4/tuning/), and
    the new leader of etcd starts every lease anew, one election timeout longer (``Promote`` in the same file).
``postmaster_s`` = ``loop_wait`` + ``takeover_s``:
    "Worst case failover time for primary failure" where ``primary_start_timeout`` is 0; else twice ``loop_wait`` and
    ``primary_start_timeout`` (Patroni, as above). It is 0 in every profile: a synchronous replica has every
    acknowledged write, while nobody can say when a crash recovery ends.
``switchover_s`` = STOP + ``takeover_s``:
    The old leader writes a checkpoint beforehand, so that its stop is short.
``replica_s`` = ``wal_sender_timeout`` + ``loop_wait``:
    The only synchronous replica vanished: writes wait until PostgreSQL gives it up and Patroni goes on without it.

PROMOTE and STOP are measured: with bare Patroni 4.1 a switchover takes 1.5 s, a killed postmaster 1.4 to 2.1 s with
``loop_wait`` 2, and a killed host 21 s with ``ttl`` 20.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Mapping, Optional


class ProfileError(ValueError):
    """Timings that do not exist or do not fit together; the text says what to write instead."""


#: Seconds from the free lease until the new leader takes writes.
PROMOTE_S = 0.5
#: Seconds that a leader needs to stop after a checkpoint.
STOP_S = 1.0
#: Seconds that pass at most before etcd sees that a lease is over.
REVOKE_S = 0.5


@dataclass(frozen=True)
class Patroni:
    """Seconds, named as in Patroni's dynamic configuration."""

    ttl: int
    loop_wait: int
    retry_timeout: int
    primary_start_timeout: int
    primary_stop_timeout: int


@dataclass(frozen=True)
class Etcd:
    """Milliseconds, as the options --heartbeat-interval and --election-timeout take them."""

    heartbeat_interval_ms: int
    election_timeout_ms: int


@dataclass(frozen=True)
class Postgres:
    """Parameters of PostgreSQL, as it prints them: when it gives up a connection whose other end vanished."""

    wal_sender_timeout: str
    wal_receiver_timeout: str
    tcp_keepalives_idle: int
    tcp_keepalives_interval: int
    tcp_keepalives_count: int


@dataclass(frozen=True)
class Route:
    """HAProxy's health checks of the way to the leader, in milliseconds and counts.

    ``hold_ms`` is how long a new connection waits for a leader: longer than any outage.
    """

    inter_ms: int
    fastinter_ms: int
    downinter_ms: int
    fall: int
    rise: int
    timeout_check_ms: int
    timeout_connect_ms: int
    hold_ms: int


@dataclass(frozen=True)
class PgBouncer:
    """Seconds, named as in pgbouncer.ini. Queries wait through any outage instead of failing."""

    query_wait_timeout: int
    server_connect_timeout: int
    server_login_retry: float


@dataclass(frozen=True)
class Outage:
    """Seconds without writes, at most. The module says how each follows from the timings."""

    takeover_s: float
    postmaster_s: float
    switchover_s: float
    host_s: float
    host_and_store_leader_s: float
    replica_s: float


@dataclass(frozen=True)
class Profile:
    """Timings that fit together, and the outage that follows from them."""

    patroni: Patroni
    etcd: Etcd
    postgres: Postgres
    route: Route
    pgbouncer: PgBouncer
    outage: Outage


@dataclass(frozen=True)
class _Choice:
    """What a profile chooses; the rest follows. Seconds where no unit is named."""

    patroni: Patroni
    etcd: Etcd
    replication_timeout: int
    inter_ms: int
    fastinter_ms: int
    downinter_ms: int
    fall: int
    connect_ms: int
    login_retry: float


PROFILES: Mapping[str, _Choice] = {
    "fast": _Choice(Patroni(20, 2, 3, 0, 10), Etcd(100, 1000), 10, 1000, 250, 250, 2, 1000, 0.2),
    "normal": _Choice(Patroni(30, 10, 10, 0, 10), Etcd(100, 1000), 15, 2000, 500, 500, 3, 2000, 0.5),
    "wide": _Choice(Patroni(60, 10, 20, 0, 30), Etcd(500, 5000), 60, 3000, 1000, 1000, 3, 5000, 1.0),
}
#: One right answer is enough: Patroni says that it leads only while it holds the lease.
RISE = 1
KEEPALIVES = 3


def profile(name: str, patroni: Optional[Mapping[str, int]] = None) -> Profile:
    """Return a profile by name.

    :param patroni: timings of Patroni that differ from the profile's, in seconds; the rest follows from them.
    :raises ProfileError: there is no such profile or timing, or timings do not fit together.
    """
    if name not in PROFILES:
        raise ProfileError(f"there is no failover profile '{name}': use {', '.join(PROFILES)}")
    choice = replace(PROFILES[name], patroni=_changed(PROFILES[name].patroni, patroni or {}))
    route_s = (choice.downinter_ms + (RISE - 1) * choice.fastinter_ms) / 1000 + choice.login_retry
    outage = _outage(choice, PROMOTE_S + route_s)
    hold = 5 * math.ceil((outage.host_and_store_leader_s + 1) / 5)
    return Profile(
        choice.patroni,
        choice.etcd,
        _postgres(choice.replication_timeout),
        Route(
            choice.inter_ms,
            choice.fastinter_ms,
            choice.downinter_ms,
            choice.fall,
            RISE,
            choice.connect_ms,
            choice.connect_ms,
            hold * 1000,
        ),
        PgBouncer(hold, hold + 5, choice.login_retry),
        outage,
    )


def _changed(timings: Patroni, changes: Mapping[str, int]) -> Patroni:
    names = [field.name for field in fields(Patroni)]
    unknown = sorted(set(changes) - set(names))
    if unknown:
        raise ProfileError(f"there is no timing {', '.join(unknown)}: use {', '.join(names)}")
    changed = replace(timings, **{key: int(value) for key, value in changes.items()})
    for key, least in (("ttl", 20), ("loop_wait", 1), ("retry_timeout", 3), ("primary_start_timeout", 0)):
        if getattr(changed, key) < least:
            raise ProfileError(f"{key} is {getattr(changed, key)} s: Patroni takes {least} or more")
    _fits(changed.ttl, changed.loop_wait + 2 * changed.retry_timeout, "loop_wait + 2 * retry_timeout")
    needed = changed.loop_wait + changed.retry_timeout + changed.primary_stop_timeout
    _fits(changed.ttl, needed, "loop_wait + retry_timeout + primary_stop_timeout")
    return changed


def _fits(ttl: int, needed: int, formula: str) -> None:
    if needed > ttl:
        raise ProfileError(
            f"ttl is {ttl} s and {formula} {needed} s: raise ttl to {needed} or more, or lower the others"
        )


def _postgres(seconds: int) -> Postgres:
    # Silence is probed in the last three fifths of the time, so that keepalives and replication give up together.
    interval = max(1, seconds // 5)
    text = f"{seconds}s" if seconds % 60 else f"{seconds // 60}min"
    return Postgres(text, text, seconds - KEEPALIVES * interval, interval, KEEPALIVES)


def _outage(choice: _Choice, takeover: float) -> Outage:
    patroni = choice.patroni
    # A server that crashed may recover for so long before another one takes over, a loop before it and one after it.
    start = patroni.primary_start_timeout + patroni.loop_wait if patroni.primary_start_timeout else 0
    host = patroni.ttl + REVOKE_S + takeover
    return Outage(
        *(
            round(seconds, 3)
            for seconds in (
                takeover,
                patroni.loop_wait + start + takeover,
                STOP_S + takeover,
                host,
                host + 3 * choice.etcd.election_timeout_ms / 1000,
                choice.replication_timeout + patroni.loop_wait,
            )
        )
    )
