# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can be drilled: which hosts meet which fault, who deals with it, and how long the site may be away. Pure.

The rows are those of the specification's table of disasters, R61 to R64.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Callable, Dict, List, Mapping, Sequence

from ansible_collections.freeagentics.platform.plugins.module_utils.drill import ledger

#: Faults, as the tasks of playbooks/tasks/drill know them.
NONE, POWER, KILL, FREEZE, CUT, CUT_STORE, CUT_IN, CUT_OUT, STOP_STORE, FILL, DEPLOY = (
    "none",
    "power",
    "kill",
    "freeze",
    "cut",
    "cut_store",
    "cut_in",
    "cut_out",
    "stop_store",
    "fill",
    "deploy",
)
#: Who deals with it: the platform by itself, or an operator, with failover.yml for the database or for the region, or
#: with recover.yml.
ITSELF, DATABASE, REGION, RECOVERY = "", "database", "region", "recovery"

#: Faults for which there are tasks of their own; the others are those of playbooks/files/drill/drill-fault.
BY_TASKS = (NONE, POWER, KILL, DEPLOY)
#: Faults that are over as soon as they have come, or an operator has acted, so that nobody has to notice them.
BRIEF = (NONE, KILL, FREEZE, DEPLOY)
#: Faults under which the primary serves on, as far as itself and Patroni know.
SERVES_ON = (CUT_IN, FILL)

Hosts = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Scenario:
    """One drill.

    :param title: what happens, as the summary says it.
    :param row: the requirement that it proves.
    :param fault: what the hosts meet.
    :param chosen: returns the names of the hosts.
    :param seconds: how long the site may be away.
    :param operator: who deals with it.
    :param loses: of how many seconds acknowledged records may be lost, the last ones before the site was away.
    """

    title: str
    row: str
    fault: str
    chosen: Callable[[Hosts, str], List[str]]
    seconds: float
    operator: str = ITSELF
    loses: float = 0.0


def _primary(_hosts: Hosts, primary: str) -> List[str]:
    return [primary]


def _standby(hosts: Hosts, primary: str) -> List[str]:
    return [one["name"] for one in hosts if "postgres" in one["services"] and one["name"] != primary][:1]


def _every(service: str) -> Callable[[Hosts, str], List[str]]:
    return lambda hosts, _primary_name: [one["name"] for one in hosts if service in one["services"]]


def _first(service: str) -> Callable[[Hosts, str], List[str]]:
    return lambda hosts, primary: _every(service)(hosts, primary)[:1]


def _zone_of_primary(hosts: Hosts, primary: str) -> List[str]:
    zone = next(one["zone"] for one in hosts if one["name"] == primary)
    return [one["name"] for one in hosts if one["zone"] == zone]


def _redis_in_a_zone(hosts: Hosts, _primary_name: str) -> List[str]:
    nodes = [one for one in hosts if "redis" in one["services"]]
    zones = sorted({one["zone"] for one in nodes}, key=lambda zone: sum(one["zone"] == zone for one in nodes))
    return [one["name"] for one in nodes if one["zone"] == zones[0]]


def _redis_master(hosts: Hosts, _primary_name: str) -> List[str]:
    return [one["name"] for one in hosts if one.get("role") == "master"][:1]


def _majority_of_store(hosts: Hosts, primary: str) -> List[str]:
    voters = [one["name"] for one in hosts if "etcd" in one["services"]]
    return sorted(voters, key=lambda name: name == primary)[: len(voters) // 2 + 1]


def _all(hosts: Hosts, _primary_name: str) -> List[str]:
    return [one["name"] for one in hosts]


SCENARIOS: Dict[str, Scenario] = {
    "primary_killed": Scenario("the database's primary is killed", "R62", KILL, _primary, 10),
    "primary_frozen": Scenario(
        "the database's primary hangs, and an operator acts", "R62", FREEZE, _primary, 40, DATABASE
    ),
    "primary_lost": Scenario("the host of the database's primary is lost", "R62", POWER, _primary, 40),
    "primary_lost_operator": Scenario(
        "the host of the database's primary is lost, and an operator acts", "R62", POWER, _primary, 40, DATABASE
    ),
    "primary_cut_off": Scenario("the database's primary is cut off from everything", "R62", CUT, _primary, 60),
    "primary_cut_from_store": Scenario(
        "the primary is cut off from the cluster store only", "R62", CUT_STORE, _primary, 60
    ),
    "primary_mute": Scenario("nothing leaves the primary's host, and it hears others", "R62", CUT_OUT, _primary, 60),
    "primary_deaf": Scenario(
        "nothing reaches the primary, and it reaches others; an operator acts", "R62", CUT_IN, _primary, 60, DATABASE
    ),
    "primary_disk_full": Scenario(
        "the disk of the database's primary is full, and an operator acts", "R62", FILL, _primary, 60, DATABASE
    ),
    "standby_lost": Scenario("the host of a standby of the database is lost", "R61", POWER, _standby, 15),
    "store_without_quorum": Scenario("the cluster store has no quorum", "R61", STOP_STORE, _majority_of_store, 60),
    "load_balancer_lost": Scenario("a load balancer is lost", "R61", POWER, _first("load_balancer"), 15),
    "api_lost": Scenario("an API server is lost", "R61", POWER, _first("api"), 15),
    "web_lost": Scenario("a web server is lost", "R61", POWER, _first("web"), 15),
    "cache_lost": Scenario("a node of the cache is lost", "R61", POWER, _first("redis"), 15),
    "cache_master_lost": Scenario("a master of the cache is lost", "R61", POWER, _redis_master, 15),
    "cache_zone_lost": Scenario("a zone of the cache is lost", "R61", POWER, _redis_in_a_zone, 30),
    "cache_zone_cut_off": Scenario("a zone of the cache is cut off from everything", "R61", CUT, _redis_in_a_zone, 30),
    "backup_lost": Scenario("the backup host is lost", "R61", POWER, _first("backup"), 15),
    "monitoring_lost": Scenario("a monitoring server is lost", "R61", POWER, _first("prometheus"), 15),
    "grafana_lost": Scenario("the server of the dashboards is lost", "R61", POWER, _first("grafana"), 15),
    "nat_gateway_lost": Scenario("a NAT gateway is lost", "R61", POWER, _first("nat_gateway"), 15),
    "bastion_lost": Scenario("the bastion is lost, the only way in for operators", "R61", POWER, _first("bastion"), 15),
    "vpn_lost": Scenario("the VPN server is lost", "R61", POWER, _first("vpn"), 15),
    "bad_deploy": Scenario("a release is deployed that does not work", "R61", DEPLOY, _first("api"), 15),
    "zone_lost": Scenario(
        "the zone of the primary is lost, and an operator acts, unless the bastion is in it",
        "R61",
        POWER,
        _zone_of_primary,
        60,
        DATABASE,
    ),
    "entrance_lost": Scenario(
        "all load balancers of the region are lost, and an operator acts",
        "R61",
        POWER,
        _every("load_balancer"),
        120,
        REGION,
    ),
    "region_handed_over": Scenario(
        "nothing is lost: an operator lets the other region lead, and takes the lead back",
        "R63",
        NONE,
        _primary,
        60,
        REGION,
    ),
    # R63 allows a minute of loss: the other region gets the log when it is written, and no commit waits for it.
    "region_lost": Scenario("a region is lost, and an operator acts", "R63", POWER, _all, 120, REGION, loses=60),
}

#: What no playbook can do, as it is killed itself, hosts are replaced by bare ones, or get a clock of their own:
#: tests/drills does it in the lab.
BESIDE: Dict[str, Scenario] = {
    "operator_dies": Scenario(
        "the host of the database's primary is lost, and the operator's machine dies at each step of failover.yml",
        "R62",
        POWER,
        _primary,
        90,
        DATABASE,
    ),
    "clocks_apart": Scenario(
        "the clock of the database's primary jumps half an hour ahead, back behind the others', and home",
        "R62",
        "clock",
        _primary,
        60,
    ),
    "everything_lost": Scenario(
        "every host of both regions is lost with its disk, and an operator acts",
        "R64",
        "replace",
        _all,
        3600,
        RECOVERY,
    ),
}


def drill(name: str, hosts: Hosts, primary: str) -> Dict[str, Any]:
    """Return a scenario with the hosts that it is about.

    :param hosts: the hosts of the region that leads: ``name``, ``zone`` and ``services`` each, and the ``role`` in the
        cache of those that have one.
    :param primary: the database server that takes writes.
    :raises ValueError: there is no such scenario, or no host for it; the text says what there is.
    """
    if name not in SCENARIOS:
        known = "\n".join(f"  -e scenario={key:24}{one.title}" for key, one in SCENARIOS.items())
        raise ValueError(f"scenario is {name or 'not set'!r}. There are:\n{known}")
    scenario = SCENARIOS[name]
    chosen = scenario.chosen(hosts, primary)
    if not chosen:
        raise ValueError(f"scenario {name}: the region that leads has no host for it. Name another scenario")
    operator = ITSELF if scenario.operator == DATABASE and _no_way_in(chosen, hosts) else scenario.operator
    gives_up = _given_up(chosen, hosts, primary) if operator == DATABASE else []
    return {
        "name": name,
        "title": scenario.title,
        "row": scenario.row,
        "fault": scenario.fault,
        "on_host": scenario.fault not in BY_TASKS,
        "lasts": scenario.fault not in BRIEF,
        "hosts": chosen,
        "seconds": scenario.seconds,
        "loses": scenario.loses,
        "operator": operator,
        "gives_up": gives_up,
        "says": _said(scenario, gives_up, primary) if operator == DATABASE else [],
    }


def _no_way_in(chosen: Sequence[str], hosts: Hosts) -> bool:
    """Return whether a region loses its bastions, through which operators reach its hosts."""
    bastions = {one["name"] for one in hosts if "bastion" in one["services"]}
    return bool(bastions) and bastions <= set(chosen)


def _given_up(chosen: Sequence[str], hosts: Hosts, primary: str) -> List[str]:
    """Return the members that are lost with the primary: what only they and it have is lost where another one leads."""
    members = [one["name"] for one in hosts if "postgres" in one["services"]]
    return [name for name in chosen if name in members and name != primary]


def _said(scenario: Scenario, gives_up: Sequence[str], primary: str) -> List[str]:
    """Return what the operator says beside the scope, as variables of playbooks/failover.yml."""
    if scenario.fault in SERVES_ON:
        return [f"old_primary={primary}"]
    return [f"without={','.join(gives_up)}"] if gives_up else []


def longest(attempts: Sequence[ledger.Attempt], begin: float, end: float) -> ledger.Outage:
    """Return the longest time in a drill in which no record was acknowledged; one until the end counts, too."""
    times = [one.ended or 0.0 for one in ledger.acknowledged(attempts)]
    moments = [max([moment for moment in times if moment <= begin], default=begin)]
    moments += [*(moment for moment in times if begin < moment < end), end]
    return max((ledger.Outage(*pair) for pair in zip(moments, moments[1:])), key=lambda gap: gap.seconds)


def judge(
    attempts: Sequence[ledger.Attempt],
    records: Mapping[str, Sequence[Sequence[str]]],
    begin: float,
    end: float,
    most: float,
    loses: float = 0.0,
) -> Dict[str, Any]:
    """Return what a ledger and the servers say of a drill.

    :param records: key and value of the ledger's records on each database server, and the timeline on which each was
        written, where the database keeps it.
    :param begin: when the fault came, and ``end`` when all was whole again, by the clock of the client.
    :param most: how many seconds the site may be away.
    :param loses: of how many seconds acknowledged records may be lost, the last ones before the site was away.
    """
    away = longest(attempts, begin, end)
    compared = {server: ledger.compare(attempts, rows) for server, rows in records.items()}
    gone = {key for found in compared.values() for key in found.lost}
    lost = [one.ended or 0.0 for one in ledger.acknowledged(attempts) if one.key in gone]
    loss = max(0.0, away.begin - min(lost, default=away.begin))
    # What every server lacks was lost with the one that had it; what one of them has, or came later, is none of that.
    alike = len({found.lost for found in compared.values()}) == 1
    if lost and alike and max(lost) <= away.begin and loses > 0 and loss <= loses:
        compared = {server: replace(found, lost=()) for server, found in compared.items()}
    findings = {server: str(found) for server, found in compared.items() if found}
    failed = [one for one in attempts if one.outcome != "acknowledged" and begin <= one.sent <= end]
    return {
        "acknowledged": len(ledger.acknowledged(attempts)),
        "failed": len(failed),
        "away": round(away.seconds, 2),
        "lost": len(lost),
        "loss": round(loss, 2),
        "findings": findings,
        "good": not findings and away.seconds <= most,
    }
