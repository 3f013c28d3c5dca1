# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module waits for a member, tells why it is not ready, and restarts it when it is its turn."""

from __future__ import annotations

import json

import pytest

LEADER = {"name": "db1", "role": "leader", "state": "running"}
STANDBY = {"name": "db2", "role": "quorum_standby", "state": "streaming", "lag": 0}
OF_REPLICA = {"state": "running", "replication_state": "streaming"}


@pytest.fixture
def ready(run_module, api):
    """Run the module as db2, a replica."""
    api.answers["/cluster"] = (200, json.dumps({"members": [LEADER, STANDBY]}))
    api.answers["/patroni"] = (200, json.dumps(OF_REPLICA))

    def run(**changes):
        arguments = {"name": "db2", "members": ["db1", "db2"], "address": "127.0.0.1", "port": api.port}
        arguments.update(ca_file=api.ca_file, unit="patroni-of-the-tests.service", timeout=1)
        return run_module("patroni_ready", **{**arguments, **changes})

    return run


def posted(api):
    return [(path, json.loads(body)) for method, path, _headers, body in api.requests if method == "POST"]


def test_a_replica_that_streams_is_ready(ready, tmp_path):
    (tmp_path / "mark").touch()
    done = ready(mark=str(tmp_path / "mark"))
    assert (done["changed"], done["role"], done["restart_needed"]) == (False, "quorum_standby", "nothing")
    assert not (tmp_path / "mark").exists()


def test_a_member_that_is_not_ready_is_named_with_the_reason(ready, api):
    api.answers["/patroni"] = (200, json.dumps({"state": "running"}))
    done = ready(timeout=0)
    assert done["msg"].startswith(
        "db2 is not ready after 0 s: it does not stream from db1: replication is in the state 'nothing'. "
        "The end of its log: "
    )


def test_check_mode_looks_once(ready):
    assert ready(check_mode=True, port=1)["role"] == ""


def test_a_replica_is_restarted_in_its_turn_alone(ready, api):
    waiting = (200, json.dumps({**OF_REPLICA, "pending_restart": True}))
    api.answers["/patroni"] = waiting
    api.answers["POST /restart"] = (200, "restarted successfully")
    assert ready()["restart_needed"] == "server"
    assert ready(restart="leader")["actions"] == []
    assert posted(api) == []
    api.answers["/patroni"] = [waiting, (200, json.dumps(OF_REPLICA))]
    done = ready(restart="replica")
    assert (done["actions"], done["restart_needed"]) == (["restart the server of db2"], "nothing")
    assert posted(api) == [("/restart", {})]


def test_a_replica_stays_while_another_one_is_away(ready, api):
    waiting = {**OF_REPLICA, "pending_restart": True}
    api.answers["/patroni"] = (200, json.dumps(waiting))
    message = ready(restart="replica", members=["db1", "db2", "db3"], timeout=1)["msg"]
    assert message.startswith("db2 is not restarted, because db3 neither leads nor streams. The end of its log: ")
    assert posted(api) == []


def test_a_leader_hands_over_before_its_restart(ready, api):
    waiting = (200, json.dumps({"state": "running", "pending_restart": True}))
    api.answers["/patroni"] = [waiting, (200, json.dumps(OF_REPLICA))]
    after = [{**LEADER, "role": "replica", "state": "streaming"}, {**STANDBY, "role": "leader", "state": "running"}]
    api.answers["/cluster"] = [(200, json.dumps({"members": members})) for members in ([LEADER, STANDBY], after)]
    api.answers["POST /switchover"] = api.answers["POST /restart"] = (200, "done")
    done = ready(name="db1", restart="leader")
    assert done["actions"] == ["switch over from db1", "restart the server of db1"]
    assert posted(api) == [("/switchover", {"leader": "db1"}), ("/restart", {})]


def test_a_leader_with_a_lowered_setting_restarts_in_place(ready, api):
    reason = {"max_connections": {"old_value": "200", "new_value": "100"}}
    waiting = {"state": "running", "pending_restart": True, "pending_restart_reason": reason}
    api.answers["/patroni"] = [(200, json.dumps(waiting)), (200, '{"state": "running"}')]
    api.answers["POST /restart"] = (200, "done")
    assert ready(name="db1", restart="lowered")["actions"] == ["restart the server of db1"]
    assert posted(api) == [("/restart", {})]


def test_a_refused_switchover_is_told(ready, api):
    waiting = {"state": "running", "pending_restart": True}
    api.answers["/patroni"] = (200, json.dumps(waiting))
    api.answers["POST /switchover"] = (412, "candidate is not healthy")
    message = ready(name="db1", restart="leader")["msg"]
    assert message.startswith(
        "db1 refused /switchover: HTTP status 412: candidate is not healthy. The end of its log: "
    )
