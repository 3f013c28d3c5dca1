# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A region's cluster leads or follows by what its settings say, and only once it has what it must have."""

from __future__ import annotations

import base64
import json

import pytest

SOURCE = {"host": "10.1.20.10", "port": 5432, "slot": "us_east_1"}
FOLLOWING = {"host": "10.1.20.10", "port": 5432, "primary_slot_name": "us_east_1"}
SLOT = {"us_west_2": {"type": "physical"}}
#: What the settings have where the cluster leads, and where it follows.
LEADS = {"ttl": 20, "region_epoch": 2, "slots": SLOT}
FOLLOWS = {"ttl": 20, "region_epoch": 1, "standby_cluster": FOLLOWING}


def coded(text):
    return base64.b64encode(text.encode()).decode()


def patroni(role, state="running", timeline=5, **log):
    """What a member's Patroni says, with its positions."""
    positions = {f"{name}location": position for name, position in log.items()}
    return 200, json.dumps({"role": role, "state": state, "timeline": timeline, "xlog": positions})


PRIMARY = patroni("primary", timeline=6, **{"": 1200})
STANDBY_LEADER = patroni("standby_leader", received_=1000, replayed_=990)


@pytest.fixture
def region(run_module, api):
    """Run the module against a cluster with settings, whose members say one thing after the other.

    Members are on the test's server, or nowhere.
    """

    def run(state, config, *said, leader="db1", initialize=None, up=("db1",), down=(), **changes):
        pairs = {"config": json.dumps(config) if config is not None else None, "leader": leader or None}
        pairs["initialize"] = initialize
        kvs = [
            {"key": coded(f"/service/here/{name}"), "value": coded(value), "create_revision": "7"}
            for name, value in pairs.items()
            if value is not None
        ]
        api.answers["/v3/kv/range"] = (200, json.dumps({"kvs": kvs}))
        api.answers.setdefault("/v3/kv/txn", (200, '{"succeeded": true}'))
        api.answers.setdefault("PATCH /config", (200, "{}"))
        api.answers["GET /patroni"] = list(said)
        members = {**dict.fromkeys(up, api.port), **dict.fromkeys(down, 1)}
        arguments = {
            "state": state,
            "scope": "here",
            "members": [{"name": name, "host": "127.0.0.1", "rest_port": port} for name, port in members.items()],
            "store": [{"address": "127.0.0.1", "port": api.port}],
            "ca_file": api.ca_file,
            "username": "patroni",
            "password": "of the drill",
            "slots": ["us_west_2"],
            "timeout": 0.3,
            **({"epoch": 2} if state == "leading" else {"epoch": 1, "source": SOURCE}),
        }
        given = {name: value for name, value in {**arguments, **changes}.items() if value is not None}
        return run_module("postgres_region", **given)

    return run


def sent(api, method, path):
    """Return the bodies of requests."""
    return [json.loads(request[3]) for request in api.requests if request[:2] == (method, path)]


def looks(api):
    return len([request for request in api.requests if request[1] == "/patroni"])


def test_a_cluster_that_leads_is_made_to_follow(region, api):
    config = {**LEADS, "slots": {**SLOT, "debezium": {"type": "logical"}}}
    done = region("following", config, STANDBY_LEADER, epoch=3)
    (patch,) = sent(api, "PATCH", "/config")
    assert patch == {
        "standby_cluster": {**FOLLOWING, "create_replica_methods": ["basebackup"]},
        "region_epoch": 3,
        "slots": {"us_west_2": None},
    }
    assert (done["changed"], done["leader"], done["position"], done["timeline"]) == (True, "db1", "0/3E8", 5)
    assert 0 <= done["seconds"] < 10


def test_settings_are_changed_by_who_may(region, api):
    region("following", LEADS, STANDBY_LEADER)
    (account,) = [request[2].get("Authorization") for request in api.requests if request[0] == "PATCH"]
    assert account == f"Basic {coded('patroni:of the drill')}"


def test_a_cluster_that_follows_is_made_to_lead(region, api):
    done = region("leading", FOLLOWS, PRIMARY)
    assert sent(api, "PATCH", "/config") == [{"standby_cluster": None, "region_epoch": 2, "slots": SLOT}]
    assert (done["changed"], done["leader"], done["position"], done["timeline"]) == (True, "db1", "0/4B0", 6)


@pytest.mark.parametrize(
    ("state", "config", "said", "position"),
    [("leading", LEADS, PRIMARY, "0/4B0"), ("following", FOLLOWS, STANDBY_LEADER, "0/3E8")],
)
def test_where_it_is_so_already_nothing_is_changed(region, api, state, config, said, position):
    done = region(state, config, said)
    assert (done["changed"], done["leader"], done["position"]) == (False, "db1", position)
    assert (sent(api, "PATCH", "/config"), sent(api, "POST", "/v3/kv/txn")) == ([], [])


def test_settings_that_say_so_are_not_enough(region):
    """They were changed by a run that died, and Patroni is at it."""
    assert region("leading", LEADS, STANDBY_LEADER)["failed"]


@pytest.mark.parametrize(
    ("state", "config", "said", "patch"),
    [
        ("leading", {**LEADS, "region_epoch": 1}, PRIMARY, {"region_epoch": 2}),
        ("leading", {**LEADS, "slots": {}}, PRIMARY, {"slots": SLOT}),
        ("leading", {**FOLLOWS, **LEADS, "region_epoch": 9}, PRIMARY, {"standby_cluster": None}),
        ("following", {**FOLLOWS, "region_epoch": 0}, STANDBY_LEADER, {"region_epoch": 1}),
        ("following", {**FOLLOWS, "slots": SLOT}, STANDBY_LEADER, {"slots": {"us_west_2": None}}),
    ],
)
def test_only_what_differs_is_changed(region, api, state, config, said, patch):
    assert region(state, config, said)["changed"]
    assert sent(api, "PATCH", "/config") == [patch]


# Waiting


def test_the_members_are_waited_for(region, api):
    starting = patroni("primary", "starting", **{"": 1000})
    done = region("leading", FOLLOWS, STANDBY_LEADER, starting, PRIMARY, timeout=20)
    assert (done["leader"], looks(api)) == ("db1", 3)


def test_a_member_without_a_log_does_not_lead_yet(region, api):
    region("leading", FOLLOWS, patroni("primary"), PRIMARY, timeout=20)
    assert looks(api) == 2


def test_another_member_that_still_has_the_old_part_is_waited_for(region, api):
    """Whichever of the two says it: the old primary may be neither the leader nor down yet."""
    said = [STANDBY_LEADER, PRIMARY, STANDBY_LEADER, STANDBY_LEADER]
    done = region("following", FOLLOWS, *said, up=("db1", "db2"), timeout=20)
    assert (done["leader"], looks(api)) == ("db1", 4)


def test_the_position_is_that_of_the_member_that_has_most(region):
    """A follower may have received what its leader has not replayed."""
    ahead = patroni("standby_leader", received_=3000, replayed_=990)
    assert region("following", FOLLOWS, ahead)["position"] == "0/BB8"
    assert region("following", FOLLOWS, patroni("standby_leader", replayed_=990))["position"] == "0/3DE"


@pytest.mark.parametrize(
    ("state", "config", "said", "more", "seen"),
    [
        ("leading", LEADS, STANDBY_LEADER, {}, "primary in time (db1 is standby_leader, running; db1 holds the lease)"),
        ("following", FOLLOWS, PRIMARY, {}, "standby_leader in time (db1 is primary, running; db1 holds the lease)"),
        (
            "leading",
            LEADS,
            PRIMARY,
            {"leader": ""},
            "primary in time (db1 is primary, running; nobody holds the lease)",
        ),
        (
            "leading",
            LEADS,
            PRIMARY,
            {"leader": "db9"},
            "primary in time (db1 is primary, running; db9 holds the lease)",
        ),
        (
            "leading",
            LEADS,
            PRIMARY,
            {"up": (), "down": ("db1",)},
            "primary in time (no Patroni answers; db1 holds the lease)",
        ),
        (
            "following",
            FOLLOWS,
            PRIMARY,
            {"up": ("db2", "db1"), "down": ("db3",)},
            "standby_leader in time (db1 is primary, running, db2 is primary, running; db1 holds the lease)",
        ),
    ],
)
def test_members_that_do_not_come_to_it_in_time_are_told(region, state, config, said, more, seen):
    assert region(state, config, said, **more)["msg"] == (
        f"no member is {seen}. `patronictl list` and `journalctl -u patroni` there say more, and this can be run again"
    )


def test_a_number_is_never_counted_down(region, api):
    """A cluster that follows knows it, and counts on from there where nobody can ask the other one any more."""
    done = region("following", {**FOLLOWS, "region_epoch": 5}, STANDBY_LEADER, epoch=4)
    assert (done["changed"], sent(api, "PATCH", "/config")) == (False, [])


def test_where_nothing_runs_yet_nobody_is_waited_for(region, api):
    done = region("following", LEADS, up=("db1",), wait=False)
    assert (done["changed"], done["leader"], done["position"], done["timeline"]) == (True, "", "0/0", 0)
    assert looks(api) == 0


# What it must have replayed


def test_it_leads_once_it_has_replayed_everything(region, api):
    said = [patroni("standby_leader", replayed_=position) for position in (900, 999, 1000)]
    done = region("leading", FOLLOWS, *said, PRIMARY, position="0/3E8", timeout=20)
    assert (done["leader"], looks(api)) == ("db1", 4)
    order = [request[1] for request in api.requests if request[1] in ("/patroni", "/config")]
    assert order == ["/patroni", "/patroni", "/patroni", "/config", "/patroni"]


def test_it_does_not_lead_without_what_it_must_have(region, api):
    behind = patroni("standby_leader", received_=5000, replayed_=900)
    assert region("leading", FOLLOWS, behind, position="0/3E8")["msg"] == (
        "db1 has replayed the log up to 0/384 and lacks 100 bytes up to 0/3E8: it was not made to lead, and nobody "
        "writes. Run this again, or let the other region lead again with -e to"
    )
    assert sent(api, "PATCH", "/config") == []


def test_it_does_not_lead_where_nobody_says_what_it_has(region, api):
    assert region("leading", FOLLOWS, up=(), down=("db1",), position="0/3E8")["msg"] == (
        "no member is standby_leader in time (no Patroni answers; db1 holds the lease). `patronictl list` and "
        "`journalctl -u patroni` there say more, and this can be run again"
    )
    assert sent(api, "POST", "/v3/kv/txn") == []


@pytest.mark.parametrize("position", ["nowhere", "0/3E8 ", "1000"])
def test_a_position_that_is_none_is_told(region, api, position):
    done = region("leading", FOLLOWS, STANDBY_LEADER, position=position)
    assert (done["failed"], done["msg"]) == (
        True,
        f"{position!r} is no position in the log; one looks like 0/3000060",
    )
    assert {request[1] for request in api.requests} == {"/v3/kv/range"}


def test_one_that_leads_already_is_not_asked_for_its_position(region):
    assert region("leading", LEADS, PRIMARY, position="F/0")["leader"] == "db1"


# Where Patroni does not answer


def test_the_leader_is_asked_first_and_any_other_member_after_it(region, api):
    region("following", LEADS, STANDBY_LEADER, leader="db2", up=("db1",), down=("db2",))
    assert len(sent(api, "PATCH", "/config")) == 1
    assert sent(api, "POST", "/v3/kv/txn") == []


def test_without_any_patroni_the_settings_are_written_into_the_store(region, api):
    done = region("following", LEADS, up=(), down=("db1", "db2"), wait=False)
    assert done["changed"]
    (transaction,) = sent(api, "POST", "/v3/kv/txn")
    key = coded("/service/here/config")
    assert transaction["compare"] == [
        {"key": key, "target": "CREATE", "result": "EQUAL", "create_revision": "7"},
        {"key": key, "target": "VALUE", "result": "EQUAL", "value": coded(json.dumps(LEADS))},
        {"key": key, "target": "LEASE", "result": "EQUAL", "lease": "0"},
    ]
    (put,) = transaction["success"]
    assert put["request_put"]["key"] == key
    assert json.loads(base64.b64decode(put["request_put"]["value"])) == {
        "ttl": 20,
        "region_epoch": 2,
        "slots": {},
        "standby_cluster": {**FOLLOWING, "create_replica_methods": ["basebackup"]},
    }


def test_settings_that_somebody_else_changes_at_this_moment_stay(region, api):
    api.answers["/v3/kv/txn"] = (200, "{}")
    done = region("following", LEADS, up=(), down=("db1",), wait=False)
    assert done["msg"] == "somebody else changed the settings at this moment; run this again"


def test_a_patroni_that_refuses_is_not_gone_round(region, api):
    api.answers["PATCH /config"] = (401, "no auth header received")
    assert region("following", LEADS, STANDBY_LEADER)["msg"] == (
        "Patroni on db1 did not change the settings: HTTP status 401: no auth header received"
    )
    assert sent(api, "POST", "/v3/kv/txn") == []


def test_a_cluster_without_settings_was_never_initialised(region):
    assert region("following", None, up=(), down=("db1",), leader="")["msg"] == (
        "the cluster has no settings in its store: was it ever initialised?"
    )


def test_a_store_that_is_away_changes_nothing(region, api):
    done = region("following", LEADS, STANDBY_LEADER, store=[{"address": "127.0.0.1", "port": 1}])
    assert done["msg"] == (
        "the cluster store does not answer: https://127.0.0.1:1/v3/kv/range: [Errno 111] Connection refused. Run this "
        "again, it looks at what is there"
    )
    assert sent(api, "PATCH", "/config") == []


# Where it is copied anew


def deleted(api):
    """Return what is removed from the store, with what is compared before it."""
    return [
        (transaction["compare"], transaction["success"])
        for transaction in sent(api, "POST", "/v3/kv/txn")
        if any("request_delete_range" in one for one in transaction["success"])
    ]


@pytest.mark.parametrize("identifier", ["7712636949877045939", ""])
def test_the_store_forgets_whose_data_the_cluster_had(region, api, identifier):
    """Only if it is still the one that was seen; it is empty where somebody died who initialised it."""
    done = region("following", FOLLOWS, initialize=identifier, up=(), down=("db1", "db2"), wait=False, anew=True)
    assert (done["changed"], done["leader"], done["position"]) == (True, "", "0/0")
    key = coded("/service/here/initialize")
    compare = [
        {"key": key, "target": "CREATE", "result": "EQUAL", "create_revision": "7"},
        {"key": key, "target": "VALUE", "result": "EQUAL", "value": coded(identifier)},
        {"key": key, "target": "LEASE", "result": "EQUAL", "lease": "0"},
    ]
    assert deleted(api) == [(compare, [{"request_delete_range": {"key": key}}])]
    assert len(sent(api, "POST", "/v3/kv/txn")) == 1


def test_settings_are_changed_beside_what_is_forgotten(region, api):
    assert region("following", LEADS, initialize="7", up=(), down=("db1",), wait=False, anew=True)["changed"]
    delete, put = (sorted(one) for (one,) in (body["success"] for body in sent(api, "POST", "/v3/kv/txn")))
    assert (put, delete) == (["request_put"], ["request_delete_range"])


@pytest.mark.parametrize(("config", "changed"), [(FOLLOWS, False), (LEADS, True)])
def test_where_the_store_knows_of_no_data_nothing_is_forgotten(region, api, config, changed):
    done = region("following", config, up=(), down=("db1",), wait=False, anew=True)
    assert (done["changed"], deleted(api)) == (changed, [])


@pytest.mark.parametrize(
    ("up", "down", "who"), [(("db1",), ("db2",), "db1"), (("db2",), ("db1",), "db2"), (("db2", "db1"), (), "db1, db2")]
)
@pytest.mark.parametrize("said", [PRIMARY, (503, json.dumps({"role": "replica", "state": "stopped"}))])
def test_nothing_is_forgotten_while_a_patroni_answers(region, api, up, down, who, said):
    done = region("following", FOLLOWS, said, initialize="7", up=up, down=down, wait=False, anew=True)
    assert (done["failed"], done["msg"]) == (
        True,
        f"Patroni runs on {who}: stop it before its cluster is copied anew",
    )
    assert deleted(api) == []


def test_a_cluster_that_somebody_initialises_at_this_moment_is_not_forgotten(region, api):
    api.answers["/v3/kv/txn"] = (200, "{}")
    done = region("following", FOLLOWS, initialize="7", up=(), down=("db1",), wait=False, anew=True)
    assert (done["failed"], done["msg"]) == (
        True,
        "somebody initialises the cluster at this moment; run this again",
    )


def test_without_a_word_of_it_nothing_is_forgotten(region, api):
    done = region("following", FOLLOWS, initialize="7", up=(), down=("db1",), wait=False)
    assert (done["changed"], deleted(api)) == (False, [])


def test_check_mode_forgets_nothing(region, api):
    region("following", FOLLOWS, initialize="7", up=(), down=("db1",), wait=False, anew=True, check_mode=True)
    assert {request[1] for request in api.requests} == {"/v3/kv/range"}


# Check mode, and what is asked for


@pytest.mark.parametrize(
    ("state", "config", "changed"),
    [("following", LEADS, True), ("following", FOLLOWS, False), ("leading", FOLLOWS, True), ("leading", LEADS, False)],
)
def test_check_mode_tells_and_neither_changes_nor_waits(region, api, state, config, changed):
    done = region(state, config, check_mode=True, position="F/0" if state == "leading" else "")
    assert (done["changed"], done["leader"]) == (changed, "")
    assert {request[1] for request in api.requests} == {"/v3/kv/range"}


def test_the_settings_that_change_are_shown(region):
    diff = region("leading", FOLLOWS, check_mode=True)["diff"]
    assert json.loads(diff["before"]) == FOLLOWS
    assert json.loads(diff["after"]) == LEADS


@pytest.mark.parametrize(
    ("state", "changes", "message"),
    [
        ("leading", {"epoch": None}, "missing required arguments: epoch"),
        ("following", {"epoch": None}, "missing required arguments: epoch"),
        ("following", {"source": None}, "state is following but all of the following are missing: source"),
    ],
)
def test_what_a_state_needs_is_asked_for(region, state, changes, message):
    assert region(state, LEADS, **changes)["msg"] == message
