# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From what was seen of the clusters of all regions to the plan that lets one region lead, and what stands against it.

Pure: nothing is asked and nothing is changed here. What decides:

- A region's cluster leads, or follows the cluster of another region (Patroni's ``standby_cluster``). Each time that a
  region is made to lead, ``region_epoch`` in the settings of its cluster gets a higher number than any before. Of two
  that lead, the one with the higher epoch is right, and the guard on the hosts of the other one keeps it from writing.
- While both regions are alive, the one that leads stops writing first, and the other one leads once it has all of the
  log: nothing is lost. A region that is lost is kept from writing before the other one may lead.
- What is asked for is a state: the region leads, the others follow. So a run can be repeated at any point.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterator, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.failover import plan as inside
from ansible_collections.freeagentics.platform.plugins.module_utils.failover.plan import (
    Objection,
    candidates,
    moment,
    no_store,
    paused,
    serves,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.failover.role import EPOCH
from ansible_collections.freeagentics.platform.plugins.module_utils.failover.seen import ALIVE, Member, Sight
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.lsn import lag_bytes, show_lsn
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.timeline import objection

#: The region leads already; the other one hands over; the other one is lost; two lead, and nobody knows which is right.
LEADS, PLANNED, UNPLANNED, UNDECIDED = "leads", "planned", "unplanned", "undecided"
#: What Patroni says of a member that takes writes.
WRITING = ("primary", "master", "leader")
#: How many bytes of log a region may lack that takes over as planned: writes wait until it has them.
CATCH_UP = 16 * 1024 * 1024
#: Numbers of failovers that each timeline has: the first one for a region that takes over with it, the next one for a
#: region that leads on with it beside one that is gone, and the last one, of the timeline before, for a restore that
#: began it.
NUMBERS = 3


def of_restore(timeline: int) -> int:
    """Return the number by which a region leads with what was restored: the last one of the timeline before its own.

    The timeline that a restore began is newer than all in the archive. So this is more than any region had that comes
    back, and less than the next one that takes over gets. It is the same however often it is asked.
    """
    return NUMBERS * timeline - 1


@dataclass(frozen=True)
class Request:
    """What the operator asked for.

    :param to: the region that shall lead.
    :param gone: regions that the operator says are gone, although nothing proves it.
    :param power: whether hosts can be switched off with proof.
    :param without: members whose acknowledged writes the operator gives up.
    :param fresh: the region whose data is put aside, and copied anew from the one that leads; empty for none.
    """

    to: str
    gone: Tuple[str, ...] = ()
    power: bool = False
    without: Tuple[str, ...] = ()
    fresh: str = ""


@dataclass(frozen=True)
class Plan:
    """What is to be done, with what is known of it.

    :param old: the region that leads now, or that led last; empty where ``to`` does already.
    :param epoch: what ``region_epoch`` shall be where ``to`` leads.
    :param returns: regions that led and were superseded. They follow again, and what only they have is kept aside.
    :param fresh: of these, the one whose data is put aside as a whole, and copied anew; it may follow already.
    :param stop: database hosts on which Patroni and PostgreSQL are stopped.
    :param power: database hosts whose power is taken.
    :param release: database hosts that may start again, as followers.
    :param gone: regions that the operator says are gone and of which nobody tells whether they led, but for ``old``:
        they are kept from writing, too.
    :param alone: whether ``to`` was superseded by ``old``, and goes on from where it was then.
    """

    kind: str
    to: str
    old: str = ""
    epoch: int = 0
    returns: Tuple[str, ...] = ()
    fresh: str = ""
    stop: Tuple[str, ...] = ()
    power: Tuple[str, ...] = ()
    release: Tuple[str, ...] = ()
    gone: Tuple[str, ...] = ()
    alone: bool = False
    loss: str = ""
    steps: Tuple[str, ...] = ()
    objections: Tuple[Objection, ...] = ()


def make(sights: Mapping[str, Sight], addresses: Mapping[str, str], request: Request, now: float) -> Plan:
    """Return the plan for what was seen.

    :param sights: what was seen of each region's cluster.
    :param addresses: the region of each database host, by its address.
    :param now: the present moment, in seconds of the epoch.
    """
    equals = _equals(sights)
    if equals:
        return Plan(UNDECIDED, request.to, objections=(_undecided(equals),))
    target = sights[request.to]
    old = "" if _leads(target) and _right(sights) == request.to else _old(sights, addresses, request.to)
    kind = _kind(sights, old)
    lost = kind == UNPLANNED
    # Where the region that superseded this one is given up for good, this one goes on from where it was.
    alone = request.to if lost and old in request.gone else ""
    # A region that was superseded cannot follow one that is lost: the next run lets it follow the one that leads then.
    returns = tuple(
        name
        for name in sights
        if not lost and name != old and (_must_return(sights, name, old) or _copied_anew(sights, name, old, request))
    )
    gone = tuple(name for name in request.gone if name not in (old, request.to) and sights[name].store is None)
    kept_down = (*((old,) if lost else ()), *gone)
    stop = [one.name for name in (*returns, *kept_down) for one in sights[name].members if one.reached]
    silent = [one.name for one in sights[old].members if not one.reached] if lost else []
    power = [one.name for name in kept_down for one in sights[name].members if not one.reached] if request.power else []
    plan = Plan(
        kind,
        request.to,
        old=old,
        epoch=_epoch(sights, request.to, kind, gone),
        returns=returns,
        fresh=request.fresh if request.fresh in returns else "",
        stop=tuple(stop),
        power=tuple(power),
        release=tuple(_release(sights, returns, kept_down)),
        gone=gone,
        alone=bool(alone) and _leads(target),
        loss=_loss(sights, request.to, old, kind, now) + (_given_up(gone, request.to) if gone else ""),
    )
    return Plan(
        **{
            **vars(plan),
            "steps": tuple(_steps(plan, sights)),
            "objections": (*_undeclared(request.to, target, addresses), *_objections(sights, plan, request, silent)),
        }
    )


def leader(sight: Sight) -> Optional[Member]:
    """Return the member that holds a region's lease."""
    return sight.member(sight.store.leader) if sight.store else None


def superseder(sight: Sight, others: Mapping[str, Sight]) -> str:
    """Return the region of others that leads instead of this one, as far as anybody sees; empty where none does.

    One that leads by the same failover may be right, too, and so may one that writes and whose number nobody tells.
    """
    epoch = sight.store.epoch if sight.store else 0
    for name, other in others.items():
        writes = any(one.writable for one in other.members) or bool(_seen_writing(other))
        if (_leads(other) and other.store and other.store.epoch >= epoch) or (other.store is None and writes):
            return name
    return ""


def _leads(sight: Sight) -> bool:
    return sight.store is not None and bool(sight.store.config) and not sight.store.follows


def _right(sights: Mapping[str, Sight]) -> str:
    """Return the region that leads with the highest epoch, empty if none is seen that leads."""
    leading = [(sight.store.epoch if sight.store else 0, name) for name, sight in sights.items() if _leads(sight)]
    best = max(leading, default=(0, ""))
    return best[1] if [epoch for epoch, _name in leading].count(best[0]) == 1 else ""


def _equals(sights: Mapping[str, Sight]) -> List[str]:
    """Return the regions that lead by the same failover, so that nobody can tell which of them is right."""
    epochs = {name: sight.store.epoch for name, sight in sights.items() if _leads(sight) and sight.store}
    leading = [name for name, epoch in epochs.items() if epoch == max(epochs.values())]
    return leading if len(leading) > 1 else []


def _followed(sight: Sight, addresses: Mapping[str, str]) -> str:
    """Return the region that a region follows."""
    hosts = sight.store.follows.split(",") if sight.store else []
    return next((addresses[host] for host in hosts if host in addresses), "")


def _old(sights: Mapping[str, Sight], addresses: Mapping[str, str], to: str) -> str:
    """Return the region that leads instead of the one that shall."""
    right = _right(sights)
    if right:
        return right
    followed = _followed(sights[to], addresses)
    return followed or next((name for name in sights if name != to), "")


def _epoch(sights: Mapping[str, Sight], to: str, kind: str, gone: Sequence[str]) -> int:
    """Return the number of the failover by which a region leads, or is to: higher than any before.

    A region that is lost does not tell its number, and one that was built anew since then knows of none. But each
    failover of a region began a timeline, so no number is as high as NUMBERS of the timeline that came over.

    One that is gone may have led instead of ``to``, by the number that this gives here: only the next one is higher.
    """
    if kind == LEADS and not gone:
        return max((sight.store.epoch for sight in sights.values() if sight.store), default=0)
    highest = max((sight.store.highest for sight in sights.values() if sight.store), default=0)
    unknown = kind == UNPLANNED or gone
    timelines = [NUMBERS * one.history.timeline for one in sights[to].members if one.history] if unknown else []
    return max([highest + 1, *timelines]) + (1 if gone else 0)


def _kind(sights: Mapping[str, Sight], old: str) -> str:
    if not old:
        return LEADS
    sight = sights[old]
    if sight.store is None:
        return UNPLANNED
    member = leader(sight)
    alive = serves(sight, member) and member is not None and member.reached
    return PLANNED if alive else UNPLANNED


def _must_return(sights: Mapping[str, Sight], name: str, old: str) -> bool:
    """Return whether a region leads that was superseded, so that its data has to be made that of the leader."""
    sight, right = sights[name], old or _right(sights)
    if sight.store is None or name == right or not sight.store.config:
        return False
    return not sight.store.follows


def _copied_anew(sights: Mapping[str, Sight], name: str, old: str, request: Request) -> bool:
    """Return whether a region that follows is copied anew, as the operator asked, from the one that leads."""
    store = sights[name].store
    return name == request.fresh and name != (old or request.to) and store is not None and bool(store.config)


def _release(sights: Mapping[str, Sight], returns: Tuple[str, ...], kept_down: Tuple[str, ...]) -> Iterator[str]:
    for name, sight in sights.items():
        for one in sight.members:
            left = one.held and name not in kept_down
            if one.reached and (name in returns or left):
                yield one.name


def _loss(sights: Mapping[str, Sight], to: str, old: str, kind: str, now: float) -> str:
    if kind == LEADS:
        return "nothing"
    if kind == PLANNED:
        return f"nothing: {old} stops writing, and {to} has all of its log before it may lead"
    if _leads(sights[to]):
        return f"everything that {old} acknowledged since it led instead of {to}"
    member = leader(sights[to])
    if member is None or member.replayed_at is None:
        return f"not known: nobody tells what {to} has of {old}"
    said = f"what {old} acknowledged after {moment(member.replayed_at)}, {now - member.replayed_at:.0f} s ago"
    had = [one.position for one in sights[old].members if one.position]
    lacks = lag_bytes(max(had), member.position) if had else 0
    return said + (f"; {lacks} bytes of log at least" if lacks else "")


def _given_up(gone: Tuple[str, ...], to: str) -> str:
    return f"; but everything that {' and '.join(gone)} acknowledged, if it led instead of {to}"


def _steps(plan: Plan, sights: Mapping[str, Sight]) -> Iterator[str]:
    for name in plan.returns:
        how = "pg_rewind takes back what is not there"
        if name == plan.fresh:
            how = "its data is put aside as a whole before, and copied anew"
        yield (
            f"stop the database of {name}, keep aside what only it has, and let it follow {plan.old or plan.to}; {how}"
        )
    yield from _fencing(plan, sights)
    if plan.kind == PLANNED:
        yield f"let {plan.old} stop writing and follow {plan.to}"
        yield f"wait until {plan.to} has all of the log of {plan.old}, and let it lead"
    elif plan.kind == UNPLANNED:
        yield f"let {plan.to} lead"
    elif plan.gone:
        yield f"let {plan.to} lead on by failover {plan.epoch}, a higher number than {' or '.join(plan.gone)} may have"
    returning = {one.name for name in plan.returns for one in sights[name].members}
    left = [name for name in plan.release if name not in returning]
    if left:
        yield f"let {', '.join(left)} start again, which an earlier run stopped"
    if plan.kind == LEADS:
        yield (
            f"lead the names of the site to {plan.to}, and do what an earlier run did not come to: prove it, fill the "
            "cache, grow, take a full backup"
        )
    else:
        yield f"lead the names of the site to {plan.to}"
        yield "prove it: one server takes writes"
        if plan.kind == PLANNED:
            yield f"carry over the keys that the cache of {plan.old} has in use"
        else:
            yield "warm the cache by requests, where some are declared"
        yield f"let {plan.to} grow to its full size, where a command for that is set"
        yield "take a full backup, and see that the site answers through its public name"


def _fencing(plan: Plan, sights: Mapping[str, Sight]) -> Iterator[str]:
    """Tell how regions that are lost or gone are kept from writing."""
    down = (*((plan.old,) if plan.kind == UNPLANNED else ()), *plan.gone)
    stopped = [one.name for name in down for one in sights[name].members if one.name in plan.stop]
    if stopped:
        yield f"stop Patroni and PostgreSQL on {', '.join(stopped)}, and see that no process of them is left"
    if plan.power:
        yield f"take the power of {', '.join(plan.power)}, and see that it is off"


def _objections(sights: Mapping[str, Sight], plan: Plan, request: Request, silent: List[str]) -> Iterator[Objection]:
    target = sights[plan.to]
    if target.store is None:
        yield no_store(target)
        return
    for name in dict.fromkeys((plan.to, *((plan.old,) if plan.kind == PLANNED else ()), *plan.returns)):
        store = sights[name].store
        if store is not None and store.paused:
            yield Objection(f"{name}: {paused().reason}")
    yield from _not_copied(plan, request)
    yield from _unknown_leaders(sights, plan, request)
    yield from _not_kept(sights, plan, request)
    yield from _not_compared(sights, plan)
    if plan.kind == LEADS:
        return
    yield from _of_the_target(sights, plan)
    if plan.kind == UNPLANNED:
        yield from _of_the_old_region(sights[plan.old], plan, request, silent)


def _not_copied(plan: Plan, request: Request) -> Iterator[Objection]:
    """Tell why a region is not copied anew although the operator asked for that."""
    if not request.fresh or plan.fresh:
        return
    if request.fresh == (plan.old or plan.to):
        leads = "leads now" if plan.kind != UNPLANNED else "is lost"
        yield Objection(
            f"{request.fresh} {leads}, so there is nothing that it could become a copy of. Leave fresh_copy away"
        )
    elif plan.kind == UNPLANNED:
        remedy = f"Leave fresh_copy away, and say it in the next run, when {plan.to} leads"
        if request.fresh == plan.to:
            remedy = f"Bring {plan.old} back"
        yield Objection(f"{request.fresh} cannot be copied anew while {plan.old}, which leads, is lost. {remedy}")
    else:
        yield Objection(
            f"{request.fresh} cannot be copied anew: its cluster store does not answer, or knows of no cluster there"
        )


def _undeclared(to: str, target: Sight, addresses: Mapping[str, str]) -> Iterator[Objection]:
    """Tell where the region follows somebody whom the declaration does not know."""
    if target.store and target.store.follows and not _followed(target, addresses):
        yield Objection(
            f"{to} follows {target.store.follows}, which is no database host of the declaration, and nobody "
            "but you knows what becomes of that one. Declare its region again, and run this again"
        )


def _of_the_target(sights: Mapping[str, Sight], plan: Plan) -> Iterator[Objection]:
    """Tell why the region cannot lead."""
    target = sights[plan.to]
    member = leader(target)
    if not any(one.reached for one in target.members):
        yield Objection(f"{plan.to} cannot lead: none of its database hosts answers. Bring one of them back")
    elif plan.kind == UNPLANNED and not plan.alone and _leads(target):
        yield Objection(
            f"{plan.to} was superseded by {plan.old}, which is lost: what {plan.old} acknowledged since then is not in "
            f"{plan.to}. Bring {plan.old} back",
            f"-e region_is_gone={plan.old}, which gives that up",
        )
    elif plan.to in plan.returns or plan.alone:
        # Its database is down, or held down by the guard.
        return
    elif member is None or not serves(target, member) or not member.reached:
        yield Objection(
            f"{plan.to} cannot lead: {_why_not(target, member)}. Bring it back, or restore the database: "
            "docs/restore.md"
        )
    else:
        yield from _of_data(sights, plan, member)


def _undecided(regions: Sequence[str]) -> Objection:
    return Objection(
        f"{' and '.join(regions)} both lead, by the same failover, so nobody can tell which of them is right: decide "
        f"it, and write a higher number there with `patronictl edit-config -s {EPOCH}=NUMBER`; the guard stops the "
        "other one"
    )


def _unknown_leaders(sights: Mapping[str, Sight], plan: Plan, request: Request) -> Iterator[Objection]:
    """Tell of regions whose settings nobody tells, and in which somebody is seen to take writes."""
    for name, sight in sights.items():
        if name in (plan.old, *request.gone) or sight.store is not None:
            continue
        for one in _seen_writing(sight):
            yield Objection(
                f"{_see(one)} that {one.name} of {name} takes writes, and nobody tells by which failover: bring the "
                "way to its hosts back",
                f"-e region_is_gone={name}, which gives up everything that it acknowledges",
            )


def _not_kept(sights: Mapping[str, Sight], plan: Plan, request: Request) -> Iterator[Objection]:
    """Tell of silent members of a region that returns: they are rewound once they are back, and nobody looks before."""
    for name in plan.returns:
        silent = [one.name for one in sights[name].members if not one.reached and one.name not in request.without]
        if silent:
            do = "do" if len(silent) > 1 else "does"
            yield Objection(
                f"{', '.join(silent)} of {name} {do} not answer: what was written there "
                f"alone while {name} led would be taken back, and kept nowhere. Bring the way there back",
                f"-e without={','.join([*request.without, *silent])}, which gives that up",
            )


def _not_compared(sights: Mapping[str, Sight], plan: Plan) -> Iterator[Objection]:
    """Tell where regions return, and nobody tells how the log went that theirs is compared with."""
    leads = plan.old or plan.to
    member = leader(sights[leads])
    if plan.returns and (member is None or not member.answers or member.history is None):
        yield Objection(
            f"what only {' and '.join(plan.returns)} may have cannot be told: {leads}, which leads, tells nothing of "
            f"its log, as {_why_not(sights[leads], member)}. Run this again in some seconds; where that helps nothing, "
            f"-e scope=database -e region={leads} --check says what {leads} lacks"
        )


def _seen_writing(sight: Sight) -> List[Member]:
    return [one for one in sight.members if one.seen_by and one.role in WRITING and one.state in ALIVE]


def _see(member: Member) -> str:
    """Return who sees a member, and the verb."""
    return f"{', '.join(member.seen_by)} {'see' if len(member.seen_by) > 1 else 'sees'}"


def _why_not(sight: Sight, member: Optional[Member]) -> str:
    if member is None:
        return "nobody holds the lease of its cluster"
    if not member.reached:
        return f"the host of {member.name} does not answer: {member.unreached}"
    return f"the PostgreSQL of {member.name}, which leads its cluster, does not answer"


def _of_data(sights: Mapping[str, Sight], plan: Plan, member: Member) -> Iterator[Objection]:
    """Tell where the data of the region that shall lead is another one's, or far behind."""
    # Only where somebody leads there is something to copy.
    anew = f"-e fresh_copy={plan.to}, which puts its data aside and copies it anew" if plan.kind == PLANNED else ""
    old = leader(sights[plan.old])
    store = sights[plan.old].store
    known = {one.identifier for one in sights[plan.old].members if one.identifier} | (
        {store.identifier} if store and store.identifier else set()
    )
    if not member.identifier:
        yield Objection(
            f"{member.name} does not tell whose data it has: its pg_control cannot be read. `pg_controldata` there "
            "says why"
        )
        return
    if known and member.identifier not in known:
        yield Objection(
            f"{member.name} has the data of another cluster ({member.identifier}; that of {plan.old} is "
            f"{', '.join(sorted(known))}): it can never take over from it",
            anew,
        )
        return
    if old is None or not old.reached or old.history is None or member.history is None:
        return
    strayed = objection(old.history, member.history, member.position or 0)
    if strayed:
        yield Objection(
            f"{member.name} went another way than {old.name} ({strayed})",
            anew,
        )
    lacks = lag_bytes(old.position, member.position) or 0
    if plan.kind == PLANNED and lacks > CATCH_UP:
        yield Objection(
            f"{member.name} lacks {lacks} bytes of log up to {show_lsn(old.position or 0)}, and writes would wait "
            f"until it has them. Wait until it lacks less than {CATCH_UP}"
        )


def _of_the_old_region(sight: Sight, plan: Plan, request: Request, silent: List[str]) -> Iterator[Objection]:
    """Tell where the region that is said to be lost may still write."""
    if plan.old in request.gone:
        return
    overrule = f"-e region_is_gone={plan.old}, which gives up everything that it acknowledges from now on"
    writing = [one.name for one in sight.members if one.writable]
    if writing and sight.store is None:
        takes = "takes" if len(writing) == 1 else "take"
        yield Objection(
            f"{plan.old} is alive: {', '.join(writing)} {takes} writes there, and only its cluster store does not "
            f"answer ({sight.store_error}). Bring a majority of its members back, and it hands over without a loss; "
            "docs/failover.md, The cluster store, says how",
            overrule,
        )
        return
    unreached = [one for one in _seen_writing(sight) if not one.reached]
    if unreached:
        one = unreached[0]
        yield Objection(
            f"{plan.old} is alive: {_see(one)} that {one.name} leads there, although its host does not answer here. "
            "Bring the way to its hosts back, and it hands over without a loss",
            overrule,
        )
        return
    able = candidates(sight, sight.store.leader if sight.store else "") if sight.store else []
    if able:
        names = ", ".join(one.name for one in able)
        against = inside.make(sight, inside.Request(power=request.power)).objections
        said = "and nothing is lost so: -e scope=database does that"
        if against:
            said = f"once this is settled: {against[0].reason}. -e scope=database does that then"
        yield Objection(f"{names} can lead in {plan.old}, {said}", overrule)
    if silent and not request.power:
        yield Objection(
            f"nothing proves that {plan.old} cannot write: {', '.join(silent)} {'do' if len(silent) > 1 else 'does'} "
            "not answer, and no failover_fence_command is set that takes power",
            overrule,
        )


def lines(plan: Plan, sights: Mapping[str, Sight], addresses: Mapping[str, str]) -> Dict[str, List[str]]:
    """Return what the screen says of the regions, by the words in front of it."""
    return {
        "regions": [_region(name, sight, addresses) for name, sight in sights.items()],
        "leads next": [_next(plan)],
        "lost": [plan.loss] if plan.old or plan.gone else [],
    }


def _next(plan: Plan) -> str:
    if plan.kind == UNDECIDED:
        return "nobody can tell"
    return f"{plan.to} instead of {plan.old}, {plan.kind}" if plan.old else f"{plan.to}, as now"


def _region(name: str, sight: Sight, addresses: Mapping[str, str]) -> str:
    if sight.store is None:
        return f"{name}: not known, as {sight.store_error}"
    if not sight.store.config:
        return f"{name}: has no cluster yet"
    epoch = f", by failover {sight.store.epoch}" if sight.store.epoch else ""
    if sight.store.follows:
        return f"{name}: follows {_followed(sight, addresses) or sight.store.follows}{epoch}"
    return f"{name}: leads{epoch}"
