# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A plan on one screen: what was found, who shall lead and why, what is lost, what is done, what stands against it."""

from __future__ import annotations

from typing import Iterator, List, Mapping, Optional, Sequence

from ansible_collections.freeagentics.platform.plugins.module_utils.failover import region
from ansible_collections.freeagentics.platform.plugins.module_utils.failover.plan import (
    ELECTION,
    NOTHING,
    RETURN,
    Objection,
    Plan,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.failover.seen import Member, Sight, Store
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.lsn import show_lsn

#: The width of the words in front of each line.
MARGIN = 11


def lines(sight: Sight, plan: Plan) -> List[str]:
    """Return the lines of the screen."""
    return _screen(
        {
            "found": [_found(one, sight.store) for one in sight.members if one.reached],
            "silent": [_silent(one) for one in sight.members if not one.reached],
            "lease": [_lease(sight)],
            "leads next": [_next(plan)],
            "lost": [plan.loss] if plan.candidate or plan.back else [],
            "against it": list(_objections(plan.objections)),
            "steps": _numbered(plan.steps),
        }
    )


def region_lines(sights: Mapping[str, Sight], addresses: Mapping[str, str], plan: region.Plan) -> List[str]:
    """Return the lines of the screen about a failover from region to region."""
    members = [(one, sight.store) for sight in sights.values() for one in sight.members]
    said = region.lines(plan, sights, addresses)
    return _screen(
        {
            "regions": said["regions"],
            "found": [_found(one, store) for one, store in members if one.reached],
            "silent": [_silent(one) for one, _store in members if not one.reached],
            "leads next": said["leads next"],
            "lost": said["lost"],
            "against it": list(_objections(plan.objections)),
            "steps": _numbered(plan.steps),
        }
    )


def _screen(parts: Mapping[str, Sequence[str]]) -> List[str]:
    shown: List[str] = []
    for word, texts in parts.items():
        margin = word
        for text in texts:
            shown.append(f"{margin:{MARGIN}}{text}")
            margin = ""
    return shown


def _numbered(steps: Sequence[str]) -> List[str]:
    return [f"{number}. {step}" for number, step in enumerate(steps, 1)]


def _found(member: Member, store: Optional[Store]) -> str:
    if not member.answers:
        process = "its server is stopped by a signal" if member.frozen else "its PostgreSQL does not answer"
        return f"{member.name}: {process}, Patroni is {member.patroni or 'not there'}{_log(member)}"
    kind = "takes writes" if member.writable else "standby"
    synchronous = ", synchronous" if store and member.name in store.synchronous else ""
    return f"{member.name}: {kind}{synchronous}{_log(member)}"


def _log(member: Member) -> str:
    if member.position is None:
        return ""
    timeline = f"timeline {member.history.timeline}, " if member.history else ""
    least = "" if member.exact else "at least "
    return f"; {timeline}log up to {least}{show_lsn(member.position)}"


def _silent(member: Member) -> str:
    seen = f"{', '.join(member.seen_by)} see its Patroni: {member.role}, {member.state}" if member.seen_by else ""
    return f"{member.name}: {member.unreached}; {seen or 'nobody sees its Patroni'}"


def _lease(sight: Sight) -> str:
    store = sight.store
    if store is None:
        return f"not known: {sight.store_error}"
    held = f"{store.leader}, for {store.lease:.0f} s more" if store.leader else "nobody holds it"
    return f"{held}; its log was at {show_lsn(store.position)}" if store.position else held


def _next(plan: Plan) -> str:
    if plan.kind == NOTHING:
        return f"nothing is to be done: {plan.why}"
    if plan.kind == RETURN:
        return plan.why
    if not plan.candidate:
        return "nobody can"
    elected = plan.kind == ELECTION and not plan.named
    return f"{plan.candidate}: {plan.why}" + (" (Patroni elects)" if elected else "")


def _objections(objections: Sequence[Objection]) -> Iterator[str]:
    for one in objections:
        yield f"{one.reason}" + (f" [overrule with {one.overrule}]" if one.overrule else "")
