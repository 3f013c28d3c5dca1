# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A report says what was measured and proved, and what is left to do."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.story import tell, tell_of_regions

PLAN = {
    "kind": "failover",
    "old": "db1",
    "fence": "power",
    "loss": "no acknowledged write",
    "leader": "db1",
    "members": ["db1", "db2", "db3"],
    "shown": ["found  db2"],
}
SITE = {"endpoints": [{"url": "https://a.b/health", "healthy": True, "error": ""}]}
OUTCOME = {
    "led": {"leader": "db2", "seconds": 2.1},
    "fenced": {"stdout": "", "stderr": "db1 is off"},
    "site": SITE,
    "answering": ["db2", "db3"],
    "backup": True,
}
NO_ANSWER = (
    "visitors get no answer at https://a.b/health: status 503, not 200; docs/runbooks/SiteDown.md says where to look, "
    "and the same command asks again"
)


def test_a_failover_is_told():
    told = tell(PLAN, OUTCOME)
    assert (told["verdict"], told["good"]) == ("db2 leads instead of db1", True)
    assert told["figures"] == [
        {"name": "writes lost", "measured": "no acknowledged write", "target": "none inside the region (R62)"},
        {
            "name": "from taking the lease to a server that leads",
            "measured": "2.1 s",
            "target": "under 5 min to service (R62)",
        },
    ]
    assert told["sections"] == [
        {"heading": "The plan", "lines": ["found  db2"]},
        {
            "heading": "What was proved",
            "lines": [
                "db1: db1 is off",
                "exactly one server takes writes, and it committed one",
                "https://a.b/health answers",
            ],
        },
    ]
    assert told["next"] == [
        "db1 is off. Give it its power back when you know what it died of: it follows by itself, and is rewound where "
        "it has more",
        "a full backup was begun: `journalctl -u pgbackrest-after-failover` on the backup host",
    ]


@pytest.mark.parametrize(
    ("fence", "fenced", "line"),
    [
        ("host", {"proof": "no process works"}, "db1: no process works"),
        ("lease", {}, "db1: its lease ran out"),
        ("power", {"proof": "its power was not taken"}, "db1: its power was not taken; its lease ran out"),
    ],
)
def test_how_the_old_primary_was_kept_from_writing_is_told(fence, fenced, line):
    told = tell({**PLAN, "fence": fence}, {**OUTCOME, "fenced": fenced, "returned": ["db1"]})
    assert told["sections"][1]["lines"][0] == line
    assert [entry for entry in told["next"] if entry.startswith("db1")] == []


@pytest.mark.parametrize(("back", "were"), [(["db1"], "db1 was"), (["db1", "db3"], "db1, db3 were")])
def test_who_was_only_let_back_is_told_and_what_that_leaves_to_do(back, were):
    plan = {**PLAN, "kind": "return", "old": "", "fence": "", "back": back}
    told = tell(plan, {**OUTCOME, "led": {"leader": "db1", "seconds": 4.2}, "answering": ["db1", "db2", "db3"]})
    assert (told["verdict"], told["good"], told["figures"]) == ("db1 leads", True, [])
    assert told["next"] == [
        f"{were} let back, and nothing else was done: the same command makes a new plan",
        "a full backup was begun: `journalctl -u pgbackrest-after-failover` on the backup host",
    ]


def test_what_is_not_as_it_should_be_comes_first():
    site = {"endpoints": [{"url": "https://a.b/health", "healthy": False, "error": "status 503, not 200"}]}
    told = tell({**PLAN, "fence": "host"}, {**OUTCOME, "site": site, "answering": ["db2"], "backup": False})
    assert told["next"] == [
        NO_ANSWER,
        "db1 does not answer; until it does, `patronictl list` on another member says what it is at",
        "db3 does not answer; until it does, `patronictl list` on another member says what it is at",
        "no backup was begun, as the backup host does not answer: run playbooks/backup.yml when it does",
    ]


def site_of(*healthy):
    """What was found where the site was asked at several addresses."""
    errors = {True: "", False: "timed out"}
    return {
        "endpoints": [
            {"url": f"https://{number}", "healthy": one, "error": errors[one]} for number, one in enumerate(healthy)
        ]
    }


@pytest.mark.parametrize(
    ("site", "good"),
    [
        (site_of(True, True), True),
        (site_of(True, False), False),
        (site_of(False), False),
        ({"endpoints": []}, True),
        # Nobody asked, so nobody knows.
        ({"unreachable": True, "msg": "timed out"}, True),
        ({}, True),
    ],
)
def test_the_verdict_says_whether_visitors_get_an_answer(site, good):
    end = "" if good else ", but visitors get no answer"
    for told, verdict in (
        (tell(PLAN, {**OUTCOME, "site": site}), "db2 leads instead of db1"),
        (
            tell({**PLAN, "kind": "nothing", "fence": "", "old": "", "leader": "db2"}, {"site": site}),
            "db2 leads, as before",
        ),
        (tell_of_regions(REGION, {**REGION_OUTCOME, "site": site}), "west leads with db9, instead of east"),
    ):
        assert (told["verdict"], told["good"]) == (verdict + end, good)


@pytest.mark.parametrize(("kind", "good"), [("planned", True), ("unplanned", True), ("leads", False)])
def test_names_that_an_operator_has_yet_to_lead_are_no_failure(kind, good):
    site = {"endpoints": [{"url": "https://a.b/health", "healthy": False, "error": "timed out"}]}
    told = tell_of_regions({**REGION, "kind": kind}, {**REGION_OUTCOME, "site": site, "dns": "none"})
    assert told["good"] is good


def test_where_nobody_could_ask_the_site_that_is_told():
    said = "the site was not asked as visitors ask it: timed out; see by hand whether it answers"
    site = {"unreachable": True, "msg": "timed out"}
    assert tell(PLAN, {**OUTCOME, "site": site})["next"][0] == said
    assert tell_of_regions(REGION, {**REGION_OUTCOME, "site": site})["next"][0] == said


@pytest.mark.parametrize(("hastened", "how"), [(True, "given away when it was safe"), (False, "given away by Patroni")])
def test_a_switchover_is_told(hastened, how):
    plan = {**PLAN, "kind": "switchover", "fence": ""}
    led = {"leader": "db3", "hastened": hastened, "seconds": {"led": 1.2}}
    told = tell(plan, {"led": led, "answering": ["db1", "db2", "db3"], "pools": ["api2"]})
    assert told["verdict"] == "db3 leads instead of db1"
    assert told["figures"][1]["name"] == f"from the beginning to a server that leads, the lease {how}"
    assert told["figures"][1]["measured"] == "1.2 s"
    assert told["next"] == ["the pool on api2 did not hold its clients back: some of them may have seen an error"]


def test_where_another_led_already_no_time_is_told():
    """An earlier run died behind it."""
    plan = {**PLAN, "kind": "switchover", "fence": ""}
    told = tell(plan, {"led": {"leader": "db3", "hastened": False, "seconds": {}}})
    assert told["figures"] == [{"name": "writes lost", "measured": "none", "target": "none"}]


def test_who_was_let_back_and_does_not_start_is_told():
    told = tell({**PLAN, "fence": "host"}, {**OUTCOME, "returned": ["db1"], "held": ["db1"]})
    said = "db1 was let back and does not start yet: `journalctl -u patroni` there says what it waits for"
    assert told["next"][0] == said


def watched(**changes):
    """What came of watching the site, which began 1000.0 s into the epoch."""
    one = {"url": "https://a.b/health", "asked": 40, "failed": 3, "away": 2.1, "back": 7.5, "error": "timed out"}
    return {"watched": [{**one, **changes}], "watched_from": 1000.0}


COMMANDED = "from the command until https://a.b/health answered"
LONGEST = "https://a.b/health: of 40 requests, the longest time without an answer"


@pytest.mark.parametrize(
    ("kind", "changes", "figure"),
    [
        ("failover", {}, {"name": COMMANDED, "at": 1007.5}),
        ("failover", {"failed": 0, "away": 0.0, "back": 0.1}, {"name": COMMANDED, "at": 1000.1}),
        ("failover", {"back": None}, {"name": COMMANDED, "measured": "not yet"}),
        ("switchover", {}, {"name": LONGEST, "measured": "2.1 s"}),
        ("switchover", {"failed": 0}, {"name": LONGEST, "measured": "none: every one had its answer"}),
    ],
)
def test_what_visitors_saw_meanwhile_is_told(kind, changes, figure):
    led = {"leader": "db2", "seconds": {"led": 1.1} if kind == "switchover" else 2.1}
    told = tell({**PLAN, "kind": kind}, {**OUTCOME, "led": led, **watched(**changes)})
    assert told["figures"][2:] == [{**figure, "target": "under 5 min to service (R62)"}]


def test_where_nothing_was_to_be_done_that_is_told():
    told = tell({**PLAN, "kind": "nothing", "fence": "", "old": "", "leader": "db2"}, {"answering": PLAN["members"]})
    assert (told["verdict"], told["figures"], told["next"]) == ("db2 leads, as before", [], [])


def test_where_nobody_held_the_lease_nobody_was_replaced():
    assert tell({**PLAN, "old": "", "fence": ""}, OUTCOME)["verdict"] == "db2 leads"


# Regions

#: As the filter region_plan returns it, what the report takes of it.
REGION = {
    "kind": "unplanned",
    "to": "west",
    "old": "east",
    "returns": (),
    "alone": False,
    "gone": (),
    "loss": "what east acknowledged after 2026-11-26 02:59:47.600Z, 12 s ago",
    "members": {"east": ["db1", "db2"], "west": ["db9"]},
    "shown": ["regions    east: leads"],
}
REGION_OUTCOME = {
    "led": {"leader": "db9", "seconds": 4.5},
    "yielded": {},
    "fenced": {
        "db2": {"proof": "no process works in /data, patroni.service is inactive"},
        "db1": {"stdout": "db1", "stderr": "is off"},
    },
    "kept": {},
    "replayed_at": 1795661999.5,
    "site": {"endpoints": [{"url": "https://a.b/health", "healthy": True, "error": ""}]},
    "answering": ["db9"],
    "backup": True,
    "dns": "rfc2136",
    "cache": {},
    "grown": None,
}
TARGET = "under 5 min from the command to service (R46, R63)"
KEPT = {
    "transactions": 3,
    "first": "2026-11-26 02:59:59.100000 UTC",
    "last": "2026-11-26 03:00:07.200000 UTC",
    "rows": {"app.public.records": 12, "app.public.log": 3},
    "deleted": 2,
    "path": "/var/lib/postgresql/kept/00000005-0-5F3A1C8",
}


def test_the_loss_of_a_region_is_told():
    told = tell_of_regions(REGION, REGION_OUTCOME)
    assert told["verdict"] == "west leads with db9, instead of east"
    assert told["figures"] == [
        {
            "name": "writes lost",
            "measured": "what east acknowledged after 2026-11-26 02:59:59.500Z, by its clock",
            "target": "under 1 min (R46, R63)",
        },
        {"name": "from then until a server of west leads", "measured": "4.5 s", "target": TARGET},
    ]
    assert told["sections"] == [
        {"heading": "The plan", "lines": ["regions    east: leads"]},
        {
            "heading": "What was proved",
            "lines": [
                "db1: db1 is off",
                "db2: no process works in /data, patroni.service is inactive",
                "exactly one server takes writes, in west, and it committed one",
                "https://a.b/health answers",
            ],
        },
    ]
    assert told["next"] == [
        "when east is back: the same command lets it follow, and -e to=east lets it lead again; what only it has is "
        "kept aside first",
        "write state: active to west in topology.yml, and state: standby to the others",
        "a full backup was begun: `journalctl -u pgbackrest-after-failover` there",
    ]


def test_a_region_that_handed_over_is_told():
    plan = {**REGION, "kind": "planned", "loss": "nothing"}
    yielded = {"seconds": 3.1, "position": "0/5F3A1C8"}
    outcome = {**REGION_OUTCOME, "yielded": yielded, "fenced": {}, "answering": ["db1", "db2", "db9"]}
    told = tell_of_regions(plan, outcome)
    assert told["verdict"] == "west leads with db9, instead of east"
    assert told["figures"][:3] == [
        {"name": "writes lost", "measured": "none", "target": "under 1 min (R46, R63)"},
        {"name": "from the last write in east to its whole log", "measured": "3.1 s", "target": TARGET},
        {"name": "from then until a server of west leads", "measured": "4.5 s", "target": TARGET},
    ]
    assert told["sections"][1]["lines"] == [
        "east stopped writing at 0/5F3A1C8, and west had replayed that",
        "exactly one server takes writes, in west, and it committed one",
        "https://a.b/health answers",
    ]
    assert told["next"] == [
        "write state: active to west in topology.yml, and state: standby to the others",
        "a full backup was begun: `journalctl -u pgbackrest-after-failover` there",
    ]


@pytest.mark.parametrize(
    ("kind", "figure"),
    [("planned", {"name": LONGEST, "measured": "2.1 s"}), ("unplanned", {"name": COMMANDED, "at": 1007.5})],
)
def test_what_visitors_saw_of_a_change_of_regions_is_told(kind, figure):
    told = tell_of_regions({**REGION, "kind": kind}, {**REGION_OUTCOME, **watched()})
    assert told["figures"][-1] == {**figure, "target": TARGET}


def test_where_nobody_knows_the_last_commit_the_loss_is_that_of_the_plan():
    told = tell_of_regions(REGION, {**REGION_OUTCOME, "replayed_at": None})
    assert told["figures"][0]["measured"] == "what east acknowledged after 2026-11-26 02:59:47.600Z, 12 s ago"


def test_where_a_region_goes_on_alone_the_loss_is_that_of_the_plan():
    """When it last replayed something says nothing then: it led itself since."""
    loss = "everything that east acknowledged since it led instead of west"
    told = tell_of_regions({**REGION, "alone": True, "loss": loss}, REGION_OUTCOME)
    assert told["verdict"] == "west leads with db9, instead of east"
    assert told["figures"][0] == {"name": "writes lost", "measured": loss, "target": "under 1 min (R46, R63)"}


def test_a_region_that_is_gone_is_told_how_it_follows_again_and_no_news():
    plan = {**REGION, "kind": "leads", "to": "west", "old": "", "gone": ("east",)}
    told = tell_of_regions(plan, {**REGION_OUTCOME, "answering": ["db9"], "declared": True})
    assert told["verdict"] == "west leads with db9, as before"
    assert told["next"][0] == "when east is back: the same command without region_is_gone lets it follow"
    assert not [line for line in told["next"] if line.startswith("no answer")]


DECLARE = "write state: active to west in topology.yml, and state: standby to the others"


@pytest.mark.parametrize("kind", ["planned", "unplanned", "leads"])
@pytest.mark.parametrize(
    ("declared", "said"), [({"declared": True}, []), ({"declared": False}, [DECLARE]), ({}, [DECLARE])]
)
def test_what_the_declaration_does_not_say_yet_is_told(kind, declared, said):
    """Also of a region that led already: an earlier run may have died before its report."""
    found = tell_of_regions({**REGION, "kind": kind}, {**REGION_OUTCOME, **declared})["next"]
    assert [entry for entry in found if "topology.yml" in entry] == said


def test_what_only_a_superseded_region_had_has_a_section_of_its_own():
    plan = {**REGION, "kind": "leads", "old": "", "returns": ("east",)}
    kept = {"db2": KEPT, "db1": {**KEPT, "rows": {}, "deleted": 0}, "db3": {"transactions": 0}}
    outcome = {
        "led": {"leader": "db9", "seconds": 0.4},
        "kept": kept,
        "answering": ["db1", "db2", "db9"],
        "declared": True,
    }
    told = tell_of_regions(plan, outcome)
    assert (told["verdict"], told["figures"]) == ("west leads with db9, as before; let back: east", [])
    assert told["sections"][2] == {
        "heading": "What only the other region had, and is kept aside",
        "lines": [
            "db1: 3 transactions, committed from 2026-11-26 02:59:59.100000 UTC to 2026-11-26 03:00:07.200000 UTC; no "
            "rows, 0 rows deleted; in /var/lib/postgresql/kept/00000005-0-5F3A1C8",
            "db2: 3 transactions, committed from 2026-11-26 02:59:59.100000 UTC to 2026-11-26 03:00:07.200000 UTC; 3 "
            "rows of app.public.log, 12 rows of app.public.records, 2 rows deleted; in "
            "/var/lib/postgresql/kept/00000005-0-5F3A1C8",
        ],
    }
    assert told["next"] == [
        "look at what only the other region had: each line under 'What only the other region had, and is kept aside' "
        "names a folder"
    ]


@pytest.mark.parametrize("kept", [{}, {"db1": {"transactions": 0}}, {"db1": {}}])
def test_where_nothing_is_kept_aside_there_is_nothing_to_look_at(kept):
    told = tell_of_regions(REGION, {**REGION_OUTCOME, "kept": kept})
    assert [section["heading"] for section in told["sections"]] == ["The plan", "What was proved"]
    assert [entry for entry in told["next"] if entry.startswith("look at")] == []


def test_what_cannot_be_listed_is_told_where_all_of_the_data_was_put_aside():
    told = tell_of_regions(REGION, {**REGION_OUTCOME, "kept": {"db1": {"msg": "pg_waldump failed: no such file"}}})
    assert (
        "what only db1 had could not be listed (pg_waldump failed: no such file): its data was put aside there as a "
        "whole"
    ) in told["next"]


def test_a_region_that_returned_and_leads_again_is_told():
    plan = {**REGION, "kind": "planned", "to": "east", "old": "west", "returns": ("east", "north")}
    assert tell_of_regions(plan, REGION_OUTCOME)["verdict"] == (
        "east leads with db9, instead of west; let back: east, north"
    )


def test_what_was_warmed_and_what_was_not_is_told():
    cache = {"here": True, "saved": {"copied": 1204, "left": 7}, "loaded": {"copied": 1204}}
    outcome = {**REGION_OUTCOME, "fenced": {}, "yielded": {"seconds": 3.1, "position": "0/5F3A1C8"}, "cache": cache}
    told = tell_of_regions({**REGION, "kind": "planned"}, outcome)
    assert told["sections"][1]["lines"] == [
        "east stopped writing at 0/5F3A1C8, and west had replayed that",
        "exactly one server takes writes, in west, and it committed one",
        "1204 keys of the cache of east were carried over",
        "https://a.b/health answers",
    ]
    assert told["next"][0] == (
        "7 keys of the cache of east that are used less were not carried over: failover_warm_seconds and "
        "failover_warm_bytes bound how much is"
    )


def test_where_nobody_leads_that_is_told():
    told = tell_of_regions(REGION, {**REGION_OUTCOME, "led": {}})
    assert (told["verdict"], told["figures"]) == ("west does not lead", [])


def test_where_the_region_led_already_little_is_told():
    plan = {**REGION, "kind": "leads", "old": ""}
    outcome = {"led": {"leader": "db9", "seconds": 0.4}, "answering": ["db1", "db2", "db9"], "declared": True}
    told = tell_of_regions(plan, outcome)
    assert (told["verdict"], told["figures"], told["next"]) == ("west leads with db9, as before", [], [])


def test_what_is_left_to_do_in_the_regions_is_told():
    endpoints = [{"url": "https://a.b/health", "healthy": False, "error": "status 503, not 200"}]
    outcome = {
        **REGION_OUTCOME,
        "site": {"endpoints": endpoints},
        "dns": "none",
        "grown": 2,
        "answering": ["db1"],
        "backup": False,
    }
    told = tell_of_regions({**REGION, "kind": "planned"}, outcome)
    assert told["next"] == [
        NO_ANSWER,
        "dns_provider is not set: lead the names of the site to west by hand",
        "failover_scale_command ended with status 2: let west grow by hand",
        "no answer of db2, in east: `patronictl list` there says more",
        "no answer of db9, in west: `patronictl list` there says more",
        "write state: active to west in topology.yml, and state: standby to the others",
        "no backup was begun: run playbooks/backup.yml",
    ]
    assert [figure["name"] for figure in told["figures"]] == ["writes lost", "from then until a server of west leads"]


@pytest.mark.parametrize(
    ("kind", "answering", "said"),
    [
        ("unplanned", ["db9"], []),
        ("unplanned", [], ["no answer of db9, in west: `patronictl list` there says more"]),
        ("planned", ["db9"], ["no answer of db1, db2, in east: `patronictl list` there says more"]),
        ("leads", ["db1", "db9"], ["no answer of db2, in east: `patronictl list` there says more"]),
    ],
)
def test_that_hosts_of_a_lost_region_do_not_answer_is_no_news(kind, answering, said):
    found = tell_of_regions({**REGION, "kind": kind}, {**REGION_OUTCOME, "answering": answering})["next"]
    assert [entry for entry in found if "patronictl" in entry] == said
