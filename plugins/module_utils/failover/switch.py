# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From what was seen of a cluster to the plan of a planned switchover, and what stands against it. Pure."""

from __future__ import annotations

from typing import Iterator, Optional

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.plan import (
    NOTHING,
    Objection,
    Plan,
    candidates,
    common_timeline,
    no_store,
    paused,
    serves,
    unable,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.failover.seen import Member, Sight
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.lsn import lag_bytes

SWITCHOVER = "switchover"


def make(sight: Sight, candidate: str = "") -> Plan:
    """Return the plan for what was seen.

    :param candidate: the member that shall lead; empty for any that is synchronous.
    """
    store = sight.store
    if store is None:
        return Plan(SWITCHOVER, objections=(no_store(sight),))
    leader = sight.member(store.leader)
    if candidate and candidate == store.leader and serves(sight, leader):
        return Plan(NOTHING, why=f"{candidate} leads already")
    able = [
        one
        for one in candidates(sight, store.leader)
        if one.name in store.synchronous or (one.name == candidate and not store.synchronous_mode)
    ]
    chosen = next((one for one in able if candidate in ("", one.name)), None)
    return Plan(
        SWITCHOVER,
        old=store.leader,
        revision=store.revision,
        candidate=chosen.name if chosen else "",
        named=bool(candidate),
        timeline=common_timeline(leader, chosen),
        why="it was asked for" if candidate else "it is synchronous; another that is may be faster",
        lost=0,
        loss="nothing: the old primary shuts down, and a standby has all of its log before it may lead",
        steps=tuple(_steps(store.leader, chosen, bool(candidate))),
        objections=tuple(_objections(sight, leader, chosen, candidate)),
    )


def _steps(leader: str, chosen: Optional[Member], named: bool) -> Iterator[str]:
    if chosen is not None:
        yield "let the pools of the application's hosts hold their clients back"
        yield f"let {leader} write a checkpoint and shut down"
        yield f"{chosen.name} leads" if named else f"Patroni elects, {chosen.name} or another synchronous standby"
        yield "let the clients go on, and prove that one server takes writes and the others follow"


def _objections(
    sight: Sight, leader: Optional[Member], chosen: Optional[Member], candidate: str
) -> Iterator[Objection]:
    store = sight.store
    if store is None:
        return
    if store.paused:
        yield paused()
    if leader is None or not serves(sight, leader):
        who = f"{store.leader} holds the lease and does not serve" if store.leader else "nobody leads"
        yield Objection(f"{who}: this is no planned switchover; playbooks/failover.yml is for that")
    elif not leader.reached:
        yield Objection(
            f"the host of {leader.name} does not answer here ({leader.unreached}), and a switchover begins on it: "
            "bring the way to it back"
        )
    if chosen is None:
        yield Objection(_why_nobody(sight, store.leader, candidate))
    elif leader is not None:
        lacks = lag_bytes(leader.position, chosen.position) or 0
        if lacks > store.maximum_lag:
            yield Objection(
                f"{chosen.name} lacks {lacks} bytes of log, more than maximum_lag_on_failover ({store.maximum_lag}): "
                "writes would wait until it has them. Wait until it has caught up, or name another one"
            )


def _why_nobody(sight: Sight, leader: str, candidate: str) -> str:
    store = sight.store
    asked = sight.member(candidate) if candidate else None
    if candidate and asked is None:
        return f"{candidate} is no member of this cluster; {', '.join(one.name for one in sight.members)} are"
    if asked is not None:
        reason = unable(sight, asked) or "it is not synchronous"
        return f"{candidate} cannot lead: {reason}. Name another one, or leave candidate away"
    reasons = "; ".join(
        f"{one.name}: {unable(sight, one) or 'it is not synchronous'}" for one in sight.members if one.name != leader
    )
    kept = ", ".join(store.synchronous) if store and store.synchronous else "none"
    reasons = reasons or "there is no other member"
    remedy = "Bring one of them back, and wait until `patronictl list` calls it synchronous"
    if store and not store.synchronous_mode:
        remedy = "Name one of them with -e candidate, or bring one back"
    return f"no synchronous standby can take over ({reasons}); synchronous are: {kept}. {remedy}"
