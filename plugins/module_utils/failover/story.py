# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What came of a plan, for the report: a verdict, figures with their targets, what was proved, and what to do next."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.plan import (
    LEASE,
    NOTHING,
    ON_HOST,
    POWER,
    RETURN,
    moment,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.failover.region import (
    LEADS,
    PLANNED,
    UNPLANNED,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.failover.switch import SWITCHOVER
from ansible_collections.freeagentics.platform.plugins.module_utils.failover.warmth import cold, warmed

#: R62: the database's primary is lost.
TARGET_TIME, TARGET_LOSS = "under 5 min to service (R62)", "none inside the region (R62)"
#: R46, R63: a region is lost.
REGION_TIME, REGION_LOSS = "under 5 min from the command to service (R46, R63)", "under 1 min (R46, R63)"
#: What a verdict ends with where the site did not answer through its public name.
UNANSWERED = ", but visitors get no answer"


def tell(plan: Mapping[str, Any], outcome: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the parts of a report.

    :param plan: what the filters ``failover_plan`` and ``switchover_plan`` return.
    :param outcome: what the steps returned. ``led`` of the module that let another member lead, ``fenced`` of what kept
        the old primary from writing, ``site`` of ``endpoint_health``, ``watched`` of ``endpoint_watch``, which began at
        ``watched_from``, in seconds of the epoch; ``answering`` are the members that were asked at the end and
        answered, ``returned`` those that were let back, ``held`` those of them that did not start yet, ``backup`` is
        whether one was begun, ``pools`` are the hosts whose pools did not hold their clients back.
    """
    return {
        "verdict": verdict(plan, outcome) + ("" if answered(outcome) else UNANSWERED),
        "good": answered(outcome),
        "figures": list(_figures(plan, outcome)),
        "sections": [
            {"heading": "The plan", "lines": list(plan["shown"])},
            {"heading": "What was proved", "lines": list(_proved(plan, outcome))},
        ],
        "next": list(_next(plan, outcome)),
    }


def verdict(plan: Mapping[str, Any], outcome: Mapping[str, Any]) -> str:
    """Return who leads, in one sentence without a full stop."""
    if plan["kind"] == NOTHING:
        return f"{plan['leader']} leads, as before"
    instead = f" instead of {plan['old']}" if plan["old"] else ""
    return f"{(outcome.get('led') or {}).get('leader', 'nobody')} leads{instead}"


def answered(outcome: Mapping[str, Any]) -> bool:
    """Return whether the site answered through its public name; nothing says that it did not where nobody could ask."""
    return all(endpoint["healthy"] for endpoint in _endpoints(outcome))


def _figures(plan: Mapping[str, Any], outcome: Mapping[str, Any]) -> Iterator[Dict[str, str]]:
    led = outcome.get("led") or {}
    if plan["kind"] in (NOTHING, RETURN) or not led:
        return
    if plan["kind"] == SWITCHOVER:
        yield {"name": "writes lost", "measured": "none", "target": "none"}
        how = "given away when it was safe" if led.get("hastened") else "given away by Patroni"
        name, seconds = f"from the beginning to a server that leads, the lease {how}", led["seconds"].get("led")
    else:
        yield {"name": "writes lost", "measured": plan["loss"], "target": TARGET_LOSS}
        name, seconds = "from taking the lease to a server that leads", led["seconds"]
    # An earlier run, or Patroni, had let another one lead already.
    if seconds is not None:
        yield {"name": name, "measured": f"{seconds} s", "target": TARGET_TIME}
    yield from _watched(outcome, plan["kind"] == SWITCHOVER, TARGET_TIME)


def _watched(outcome: Mapping[str, Any], planned: bool, target: str) -> Iterator[Dict[str, Any]]:
    """Tell what visitors saw while something else was done: how long they had no answer, and when they had one again.

    What was planned begins while they have one. What was not is told from the command on; the page reckons that from
    ``at``, in seconds of the epoch.
    """
    for one in outcome.get("watched") or ():
        asked = f"{one['asked']} requests, the longest time without an answer"
        if planned:
            away = f"{one['away']} s" if one["failed"] else "none: every one had its answer"
            yield {"name": f"{one['url']}: of {asked}", "measured": away, "target": target}
        elif one["back"] is None:
            yield {"name": f"from the command until {one['url']} answered", "measured": "not yet", "target": target}
        else:
            answered_at = float(outcome["watched_from"]) + float(one["back"])
            yield {"name": f"from the command until {one['url']} answered", "at": answered_at, "target": target}


def _proved(plan: Mapping[str, Any], outcome: Mapping[str, Any]) -> Iterator[str]:
    fenced = outcome.get("fenced") or {}
    if plan["fence"] == ON_HOST:
        yield f"{plan['old']}: {fenced.get('proof', '')}"
    elif plan["fence"] == POWER:
        unproved = f"{fenced['proof']}; its lease ran out" if fenced.get("proof") else ""
        yield f"{plan['old']}: {unproved or _said(fenced)}"
    elif plan["fence"] == LEASE:
        yield f"{plan['old']}: its lease ran out"
    yield "exactly one server takes writes, and it committed one"
    for endpoint in _endpoints(outcome):
        if endpoint["healthy"]:
            yield f"{endpoint['url']} answers"


def _next(plan: Mapping[str, Any], outcome: Mapping[str, Any]) -> Iterator[str]:
    yield from _unanswered(outcome)
    if plan["kind"] == RETURN:
        were = "was" if len(plan["back"]) == 1 else "were"
        yield f"{', '.join(plan['back'])} {were} let back, and nothing else was done: the same command makes a new plan"
    for name in outcome.get("pools", ()):
        yield f"the pool on {name} did not hold its clients back: some of them may have seen an error"
    for name in outcome.get("held", ()):
        yield f"{name} was let back and does not start yet: `journalctl -u patroni` there says what it waits for"
    known = {*outcome.get("answering", ()), *outcome.get("returned", ())}
    off = [plan["old"]] if plan["fence"] == POWER and not (outcome.get("fenced") or {}).get("proof") else []
    for name in plan["members"]:
        if name not in known and name not in off:
            yield f"{name} does not answer; until it does, `patronictl list` on another member says what it is at"
    for name in off:
        yield (
            f"{name} is off. Give it its power back when you know what it died of: it follows by itself, and is "
            "rewound where it has more"
        )
    if plan["kind"] in (NOTHING, SWITCHOVER) and not outcome.get("backup"):
        return
    if outcome.get("backup"):
        yield "a full backup was begun: `journalctl -u pgbackrest-after-failover` on the backup host"
    else:
        yield "no backup was begun, as the backup host does not answer: run playbooks/backup.yml when it does"


def tell_of_regions(plan: Mapping[str, Any], outcome: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the parts of a report about a failover from region to region.

    :param plan: what the filter ``region_plan`` returns.
    :param outcome: what the steps returned. ``led`` of ``postgres_region`` in the region that leads, ``yielded`` of it
        in the one that led; ``fenced`` and ``kept`` by host, of what kept it from writing and of
        ``postgres_divergence``; ``replayed_at`` is when the last transaction was committed that came over, in seconds
        of the epoch; ``site`` of ``endpoint_health``, ``watched`` of ``endpoint_watch``, which began at
        ``watched_from``, in seconds of the epoch; ``answering`` are the database hosts that answered at the end,
        ``backup`` is whether one was begun, ``declared`` whether the declaration says that the region leads,
        ``dns`` the provider, ``cache`` what came of warming it, as ``warmed`` takes it, ``grown`` the status of the
        command that lets the region grow, None where there is none.
    """
    # Where an operator leads the names, visitors get there once that is done.
    good = answered(outcome) or (plan["kind"] != LEADS and outcome.get("dns") == "none")
    return {
        "verdict": _region_verdict(plan, outcome) + ("" if good else UNANSWERED),
        "good": good,
        "figures": list(_region_figures(plan, outcome)),
        "sections": [
            {"heading": "The plan", "lines": list(plan["shown"])},
            {"heading": "What was proved", "lines": list(_region_proved(plan, outcome))},
            *_kept(outcome),
        ],
        "next": list(_region_next(plan, outcome)),
    }


def _region_verdict(plan: Mapping[str, Any], outcome: Mapping[str, Any]) -> str:
    leader = (outcome.get("led") or {}).get("leader")
    if not leader:
        return f"{plan['to']} does not lead"
    again = f"; let back: {', '.join(plan['returns'])}" if plan["returns"] else ""
    if plan["kind"] == LEADS:
        return f"{plan['to']} leads with {leader}, as before{again}"
    return f"{plan['to']} leads with {leader}, instead of {plan['old']}{again}"


def _region_figures(plan: Mapping[str, Any], outcome: Mapping[str, Any]) -> Iterator[Dict[str, str]]:
    led, yielded = outcome.get("led") or {}, outcome.get("yielded") or {}
    if plan["kind"] == LEADS or not led:
        return
    yield {"name": "writes lost", "measured": _region_loss(plan, outcome), "target": REGION_LOSS}
    if yielded:
        name = f"from the last write in {plan['old']} to its whole log"
        yield {"name": name, "measured": f"{yielded['seconds']} s", "target": REGION_TIME}
    name = f"from then until a server of {plan['to']} leads"
    yield {"name": name, "measured": f"{led['seconds']} s", "target": REGION_TIME}
    yield from _watched(outcome, plan["kind"] == PLANNED, REGION_TIME)


def _region_loss(plan: Mapping[str, Any], outcome: Mapping[str, Any]) -> str:
    if plan["kind"] == PLANNED:
        return "none"
    if not outcome.get("replayed_at") or plan["alone"]:
        return str(plan["loss"])
    return f"what {plan['old']} acknowledged after {moment(float(outcome['replayed_at']))}, by its clock"


def _region_proved(plan: Mapping[str, Any], outcome: Mapping[str, Any]) -> Iterator[str]:
    for name, fenced in sorted((outcome.get("fenced") or {}).items()):
        yield f"{name}: {fenced.get('proof') or _said(fenced)}"
    if plan["kind"] == PLANNED:
        yielded = outcome.get("yielded") or {}
        yield f"{plan['old']} stopped writing at {yielded.get('position', '')}, and {plan['to']} had replayed that"
    yield f"exactly one server takes writes, in {plan['to']}, and it committed one"
    yield from warmed(plan, outcome.get("cache") or {})
    for endpoint in _endpoints(outcome):
        if endpoint["healthy"]:
            yield f"{endpoint['url']} answers"


def _kept(outcome: Mapping[str, Any]) -> List[Dict[str, Any]]:
    """Return a section about what only a superseded region had, where it had something."""
    lines = []
    for name, kept in sorted((outcome.get("kept") or {}).items()):
        if kept.get("transactions"):
            rows = ", ".join(f"{count} rows of {table}" for table, count in sorted(kept["rows"].items())) or "no rows"
            lines.append(
                f"{name}: {kept['transactions']} transactions, committed from {kept['first']} to {kept['last']}; "
                f"{rows}, {kept['deleted']} rows deleted; in {kept['path']}"
            )
    return [{"heading": "What only the other region had, and is kept aside", "lines": lines}] if lines else []


def _kept_next(outcome: Mapping[str, Any]) -> Iterator[str]:
    for name, kept in sorted((outcome.get("kept") or {}).items()):
        if "transactions" not in kept and kept.get("msg"):
            yield f"what only {name} had could not be listed ({kept['msg']}): its data was put aside there as a whole"
    for section in _kept(outcome):
        yield f"look at what only the other region had: each line under '{section['heading']}' names a folder"


def _region_next(plan: Mapping[str, Any], outcome: Mapping[str, Any]) -> Iterator[str]:
    yield from _unanswered(outcome)
    if plan["kind"] != LEADS and outcome.get("dns") == "none":
        yield f"dns_provider is not set: lead the names of the site to {plan['to']} by hand"
    yield from cold(plan, outcome.get("cache") or {})
    if outcome.get("grown"):
        yield f"failover_scale_command ended with status {outcome['grown']}: let {plan['to']} grow by hand"
    yield from _kept_next(outcome)
    if plan["kind"] == UNPLANNED:
        yield (
            f"when {plan['old']} is back: the same command lets it follow, and -e to={plan['old']} lets it lead again; "
            "what only it has is kept aside first"
        )
    for name in plan["gone"]:
        yield f"when {name} is back: the same command without region_is_gone lets it follow"
    yield from _silent_hosts(plan, outcome)
    if not outcome.get("declared"):
        yield f"write state: active to {plan['to']} in topology.yml, and state: standby to the others"
    if outcome.get("backup"):
        yield "a full backup was begun: `journalctl -u pgbackrest-after-failover` there"
    elif plan["kind"] != LEADS:
        yield "no backup was begun: run playbooks/backup.yml"


def _silent_hosts(plan: Mapping[str, Any], outcome: Mapping[str, Any]) -> Iterator[str]:
    """Tell of database hosts that did not answer at the end; those of a region that is lost are no news."""
    known = set(outcome.get("answering", ()))
    for region, names in plan["members"].items():
        silent = [name for name in names if name not in known]
        lost = (*plan["gone"], *([plan["old"]] if plan["kind"] == UNPLANNED else []))
        if silent and region not in lost:
            yield f"no answer of {', '.join(silent)}, in {region}: `patronictl list` there says more"


def _unanswered(outcome: Mapping[str, Any]) -> Iterator[str]:
    """Tell what visitors do not get, and where nobody could ask as they do."""
    for endpoint in _endpoints(outcome):
        if not endpoint["healthy"]:
            yield (
                f"visitors get no answer at {endpoint['url']}: {endpoint['error']}; docs/runbooks/SiteDown.md says "
                "where to look, and the same command asks again"
            )
    site = outcome.get("site") or {}
    if not _endpoints(outcome) and site.get("msg"):
        yield f"the site was not asked as visitors ask it: {site['msg']}; see by hand whether it answers"


def _said(command: Mapping[str, Any]) -> str:
    """Return what a command printed, in one line."""
    return " ".join(filter(None, (command.get("stdout"), command.get("stderr"))))


def _endpoints(outcome: Mapping[str, Any]) -> List[Mapping[str, Any]]:
    return list((outcome.get("site") or {}).get("endpoints") or ())
