# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From what was seen of a cluster to the plan of a failover inside its region, and what stands against it.

Pure: nothing is asked and nothing is changed here. What decides:

- Patroni elects. A failover proves that the old primary cannot write, takes the lease from it, and lets Patroni elect;
  nothing is promoted beside Patroni.
- A commit is acknowledged once so many synchronous standbys have it on their disks that any of them, seen with
  ``quorum`` others, have it too (https://patroni.readthedocs.io/en/latest/replication_modes.html#quorum-commit-mode).
  So nothing acknowledged is lost where the candidate has most of so many; where fewer of them are seen nobody knows.
- Only a server that answers, or a primary that was shut down, says how much log it has; any other has that at least.
- Where no standby was synchronous at the end, only the server that led last knows what it acknowledged. Where its host
  answers, its log is compared with what the candidate has (:mod:`.unreplicated`), before it is stopped and after that.
- A run may die, or lose its candidate, after it has stopped the old primary. Where nobody else is known to have every
  acknowledged write, the next run lets it back, and nothing is lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Iterator, List, Optional, Sequence, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.seen import ALIVE, LEADING, Member, Sight
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.lsn import lag_bytes, show_lsn
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.timeline import History, objection

#: What is to be done: nothing, as a primary serves; wait for the election that is under way; take the lease away; let
#: those back that an earlier run stopped, and wait until one of them leads, or another one by their word.
NOTHING, ELECTION, FAILOVER, RETURN = "nothing", "election", "failover", "return"
#: What keeps the old primary from writing: its processes are stopped, its power is taken, or its lease has run out.
ON_HOST, POWER, LEASE = "host", "power", "lease"


@dataclass(frozen=True)
class Request:
    """What the operator asked for.

    A ``candidate`` that is named may lack up to ``lost_bytes``, also by the time it is made to lead.

    :param candidate: the member that shall lead; empty for the one that has most.
    :param old_primary: the member that shall lead no more although it serves; empty for none.
    :param power: whether hosts can be switched off with proof.
    :param unfenced: ``wait`` for the lease, or ``refuse``, where the old primary cannot be stopped with proof.
    :param without: members whose silence is overruled.
    :param lost_bytes: how many bytes of log may be lost.
    :param unknown_loss: whether writes may be lost of which nobody knows how many they are.
    """

    candidate: str = ""
    old_primary: str = ""
    power: bool = False
    unfenced: str = "wait"
    without: Tuple[str, ...] = ()
    lost_bytes: int = 0
    unknown_loss: bool = False

    @property
    def forced(self) -> bool:
        """Whether a loss was accepted of which nobody can tell how much it is, so that nothing is compared."""
        return bool(self.without or self.unknown_loss)

    @property
    def accepts_loss(self) -> bool:
        """Whether any loss was accepted."""
        return bool(self.forced or self.lost_bytes)


@dataclass(frozen=True)
class Objection:
    """Why the plan is not carried out, and the variable that overrules it; empty where none does."""

    reason: str
    overrule: str = ""


@dataclass(frozen=True)
class Plan:
    """What is to be done, with what is known of it.

    :param old: the member that leads no more, or that shall not; empty where nobody holds the lease.
    :param revision: of the key that is removed, and ``lease_id`` the lease that it hangs on.
    :param named: whether Patroni is told that the candidate shall lead, and does not elect.
    :param forced: whether a loss was accepted of which nobody can tell how much it is.
    :param lost_bytes: how much log the candidate may lack when it is made to lead.
    :param stop: members that take writes without the lease, and are stopped.
    :param left: members that an earlier run stopped, or a signal, and that are let back.
    :param back: members that an earlier run stopped and that are let back before anybody leads, as they may have what
        nobody else is known to have.
    :param lost: bytes of log that the candidate lacks and another had; None where nobody can tell.
    :param after: the end of the candidate's log, where it has to be seen on the old primary's host that nothing was
        committed behind it; empty where nothing is to be seen there. ``timeline`` is that of both logs, 0 where they
        have no history in common.
    """

    kind: str
    old: str = ""
    revision: int = 0
    lease_id: int = 0
    candidate: str = ""
    named: bool = False
    forced: bool = False
    lost_bytes: int = 0
    why: str = ""
    fence: str = ""
    stop: Tuple[str, ...] = ()
    left: Tuple[str, ...] = ()
    back: Tuple[str, ...] = ()
    lost: Optional[int] = None
    loss: str = ""
    after: str = ""
    timeline: int = 0
    steps: Tuple[str, ...] = ()
    objections: Tuple[Objection, ...] = ()


def make(sight: Sight, request: Request, now: float = 0.0) -> Plan:
    """Return the plan for what was seen.

    :param now: the present moment, in seconds of the epoch; 0 where nobody has to be told how long ago anything was.
    """
    store = sight.store
    if store is None:
        return Plan(ELECTION, objections=(no_store(sight),))
    old, stop, left = sight.member(store.leader), _writers_without_lease(sight), _left_stopped(sight)
    if store.leader and request.old_primary != store.leader and serves(sight, old):
        why = f"{store.leader} leads and {_how_it_serves(sight, old)}"
        if request.candidate not in ("", store.leader):
            why += f". That {request.candidate} leads instead, as planned, is what playbooks/switchover.yml does"
        steps = tuple(f"stop {name}, which takes writes without the lease, and let it follow" for name in stop)
        return Plan(NOTHING, why=why, stop=stop, left=left, steps=(*steps, *_let_back(left)))
    able = candidates(sight, store.leader)
    candidate = _chosen(able, request)
    lost, loss = _loss(sight, candidate)
    if lost and now and candidate and candidate.replayed_at:
        loss += f": what was committed after {moment(candidate.replayed_at)}, {now - candidate.replayed_at:.0f} s ago"
    witness = _witness(sight, request, candidate, lost)
    if witness and candidate:
        lacks = f"committed nothing that {candidate.name} lacks"
        loss = f"no acknowledged write: nothing is done unless {witness.name} {lacks}"
    old = witness or old
    # Where nothing reaches it, its shutdown waits for standbys that it does not hear, and Patroni drops them meanwhile:
    # it is killed, and so the candidate is named.
    deaf = old is not None and old.name in old.seen_by and old.answers and bool(_unseeing(sight, old))
    named = _named(request) or bool(witness) or (deaf and candidate is not None)
    fence = _fence(old, request) if old or store.leader else ""
    objections = tuple(_objections(sight, request, able, candidate, lost, fence, witness, named))
    back = _returning(sight, request, able) if objections else ()
    if back:
        return _return(back)
    return Plan(
        FAILOVER if store.leader else ELECTION,
        old=old.name if old else store.leader,
        revision=store.revision,
        lease_id=store.lease_id,
        candidate=candidate.name if candidate else "",
        named=named,
        forced=request.forced,
        lost_bytes=request.lost_bytes,
        why=_why(sight, candidate, request),
        fence=fence,
        stop=stop,
        left=left,
        lost=lost,
        loss=loss,
        after=show_lsn(candidate.position or 0) if candidate and witness else "",
        timeline=common_timeline(old, candidate),
        steps=(
            *_steps(sight, candidate, fence, stop, witness, named),
            *_let_back([name for name in left if old is None or name != old.name]),
        ),
        objections=objections,
    )


def paused() -> Objection:
    """Return what stands against everything while Patroni is in maintenance mode."""
    return Objection(
        "Patroni is in maintenance mode, in which it lets nobody take over: "
        "run `patronictl resume` on a database host and then this again"
    )


def no_store(sight: Sight) -> Objection:
    """Return what stands against everything while the cluster store is away."""
    return Objection(
        f"the cluster store does not answer ({sight.store_error}), so nobody can be made to lead. Bring a majority of "
        "its members back first; docs/failover.md, The cluster store, says how"
    )


def serves(sight: Sight, old: Optional[Member]) -> bool:
    """Return whether the member that holds the lease does what a leader does, as far as anybody sees."""
    if old is None or sight.store is None:
        return False
    if old.reached:
        leads = old.writable or (bool(sight.store.follows) and old.answers)
        return leads and old.patroni == "active" and not old.frozen
    return old.role in LEADING and old.state in ALIVE


def _how_it_serves(sight: Sight, old: Optional[Member]) -> str:
    if old is None or not old.reached:
        others = ", ".join(old.seen_by) if old else ""
        return f"serves, as {others} see; its host does not answer here"
    if sight.store and sight.store.follows:
        return f"follows {sight.store.follows}"
    unseen = _unseeing(sight, old)
    if unseen:
        return (
            f"takes writes, but nothing of it reaches {', '.join(unseen)}, and so perhaps no application: "
            f"-e old_primary={old.name} lets another one lead"
        )
    return "takes writes"


def _unseeing(sight: Sight, old: Member) -> List[str]:
    """Return the members that get no answer of another one's Patroni, where no member gets one."""
    if set(old.seen_by) - {old.name}:
        return []
    return [one.name for one in sight.members if one.reached and one.name != old.name]


def _writers_without_lease(sight: Sight) -> Tuple[str, ...]:
    """Return the members that take writes although another one holds the lease, or nobody."""
    store = sight.store
    return tuple(one.name for one in sight.members if one.writable and store is not None and one.name != store.leader)


def _left_stopped(sight: Sight) -> Tuple[str, ...]:
    """Return the members that an earlier run stopped and did not live to let back, and those that a signal stopped."""
    return tuple(one.name for one in sight.members if one.held or one.frozen)


def _returning(sight: Sight, request: Request, able: Sequence[Member]) -> Tuple[str, ...]:
    """Return the members that an earlier run stopped, where nothing is lost only if they are let back.

    Patroni starts them as standbys, and lets nobody lead without the lease, which is free or their own here.
    """
    store = sight.store
    if store is None or store.paused or sight.superseded_by or any(one.writable for one in sight.members):
        return ()
    if any(_may_be_elected(sight)):
        # Their word may be what it lacks.
        return ()
    if able and (request.accepts_loss or any(_loss(sight, one)[0] == 0 for one in able)):
        return ()
    held = [one for one in sight.members if one.held and one.identifier == store.identifier]
    names = tuple(one.name for one in held if not _strayed(sight, one))
    # Who was neither the last to lead nor synchronous has nothing that was acknowledged and that nobody else has.
    had = {store.leader, store.synchronous_leader, *store.voters} if store.synchronous_mode else set(names)
    return names if store.leader in ("", *names) and had.intersection(names) else ()


def _return(names: Tuple[str, ...]) -> Plan:
    """Return the plan that lets members back before anybody leads."""
    told = ", ".join(names)
    it, them = ("it is", "it") if len(names) == 1 else ("they are", "them")
    return Plan(
        RETURN,
        back=names,
        why=f"{told}, or who Patroni elects once {it} there: an earlier run stopped {them}, and nobody else is known "
        "to have every acknowledged write",
        loss="nothing by this run, which takes the lease from nobody",
        steps=(
            f"let {told} back, which an earlier run stopped",
            "wait until a member leads",
            "prove it: one server takes writes, and a write waits for a standby",
            "take a full backup",
        ),
    )


def _let_back(names: Sequence[str]) -> Iterator[str]:
    if names:
        yield f"let {', '.join(names)} follow again, which an earlier run or a signal stopped"


def candidates(sight: Sight, old: str) -> List[Member]:
    """Return who may lead: synchronous members first, of those the one that has most, then the one declared first."""
    synchronous = sight.store.synchronous if sight.store else ()
    able = [one for one in sight.members if not unable(sight, one) and one.name != old]
    return sorted(able, key=lambda one: (one.name not in synchronous, -(one.position or 0)))


def unable(sight: Sight, member: Member) -> str:
    """Return why a member cannot lead, or the empty text."""
    if not member.reached:
        return f"its host does not answer: {member.unreached}"
    if member.held:
        return "an earlier run stopped it"
    if member.patroni != "active":
        return f"its Patroni is {member.patroni or 'not there'}"
    if member.frozen:
        return "its server is stopped by a signal"
    if not member.answers or member.history is None:
        return "its PostgreSQL does not answer"
    if member.writable:
        return "it takes writes without the lease"
    if member.tags.get("nofailover"):
        return "its tags say nofailover"
    if member.identifier != (sight.store.identifier if sight.store else ""):
        return "it has the data of another cluster"
    strayed = _strayed(sight, member)
    return f"it went another way than the cluster: {strayed}" if strayed else ""


def moment(seconds: float) -> str:
    """Return a moment as the report writes it.

    >>> moment(0.25)
    '1970-01-01 00:00:00.250Z'
    """
    return f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%d %H:%M:%S.%f}"[:-3] + "Z"


def _chosen(able: Sequence[Member], request: Request) -> Optional[Member]:
    if request.candidate:
        return next((one for one in able if one.name == request.candidate), None)
    return able[0] if able else None


def _why(sight: Sight, candidate: Optional[Member], request: Request) -> str:
    if candidate is None or sight.store is None:
        return ""
    kind = "synchronous" if candidate.name in sight.store.synchronous else "asynchronous"
    said = "it was asked for" if request.candidate else "nobody that may lead has more"
    return f"{said}; {kind}, log up to {show_lsn(candidate.position or 0)}"


def _loss(sight: Sight, candidate: Optional[Member]) -> Tuple[Optional[int], str]:
    """Return the bytes that the candidate lacks, and what that means in words."""
    store = sight.store
    if candidate is None or store is None:
        return None, "not known"
    known = [one.position for one in sight.members if one.position is not None and not _strayed(sight, one)]
    lacks = lag_bytes(max([*known, store.position or 0]), candidate.position) or 0
    voters = [one for one in sight.members if one.name in store.voters and one.name != candidate.name]
    telling = [one for one in voters if one.exact and one.position is not None]
    # While the key still names the leader before, its quorum is of another set of members: all of them count then.
    enough = store.quorum if store.synchronous_leader == store.leader or not store.leader else len(voters)
    most = all((one.position or 0) <= (candidate.position or 0) for one in voters)
    if candidate.name in store.voters and len(telling) >= enough and most:
        return 0, "no acknowledged write" + (f"; {lacks} bytes that no client was told of" if lacks else "")
    silent = _silent(sight, candidate)
    if silent:
        return None, f"not known: {', '.join(silent)} may hold acknowledged writes that nobody else has"
    if not store.voters:
        if lacks and not store.synchronous_mode:
            return lacks, f"at least {lacks} bytes of log"
        return None, f"what was written in the {store.ttl:g} s before the primary was lost, at most"
    return lacks, f"{lacks} bytes of log"


def _witness(sight: Sight, request: Request, candidate: Optional[Member], lost: Optional[int]) -> Optional[Member]:
    """Return the member whose log tells what was acknowledged without a standby; None where none does, or need not.

    It led last, by itself, and its host answers.
    """
    store = sight.store
    if store is None or candidate is None or lost is not None or store.voters or not store.synchronous_mode:
        return None
    if store.follows:
        # What it acknowledged is its source's.
        return None
    last = sight.member(store.leader or store.synchronous_leader)
    if request.unknown_loss or last is None or not last.reached or last.history is None or candidate.history is None:
        return None
    return last if last.name != candidate.name and last.history == candidate.history else None


def common_timeline(old: Optional[Member], candidate: Optional[Member]) -> int:
    """Return the timeline that both are on by the same history, so that their logs can be compared; 0 for none."""
    if old is None or candidate is None or old.history is None or old.history != candidate.history:
        return 0
    return old.history.timeline


def _silent(sight: Sight, candidate: Member) -> List[str]:
    """Return the members that do not tell how much they have, and may hold what was acknowledged."""
    store = sight.store
    telling = {one.name for one in sight.members if one.exact and one.position is not None}
    return [name for name in (store.voters if store else ()) if name not in telling and name != candidate.name]


def _named(request: Request) -> bool:
    """Return whether Patroni is told who shall lead; by itself it accepts no loss."""
    return bool(request.candidate or request.accepts_loss)


def _fence(old: Optional[Member], request: Request) -> str:
    if old is not None and old.reached:
        return ON_HOST
    return POWER if request.power else LEASE


def _objections(
    sight: Sight,
    request: Request,
    able: Sequence[Member],
    candidate: Optional[Member],
    lost: Optional[int],
    fence: str,
    witness: Optional[Member],
    named: bool,
) -> Iterator[Objection]:
    store = sight.store
    if store is None:
        return
    if store.paused:
        yield paused()
    strangers = sorted({one.identifier for one in sight.members if one.identifier} - {store.identifier})
    if strangers:
        names = [one.name for one in sight.members if one.identifier in strangers]
        has, it = ("has", "it") if len(names) == 1 else ("have", "them")
        yield Objection(
            f"{', '.join(names)} {has} the data of another cluster ({', '.join(strangers)}; this one is "
            f"{store.identifier}): take {it} out of the cluster first; docs/postgres.md, When a run stops, says how"
        )
    if candidate is None:
        yield _nobody(sight, request, able)
        return
    if not named:
        yield from _may_be_elected(sight)
    if witness is None:
        yield from _of_loss(sight, request, candidate, lost, named)
    if fence == LEASE and request.unfenced == "refuse":
        yield Objection(
            f"nothing proves that {store.leader} cannot write: its host does not answer, and no failover_fence_command "
            "is set that takes its power",
            "-e unfenced=wait, which waits until its lease has run out",
        )


def _nobody(sight: Sight, request: Request, able: Sequence[Member]) -> Objection:
    if request.candidate and able:
        asked = sight.member(request.candidate)
        names = ", ".join(one.name for one in able)
        if asked is None:
            return Objection(f"{request.candidate} is no member of this cluster; {names} can lead")
        reason = unable(sight, asked) or "it holds the lease itself"
        if request.candidate == request.old_primary:
            reason = "it is the one that shall lead no more"
        return Objection(f"{request.candidate} cannot lead: {reason}. {names} can")
    reasons = "; ".join(
        f"{one.name}: {unable(sight, one) or 'it is the one that leads no more'}" for one in sight.members
    )
    return Objection(
        f"no member can lead ({reasons}). Bring one of them back, or restore the database: docs/restore.md"
    )


def _strayed(sight: Sight, member: Member) -> str:
    """Return how a member's log differs from that of the cluster, or the empty text where it is only ahead or behind.

    Patroni notes a switch some seconds after it was made, so what all members that answer have in common counts too.
    """
    store = sight.store
    if store is None or member.history is None:
        return ""
    common = store.history or History(1)
    others = [one for one in sight.members if one.history is not None and one.name != member.name]
    if others and all(one.history == member.history for one in others):
        return ""
    if objection(member.history, common, 0):
        return objection(common, member.history, member.position or 0)
    left = member.history.end_of(common.timeline)
    if left is None:
        return ""
    further = [one.position or 0 for one in others if one.history and one.history.timeline <= common.timeline]
    if max([*further, store.position or 0]) <= left:
        return ""
    return f"it alone left timeline {common.timeline}, at {show_lsn(left)}"


def _starts(member: Member) -> bool:
    """Return whether a member's Patroni runs, and its server is on its way up."""
    return member.reached and member.patroni == "active" and not (member.answers or member.frozen or member.held)


def _may_be_elected(sight: Sight) -> Iterator[Objection]:
    """Tell of members that Patroni, which compares numbers and positions alone, might take although they strayed."""
    for one in sight.members:
        reason = _strayed(sight, one)
        if reason and one.answers and one.patroni == "active":
            yield Objection(
                f"{one.name} went another way than the cluster ({reason}), and Patroni, which compares positions, "
                "might elect it",
                "-e candidate=NAME, which names who leads",
            )


def _of_loss(
    sight: Sight, request: Request, candidate: Member, lost: Optional[int], named: bool
) -> Iterator[Objection]:
    """Tell of what would be lost, and of what keeps Patroni from electing anybody."""
    store = sight.store
    if store is None:
        return
    silent = _silent(sight, candidate) if lost is None else []
    unheard = [name for name in silent if name not in request.without]
    overrule = f"-e without={','.join(silent)}, which loses those writes for good"
    if unheard and all(_starts(one) for one in sight.members if one.name in unheard):
        is_, its = ("is", "its") if len(unheard) == 1 else ("are", "their")
        yield Objection(
            f"{', '.join(unheard)} {is_} starting, and may hold acknowledged writes that {candidate.name} lacks: "
            f"Patroni elects by itself once {its} PostgreSQL answers. Run this again in some seconds",
            overrule,
        )
    elif unheard:
        does, it = ("does", "it") if len(unheard) == 1 else ("do", "them")
        yield Objection(
            f"{', '.join(unheard)} {does} not answer and may hold acknowledged writes that {candidate.name} lacks, "
            f"and Patroni elects nobody without {it}: bring {it} back",
            overrule,
        )
    elif lost is None and not silent and store.synchronous_mode and not request.unknown_loss:
        yield Objection(
            "no standby was synchronous when the primary was lost, so Patroni elects nobody: what only the primary had "
            "is lost",
            f"-e candidate={candidate.name} -e unknown_loss=true",
        )
    if lost is not None and lost > request.lost_bytes:
        best = max((one for one in sight.members if not _strayed(sight, one)), key=lambda one: one.position or 0)
        had = f"{best.name} has" if (best.position or 0) > (candidate.position or 0) else "the primary had"
        yield Objection(
            f"{candidate.name} lacks {lost} bytes of log that {had}: they would be lost",
            f"-e lost_bytes={lost}",
        )
    behind = lag_bytes(store.position, candidate.position) or 0
    if not named and behind > store.maximum_lag:
        yield Objection(
            f"{candidate.name} lacks {behind} bytes up to where the primary was last, more than "
            f"maximum_lag_on_failover ({store.maximum_lag}), so Patroni elects nobody",
            f"-e candidate={candidate.name}",
        )


def _steps(
    sight: Sight,
    candidate: Optional[Member],
    fence: str,
    stop: Sequence[str],
    witness: Optional[Member],
    named: bool,
) -> Iterator[str]:
    store = sight.store
    if store is None or candidate is None:
        return
    for name in stop:
        yield f"stop {name}, which takes writes without the lease"
    if witness:
        yield f"see in the log of {witness.name} that it committed nothing that {candidate.name} lacks"
    if fence == ON_HOST:
        old = witness.name if witness else store.leader
        yield f"stop Patroni and PostgreSQL on {old}, and see that no process of it is left"
        if witness:
            yield f"look into its log again; {old} is let back where it committed something meanwhile"
    elif fence == POWER:
        yield f"take the power of {store.leader}, and see that it is off"
    elif fence == LEASE:
        yield f"wait {store.lease:.0f} s until the lease of {store.leader} has run out"
    if fence in (ON_HOST, POWER) and store.leader:
        yield f"take the lease from {store.leader}"
    yield f"{candidate.name} leads" if named else f"Patroni elects, {candidate.name} by what is known"
    yield "prove it: one server takes writes, and a write waits for a standby"
    yield "take a full backup"
