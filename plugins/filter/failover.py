# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From what was seen of a database's cluster to the plan of a failover."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import datetime
from importlib.util import find_spec
from time import time

from ansible_collections.freeagentics.platform.plugins.module_utils.failover import (
    plan,
    region,
    seen,
    show,
    site_names,
    story,
    switch,
)

#: What an operator may ask for; everything else is a misspelt variable.
SCOPES = ("database", "region")
UNFENCED = ("wait", "refuse")


def failover_plan(hosts, request=None, now=None):
    """Return what is to be done to let another member lead, and what stands against it, or why there is no plan."""
    try:
        wanted = _request(request or {})
        sight = _sight(hosts, request or {})
        members = [one.name for one in sight.members]
        for variable, names in (("old_primary", filter(None, [wanted.old_primary])), ("without", wanted.without)):
            for name in names:
                _one_of(members, variable, name)
    except ValueError as error:
        return {"refusal": str(error), "shown": []}
    return {**_told(sight, plan.make(sight, wanted, now or time())), "request": asdict(wanted)}


def switchover_plan(hosts, request=None):
    """Return what is to be done to let another member lead as planned, and what stands against it."""
    try:
        sight = _sight(hosts, request or {})
    except ValueError as error:
        return {"refusal": str(error), "shown": []}
    return _told(sight, switch.make(sight, str((request or {}).get("candidate") or "")))


def _told(sight, made):
    reached = [one.name for one in sight.members if one.reached]
    acting = (plan.FAILOVER, plan.ELECTION, plan.RETURN)
    old = [made.old] if made.fence == plan.ON_HOST else []
    stops = [] if made.kind == switch.SWITCHOVER else list(dict.fromkeys([*old, *made.stop, *made.left]))
    power = [made.old] if made.fence == plan.POWER else []
    # Whoever shall lead carries a failover out; where nobody can, anybody looks on.
    acts = made.candidate or next(iter(reached), "")
    parts = {
        "stops": stops,
        "power": power,
        "returns": list(made.back),
        "acts": [acts] if made.kind in acting and acts else [],
        "leads": [made.old] if made.kind == switch.SWITCHOVER and made.old else [],
        "proves": [name for name in reached if name not in (*stops, *power)],
    }
    return {
        **asdict(made),
        **parts,
        "parts": [[name, part] for part, names in parts.items() for name in names],
        "refusal": "",
        "region": sight.region,
        "members": [one.name for one in sight.members],
        "shown": show.lines(sight, made),
        "objections": [asdict(one) for one in made.objections],
        "leader": sight.store.leader if sight.store else "",
        "ttl": sight.store.ttl if sight.store else 0.0,
        "switched": _switched(sight),
    }


def region_plan(hosts, request=None, now=None):
    """Return what is to be done so that a region leads and the others follow, and what stands against it."""
    wanted = request or {}
    regions = list(dict.fromkeys(one["region"] for one in hosts))
    try:
        to = _one_of(regions, "to", str(wanted.get("to") or ""))
        gone = _names(wanted, "region_is_gone")
        for name in gone:
            _one_of(regions, "region_is_gone", name)
        without = _names(wanted, "without")
        for name in without:
            _one_of([one["name"] for one in hosts], "without", name)
        fresh = str(wanted.get("fresh_copy") or "")
        if fresh:
            _one_of(regions, "fresh_copy", fresh)
    except ValueError as error:
        return {"refusal": str(error), "shown": []}
    sights = _sights(hosts)
    addresses = {one["address"]: one["region"] for one in hosts}
    request = region.Request(to, gone, bool(wanted.get("power")), without, fresh)
    made = region.make(sights, addresses, request, now or time())
    made = replace(made, objections=(*made.objections, *_against_names(wanted.get("names"))))
    return {**_told_of_regions(sights, addresses, made), "request": asdict(request)}


def _against_names(names):
    """Return what stands against leading the names of the site, where somebody looked at that."""
    if not names:
        return ()
    seen = names.get("seen") or {}
    silent = "" if "rc" in seen else _why_not(str(seen.get("msg") or "it was not asked"))
    return tuple(site_names.objections(names, silent, _is_installed))


def _is_installed(collection):
    """Return whether this control host has a collection."""
    try:
        return find_spec(f"ansible_collections.{collection}") is not None
    except ModuleNotFoundError:
        return False


def _told_of_regions(sights, addresses, made):
    reached = [one.name for sight in sights.values() for one in sight.members if one.reached]
    reached_in = {name: [one.name for one in sight.members if one.reached] for name, sight in sights.items()}
    parts = {
        "stops": list(made.stop),
        "power": list(made.power),
        "keeps": [name for one in made.returns for name in reached_in[one]],
        "back": [reached_in[one][0] for one in made.returns if reached_in[one]],
        "releases": list(made.release),
        "yields": _first(sights[made.old], reached_in[made.old]) if made.kind == region.PLANNED else [],
        "leads": _first(sights[made.to], reached_in[made.to]),
        "proves": [name for name in reached if name not in (*made.stop, *made.power) or name in made.release],
    }
    return {
        **asdict(made),
        **parts,
        "parts": [[name, part] for part, names in parts.items() for name in names],
        "refusal": "",
        "leader": sights[made.old or made.to].store.leader if sights[made.old or made.to].store else "",
        "switched": _switched(sights[made.to]),
        "others": [name for name in sights if name != made.to],
        "members": {name: [one.name for one in sight.members] for name, sight in sights.items()},
        "shown": show.region_lines(sights, addresses, made),
        "objections": [asdict(one) for one in made.objections],
    }


def _first(sight, reached):
    """Return the reached member that holds the lease, or else another one, in a list; empty where none is reached."""
    leader = sight.store.leader if sight.store else ""
    return sorted(reached, key=lambda name: name != leader)[:1]


def _names(request, variable):
    """Return the names that a variable has, with commas; none where it is not set."""
    return tuple(filter(None, str(request.get(variable) or "").split(",")))


def _one_of(names, variable, wanted):
    """Return a name that was given, if it is one of those that there are."""
    if wanted not in names:
        said = repr(wanted) if wanted else "not set"
        raise ValueError(f"{variable} is {said}: use {' or '.join(f'-e {variable}={name}' for name in names)}")
    return wanted


def _switched(sight):
    """Return when the cluster's present timeline began, in seconds of the epoch; 0 where nobody knows."""
    switches = sight.store.history.switches if sight.store and sight.store.history else ()
    try:
        return datetime.fromisoformat(switches[-1].at).timestamp() if switches else 0.0
    except ValueError:
        return 0.0


def _sights(hosts):
    """Return what was seen of each region's cluster; hosts of the others may see its members' Patroni."""
    return {
        name: seen.read(
            [one for one in hosts if one["region"] == name], name, [one for one in hosts if one["region"] != name]
        )
        for name in dict.fromkeys(one["region"] for one in hosts)
    }


def _sight(hosts, request):
    """Return what the hosts of the region that is meant saw of its cluster, and whether another region leads."""
    wanted = _region(hosts, str(request.get("region") or ""))
    sight = seen.read([one for one in hosts if one["region"] == wanted], wanted)
    others = {name: other for name, other in _sights(hosts).items() if name != wanted}
    return replace(sight, superseded_by=region.superseder(sight, others))


def failover_report(made, outcome):
    """Return the parts of a report about a plan that was carried out."""
    return story.tell(made, outcome)


def region_report(made, outcome):
    """Return the parts of a report about a plan for regions that was carried out."""
    return story.tell_of_regions(made, outcome)


def failover_host(variables):
    """Return what a host's variables have to tell a plan: who and where it is, and what was seen there or why not."""
    seen_there = variables.get("__failover_seen") or {}
    found = {
        "name": variables["inventory_hostname"],
        "region": variables["platform_region"],
        "address": variables["platform_address"],
    }
    if "store" in seen_there:
        return {**found, "seen": seen_there}
    return {**found, "unreached": _why_not(str(seen_there.get("msg") or "it was not asked"))}


def failover_heard(hosts, name):
    """Return the names of the hosts that a member's Patroni answered, whether its host answers here or not."""
    return sorted(seen.views_of(name, list(hosts)))


def _why_not(message):
    """Return the end of what Ansible and ssh say, which has the reason; before it are names and addresses."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    return lines[-1].rpartition(": ")[2] if lines else message


def _region(hosts, wanted):
    """Return the region that is meant: the one that is named, or the one whose cluster follows no other one."""
    regions = sorted({one["region"] for one in hosts})
    if wanted:
        if wanted not in regions:
            raise ValueError(f"region is {wanted!r}, where no database host is: use {' or '.join(regions)}")
        return wanted
    following = set()
    for one in hosts:
        store = (one.get("seen") or {}).get("store") or {}
        if seen.followed(store.get("config")):
            following.add(one["region"])
    leading = [name for name in regions if name not in following]
    if len(leading) != 1:
        silent = "; ".join(f"{one['name']}: {one['unreached']}" for one in hosts if one.get("unreached"))
        raise ValueError(
            f"which region's database is meant cannot be seen, as {' and '.join(leading) or 'none'} may lead: say so "
            f"with -e region={regions[0]}{'. ' + silent if silent else ''}"
        )
    return leading[0]


def _request(request):
    scope = str(request.get("scope") or "not set")
    if scope not in SCOPES:
        raise ValueError(f"scope is {scope}: use -e scope={' or -e scope='.join(SCOPES)}")
    try:
        lost_bytes = int(request.get("lost_bytes") or 0)
    except ValueError:
        raise ValueError(
            f"lost_bytes is {request['lost_bytes']!r}: write how many bytes may be lost, such as -e lost_bytes=65536"
        ) from None
    unfenced = str(request.get("unfenced") or "wait")
    if unfenced not in UNFENCED:
        raise ValueError(f"unfenced is {unfenced!r}: use {' or '.join(UNFENCED)}")
    unknown_loss = str(request.get("unknown_loss") or "false").lower()
    if unknown_loss not in ("true", "false"):
        raise ValueError(f"unknown_loss is {request['unknown_loss']!r}: use true or false")
    return plan.Request(
        candidate=str(request.get("candidate") or ""),
        old_primary=str(request.get("old_primary") or ""),
        power=bool(request.get("power")),
        unfenced=unfenced,
        without=_names(request, "without"),
        lost_bytes=lost_bytes,
        unknown_loss=unknown_loss == "true",
    )


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {
            "failover_heard": failover_heard,
            "failover_host": failover_host,
            "failover_plan": failover_plan,
            "failover_report": failover_report,
            "region_plan": region_plan,
            "region_report": region_report,
            "switchover_plan": switchover_plan,
        }
