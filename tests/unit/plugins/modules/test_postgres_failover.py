# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lease is taken away only if it is the one that was looked at, and another member has to lead by its own word."""

from __future__ import annotations

import base64
import json

import pytest


def coded(text):
    return base64.b64encode(text.encode()).decode()


@pytest.fixture
def fail_over(run_module, api):
    """Run the module against a store in which a member holds the lease, which every member's Patroni agrees with."""

    def run(holder="db1", made_at=77, role="primary", state="running", **changes):
        pair = {"key": coded("/service/here/leader"), "value": coded(holder), "create_revision": str(made_at)}
        api.answers["/v3/kv/range"] = (200, json.dumps({"kvs": [pair]} if holder else {}))
        api.answers["/v3/kv/txn"] = (200, '{"succeeded": true}')
        api.answers["/v3/kv/put"] = (200, "{}")
        api.answers["/patroni"] = (200, json.dumps({"role": role, "state": state}))
        arguments = {
            "scope": "here",
            "members": [{"name": name, "host": "127.0.0.1", "rest_port": api.port} for name in ("db1", "db2")],
            "store": [{"address": "127.0.0.1", "port": api.port}],
            "ca_file": api.ca_file,
            "timeout": 0.3,
        }
        return run_module("postgres_failover", **{**arguments, **changes})

    return run


def sent(api, path):
    return [json.loads(request[3]) for request in api.requests if request[1] == path]


def test_the_lease_that_was_looked_at_is_taken_away(fail_over, api):
    done = fail_over(old="db1", revision=77)
    # The stand-in still says that db1 leads, so nobody else does.
    assert done["failed"]
    assert done["msg"] == (
        "no member leads 0.3 s after the lease was taken away. `patronictl list` and `journalctl -u patroni` on the "
        "database hosts say why; nothing was lost, and this can be run again"
    )
    (transaction,) = sent(api, "/v3/kv/txn")
    key = coded("/service/here/leader")
    member = coded("/service/here/members/db1")
    assert transaction["success"] == [{"request_delete_range": {"key": one}} for one in (key, member)]
    assert transaction["compare"] == [
        {"key": key, "target": "CREATE", "result": "EQUAL", "create_revision": "77"},
        {"key": key, "target": "VALUE", "result": "EQUAL", "value": coded("db1")},
    ]
    assert sent(api, "/v3/kv/put") == []


def test_a_later_lease_of_the_same_member_stays(fail_over, api):
    assert fail_over(old="db1", revision=76)["failed"]
    assert sent(api, "/v3/kv/txn") == []


def test_a_candidate_is_named_before_the_lease_is_gone(fail_over, api):
    fail_over(old="db1", revision=77, candidate="db2")
    paths = [request[1] for request in api.requests]
    assert paths.index("/v3/kv/put") < paths.index("/v3/kv/txn")
    (put,) = sent(api, "/v3/kv/put")
    assert put == {"key": coded("/service/here/failover"), "value": coded('{"member": "db2"}')}


def test_where_another_member_leads_already_nothing_is_changed(fail_over, api):
    done = fail_over(holder="db2", old="db1", revision=77)
    assert (done["changed"], done["leader"], done["released"]) == (False, "db2", False)
    assert sent(api, "/v3/kv/txn") == []


@pytest.mark.parametrize(("role", "state"), [("replica", "running"), ("primary", "starting")])
def test_who_has_the_lease_and_does_not_lead_yet_is_waited_for(fail_over, role, state):
    assert fail_over(holder="db2", old="db1", role=role, state=state)["failed"]


def test_a_store_that_is_away_changes_nothing(fail_over, api):
    done = fail_over(old="db1", store=[{"address": "127.0.0.1", "port": 1}])
    assert done["msg"].startswith(
        "the cluster store does not answer, nothing was changed: https://127.0.0.1:1/v3/kv/range"
    )


def test_check_mode_tells_and_does_nothing(fail_over, api):
    done = fail_over(old="db1", revision=77, check_mode=True)
    assert (done["changed"], done["leader"], done["released"]) == (True, "db1", False)
    assert sent(api, "/v3/kv/txn") == []
