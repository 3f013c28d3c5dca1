# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What came of a plan, for the report: a verdict, figures with their targets, what was proved, and what to do next."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.plan import LEASE, NOTHING, ON_HOST, POWER
from ansible_collections.freeagentics.platform.plugins.module_utils.failover.switch import SWITCHOVER

#: R62: the database's primary is lost.
TARGET_TIME, TARGET_LOSS = "under 5 min to service (R62)", "none inside the region (R62)"


def tell(plan: Mapping[str, Any], outcome: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the parts of a report.

    :param plan: what the filters ``failover_plan`` and ``switchover_plan`` return.
    :param outcome: what the steps returned. ``led`` of the module that let another member lead, ``fenced`` of what kept
        the old primary from writing, ``site`` of ``endpoint_health``; ``answering`` are the members that were asked at
        the end and answered, ``returned`` those that were let back, ``backup`` is whether one was begun, ``pools`` are
        the hosts whose pools did not hold their clients back.
    """
    return {
        "verdict": verdict(plan, outcome),
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


def _figures(plan: Mapping[str, Any], outcome: Mapping[str, Any]) -> Iterator[Dict[str, str]]:
    led = outcome.get("led") or {}
    if plan["kind"] == NOTHING or not led:
        return
    if plan["kind"] == SWITCHOVER:
        yield {"name": "writes lost", "measured": "none", "target": "none"}
        how = "given away when it was safe" if led.get("hastened") else "given away by Patroni"
        name, seconds = f"from the beginning to a server that leads, the lease {how}", led["seconds"].get("led")
    else:
        yield {"name": "writes lost", "measured": plan["loss"], "target": TARGET_LOSS}
        name, seconds = "from taking the lease to a server that leads", led["seconds"]
    yield {"name": name, "measured": f"{seconds} s", "target": TARGET_TIME}


def _proved(plan: Mapping[str, Any], outcome: Mapping[str, Any]) -> Iterator[str]:
    fenced = outcome.get("fenced") or {}
    if plan["fence"] == ON_HOST:
        yield f"{plan['old']}: {fenced.get('proof', '')}"
    elif plan["fence"] == POWER:
        yield f"{plan['old']}: {' '.join(filter(None, (fenced.get('stdout'), fenced.get('stderr'))))}"
    elif plan["fence"] == LEASE:
        yield f"{plan['old']}: its lease ran out"
    yield "exactly one server takes writes, and it committed one"
    for endpoint in _endpoints(outcome):
        if endpoint["healthy"]:
            yield f"{endpoint['url']} answers"


def _next(plan: Mapping[str, Any], outcome: Mapping[str, Any]) -> Iterator[str]:
    for endpoint in _endpoints(outcome):
        if not endpoint["healthy"]:
            yield f"visitors get no answer at {endpoint['url']}: {endpoint['error']}"
    for name in outcome.get("pools", ()):
        yield f"the pool on {name} did not hold its clients back: some of them may have seen an error"
    known = {*outcome.get("answering", ()), *outcome.get("returned", ())}
    off = [plan["old"]] if plan["fence"] == POWER else []
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


def _endpoints(outcome: Mapping[str, Any]) -> List[Mapping[str, Any]]:
    return list((outcome.get("site") or {}).get("endpoints") or ())
