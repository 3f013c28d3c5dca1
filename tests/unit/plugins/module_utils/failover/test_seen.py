# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What hosts said becomes what is known of a cluster; nothing is invented where an answer is missing."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.seen import (
    Store,
    fence_mark,
    is_being_promoted,
    leads,
    parse_control,
    read,
)

CONTROL = """\
pg_control version number:            1300
Database system identifier:           7400000000000000001
Database cluster state:               in archive recovery
Latest checkpoint location:           0/3000060
Latest checkpoint's TimeLineID:       2
Minimum recovery ending location:     0/5000000
Min recovery ending loc's timeline:   3
Fake LSN counter for unlogged rels:   0/3E8
"""
STORE = {
    "leader": "db1",
    "lease": 14.2,
    "revision": 77,
    "lease_id": 5,
    "initialize": "7400000000000000001",
    "config": {"ttl": 20, "maximum_lag_on_failover": 4096, "standby_cluster": {"host": "db9"}},
    "status": {"optime": 83886080},
    "sync": {"leader": "db1", "sync_standby": "db3,db2", "quorum": 1},
    "history": [[1, 50331648, "no recovery target specified"]],
    "members": ["db2", "db1"],
}


def test_the_control_file_is_read_and_a_standby_is_on_the_newer_timeline():
    assert parse_control(CONTROL) == {
        "identifier": "7400000000000000001",
        "state": "in archive recovery",
        "checkpoint": "0/3000060",
        "timeline": 3,
        "recovered": "0/5000000",
    }
    assert parse_control("pg_controldata: error: could not open file") == {}


def test_the_store_is_read():
    store = read([{"name": "db1", "seen": {"store": STORE}}]).store
    assert store is not None
    assert (store.leader, store.lease, store.revision, store.position) == ("db1", 14.2, 77, 83886080)
    assert (store.lease_id, store.voters, store.synchronous_mode) == (5, ("db2", "db3"), False)
    assert (store.synchronous, store.quorum, store.synchronous_leader) == (("db2", "db3"), 1, "db1")
    assert (store.ttl, store.maximum_lag, store.follows, store.paused) == (20.0, 4096, "db9", False)
    assert store.history is not None
    assert (store.history.timeline, store.history.end_of(1)) == (2, 50331648)
    assert store.names == ("db1", "db2")


def test_an_empty_store_has_defaults():
    assert read([{"name": "db1", "seen": {"store": {"leader": ""}}}]).store == Store()


def test_the_store_is_known_from_whoever_got_an_answer():
    sight = read(
        [{"name": "db1", "seen": {"store": {"error": "timed out"}}}, {"name": "db2", "seen": {"store": STORE}}]
    )
    assert sight.store is not None
    assert sight.store.leader == "db1"


def test_without_an_answer_of_the_store_the_reasons_are_told():
    sight = read(
        [
            {"name": "db1", "seen": {"store": {"error": "timed out"}}},
            {"name": "db2", "seen": {"store": {"error": "refused"}}},
        ]
    )
    assert (sight.store, sight.store_error) == (None, "refused; timed out")
    assert read([{"name": "db1", "unreached": "no route"}]).store_error == "no database host answered"


def test_a_host_that_answers_is_told_with_what_others_see():
    seen = {
        "patroni": "active",
        "process": "T",
        "control": {"identifier": "77", "state": "in production", "timeline": 1, "checkpoint": "0/3000000"},
        "history": "",
        "server": {},
        "store": STORE,
        "members": {"db2": {"role": "replica", "state": "running"}, "db1": {"error": "timed out"}},
        "fenced": True,
    }
    db1, db2 = read([{"name": "db1", "seen": seen}, {"name": "db2", "unreached": "no route to host"}]).members
    assert (db1.reached, db1.frozen, db1.answers, db1.writable, db1.fenced) == (True, True, False, False, True)
    # After a crash there is more behind the last checkpoint.
    assert (db1.position, db1.exact, db1.history.timeline) == (50331648, False, 1)
    assert (db2.reached, db2.unreached, db2.role, db2.seen_by) == (False, "no route to host", "replica", ("db1",))


def test_a_server_knows_its_own_position_best():
    seen = {
        "control": {"timeline": 1, "checkpoint": "0/9000000", "state": "in production"},
        "server": {"in_recovery": False, "timeline": 2, "position": "0/3000000"},
        "history": "1\t0/2000000\tno recovery target specified\n",
    }
    (db1,) = read([{"name": "db1", "seen": seen}]).members
    assert (db1.position, db1.exact, db1.writable, db1.history.end_of(1)) == (0x3000000, True, True, 0x2000000)


@pytest.mark.parametrize(
    ("server", "moment"),
    [
        ({"in_recovery": True, "replayed_at": 1795662000.25}, 1795662000.25),
        ({"in_recovery": False, "replayed_at": "1795662000.25"}, 1795662000.25),
        ({"in_recovery": True, "replayed_at": None}, None),
        ({"in_recovery": True}, None),
        ({}, None),
    ],
)
def test_a_server_says_when_what_it_replayed_last_was_committed(server, moment):
    (db1,) = read([{"name": "db1", "seen": {"server": server}}]).members
    assert db1.replayed_at == moment


def test_hosts_of_other_regions_are_witnesses_and_no_members():
    east = [{"name": "db1", "unreached": "no route to host"}, {"name": "db2", "seen": {"store": STORE}}]
    views = {"db1": {"role": "primary", "state": "running"}, "db2": {"error": "timed out"}}
    west = [
        {"name": "west-db1", "seen": {"store": {"leader": "west-db1"}, "members": views}},
        {"name": "west-db2", "unreached": "no route to host"},
        {"name": "west-db3", "seen": {"members": {**views, "db1": {"error": "timed out"}}}},
    ]
    sight = read(east, "east", west)
    assert (sight.region, [one.name for one in sight.members]) == ("east", ["db1", "db2"])
    assert sight.store is not None
    assert sight.store.leader == "db1"
    db1, db2 = sight.members
    assert (db1.role, db1.state, db1.seen_by) == ("primary", "running", ("west-db1",))
    assert (db2.role, db2.seen_by) == ("", ())


def test_what_a_witness_has_in_its_own_store_is_nothing_of_the_region():
    west = [{"name": "west-db1", "seen": {"store": STORE}}]
    sight = read([{"name": "db1", "unreached": "no route to host"}], "east", west)
    assert (sight.store, sight.store_error) == (None, "no database host answered")


@pytest.mark.parametrize(
    ("config", "epoch"), [({}, 0), ({"region_epoch": 3}, 3), ({"region_epoch": "3"}, 3), ({"region_epoch": None}, 0)]
)
def test_a_store_says_how_many_failovers_of_a_region_led_there(config, epoch):
    assert Store(config=config).epoch == epoch


@pytest.mark.parametrize(
    ("state", "exact"), [("shut down", True), ("shut down in recovery", False), ("in production", False)]
)
def test_only_the_clean_shutdown_of_a_primary_says_where_the_log_ends(state, exact):
    seen = {"control": {"timeline": 1, "checkpoint": "0/9000000", "state": state}}
    (db1,) = read([{"name": "db1", "seen": seen}]).members
    assert (db1.position, db1.exact) == (0x9000000, exact)


@pytest.mark.parametrize(("mode", "on"), [("quorum", True), (True, True), ("on", True), (False, False), ("off", False)])
def test_synchronous_mode_has_many_spellings(mode, on):
    assert Store(config={"synchronous_mode": mode}).synchronous_mode is on


def test_the_leader_before_holds_acknowledged_writes_too_until_the_key_is_written_anew():
    assert Store(leader="db2", synchronous=("db2", "db3"), synchronous_leader="db1").voters == ("db3", "db1")


def test_the_mark_is_where_a_restart_forgets_it():
    assert fence_mark("patroni.service") == "/run/systemd/system/patroni.service.d/fenced.conf"


@pytest.mark.parametrize(
    ("role", "state", "found"),
    [
        ("primary", "running", True),
        ("standby_leader", "running", True),
        ("primary", "starting", False),
        ("replica", "running", False),
    ],
)
def test_a_member_leads_by_its_own_word(role, state, found):
    assert leads({"role": role, "state": state}) is found


@pytest.mark.parametrize(
    ("name", "config", "server", "found"),
    [
        ("db2", {}, {"in_recovery": True}, True),
        ("db2", {}, {"in_recovery": False}, False),
        ("db2", {}, {}, False),
        ("db1", {}, {"in_recovery": True}, False),
        ("", {}, {"in_recovery": True}, False),
        ("db2", None, {"in_recovery": True}, True),
        ("db2", {"standby_cluster": {"host": "10.0.20.10"}}, {"in_recovery": True}, False),
    ],
    ids=["elected", "leads", "does not answer", "another", "nameless", "no settings yet", "of a region that follows"],
)
def test_a_member_that_was_elected_is_a_standby_for_a_moment(name, config, server, found):
    assert is_being_promoted(name, {"leader": "db2", "config": config}, server) is found
    assert not is_being_promoted("", {"leader": ""}, server)
    assert not is_being_promoted(name, {"error": "nobody answers"}, server)
