# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan of a failover is about one region, which is named or which leads; what cannot be meant is refused."""

from __future__ import annotations

import time

import pytest

from ansible_collections.freeagentics.platform.plugins.filter.failover import (
    failover_heard,
    failover_host,
    failover_plan,
    failover_report,
    region_plan,
    region_report,
    switchover_plan,
)

#: The moment at which the plans for regions are made.
NOW = 1795662000.0
ADDRESSES = {"db1": "10.0.0.1", "db2": "10.0.0.2", "db9": "10.1.0.9", "db8": "10.1.0.8"}


def plan_of(hosts, **request):
    return failover_plan(hosts, {"scope": "database", **request})


def store(leader, **config):
    return {"leader": leader, "lease": 9, "revision": 5, "initialize": "7", "config": config or None}


def host(name, region, **seen):
    return {"name": name, "region": region, "address": ADDRESSES.get(name, ""), "seen": {"patroni": "active", **seen}}


def gone(name, region):
    return {"name": name, "region": region, "address": ADDRESSES[name], "unreached": "Connection timed out"}


EAST = host("db1", "east", store=store("db1"), server={"in_recovery": False, "position": "0/1", "timeline": 1})
FOLLOWING = host("db1", "east", store=store("db1", standby_cluster={"host": "10.1.0.9"}), server={"in_recovery": True})
WEST = host("db9", "west", store=store("db9", standby_cluster={"host": "10.0.0.1"}), server={"in_recovery": True})


def test_the_region_that_leads_is_meant():
    plan = plan_of([EAST, WEST])
    assert (plan["refusal"], plan["region"], plan["members"]) == ("", "east", ["db1"])
    assert (plan["kind"], plan["leader"], plan["acts"], plan["stops"]) == ("nothing", "db1", [], [])
    assert plan["parts"] == [["db1", "proves"]]
    assert plan["shown"][-1] == "leads next nothing is to be done: db1 leads and takes writes"


def test_each_host_has_its_part():
    """db1 hangs, db4 was stopped by an earlier run, db5 takes writes without the lease."""
    keys = {
        **store("db1"),
        "sync": {"leader": "db1", "sync_standby": "db2,db3", "quorum": 1},
        "history": [[1, 50, "", "2026-11-26T03:00:00+00:00", "db1"]],
    }
    control, history = {"identifier": "7", "timeline": 2}, "1\t0/32\tno recovery target specified\n"
    standby = {"in_recovery": True, "position": "0/64", "timeline": 2}
    members = {name: {"role": "replica", "state": "running"} for name in ("db2", "db3")}
    shared = {"store": keys, "control": control, "history": history, "members": members}
    hosts = [
        host("db1", "east", process="T", **shared),
        host("db2", "east", server=standby, **shared),
        host("db3", "east", server=standby, **shared),
        host("db4", "east", **{**shared, "patroni": "inactive", "fenced": True}),
        host("db5", "east", server={**standby, "in_recovery": False}, **shared),
        WEST,
    ]
    plan = plan_of(hosts, power=True)
    assert (plan["kind"], plan["fence"], plan["switched"]) == ("failover", "host", 1795662000.0)
    assert (plan["stops"], plan["power"], plan["acts"]) == (["db1", "db5", "db4"], [], ["db2"])
    assert plan["proves"] == ["db2", "db3"]


def held(name, keys):
    """A host that a run stopped, and did not let back."""
    return host(name, "east", store=keys, patroni="inactive", fenced=True, control={"identifier": "7", "timeline": 1})


def test_who_was_stopped_and_is_let_back_proves_that_it_leads():
    keys = {**store("db1"), "sync": {"leader": "db1", "sync_standby": "db2", "quorum": 0}}
    plan = plan_of([held("db1", keys), gone("db2", "east"), WEST])
    assert (plan["kind"], plan["returns"], plan["acts"], plan["proves"]) == ("return", ["db1"], ["db1"], ["db1"])
    assert (plan["stops"], plan["power"], plan["objections"]) == ([], [], [])


@pytest.mark.parametrize(
    ("west", "kind"),
    [
        (WEST, "return"),
        # It leads: by a later failover, by the same one, by an earlier one.
        (host("db9", "west", store=store("db9", region_epoch=3), server={"in_recovery": False}), "failover"),
        (host("db9", "west", store=store("db9", region_epoch=2), server={"in_recovery": False}), "failover"),
        (host("db9", "west", store=store("db9", region_epoch=1), server={"in_recovery": False}), "return"),
        # Nobody tells by which, and it takes writes, or this region's host sees that.
        (host("db9", "west", store={"error": "timed out"}, server={"in_recovery": False}), "failover"),
        (host("db9", "west", store={"error": "timed out"}, server={"in_recovery": True}), "return"),
        ({**gone("db9", "west"), "seen_here": {"role": "primary", "state": "running"}}, "failover"),
        ({**gone("db9", "west"), "seen_here": {"role": "standby_leader", "state": "running"}}, "return"),
        # Nobody sees it: its hosts' own guards decide.
        (gone("db9", "west"), "return"),
    ],
)
def test_nobody_is_let_back_where_another_region_is_seen_to_lead(west, kind):
    keys = {**store("db1", region_epoch=2), "sync": {"leader": "db1", "sync_standby": "db2", "quorum": 0}}
    stopped = held("db1", keys)
    stopped["seen"]["members"] = {"db9": west.get("seen_here") or {}}
    assert plan_of([stopped, gone("db2", "east"), west], region="east")["kind"] == kind


def test_a_region_can_be_named():
    assert plan_of([EAST, WEST], region="west")["members"] == ["db9"]


def test_objections_are_told_with_what_overrules_them():
    silent = {"name": "db1", "region": "east", "unreached": "timed out"}
    assert plan_of([silent, WEST])["objections"] == [
        {
            "reason": "the cluster store does not answer (no database host answered), so nobody can be made to lead. "
            "Bring a majority of its members back first; docs/failover.md, The cluster store, says how",
            "overrule": "",
        }
    ]
    seen = {"server": {"in_recovery": True, "position": "0/1", "timeline": 1}, "control": {"identifier": "7"}}
    standby = host("db2", "east", store={**store("db1"), "sync": {"sync_standby": "db2"}}, **seen)
    assert plan_of([gone("db1", "east"), standby, WEST], unfenced="refuse")["objections"] == [
        {
            "reason": "nothing proves that db1 cannot write: its host does not answer, and no failover_fence_command "
            "is set that takes its power",
            "overrule": "-e unfenced=wait, which waits until its lease has run out",
        }
    ]


@pytest.mark.parametrize(
    ("hosts", "request_", "refusal"),
    [
        ([EAST, WEST], {"scope": ""}, "scope is not set: use -e scope=database or -e scope=region"),
        (
            [EAST, WEST],
            {"scope": "zone"},
            "scope is zone: use -e scope=database or -e scope=region",
        ),
        ([EAST, WEST], {"region": "north"}, "region is 'north', where no database host is: use east or west"),
        ([EAST, WEST], {"unfenced": "maybe"}, "unfenced is 'maybe': use wait or refuse"),
        ([EAST, WEST], {"unknown_loss": "maybe"}, "unknown_loss is 'maybe': use true or false"),
        # The region's own members alone are meant.
        ([EAST, WEST], {"old_primary": "dbl"}, "old_primary is 'dbl': use -e old_primary=db1"),
        ([EAST, WEST], {"without": "db1,db9"}, "without is 'db9': use -e without=db1"),
        (
            [EAST, WEST],
            {"lost_bytes": "all"},
            "lost_bytes is 'all': write how many bytes may be lost, such as -e lost_bytes=65536",
        ),
        (
            [EAST, {"name": "db9", "region": "west", "unreached": "timed out"}],
            {},
            "which region's database is meant cannot be seen, as east and west may lead: say so with -e region=east. "
            "db9: timed out",
        ),
        # The run of a failover of a region died before the other one led.
        (
            [FOLLOWING, WEST],
            {},
            "which region's database is meant cannot be seen, as none may lead: say so with -e region=east",
        ),
        (
            [gone("db1", "east"), gone("db9", "west")],
            {},
            "which region's database is meant cannot be seen, as east and west may lead: say so with -e region=east. "
            "db1: Connection timed out; db9: Connection timed out",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(hosts, request_, refusal):
    assert plan_of(hosts, **request_) == {"refusal": refusal, "shown": []}


def test_a_host_tells_what_was_seen_or_why_nothing_was():
    known = {"inventory_hostname": "db1", "platform_region": "east", "platform_address": "10.0.0.1"}
    assert failover_host({**known, "__failover_seen": {"store": {}}}) == {
        "name": "db1",
        "region": "east",
        "address": "10.0.0.1",
        "seen": {"store": {}},
    }
    message = "Task failed: Data could not be sent. Make sure that: Connection timed out during banner exchange\r\n"
    for seen, reason in (
        ({"unreachable": True, "msg": message}, "Connection timed out during banner exchange"),
        ({}, "it was not asked"),
    ):
        assert failover_host({**known, "__failover_seen": seen})["unreached"] == reason


def test_a_member_that_does_not_answer_is_heard_by_others():
    """Its own view of itself counts as well; who got an error, or no answer, heard nobody."""

    def sees(name, **members):
        return host(name, "east", members=members)

    hosts = [
        {"name": "db1", "region": "east", "unreached": "Connection timed out"},
        sees("db2", db1={"role": "primary"}, db3={"error": "timed out"}),
        sees("db3", db1={"role": "primary"}, db3={"role": "replica"}),
        sees("db4", db1={}),
    ]
    assert failover_heard(hosts, "db1") == ["db2", "db3"]
    assert failover_heard(iter(hosts), "db3") == ["db3"]
    assert failover_heard(hosts, "db4") == []


def test_a_switchover_is_about_the_region_that_leads_too():
    plan = switchover_plan([EAST, WEST], {"candidate": "db1"})
    assert (plan["kind"], plan["region"], plan["shown"][-1]) == (
        "nothing",
        "east",
        "leads next nothing is to be done: db1 leads already",
    )
    assert switchover_plan([EAST, WEST])["objections"] == [
        {
            "reason": "no synchronous standby can take over (there is no other member); synchronous are: none. Name "
            "one of them with -e candidate, or bring one back",
            "overrule": "",
        }
    ]
    refused = switchover_plan([EAST, WEST], {"region": "north"})
    assert refused["refusal"] == "region is 'north', where no database host is: use east or west"


def test_in_a_switchover_the_one_that_leads_acts_and_nobody_is_stopped():
    keys_ = {**store("db1"), "sync": {"leader": "db1", "sync_standby": "db2"}}
    shared = {"store": keys_, "control": {"identifier": "7", "timeline": 1}}
    leads = host("db1", "east", server={"in_recovery": False, "position": "0/1", "timeline": 1}, **shared)
    follows = host("db2", "east", server={"in_recovery": True, "position": "0/1", "timeline": 1}, **shared)
    plan = switchover_plan([leads, follows, WEST])
    assert (plan["kind"], plan["candidate"], plan["objections"]) == ("switchover", "db2", [])
    assert plan["parts"] == [["db1", "leads"], ["db1", "proves"], ["db2", "proves"]]


def test_a_report_is_about_the_plan():
    plan = plan_of([EAST, WEST])
    assert failover_report(plan, {"answering": ["db1"]})["verdict"] == "db1 leads, as before"


# Regions


def keys(leader, **config):
    """What a region's cluster store has."""
    return {"leader": leader, "lease": 9, "revision": 5, "initialize": "7", "config": {"ttl": 20, **config}}


def server(recovery, position="0/3E8", **more):
    return {"in_recovery": recovery, "position": position, "timeline": 1, **more}


def database(name, region, store, server, **more):
    return host(name, region, store=store, server=server, control={"identifier": "7", "timeline": 1}, **more)


FOLLOWS_EAST = keys("db9", standby_cluster={"host": "10.0.0.1,10.0.0.2"})
DB1 = database("db1", "east", keys("db1"), server(False))
DB2 = database("db2", "east", keys("db1"), server(True))
DB9 = database("db9", "west", FOLLOWS_EAST, server(True, replayed_at=NOW - 5))
DB8 = database("db8", "west", FOLLOWS_EAST, server(True))
#: The west took over by a first failover of a region.
LED = database("db9", "west", keys("db9", region_epoch=1), server(False))
LOST = [gone("db1", "east"), gone("db2", "east")]


def regions_of(*hosts, to="west", **request):
    return region_plan(hosts, {"to": to, **request}, NOW)


def test_a_region_hands_over_to_another_one():
    plan = regions_of(DB1, DB2, DB9, DB8)
    assert (plan["refusal"], plan["kind"], plan["to"], plan["old"]) == ("", "planned", "west", "east")
    assert (plan["epoch"], plan["leader"], plan["others"], plan["objections"]) == (1, "db1", ["east"], [])
    assert plan["members"] == {"east": ["db1", "db2"], "west": ["db9", "db8"]}
    assert plan["parts"] == [
        ["db1", "yields"],
        ["db9", "leads"],
        ["db1", "proves"],
        ["db2", "proves"],
        ["db9", "proves"],
        ["db8", "proves"],
    ]
    assert plan["shown"] == [
        "regions    east: leads",
        "           west: follows east",
        "found      db1: takes writes; timeline 1, log up to 0/3E8",
        "           db2: standby; timeline 1, log up to 0/3E8",
        "           db9: standby; timeline 1, log up to 0/3E8",
        "           db8: standby; timeline 1, log up to 0/3E8",
        "leads next west instead of east, planned",
        "lost       nothing: east stops writing, and west has all of its log before it may lead",
        "steps      1. let east stop writing and follow west",
        "           2. wait until west has all of the log of east, and let it lead",
        "           3. lead the names of the site to west",
        "           4. prove it: one server takes writes",
        "           5. carry over the keys that the cache of east has in use",
        "           6. let west grow to its full size, where a command for that is set",
        "           7. take a full backup, and see that the site answers through its public name",
    ]


def test_each_host_has_its_part_where_a_region_is_lost():
    """db1 does not answer, db2 does and its server does not."""
    down = database("db2", "east", {"error": "timed out"}, {})
    plan = regions_of(gone("db1", "east"), down, DB9, power=True)
    assert (plan["kind"], plan["leader"], plan["objections"]) == ("unplanned", "", [])
    assert (plan["stops"], plan["power"], plan["yields"], plan["leads"]) == (["db2"], ["db1"], [], ["db9"])
    assert (plan["keeps"], plan["returns"], plan["back"]) == ([], (), [])
    assert (plan["releases"], plan["proves"]) == ([], ["db9"])
    assert plan["parts"] == [["db2", "stops"], ["db1", "power"], ["db9", "leads"], ["db9", "proves"]]
    assert plan["loss"] == "what east acknowledged after 2026-11-26 02:59:55.000Z, 5 s ago"


def test_a_region_that_was_superseded_keeps_aside_what_only_it_has():
    plan = regions_of(DB1, DB2, LED)
    assert (plan["kind"], plan["old"], plan["leader"], plan["others"]) == ("leads", "", "db9", ["east"])
    assert (plan["stops"], plan["keeps"]) == (["db1", "db2"], ["db1", "db2"])
    assert (plan["returns"], plan["back"]) == (("east",), ["db1"])
    assert [part for name, part in plan["parts"] if name == "db1"] == ["stops", "keeps", "back", "releases", "proves"]
    assert (plan["releases"], plan["yields"], plan["leads"]) == (["db1", "db2"], [], ["db9"])
    assert plan["proves"] == ["db1", "db2", "db9"]


def test_a_region_that_was_superseded_can_lead_again():
    plan = regions_of(DB1, gone("db2", "east"), LED, to="east")
    assert (plan["kind"], plan["old"], plan["epoch"], plan["leader"]) == ("planned", "west", 2, "db9")
    assert (plan["stops"], plan["keeps"], plan["returns"], plan["back"]) == (["db1"], ["db1"], ("east",), ["db1"])
    assert (plan["yields"], plan["leads"], plan["proves"]) == (["db9"], ["db1"], ["db1", "db9"])


def test_whoever_answers_acts_where_the_leader_does_not():
    plan = regions_of(gone("db1", "east"), DB2, LED, to="east", without="db1")
    assert (plan["returns"], plan["back"], plan["leads"], plan["objections"]) == (("east",), ["db2"], ["db2"], [])


def test_where_no_host_of_the_region_answers_nobody_lets_it_lead():
    plan = regions_of(DB1, gone("db9", "west"))
    assert plan["leads"] == []
    assert plan["objections"] == [
        {
            "reason": "the cluster store does not answer (no database host answered), so nobody can be made to lead. "
            "Bring a majority of its members back first; docs/failover.md, The cluster store, says how",
            "overrule": "",
        }
    ]


def test_hosts_of_the_other_region_see_whether_a_region_is_alive():
    witness = {**DB9, "seen": {**DB9["seen"], "members": {"db1": {"role": "primary", "state": "running"}}}}
    plan = regions_of(*LOST, witness, power=True)
    assert plan["objections"] == [
        {
            "reason": "east is alive: db9 sees that db1 leads there, although its host does not answer here. Bring the "
            "way to its hosts back, and it hands over without a loss",
            "overrule": "-e region_is_gone=east, which gives up everything that it acknowledges from now on",
        }
    ]
    assert (
        "against it east is alive: db9 sees that db1 leads there, although its host does not answer here. Bring the "
        "way to its hosts back, and it hands over without a loss [overrule with -e region_is_gone=east, which gives up "
        "everything that it acknowledges from now on]"
    ) in plan["shown"]


def test_whoever_is_seen_to_write_beside_the_region_that_leads_is_told():
    witness = {**LED, "seen": {**LED["seen"], "members": {"db1": {"role": "primary", "state": "running"}}}}
    plan = regions_of(*LOST, witness)
    assert (plan["kind"], plan["old"], plan["leader"]) == ("leads", "", "db9")
    assert plan["objections"] == [
        {
            "reason": "db9 sees that db1 of east takes writes, and nobody tells by which failover: bring the way to "
            "its hosts back",
            "overrule": "-e region_is_gone=east, which gives up everything that it acknowledges",
        }
    ]
    assert regions_of(*LOST, witness, region_is_gone="east")["objections"] == []


@pytest.mark.parametrize(("to", "leader"), [("west", "db9"), ("east", "db1")])
def test_of_two_regions_that_lead_by_the_same_failover_none_is_changed(to, leader):
    east = database("db1", "east", keys("db1", region_epoch=1), server(False))
    plan = regions_of(east, DB2, LED, to=to, region_is_gone="east,west", power=True)
    assert (plan["refusal"], plan["kind"], plan["old"], plan["leader"]) == ("", "undecided", "", leader)
    changed = ("stops", "power", "keeps", "returns", "back", "releases", "yields", "steps")
    assert [name for name in changed if plan[name]] == []
    assert plan["objections"] == [
        {
            "reason": "east and west both lead, by the same failover, so nobody can tell which of them is right: "
            "decide it, and write a higher number there with `patronictl edit-config -s region_epoch=NUMBER`; the "
            "guard stops the other one",
            "overrule": "",
        }
    ]
    assert "leads next nobody can tell" in plan["shown"]


def test_a_region_goes_on_from_where_it_was_once_the_one_that_superseded_it_is_gone():
    """The one that took over is dead, and another host of its region tells that it led."""
    west = [gone("db9", "west"), database("db8", "west", keys("db9", region_epoch=1), {})]
    assert regions_of(DB1, DB2, *west, to="east")["objections"] == [
        {
            "reason": "east was superseded by west, which is lost: what west acknowledged since then is not in east. "
            "Bring west back",
            "overrule": "-e region_is_gone=west, which gives that up",
        },
        {
            "reason": "nothing proves that west cannot write: db9 does not answer, and no failover_fence_command is "
            "set that takes power",
            "overrule": "-e region_is_gone=west, which gives up everything that it acknowledges from now on",
        },
    ]
    plan = regions_of(DB1, DB2, *west, to="east", region_is_gone="west")
    assert (plan["kind"], plan["old"], plan["epoch"], plan["objections"]) == ("unplanned", "west", 3, [])
    assert plan["alone"] is True
    assert (plan["stops"], plan["keeps"], plan["returns"], plan["releases"]) == (["db8"], [], (), [])
    assert (plan["leads"], plan["proves"]) == (["db1"], ["db1", "db2"])


def test_a_platform_with_one_region_has_a_plan():
    plan = regions_of(DB1, DB2, to="east")
    assert (plan["kind"], plan["old"], plan["others"], plan["objections"]) == ("leads", "", [], [])


def test_since_when_the_region_leads_is_known_from_its_store():
    history = [[1, 50, "", "2026-11-26T03:00:00+00:00", "db9"]]
    led = database("db9", "west", {**keys("db9", region_epoch=1), "history": history}, server(False))
    assert regions_of(DB1, led)["switched"] == 1795662000.0
    assert regions_of(DB1, LED)["switched"] == 0


def test_regions_that_are_gone_are_named_with_commas():
    (objection,) = regions_of(*LOST, DB9)["objections"]
    assert objection["overrule"] == (
        "-e region_is_gone=east, which gives up everything that it acknowledges from now on"
    )
    for names in ("east", "east,west", "east,"):
        assert regions_of(*LOST, DB9, region_is_gone=names)["objections"] == []


def test_the_moment_is_the_present_one_where_none_is_given():
    began = time.time()
    fresh = database("db9", "west", FOLLOWS_EAST, server(True, replayed_at=began))
    assert region_plan([*LOST, fresh], {"to": "west"})["loss"].endswith((" 0 s ago", " 1 s ago"))


@pytest.mark.parametrize(
    ("request_", "refusal"),
    [
        (None, "to is not set: use -e to=east or -e to=west"),
        ({}, "to is not set: use -e to=east or -e to=west"),
        ({"to": ""}, "to is not set: use -e to=east or -e to=west"),
        ({"to": "north"}, "to is 'north': use -e to=east or -e to=west"),
        (
            {"to": "west", "region_is_gone": "true"},
            "region_is_gone is 'true': use -e region_is_gone=east or -e region_is_gone=west",
        ),
        (
            {"to": "west", "region_is_gone": "east,north"},
            "region_is_gone is 'north': use -e region_is_gone=east or -e region_is_gone=west",
        ),
        ({"to": "west", "without": "db1,west"}, "without is 'west': use -e without=db1 or -e without=db9"),
        (
            {"to": "west", "fresh_copy": "true"},
            "fresh_copy is 'true': use -e fresh_copy=east or -e fresh_copy=west",
        ),
    ],
)
def test_a_region_that_is_none_is_refused(request_, refusal):
    assert region_plan([DB1, DB9], request_) == {"refusal": refusal, "shown": []}


NAMES = {
    "provider": "rfc2136",
    "providers": ["none", "rfc2136"],
    "host": "dns1",
    "needs": {"collection": "freeagentics.platform", "library": "dnspython", "given": {"dns_server": True}},
    "seen": {"rc": 0},
}
BY_HAND = "-e dns_provider=none, which leaves it to you to lead the names there"


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        ({}, ""),
        ({"needs": {}, "provider": "none", "seen": {"changed": False, "skipped": True}}, ""),
        (
            {"needs": {**NAMES["needs"], "given": {"dns_server": False}}},
            "dns_server is empty, and rfc2136 changes no names without it: set it in group_vars/all of the inventory",
        ),
        *(
            (
                {"needs": {**NAMES["needs"], "collection": name}},
                f"the collection {name} is not installed on the control host, and rfc2136 changes no names without "
                f"it: `ansible-galaxy collection install {name}`",
            )
            for name in ("nobody.nothing", "freeagentics.nothing")
        ),
        *(
            (
                {"seen": seen},
                f"dns1, which changes the names, does not answer ({why}): bring it back, or name another host with -e "
                "failover_dns_host",
            )
            for seen, why in (
                (
                    {"unreachable": True, "msg": "ssh: connect to host 192.0.2.53 port 22: Connection timed out\n"},
                    "Connection timed out",
                ),
                ({"failed": True, "msg": "Timed out after 10 second(s)."}, "Timed out after 10 second(s)."),
                (None, "it was not asked"),
            )
        ),
    ],
)
def test_what_keeps_the_names_from_being_led_stands_against_the_plan(names, reason):
    """It would show only once the other region leads."""
    plan = regions_of(DB1, DB2, DB9, DB8, names={**NAMES, **names})
    against = [{"reason": reason, "overrule": BY_HAND}] if reason else []
    assert plan["objections"] == against
    shown = [f"against it {reason} [overrule with {BY_HAND}]"] if reason else []
    assert [line for line in plan["shown"] if line.startswith("against it")] == shown


def test_it_stands_beside_what_else_does():
    reasons = [one["reason"] for one in regions_of(*LOST, DB9, names={**NAMES, "provider": "bind"})["objections"]]
    assert reasons == [
        "nothing proves that east cannot write: db1, db2 do not answer, and no failover_fence_command is set that "
        "takes power",
        "dns_provider is 'bind': use none or rfc2136, in group_vars/all of the inventory",
    ]


def test_a_report_about_regions_is_about_the_plan():
    plan = regions_of(DB1, DB9)
    told = region_report(plan, {"led": {"leader": "db9", "seconds": 4.5}, "answering": ["db1", "db9"]})
    assert told["verdict"] == "west leads with db9, instead of east"
    assert told["sections"][0] == {"heading": "The plan", "lines": plan["shown"]}


@pytest.mark.parametrize(
    ("to", "verdict"),
    [
        ("west", "west leads with db9, as before; let back: east"),
        ("east", "east leads with db1, instead of west; let back: east"),
    ],
)
def test_a_report_names_the_regions_that_were_let_back(to, verdict):
    led = {"leader": "db9" if to == "west" else "db1", "seconds": 4.5}
    assert region_report(regions_of(DB1, DB2, LED, to=to), {"led": led})["verdict"] == verdict
