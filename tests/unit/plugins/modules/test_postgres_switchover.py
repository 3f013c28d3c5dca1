# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lease is given away only when the server is shut down and a member has its whole log; else Patroni does it."""

from __future__ import annotations

import base64
import json
import struct
import time

import pytest

RUNNING, SHUT_DOWN = 6, 1
END = 0x3000028


def coded(text):
    return base64.b64encode(text.encode()).decode()


@pytest.fixture
def switch(run_module, api, tmp_path):
    """Run the module on the host of db1, which has the lease, with its server in a state; db2 received some log."""

    def run(state=SHUT_DOWN, received=END + 1, holder="db1", answer=(200, "done"), **changes):
        (tmp_path / "global").mkdir(exist_ok=True)
        (tmp_path / "pg_wal" / "archive_status").mkdir(parents=True, exist_ok=True)
        content = struct.pack("=QIIi4xqQ", 7, 1300, 1, state, 0, END)
        (tmp_path / "global" / "pg_control").write_bytes(content)
        pair = {"key": coded("/service/here/leader"), "value": coded(holder), "create_revision": "77"}
        api.answers["/v3/kv/range"] = (200, json.dumps({"kvs": [pair]}))
        api.answers["/v3/kv/txn"] = (200, '{"succeeded": true}')
        api.answers["/switchover"] = answer
        said = {"role": "primary", "state": "running", "xlog": {"received_location": received}}
        api.answers["/patroni"] = (200, json.dumps(said))
        arguments = {
            "name": "db1",
            "revision": 77,
            "members": [{"name": name, "host": "127.0.0.1", "rest_port": api.port} for name in ("db1", "db2")],
            "scope": "here",
            "store": [{"address": "127.0.0.1", "port": api.port}],
            "username": "patroni",
            "password": "very secret",
            "ca_file": api.ca_file,
            "directory": str(tmp_path),
            "socket": str(tmp_path),
            "timeout": 1,
        }
        return run_module("postgres_switchover", **{**arguments, **changes})

    return run


def told(reason):
    return f"db1 did not hand over: {reason}. `patronictl list` and `journalctl -u patroni` there say more"


def sent(api, path):
    return [request for request in api.requests if request[1] == path]


def test_once_it_is_safe_the_lease_is_given_away(switch, api):
    done = switch()
    (transaction,) = sent(api, "/v3/kv/txn")
    assert json.loads(transaction[3])["success"] == [{"request_delete_range": {"key": coded("/service/here/leader")}}]
    assert [json.loads(request[3]) for request in sent(api, "/switchover")] == [{"leader": "db1"}]
    # The stand-in goes on to say that db1 has the lease.
    assert done["msg"] == told("no other member leads 1 s later")
    assert set(done["seconds"]) == {"stopped", "archived", "level"}
    assert "very secret" not in str(done)


@pytest.mark.parametrize(("state", "received"), [(RUNNING, END + 1), (SHUT_DOWN, END), (SHUT_DOWN, 0)])
def test_as_long_as_it_is_not_safe_patroni_keeps_the_lease(switch, api, state, received):
    assert switch(state=state, received=received)["failed"]
    assert sent(api, "/v3/kv/txn") == []


def test_as_long_as_its_log_is_not_archived_patroni_keeps_the_lease(switch, api, tmp_path):
    """Without the lease Patroni kills the server, and with it the one who archives."""
    (tmp_path / "pg_wal" / "archive_status").mkdir(parents=True)
    (tmp_path / "pg_wal" / "archive_status" / "000000010000000000000003.ready").touch()
    assert switch()["failed"]
    assert sent(api, "/v3/kv/txn") == []


def test_that_patroni_does_not_know_yet_is_no_refusal(switch):
    done = switch(answer=(503, "status unknown"))
    assert set(done["seconds"]) == {"stopped", "archived", "level"}
    assert done["msg"] == told("HTTP status 503: status unknown")


def test_a_moment_that_is_far_ahead_is_refused(switch, api):
    done = switch(at=time.time() + 3600)
    assert done["msg"] == "db1 should begin more than 60 s from now: the clocks are apart"
    assert sent(api, "/switchover") == []


def test_a_candidate_is_named(switch, api):
    switch(candidate="db2")
    assert [json.loads(request[3]) for request in sent(api, "/switchover")] == [{"leader": "db1", "candidate": "db2"}]


def test_a_refusal_of_patroni_is_told(switch):
    done = switch(state=RUNNING, answer=(412, "switchover is not possible: no good candidates"))
    assert done["msg"] == told("HTTP status 412: switchover is not possible: no good candidates")


def test_a_patroni_that_does_not_answer_is_told(switch, api):
    members = [{"name": "db1", "host": "127.0.0.1", "rest_port": 1}]
    members.append({"name": "db2", "host": "127.0.0.1", "rest_port": api.port})
    done = switch(state=RUNNING, members=members)
    assert done["msg"] == told("https://127.0.0.1:1/switchover: [Errno 111] Connection refused")


def test_a_store_that_is_away_changes_nothing(switch, api):
    assert switch(store=[{"address": "127.0.0.1", "port": 1}])["msg"] == (
        "the cluster store does not answer: https://127.0.0.1:1/v3/kv/range: [Errno 111] Connection refused. "
        "`patronictl list` says who leads"
    )
    assert sent(api, "/switchover") == []


def test_where_it_leads_no_more_nothing_is_asked(switch, api):
    done = switch(holder="db2")
    assert (done["changed"], done["leader"], done["hastened"]) == (False, "db2", False)
    assert sent(api, "/switchover") == []


def test_another_lease_than_the_one_that_was_looked_at_stays(switch, api):
    switch(revision=76)
    assert sent(api, "/v3/kv/txn") == []


def test_it_begins_when_it_shall(switch):
    begin = time.time()
    switch(state=RUNNING, at=begin + 2, answer=(412, "no"))
    assert time.time() >= begin + 2


def test_check_mode_asks_for_nothing(switch, api):
    assert switch(check_mode=True)["changed"]
    assert sent(api, "/switchover") == []
