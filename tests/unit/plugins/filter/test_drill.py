# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A drill is planned on a platform that is whole and may be drilled, and its report says whether it passed."""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor

import pytest

from ansible_collections.freeagentics.platform.plugins.filter.drill import FilterModule

FILTERS = FilterModule().filters()
drill_host, drill_noted, drill_plan, drill_report = (
    FILTERS[f"drill_{name}"] for name in ("host", "noted", "plan", "report")
)


def host(name, region, zone, *services, role=""):
    return {"name": name, "region": region, "zone": zone, "services": list(services), "role": role}


HOSTS = [
    host("web9", "west", "x", "web"),
    host("db9", "west", "x", "postgres", "etcd"),
    host("web1", "east", "a", "web"),
    host("db1", "east", "a", "postgres", "etcd"),
    host("db2", "east", "b", "postgres", "etcd"),
    host("db3", "east", "c", "etcd"),
]


def database(name, region, recovery, **seen):
    """A database host that answered."""
    server = {"in_recovery": recovery, "position": "0/3E8", "timeline": 1}
    return {"name": name, "region": region, "address": "", "seen": {"patroni": "active", "server": server, **seen}}


def silent(name, region, reason="timed out"):
    return {"name": name, "region": region, "address": "", "unreached": reason}


DB1, DB2, DB9 = database("db1", "east", False), database("db2", "east", True), database("db9", "west", True)
REQUEST = {
    "scenario": "primary_lost",
    "platform": "lab",
    "drillable": False,
    "confirm": "lab",
    "client": "client1",
    "power": True,
    "release": "bad.tar.gz",
    "without": "",
}


def plan_of(databases=(DB1, DB2, DB9), hosts=tuple(HOSTS), moment=1795662000, **request):
    return drill_plan(hosts, databases, {**REQUEST, **request}, moment)


def test_a_host_tells_where_it_is_and_what_it_does():
    variables = {
        "inventory_hostname": "db1",
        "platform_region": "east",
        "platform_zone": "a",
        "platform_services": ("postgres", "etcd"),
        "platform_address": "10.0.0.1",
    }
    assert drill_host(variables) == host("db1", "east", "a", "postgres", "etcd")
    assert drill_host({**variables, "__drill_cache": {"skipped": True}})["role"] == ""
    nodes = [{"name": "db1", "role": "master"}, {"name": "10.0.0.2:6379", "role": "replica"}]
    assert drill_host({**variables, "__drill_cache": {"nodes": nodes}})["role"] == "master"


# The note


def test_this_run_is_the_command_that_an_operator_started():
    noted = drill_noted("", "primary_lost")
    run = noted.pop("run")
    assert noted == {"note": {"hosts": [], "operator": ""}, "refusal": ""}
    assert set(run) == {"scenario", "user", "host", "machine", "boot", "pid", "start", "since"}
    assert (run["scenario"], run["pid"]) == ("primary_lost", os.getpid())
    with ProcessPoolExecutor(1, multiprocessing.get_context("fork")) as workers:
        worker = workers.submit(drill_noted, "", "primary_lost").result()["run"]
    assert {**worker, "since": run["since"]} == run


def test_a_drill_that_runs_is_not_given_back():
    note = {"hosts": ["db1"], "operator": "database", "run": drill_noted("", "primary_lost")["run"]}
    refused = drill_noted(json.dumps(note), "api_lost", f"{note['run']['host']}:{os.getpid()}")
    assert refused["refusal"].startswith("a drill runs: primary_lost, by ")
    ended = {**note, "run": {**note["run"], "start": "1"}}
    assert drill_noted(json.dumps(ended), "api_lost")["refusal"] == ""
    assert drill_noted(json.dumps(ended), "api_lost")["note"] == ended


@pytest.mark.parametrize(
    ("text", "error"), [("[]", "ValueError('it is no mapping')"), ('{"run": {"pid": 1}}', "KeyError('start')")]
)
def test_a_note_that_says_nothing_stops_everything(text, error):
    noted = drill_noted(text, "api_lost")
    assert noted["refusal"] == f"what a drill noted cannot be read ({error}): see what it says, and remove it"
    assert noted["note"]["hosts"] == []


# The plan


def test_a_drill_is_about_the_region_that_leads():
    assert plan_of() == {
        "name": "primary_lost",
        "title": "the host of the database's primary is lost",
        "row": "R62",
        "fault": "power",
        "on_host": False,
        "lasts": True,
        "hosts": ["db1"],
        "seconds": 40,
        "loses": 0.0,
        "operator": "",
        "gives_up": [],
        "says": [],
        "refusal": "",
        "region": "east",
        "other": "west",
        "platform": "lab",
        "client": "client1",
        "prefix": "drill-primary-lost-1795662000",
        "shown": [
            "drill      the host of the database's primary is lost (R62)",
            "hosts      db1",
            "dealt with the platform by itself",
            "passed     every acknowledged record is on every server once, and the site is away 40 s at most",
        ],
    }


def test_the_region_that_leads_may_be_any():
    databases = [database("db1", "east", True), database("db2", "east", True), database("db9", "west", False)]
    plan = plan_of(databases, scenario="web_lost")
    assert (plan["region"], plan["other"], plan["hosts"]) == ("west", "east", ["web9"])


@pytest.mark.parametrize(
    ("scenario", "hosts", "dealt"),
    [
        ("primary_killed", "db1", "the platform by itself"),
        ("primary_frozen", "db1", "an operator, with scope=database"),
        ("store_without_quorum", "db2, db3", "the platform by itself"),
        ("zone_lost", "web1, db1", "an operator, with scope=database"),
        ("region_lost", "web1, db1, db2, db3", "an operator, with scope=region"),
    ],
)
def test_the_screen_says_which_hosts_and_who_deals_with_it(scenario, hosts, dealt):
    assert plan_of(scenario=scenario)["shown"][1:3] == [f"hosts      {hosts}", f"dealt with {dealt}"]


def in_the_zone_of_db1(*names):
    """More database hosts in the zone of the one that leads: what is declared, and what is seen."""
    return {
        "scenario": "zone_lost",
        "hosts": (*HOSTS, *(host(name, "east", "a", "postgres") for name in names)),
        "databases": (DB1, DB2, DB9, *(database(name, "east", True) for name in names)),
    }


@pytest.mark.parametrize(
    ("more", "lost", "request_"),
    [
        (["db4"], ["db4"], {"drillable": True}),
        (["db4"], ["db4"], {"without": "db4"}),
        (["db4", "db5"], ["db4", "db5"], {"without": "db5,db4"}),
        ([], [], {}),
    ],
)
def test_a_drill_that_may_lose_writes_says_so(more, lost, request_):
    plan = plan_of(**in_the_zone_of_db1(*more), **request_)
    assert (plan["refusal"], plan["gives_up"]) == ("", lost)
    assert plan["says"] == ([f"without={','.join(lost)}"] if lost else [])
    assert plan["shown"][3:-1] == [f"may lose   acknowledged writes that only db1 and {name} have" for name in lost]


@pytest.mark.parametrize(
    ("more", "without", "told", "say"),
    [
        (["db4"], "", "db4 is", "db4"),
        (["db4"], "db2", "db4 is", "db4"),
        (["db4", "db5"], "db4", "db4, db5 are", "db4,db5"),
    ],
)
def test_a_drill_loses_writes_only_by_the_operators_own_word(more, without, told, say):
    """That the platform may meet a fault gives nothing up."""
    assert plan_of(**in_the_zone_of_db1(*more), without=without)["refusal"] == (
        f"scenario zone_lost: {told} lost together with db1, and another member leads then: acknowledged writes that "
        "only they have are lost for good. Let a member lead that is alone in its zone, with playbooks/switchover.yml, "
        f"or say -e without={say}, which gives those writes up"
    )


def test_a_platform_with_one_region_can_be_drilled():
    plan = plan_of([DB1, DB2])
    assert (plan["refusal"], plan["region"], plan["other"]) == ("", "east", "")


def test_no_two_drills_have_keys_in_common():
    began = time.time_ns()
    plans = [plan_of(moment=None, scenario="zone_lost") for dummy in range(2)]
    first, second = (int(plan["prefix"].removeprefix("drill-zone-lost-")) for plan in plans)
    assert began <= first < second <= time.time_ns()


@pytest.mark.parametrize(
    ("scenario", "request_"),
    [
        # Who says the platform's name, or declared that it may be drilled, may.
        ("primary_lost", {"confirm": "lab"}),
        ("primary_lost", {"confirm": "", "drillable": True}),
        ("primary_lost", {"confirm": "prod", "drillable": True}),
        # Power is needed only where it is taken.
        ("primary_frozen", {"power": False}),
        ("primary_killed", {"power": False}),
        ("store_without_quorum", {"power": False}),
    ],
)
def test_a_drill_that_may_be_is_not_refused(scenario, request_):
    assert plan_of(scenario=scenario, **request_)["refusal"] == ""


def not_whole(reason):
    return (
        f"the platform is not whole ({reason}), so a drill would prove nothing. Make it whole first: docs/failover.md, "
        "Drills of your own platform, says how where a drill left it so"
    )


CONFIRM = "this lets lab meet a fault; say -e confirm=lab if that is the platform that you mean"
NO_POWER = "failover_fence_command and drill_power_command must be set: they take the power of a host, and give it back"


@pytest.mark.parametrize(
    ("databases", "request_", "refusal"),
    [
        ([DB1, silent("db2", "east"), DB9], {}, not_whole("db2: timed out")),
        (
            [DB1, DB2, silent("db9", "west", "Connection refused")],
            {},
            not_whole("db9: Connection refused"),
        ),
        (
            [silent("db1", "east"), database("db2", "east", None, server={}), DB9],
            {},
            not_whole("db1: timed out; db2: its PostgreSQL does not answer"),
        ),
        ([database("db1", "east", True), DB2, DB9], {}, not_whole("servers that take writes: none")),
        (
            [DB1, DB2, database("db9", "west", False)],
            {},
            not_whole("servers that take writes: db1, db9"),
        ),
        (
            [DB1, database("db2", "east", False), DB9],
            {},
            not_whole("servers that take writes: db1, db2"),
        ),
        # That comes first, and then whether there is such a drill.
        ([DB1, silent("db2", "east"), DB9], {"scenario": "", "confirm": ""}, not_whole("db2: timed out")),
        (
            [DB1, DB2, DB9],
            {"scenario": "api_lost", "confirm": ""},
            "scenario api_lost: the region that leads has no host for it. Name another scenario",
        ),
        ([DB1, DB2, DB9], {"confirm": ""}, CONFIRM),
        ([DB1, DB2, DB9], {"confirm": "prod"}, CONFIRM),
        ([DB1, DB2, DB9], {"confirm": "true"}, CONFIRM),
        (
            [DB1, DB2, DB9],
            {"client": ""},
            "drill_client_host is not set: name a host outside of the platform that stores records",
        ),
        ([DB1, DB2, DB9], {"power": False}, NO_POWER),
        ([DB1, DB2, DB9], {"scenario": "region_lost", "power": False}, NO_POWER),
        (
            [DB1, DB2],
            {"scenario": "region_lost"},
            "scenario region_lost: there is no other region that could lead. Declare a second one, or name another "
            "scenario",
        ),
        (
            [DB1, DB2, DB9],
            {"scenario": "bad_deploy", "release": "", "hosts": (*HOSTS, host("api1", "east", "a", "api"))},
            "drill_bad_release is not set: name an archive of the API that must not get into service",
        ),
    ],
)
def test_a_drill_that_may_not_be_is_refused(databases, request_, refusal):
    assert plan_of(databases, **request_) == {"refusal": refusal, "shown": [], "hosts": [], "title": ""}


@pytest.mark.parametrize(("scenario", "said"), [("", "not set"), ("primary", "primary")])
def test_a_drill_that_is_none_is_refused_with_those_that_there_are(scenario, said):
    refused = plan_of(scenario=scenario, confirm="")
    begin, *lines = refused.pop("refusal").splitlines()
    assert refused == {"shown": [], "hosts": [], "title": ""}
    assert begin == f"scenario is '{said}'. There are:"
    assert "  -e scenario=primary_lost            the host of the database's primary is lost" in lines


# The report


def ledger_of(*moments, status=201):
    """A ledger of records that were answered at these moments, named after them."""
    lines = []
    for moment in moments:
        lines.append({"at": moment - 0.1, "key": f"k{moment:g}", "value": "v"})
        lines.append({"at": moment, "key": f"k{moment:g}", "status": status})
    return "".join(json.dumps(line) + "\n" for line in lines)


def rows(*moments):
    """What psql prints of the records."""
    return [f"k{moment:g}||v" for moment in moments]


STEADY = (98, 100, 101, 113.5, 130, 131)
OUTCOME = {
    "ledger": ledger_of(*STEADY) + ledger_of(105, 106, status=503),
    "records": {"db9": rows(*STEADY), "db1": [*rows(*STEADY), "k105||v"], "db2": rows(*STEADY)},
    "begun": 100.5,
    "ended": 130.5,
    "writers": [False, True, True],
    "site": {"endpoints": [{"url": "https://a.b/health", "healthy": True, "error": ""}]},
    "caches": {},
    "alerts": [
        [
            {
                "metric": {"alertname": "DatabaseDown", "severity": "page", "region": "east"},
                "values": [[123.9, "1"], [124.9, "1"]],
            }
        ],
        [],
    ],
}
EACH = "every acknowledged record is on every server, once; none that was refused is anywhere"
ONE = "one server takes writes, and the others follow it"
SERVES = "https://a.b/health answers"
LOOK = [
    "look at what was proved, and at the reports of failover.yml beside this one",
    "what the drill took was given back",
]


#: How the command module tells when it began.
CALLED_AT = "%Y-%m-%d %H:%M:%S.000000"


def report_of(**changes):
    return drill_report(plan_of(), {**OUTCOME, **changes})


def test_a_drill_that_passed_is_told():
    assert report_of() == {
        "good": True,
        "report": {
            "verdict": "the host of the database's primary is lost: passed; away 16.5 s",
            "good": True,
            "figures": [
                {"name": "the site was away", "measured": "16.5 s", "target": "40 s at most"},
                {"name": "records acknowledged", "measured": "6", "target": "each on every server, once"},
                {"name": "records not acknowledged meanwhile", "measured": "2", "target": ""},
                {"name": "the monitoring noticed it", "measured": "DatabaseDown after 23.4 s", "target": ""},
            ],
            "sections": [
                {"heading": "The drill", "lines": plan_of()["shown"]},
                {"heading": "What was proved", "lines": [EACH, ONE, SERVES]},
                {"heading": "What the monitoring noticed", "lines": ["  23.4 s  DatabaseDown (page)"]},
            ],
            "next": [],
            "drill": {
                "name": "primary_lost",
                "title": "the host of the database's primary is lost",
                "row": "R62",
                "seconds": 40,
                "acknowledged": 6,
                "failed": 2,
                "away": 16.5,
                "lost": 0,
                "loss": 0.0,
                "findings": {},
                "noticed": [{"alert": "DatabaseDown", "severity": "page", "seconds": 23.4}],
                "acted": None,
                "back": None,
                "good": True,
            },
        },
    }


def test_where_an_operator_acted_the_report_says_how_soon():
    timeline = [
        {"phase": "Plan, and guard", "from": 2.5, "seconds": 1.5},
        {"phase": "Prove it", "from": 4.0, "seconds": 6.0},
    ]
    # What was stored at 130 ended the longest outage.
    called = time.strftime(CALLED_AT, time.localtime(118))
    told = report_of(operated={"start": called, "delta": "0:00:11.5", "timeline": timeline})["report"]
    assert (told["drill"]["acted"], told["drill"]["back"]) == (5.5, 12.0)
    assert told["figures"][-2:] == [
        {
            "name": "from the operator's command until records were stored again",
            "measured": "12.0 s",
            "target": "23 s",
        },
        {"name": "from the operator's command to its first act", "measured": "5.5 s", "target": "10 s"},
    ]
    # A longer one that came later is that of what the drill gave back.
    early = {"start": time.strftime(CALLED_AT, time.localtime(102)), "delta": "0:00:11.4", "timeline": timeline}
    assert report_of(operated=early)["report"]["drill"]["back"] == 11.5
    assert report_of(operated=early, ledger=ledger_of(98))["report"]["drill"]["back"] is None
    late = {"start": time.strftime(CALLED_AT, time.localtime(131)), "delta": "0:00:11.5", "timeline": timeline}
    assert report_of(operated=late)["report"]["drill"]["back"] is None


@pytest.mark.parametrize(
    ("changes", "away", "findings", "proved"),
    [
        # Records are lost on two servers, in the order of their names.
        (
            {"records": {"db9": rows(*STEADY[1:]), "db1": rows(*STEADY), "db2": []}},
            16.5,
            {"db2": "6 lost (k98, k100, k101, ...)", "db9": "1 lost (k98)"},
            ["db2: 6 lost (k98, k100, k101, ...)", "db9: 1 lost (k98)", ONE],
        ),
        # A server that was stopped or never asked has no line, or an empty one.
        (
            {"records": {"db1": rows(*STEADY), "db2": [""]}},
            16.5,
            {"db2": "6 lost (k98, k100, k101, ...)"},
            ["db2: 6 lost (k98, k100, k101, ...)", ONE],
        ),
        (
            {"records": {"db1": [*rows(*STEADY), *rows(98)]}},
            16.5,
            {"db1": "1 doubled (k98)"},
            ["db1: 1 doubled (k98)", ONE],
        ),
        # It was written on a lower timeline than what had been acknowledged before.
        (
            {"records": {"db1": ["k98|4|v", "k100|5|v", "k101|5|v", "k113.5|4|v", "k130|6|v", "k131|6|v"]}},
            16.5,
            {"db1": "1 overtaken (k113.5)"},
            ["db1: 1 overtaken (k113.5)", ONE],
        ),
        # A value has the sign that separates it from its key.
        (
            {"records": {"db1": [*rows(*STEADY[1:]), "k98||v|v"]}},
            16.5,
            {"db1": "1 wrong (k98)"},
            ["db1: 1 wrong (k98)", ONE],
        ),
        (
            {
                "ledger": ledger_of(*STEADY) + ledger_of(105, status=422),
                "records": {"db1": [*rows(*STEADY), "k105||v"]},
            },
            16.5,
            {"db1": "1 unexpected (k105)"},
            ["db1: 1 unexpected (k105)", ONE],
        ),
        # Two take writes, or none; a server that was not seen is none of them.
        (
            {"writers": [False, True, False]},
            16.5,
            {},
            [EACH, "2 servers take writes"],
        ),
        (
            {"writers": [True, True, None]},
            16.5,
            {},
            [EACH, "0 servers take writes"],
        ),
        # It was away longer than it may.
        (
            {
                "ledger": ledger_of(98, 100, 100.6, 141, 142),
                "records": {"db1": rows(98, 100, 100.6, 141, 142)},
                "ended": 142.5,
            },
            40.4,
            {},
            [EACH, ONE],
        ),
        # It was away until the end.
        (
            {"ledger": ledger_of(98, 100), "records": {"db1": rows(98, 100)}, "ended": 140.5},
            40.5,
            {},
            [EACH, ONE],
        ),
    ],
)
def test_a_drill_that_did_not_pass_is_told(changes, away, findings, proved):
    done = report_of(**changes)
    report = done["report"]
    assert (done["good"], report["drill"]["good"], report["drill"]["findings"]) == (False, False, findings)
    assert report["verdict"] == f"the host of the database's primary is lost: did not pass; away {away} s"
    assert report["figures"][0]["measured"] == f"{away} s"
    assert report["sections"][1] == {"heading": "What was proved", "lines": [*proved, SERVES]}
    assert report["next"] == LOOK


def test_a_drill_in_which_something_failed_is_not_passed_and_says_that_all_was_given_back():
    trouble = "failover.yml ended with status 2: reports/x/report.html"
    done = report_of(trouble=[trouble])
    assert (done["good"], done["report"]["good"]) == (False, False)
    assert done["report"]["verdict"] == "the host of the database's primary is lost: did not pass; away 16.5 s"
    assert done["report"]["next"] == [trouble, *LOOK]


def test_a_drill_after_which_the_site_does_not_answer_is_not_passed():
    site = {"endpoints": [{"url": "https://a.b/health", "healthy": False, "error": "timed out"}]}
    done = report_of(site=site, caches={"r1": {"msg": "no way there"}})
    assert done["good"] is False
    assert done["report"]["sections"][1]["lines"] == [
        EACH,
        ONE,
        "visitors get no answer at https://a.b/health: timed out",
        "the cache that r1 belongs to was not looked at: no way there",
    ]


def test_a_line_of_the_ledger_that_is_not_whole_is_none():
    """The client died while it wrote."""
    assert report_of(ledger=OUTCOME["ledger"] + '{"at": 140.0, "key": "k1')["good"]


def test_a_fault_that_was_over_before_an_alert_fired_was_not_noticed():
    report = report_of(alerts=[])["report"]
    assert report["figures"][-1]["measured"] == "no alert fired meanwhile"
    assert report["sections"][-1]["lines"] == ["no alert fired between the fault and the end of the drill"]
    assert report["drill"]["noticed"] == []


def test_a_region_may_lose_what_it_acknowledged_last():
    """The last record before the site was away, and no server has it."""
    planned = plan_of(scenario="region_lost")
    assert planned["shown"][-1] == (
        "passed     every acknowledged record but those of the last 60 s is on every server once, and the site is away "
        "120 s at most"
    )
    kept = rows(*(moment for moment in STEADY if moment != 113.5))
    told = drill_report(planned, {**OUTCOME, "records": dict.fromkeys(OUTCOME["records"], kept)})
    assert (told["good"], told["report"]["drill"]["lost"]) == (True, 1)
    assert told["report"]["sections"][1]["lines"][0] == (
        "acknowledged records lost: 1, of the last 0.0 s; every other one is on every server, once; none that was "
        "refused is anywhere"
    )


def test_a_drill_without_a_limit_in_whole_seconds_is_told_as_it_is():
    figures = drill_report({**plan_of(), "seconds": 17.5}, OUTCOME)["report"]["figures"]
    assert figures[0] == {"name": "the site was away", "measured": "16.5 s", "target": "17.5 s at most"}
