# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The plan of a failover is about one region, which is named or which leads; what cannot be meant is refused."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.filter.failover import (
    failover_host,
    failover_plan,
    failover_report,
    switchover_plan,
)


def plan_of(hosts, **request):
    return failover_plan(hosts, {"scope": "database", **request})


def store(leader, **config):
    return {"leader": leader, "lease": 9, "revision": 5, "initialize": "7", "config": config or None}


def host(name, region, **seen):
    return {"name": name, "region": region, "seen": {"patroni": "active", **seen}}


EAST = host("db1", "east", store=store("db1"), server={"in_recovery": False, "position": "0/1", "timeline": 1})
WEST = host("db9", "west", store=store("db9", standby_cluster={"host": "db1"}), server={"in_recovery": True})


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


def test_a_region_can_be_named():
    assert plan_of([EAST, WEST], region="west")["members"] == ["db9"]


def test_objections_are_told_with_what_overrules_them():
    silent = {"name": "db1", "region": "east", "unreached": "timed out"}
    (objection,) = plan_of([silent, WEST])["objections"]
    assert objection["reason"].startswith("the cluster store does not answer (no database host answered)")
    assert objection["overrule"] == ""


@pytest.mark.parametrize(
    ("hosts", "request_", "refusal"),
    [
        ([EAST, WEST], {"scope": ""}, "scope is not set: use -e scope=database"),
        ([EAST, WEST], {"region": "north"}, "region is 'north', where no database host is: use east or west"),
        ([EAST, WEST], {"unfenced": "maybe"}, "unfenced is 'maybe': use wait or refuse"),
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
    ],
)
def test_what_cannot_be_meant_is_refused(hosts, request_, refusal):
    assert plan_of(hosts, **request_) == {"refusal": refusal, "shown": []}


def test_a_host_tells_what_was_seen_or_why_nothing_was():
    known = {"inventory_hostname": "db1", "platform_region": "east"}
    assert failover_host({**known, "__failover_seen": {"store": {}}}) == {
        "name": "db1",
        "region": "east",
        "seen": {"store": {}},
    }
    message = "Task failed: Data could not be sent. Make sure that: Connection timed out during banner exchange\r\n"
    for seen, reason in (
        ({"unreachable": True, "msg": message}, "Connection timed out during banner exchange"),
        ({}, "it was not asked"),
    ):
        assert failover_host({**known, "__failover_seen": seen})["unreached"] == reason


def test_a_switchover_is_about_the_region_that_leads_too():
    plan = switchover_plan([EAST, WEST], {"candidate": "db1"})
    assert (plan["kind"], plan["region"], plan["shown"][-1]) == (
        "nothing",
        "east",
        "leads next nothing is to be done: db1 leads already",
    )
    assert switchover_plan([EAST, WEST])["objections"][0]["reason"].startswith("no synchronous standby can take over")
    refused = switchover_plan([EAST, WEST], {"region": "north"})
    assert refused["refusal"] == "region is 'north', where no database host is: use east or west"


def test_a_report_is_about_the_plan():
    plan = plan_of([EAST, WEST])
    assert failover_report(plan, {"answering": ["db1"]})["verdict"] == "db1 leads, as before"
