# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a drill is about, whether it may be, and what came of it."""

from __future__ import annotations

import multiprocessing
import os
from datetime import datetime, timezone
from time import time_ns

from ansible_collections.freeagentics.platform.plugins.module_utils.drill import (
    health,
    ledger,
    process,
    runs,
    scenarios,
    wanted,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.drill.acted import acted, seconds_of
from ansible_collections.freeagentics.platform.plugins.module_utils.drill.noticed import noticed
from ansible_collections.freeagentics.platform.plugins.module_utils.failover import seen

#: What comes after a drill that was not passed.
LOOK = (
    "look at what was proved, and at the reports of failover.yml beside this one",
    "what the drill took was given back",
)


def drill_host(variables):
    """Return what a host's variables have to tell a drill."""
    names = {"name": "inventory_hostname", "region": "platform_region", "zone": "platform_zone"}
    found = {key: variables[name] for key, name in names.items()}
    # A node of the cache says what it is where it was asked; those that only the cluster knows come after it.
    nodes = variables.get("__drill_cache", {}).get("nodes") or [{}]
    return {**found, "services": list(variables["platform_services"]), "role": nodes[0].get("role", "")}


def drill_noted(text, scenario, dead=""):
    """Return what a drill noted that this run has to give back, who this run is, and why it must not begin."""
    here = process.here()
    # Ansible's workers are children of the command that an operator started.
    parent = multiprocessing.parent_process()
    pid = parent.pid if parent else os.getpid()
    run = {
        **here,
        "scenario": str(scenario),
        "user": process.user(os.environ),
        "pid": pid,
        "start": process.start_of(pid) or "",
        "since": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC"),
    }
    try:
        note = runs.read(text)
        refused = runs.refusal(note, here, process.start_of, str(dead))
    except (ValueError, KeyError) as error:
        note, refused = {}, f"what a drill noted cannot be read ({error!r}): see what it says, and remove it"
    return {"note": {"hosts": [], "operator": "", **note}, "run": run, "refusal": refused}


def drill_plan(hosts, databases, request, moment=None):
    """Return which hosts meet what, or why there is no drill."""
    try:
        return _planned(hosts, databases, request, moment or time_ns())
    except ValueError as error:
        return {"refusal": str(error), "shown": [], "hosts": [], "title": ""}


def _planned(hosts, databases, request, moment):
    primary = _whole(databases)
    here = next(one["region"] for one in databases if one["name"] == primary)
    planned = scenarios.drill(str(request["scenario"]), [one for one in hosts if one["region"] == here], primary)
    if not request["drillable"] and request["confirm"] != request["platform"]:
        raise ValueError(
            f"this lets {request['platform']} meet a fault; say -e confirm={request['platform']} if that is the "
            "platform that you mean"
        )
    _given_up(planned, request, primary)
    if not request["client"]:
        raise ValueError("drill_client_host is not set: name a host outside of the platform that stores records")
    if planned["fault"] == scenarios.POWER and not request["power"]:
        raise ValueError(
            "failover_fence_command and drill_power_command must be set: they take the power of a host, and give it "
            "back"
        )
    if planned["fault"] == scenarios.DEPLOY and not request["release"]:
        raise ValueError("drill_bad_release is not set: name an archive of the API that must not get into service")
    others = [one["region"] for one in databases if one["region"] != here]
    if planned["operator"] == scenarios.REGION and not others:
        raise ValueError(
            f"scenario {planned['name']}: there is no other region that could lead. Declare a second one, or name "
            "another scenario"
        )
    deals = {scenarios.ITSELF: "the platform by itself", scenarios.DATABASE: "an operator, with scope=database"}
    return {
        **planned,
        "refusal": "",
        "region": here,
        "other": others[0] if others else "",
        "platform": request["platform"],
        "client": request["client"],
        "prefix": f"drill-{planned['name'].replace('_', '-')}-{moment}",
        "shown": [
            f"drill      {planned['title']} ({planned['row']})",
            f"hosts      {', '.join(planned['hosts'])}",
            f"dealt with {deals.get(planned['operator'], 'an operator, with scope=region')}",
            *(f"may lose   acknowledged writes that only {primary} and {name} have" for name in planned["gives_up"]),
            f"passed     every acknowledged record{_but(planned)} is on every server once, and the site is away "
            f"{planned['seconds']:g} s at most",
        ],
    }


def _but(planned):
    """Return which records are not asked for."""
    return f" but those of the last {planned['loses']:g} s" if planned["loses"] else ""


def _given_up(planned, request, primary):
    """See that acknowledged writes are given up only on a platform for drills, or by the operator's own word.

    :raises ValueError: they would be by nobody's.
    """
    names = planned["gives_up"]
    if not names or request["drillable"] or set(request["without"].split(",")) == set(names):
        return
    told, are = ", ".join(names), "is" if len(names) == 1 else "are"
    raise ValueError(
        f"scenario {planned['name']}: {told} {are} lost together with {primary}, and another member leads then: "
        f"acknowledged writes that only they have are lost for good. Let a member lead that is alone in its zone, with "
        f"playbooks/switchover.yml, or say -e without={','.join(names)}, which gives those writes up"
    )


def _whole(databases):
    """Return the server that takes writes, if every database host answers and the others follow.

    :raises ValueError: the platform is not whole, so that nothing can be learnt from a drill.
    """
    sights = {
        name: seen.read([one for one in databases if one["region"] == name], name)
        for name in dict.fromkeys(one["region"] for one in databases)
    }
    members = [one for sight in sights.values() for one in sight.members]
    silent = [f"{one.name}: {one.unreached or 'its PostgreSQL does not answer'}" for one in members if not one.answers]
    writers = [one.name for one in members if one.writable]
    if silent or len(writers) != 1:
        reason = "; ".join(silent) or f"servers that take writes: {', '.join(writers) or 'none'}"
        raise ValueError(
            f"the platform is not whole ({reason}), so a drill would prove nothing. Make it whole first: "
            "docs/failover.md, Drills of your own platform, says how where a drill left it so"
        )
    return writers[0]


def drill_report(planned, outcome):
    """Return whether the platform passed, and the parts of the report."""
    attempts = ledger.read(outcome["ledger"].splitlines(keepends=True))
    records = {server: [_row(line) for line in lines if line] for server, lines in outcome["records"].items()}
    limits = planned["seconds"], planned["loses"]
    judged = scenarios.judge(attempts, records, outcome["begun"], outcome["ended"], *limits)
    told = noticed(outcome["alerts"], outcome["begun"])
    # Ansible's lists give what they hold to loops only.
    writers = sum(1 for in_recovery in outcome["writers"] if in_recovery is False)
    trouble = list(outcome.get("trouble") or ())
    ill = health.ill(outcome["site"], outcome["caches"])
    good = judged["good"] and writers == 1 and not trouble and not ill
    said = "passed" if good else "did not pass"
    figures = [
        {"name": "the site was away", "measured": f"{judged['away']} s", "target": f"{planned['seconds']:g} s at most"},
        {
            "name": "records acknowledged",
            "measured": str(judged["acknowledged"]),
            "target": f"each{_but(planned)} on every server, once",
        },
        {"name": "records not acknowledged meanwhile", "measured": str(judged["failed"]), "target": ""},
        {"name": "the monitoring noticed it", "measured": _soonest(told), "target": ""},
    ]
    operated = outcome.get("operated") or {}
    after = acted(operated["delta"], operated["timeline"]) if operated else None
    away = scenarios.longest(attempts, outcome["begun"], outcome["ended"])
    back = _back(attempts, operated, away) if operated else None
    if back is not None:
        name, limit = "from the operator's command until records were stored again", wanted.AWAY.get(planned["name"])
        figures.append({"name": name, "measured": f"{back} s", "target": f"{limit:g} s" if limit else ""})
    if after is not None:
        name = "from the operator's command to its first act"
        figures.append({"name": name, "measured": f"{after} s", "target": f"{wanted.ACT:g} s"})
    whole = "every acknowledged record is on every server, once; none that was refused is anywhere"
    if judged["lost"]:
        whole = (
            f"acknowledged records lost: {judged['lost']}, of the last {judged['loss']} s; every other one is on every "
            "server, once; none that was refused is anywhere"
        )
    proved = [f"{server}: {found}" for server, found in sorted(judged["findings"].items())] or [whole]
    proved.append(
        "one server takes writes, and the others follow it" if writers == 1 else f"{writers} servers take writes"
    )
    proved += [*ill, *health.well(outcome["site"], outcome["caches"])]
    report = {
        "verdict": f"{planned['title']}: {said}; away {judged['away']} s",
        "good": good,
        "figures": figures,
        "sections": [
            {"heading": "The drill", "lines": planned["shown"]},
            {"heading": "What was proved", "lines": proved},
            {"heading": "What the monitoring noticed", "lines": _alerts(told)},
        ],
        "next": [] if good else [*trouble, *LOOK],
        "drill": {
            **{key: planned[key] for key in ("name", "title", "row", "seconds")},
            **judged,
            "noticed": told,
            "acted": after,
            "back": back,
            "good": good,
        },
    }
    return {"good": good, "report": report}


def _row(line):
    """Return key and value of a record, and the timeline on which it was written where the database keeps it."""
    key, timeline, value = line.split("|", 2)
    return (key, value, timeline) if timeline else (key, value)


def _back(attempts, operated, away):
    """Return how many seconds after the operator's command records were stored again.

    None where they were before, or were not any more.

    What counts is the longest outage in the time of the command: later ones come from what a drill gives back.

    :param operated: ``start`` is when the command was called, as M(ansible.builtin.command) returns it, in the time
        zone of this host, and ``delta`` how long it took.
    :param away: the longest outage of the drill.
    """
    start = datetime.fromisoformat(operated["start"]).timestamp()
    try:
        gap = ledger.outage(attempts, start, start + seconds_of(operated["delta"]))
    except ValueError:
        return None
    return round(gap.end - start, 1) if away.end > start else None


def _soonest(told):
    return f"{told[0]['alert']} after {told[0]['seconds']} s" if told else "no alert fired meanwhile"


def _alerts(told):
    lines = [f"{one['seconds']:6.1f} s  {one['alert']} ({one['severity']})" for one in told]
    return lines or ["no alert fired between the fault and the end of the drill"]


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {
            "drill_host": drill_host,
            "drill_noted": drill_noted,
            "drill_plan": drill_plan,
            "drill_report": drill_report,
        }
