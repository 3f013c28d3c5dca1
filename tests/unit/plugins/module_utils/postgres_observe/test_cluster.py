"""A cluster's state is put together from answers, and from what is left of them when members are down."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.cluster import (
    CLUSTER,
    HISTORY,
    PATRONI,
    SQL,
    Answer,
    describe,
)

NAMES = ["db1", "db2", "db3"]
LISTED = {
    "scope": "us-east-1",
    "members": [
        {"name": "db1", "role": "leader", "state": "running", "timeline": 2},
        {"name": "db2", "role": "quorum_standby", "state": "streaming", "timeline": 2, "lag": 0},
        {"name": "db3", "role": "replica", "state": "streaming", "timeline": 2, "lag": 0},
    ],
}
PRIMARY = {
    "state": "running",
    "role": "primary",
    "server_version": 150020,
    "timeline": 2,
    "xlog": {"location": 0x5000000},
    "replication": [{"application_name": "db2", "state": "streaming", "sync_state": "quorum"}],
    "database_system_identifier": "7000000000000000001",
    "patroni": {"version": "4.1.5", "scope": "us-east-1", "name": "db1"},
}
STANDBY = {
    "state": "running",
    "role": "replica",
    "server_version": 150020,
    "timeline": 2,
    "xlog": {"received_location": 0x5000000, "replayed_location": 0x4FFFF00, "paused": False},
    "database_system_identifier": "7000000000000000001",
    "replication_state": "streaming",
    "patroni": {"version": "4.1.5", "scope": "us-east-1", "name": "db2"},
}
HISTORY_ANSWER = [[1, 0x3000060, "no recovery target specified", "2026-11-23T08:00:00+00:00", "db1"]]
PRIMARY_SQL = {
    "in_recovery": False,
    "server_version": 150020,
    "system_identifier": "7000000000000000001",
    "data_checksums": True,
    "archive_mode": "on",
    "synchronous_standby_names": 'ANY 1 ("db2")',
    "timeline": 2,
    "written": "0/5000100",
    "received": None,
    "replayed": None,
    "replay_paused": None,
    "since_replay": None,
    "replication": [
        {"application_name": "db2", "state": "streaming", "sync_state": "quorum", "replay_lag": 0.0021},
        {"application_name": "db3", "state": "catchup", "sync_state": "async", "replay_lag": 12.3456},
    ],
    "slots": [
        {"name": "db2", "type": "physical", "active": True, "restart_lsn": "0/5000000", "wal_status": "reserved"},
        {"name": "old", "type": "physical", "active": False, "restart_lsn": None, "wal_status": None},
    ],
    "archiver": {
        "archived_count": 9,
        "last_archived_wal": "000000020000000000000004",
        "since_archived": 20.0,
        "failed_count": 0,
        "last_failed_wal": None,
        "since_failed": None,
    },
}
STANDBY_SQL = {
    **PRIMARY_SQL,
    "in_recovery": True,
    "written": None,
    "received": "0/5000100",
    "replayed": "0/5000080",
    "replay_paused": False,
    "since_replay": 30.0,
    "replication": None,
    "slots": None,
}


def answers(without=(), **by_question):
    """Answers of a healthy cluster; those of members in ``without`` are missing."""
    found = []
    for name in NAMES:
        values = {PATRONI: PRIMARY if name == "db1" else STANDBY, CLUSTER: LISTED, HISTORY: HISTORY_ANSWER}
        values[SQL] = PRIMARY_SQL if name == "db1" else STANDBY_SQL
        values.update(by_question)
        for question, value in copy.deepcopy(values).items():
            error = "no answer within 5 s" if name in without else ""
            found.append(Answer(name, question, None if error else value, error))
    return found


def pick(state, *keys):
    return {member["name"]: tuple(member[key] for key in keys) for member in state["members"]}


def test_a_healthy_cluster():
    state = describe(NAMES, answers())
    assert (state["scope"], state["leader"], state["paused"], state["timeline"]) == ("us-east-1", "db1", False, 2)
    assert state["history"] == [
        {
            "timeline": 1,
            "end": "0/3000060",
            "reason": "no recovery target specified",
            "at": "2026-11-23T08:00:00+00:00",
            "leader": "db1",
        }
    ]
    assert state["system_identifiers"] == ["7000000000000000001"]
    assert state["missing"] == []
    assert state["synchronous_standby_names"] == 'ANY 1 ("db2")'
    assert pick(state, "role", "state", "replication", "sync_state") == {
        "db1": ("leader", "running", "", ""),
        "db2": ("quorum_standby", "running", "streaming", "quorum"),
        "db3": ("replica", "running", "catchup", "async"),
    }
    assert pick(state, "written", "received", "replayed", "lag_bytes", "lag_seconds") == {
        "db1": ("0/5000100", None, None, 0, 0.0),
        "db2": (None, "0/5000100", "0/5000080", 0x80, 0.002),
        "db3": (None, "0/5000100", "0/5000080", 0x80, 12.346),
    }


def test_a_member_in_full():
    assert describe(NAMES, answers())["members"][1] == {
        "name": "db2",
        "declared": True,
        "known_to_patroni": True,
        "role": "quorum_standby",
        "answered": True,
        "state": "running",
        "replication": "streaming",
        "timeline": 2,
        "system_identifier": "7000000000000000001",
        "server_version": 150020,
        "data_checksums": True,
        "patroni_version": "4.1.5",
        "pending_restart": False,
        "tags": {},
        "written": None,
        "received": "0/5000100",
        "replayed": "0/5000080",
        "replay_paused": False,
        "lag_bytes": 128,
        "lag_seconds": 0.002,
        "sync_state": "quorum",
    }


def test_slots_say_how_much_they_hold_back():
    assert [(slot["member"], slot["name"], slot["retained_bytes"]) for slot in describe(NAMES, answers())["slots"]] == [
        ("db1", "db2", 0x100),
        ("db1", "old", None),
    ]


def test_without_sql_patroni_s_answers_are_used():
    state = describe(NAMES, [answer for answer in answers() if answer.question != SQL])
    assert pick(state, "written", "received", "replayed", "lag_bytes", "lag_seconds") == {
        "db1": ("0/5000000", None, None, 0, 0.0),
        "db2": (None, "0/5000000", "0/4FFFF00", 0x100, None),
        "db3": (None, "0/5000000", "0/4FFFF00", 0x100, None),
    }
    assert pick(state, "sync_state")["db2"] == ("quorum",)
    assert (state["slots"], state["archive"], state["missing"]) == ([], None, [])


def test_with_the_leader_down_the_rest_is_told():
    state = describe(NAMES, answers(without=["db1"]))
    assert (state["leader"], state["timeline"], state["lag_against"]) == ("db1", 2, "db3")
    assert pick(state, "answered", "role", "state", "lag_bytes") == {
        "db1": (False, "leader", "unknown", None),
        "db2": (True, "quorum_standby", "running", 0x80),
        "db3": (True, "replica", "running", 0),
    }
    assert state["missing"] == [
        {"member": "db1", "question": question, "reason": "no answer within 5 s"}
        for question in (PATRONI, CLUSTER, HISTORY, SQL)
    ]


def test_with_everybody_down_nothing_is_invented():
    state = describe(NAMES, answers(without=NAMES))
    assert (state["leader"], state["timeline"], state["history"], state["lag_against"]) == ("", None, [], "")
    assert pick(state, "known_to_patroni", "role", "state", "timeline", "lag_bytes", "lag_seconds") == dict.fromkeys(
        NAMES, (None, "unknown", "unknown", None, None, None)
    )
    assert len(state["missing"]) == 12


def test_a_member_that_patroni_alone_knows_and_one_that_it_does_not():
    state = describe(["db1", "db9"], [answer for answer in answers() if answer.member == "db1"])
    assert pick(state, "declared", "known_to_patroni") == {
        "db1": (True, True),
        "db9": (True, False),
        "db2": (False, True),
        "db3": (False, True),
    }


def test_members_of_two_clusters_are_seen():
    strange = {**STANDBY, "database_system_identifier": "7000000000000000009"}
    found = [answer for answer in answers() if answer.question != SQL]
    found = [Answer("db3", PATRONI, strange) if (a.member, a.question) == ("db3", PATRONI) else a for a in found]
    assert describe(NAMES, found)["system_identifiers"] == ["7000000000000000001", "7000000000000000009"]


def test_a_paused_standby_cluster():
    listed = {
        "scope": "us-west-2",
        "pause": True,
        "members": [{"name": "db1", "role": "standby_leader", "state": "streaming", "timeline": 2}],
    }
    state = describe(["db1"], [Answer("db1", CLUSTER, listed), Answer("db1", PATRONI, {**STANDBY, "tags": {"x": 1}})])
    assert (state["leader"], state["paused"], state["scope"]) == ("db1", True, "us-west-2")
    assert pick(state, "role", "replication", "tags", "lag_bytes") == {
        "db1": ("standby_leader", "streaming", {"x": 1}, 0)
    }


@pytest.mark.parametrize(
    ("mode", "since_archived", "since_failed", "state"),
    [
        ("off", None, None, "off"),
        ("on", None, None, "waiting"),
        ("on", 20.0, None, "working"),
        ("on", 20.0, 30.0, "working"),
        ("on", 20.0, 10.0, "failing"),
        ("always", None, 10.0, "failing"),
    ],
)
def test_the_archive_s_state(mode, since_archived, since_failed, state):
    archiver = {**PRIMARY_SQL["archiver"], "since_archived": since_archived, "since_failed": since_failed}
    answer = {**PRIMARY_SQL, "archive_mode": mode, "archiver": archiver}
    archive = describe(["db1"], [Answer("db1", SQL, answer)])["archive"]
    assert archive == {"state": state, "mode": mode, **archiver}
