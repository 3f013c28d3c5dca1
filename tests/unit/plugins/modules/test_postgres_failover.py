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

    def run(
        holder="db1",
        made_at=77,
        role="primary",
        state="running",
        standbys="db2,db3",
        quorum=1,
        status='{"optime": 1}',
        changed_hands=False,
        mode="quorum",
        later=(),
        **changes,
    ):
        pair = {
            "key": coded("/service/here/leader"),
            "value": coded(holder),
            "create_revision": str(made_at),
            "lease": "5",
        }
        voters = {"leader": "db1", "sync_standby": standbys, "quorum": quorum}
        kept = {"sync": voters, "config": {"synchronous_mode": mode}}
        pairs = [
            {"key": coded(f"/service/here/{name}"), "value": coded(json.dumps(value)), "create_revision": "9"}
            for name, value in kept.items()
        ]
        kept_as_text = {"status": status, "failsafe": json.dumps({"db1": "https://a", "db2": "https://b"})}
        pairs += [
            {"key": coded(f"/service/here/{name}"), "value": coded(value), "create_revision": "9"}
            for name, value in kept_as_text.items()
        ]
        answer = (200, json.dumps({"kvs": [*pairs, *([pair] if holder else [])]}))
        # Who holds the lease is asked twice, and then it is waited for.
        api.answers["/v3/kv/range"] = [answer, answer, (200, json.dumps({"kvs": later}))] if later else answer
        api.answers["/v3/kv/txn"] = (200, json.dumps({"succeeded": not changed_hands}))
        said = {"role": role, "state": state, "xlog": {"received_location": 1000, "replayed_location": 990}}
        api.answers["/patroni"] = (200, json.dumps(said))
        arguments = {
            "scope": "here",
            "members": [{"name": name, "host": "127.0.0.1", "rest_port": api.port} for name in ("db1", "db2", "db3")],
            "store": [{"address": "127.0.0.1", "port": api.port}],
            "ca_file": api.ca_file,
            "lease_id": 5,
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
        "database hosts say why, and this can be run again"
    )
    first, second = sent(api, "/v3/kv/txn")
    names = ("leader", "members/db1", "failsafe", "status")
    key, member, failsafe, status = (coded(f"/service/here/{name}") for name in names)
    # The others see first that the member has gone, and are woken to look; then they elect without asking it.
    assert first["success"] == [
        {"request_delete_range": {"key": member}},
        {"request_put": {"key": failsafe, "value": coded('{"db2": "https://b"}')}},
        {"request_put": {"key": status, "value": coded('{"optime": 1} ')}},
    ]
    assert second["success"] == [{"request_delete_range": {"key": key}}]
    for transaction in (first, second):
        assert transaction["compare"] == [
            {"key": key, "target": "CREATE", "result": "EQUAL", "create_revision": "77"},
            {"key": key, "target": "VALUE", "result": "EQUAL", "value": coded("db1")},
            {"key": key, "target": "LEASE", "result": "EQUAL", "lease": "5"},
        ]


def test_a_lease_that_has_changed_hands_meanwhile_stays(fail_over, api):
    fail_over(old="db1", revision=77, changed_hands=True)
    (transaction,) = sent(api, "/v3/kv/txn")
    assert {"request_delete_range": {"key": coded("/service/here/leader")}} not in transaction["success"]


def test_a_status_that_ends_with_a_blank_loses_it(fail_over, api):
    """It was written by a run that died."""
    fail_over(old="db1", revision=77, status='{"optime": 1} ')
    put = {"key": coded("/service/here/status"), "value": coded('{"optime": 1}')}
    assert {"request_put": put} in sent(api, "/v3/kv/txn")[0]["success"]


@pytest.mark.parametrize("changes", [{"revision": 76}, {"revision": 77, "lease_id": 6}, {"revision": 0}])
def test_a_later_lease_of_the_same_member_stays(fail_over, api, changes):
    assert fail_over(old="db1", **changes)["failed"]
    assert sent(api, "/v3/kv/txn") == []


def named(api):
    """Return the transactions that name a candidate."""
    put = {"key": coded("/service/here/failover"), "value": coded('{"member": "db2"}')}
    return [one for one in sent(api, "/v3/kv/txn") if {"request_put": put} in one["success"]]


def test_a_candidate_is_named_in_the_same_transaction(fail_over, api):
    fail_over(old="db1", revision=77, candidate="db2")
    assert len(named(api)[0]["success"]) == 2


def test_where_the_lease_has_run_out_the_candidate_is_named_alone(fail_over, api):
    fail_over(holder="", old="db1", revision=0, candidate="db2")
    transaction = named(api)[0]
    assert transaction["compare"][0]["create_revision"] == "0"
    assert len(transaction["success"]) == 1


def test_a_candidate_that_has_less_than_others_by_now_is_refused(fail_over, api):
    api_of = {"name": "db3", "host": "127.0.0.1", "rest_port": 1}
    members = [{"name": name, "host": "127.0.0.1", "rest_port": api.port} for name in ("db1", "db2")]
    done = fail_over(old="db1", revision=77, candidate="db2", members=[*members, api_of])
    assert done["msg"] == (
        "the lease was not taken away: too few of db2, db3 answer to know what was acknowledged. Run this again, it "
        "makes a new plan"
    )
    assert sent(api, "/v3/kv/txn") == []
    fail_over(old="db1", revision=77, candidate="db2", members=[*members, api_of], forced=True)
    assert named(api)


@pytest.mark.parametrize("forced", [False, True])
def test_a_candidate_that_does_not_answer_any_more_is_refused(fail_over, api, forced):
    members = [{"name": name, "host": "127.0.0.1", "rest_port": api.port} for name in ("db1", "db3")]
    members.append({"name": "db2", "host": "127.0.0.1", "rest_port": 1})
    done = fail_over(old="db1", revision=77, candidate="db2", members=members, forced=forced)
    assert bool(named(api)) is forced
    if not forced:
        assert done["msg"] == (
            "the lease was not taken away: db2 does not answer any more. Run this again, it makes a new plan"
        )


def test_where_no_old_primary_is_known_it_has_no_name(fail_over, api):
    done = fail_over(holder="", old="", candidate="db2", standbys=None, quorum=0)
    assert done["msg"] == (
        "the lease was not taken away: no standby was synchronous any more: the old primary may have acknowledged what "
        "nobody else has. Run this again, it makes a new plan"
    )
    assert sent(api, "/v3/kv/txn") == []


def test_that_the_lease_was_taken_away_is_told_where_nobody_can_be_elected_after_that(fail_over, api):
    """Patroni dropped the standbys at the last moment, and nobody holds the lease now."""
    values = {"sync": {"leader": "db1", "sync_standby": None}, "config": {"synchronous_mode": "quorum"}}
    later = [
        {"key": coded(f"/service/here/{name}"), "value": coded(json.dumps(value)), "create_revision": "9"}
        for name, value in values.items()
    ]
    done = fail_over(old="db1", revision=77, later=later)
    assert (done["released"], done["msg"]) == (
        True,
        "the lease was taken away: no standby was synchronous any more: db1 may have acknowledged what nobody else "
        "has. Run this again, it makes a new plan",
    )


@pytest.mark.parametrize(
    ("sync", "said"),
    [
        # Patroni went on without standbys before the primary was lost.
        (
            {"standbys": None, "quorum": 0},
            "no standby was synchronous any more: db1 may have acknowledged what nobody else has",
        ),
        # The one that commits waited for is silent, and the candidate was none.
        ({"standbys": "db3", "quorum": 0}, "too few of db3 answer to know what was acknowledged"),
    ],
)
def test_a_candidate_that_was_no_synchronous_standby_by_then_is_refused(fail_over, api, sync, said):
    members = [{"name": name, "host": "127.0.0.1", "rest_port": api.port} for name in ("db1", "db2")]
    members.append({"name": "db3", "host": "127.0.0.1", "rest_port": 1})
    done = fail_over(old="db1", revision=77, candidate="db2", members=members, **sync)
    assert done["msg"] == f"the lease was not taken away: {said}. Run this again, it makes a new plan"
    assert sent(api, "/v3/kv/txn") == []


def test_a_candidate_that_was_no_synchronous_standby_has_as_much_as_the_one_that_was(fail_over, api):
    fail_over(old="db1", revision=77, candidate="db2", standbys="db3", quorum=0)
    assert named(api)


@pytest.mark.parametrize("mode", ["quorum", None])
def test_a_candidate_may_lack_no_more_than_the_operator_accepted(fail_over, api, other_api, mode):
    ahead = {"role": "replica", "state": "running", "xlog": {"received_location": 1500, "replayed_location": 1500}}
    other_api.answers["/patroni"] = (200, json.dumps(ahead))
    members = [{"name": name, "host": "127.0.0.1", "rest_port": api.port} for name in ("db1", "db2")]
    members.append({"name": "db3", "host": "127.0.0.1", "rest_port": other_api.port})
    wanted = {"old": "db1", "revision": 77, "candidate": "db2", "members": members, "mode": mode}
    done = fail_over(**wanted, lost_bytes=499)
    assert done["msg"] == (
        "the lease was not taken away: db2 has 500 bytes less than db3 by now. Run this again, it makes a new plan"
    )
    assert sent(api, "/v3/kv/txn") == []
    fail_over(**wanted, lost_bytes=500)
    assert named(api)


def test_a_candidate_whose_log_was_compared_needs_no_synchronous_standby(fail_over, api):
    fail_over(old="db1", revision=77, candidate="db2", standbys=None, quorum=0, compared=True)
    assert named(api)


def test_where_nobody_was_synchronous_the_ends_of_the_logs_are_told(fail_over):
    """So that the old primary's own log can be asked what is behind them."""
    done = fail_over(old="db1", revision=77, candidate="db2", standbys=None, quorum=0)
    assert done["ends"] == {"db2": "0/3E8", "db3": "0/3E8"}
    # Where somebody else was the last one that wrote, its log does not tell.
    assert fail_over(holder="", old="", candidate="db2", standbys=None, quorum=0)["ends"] == {}


def test_where_the_lease_has_gone_and_no_standby_was_synchronous_nobody_is_waited_for(fail_over):
    done = fail_over(holder="", old="db1", revision=77, standbys=None, quorum=0, timeout=30)
    assert done["msg"] == (
        "the lease was not taken away: no standby was synchronous any more: db1 may have acknowledged what nobody else "
        "has. Run this again, it makes a new plan"
    )


@pytest.mark.parametrize("changes", [{"old": "db2"}, {"old": ""}, {"old": "db1", "standbys": "db3"}])
def test_a_member_that_was_synchronous_is_waited_for(fail_over, changes):
    done = fail_over(holder="", revision=77, **{"standbys": None, "quorum": 0, **changes})
    assert done["msg"] == (
        "no member leads 0.3 s after the lease was to run out. `patronictl list` and `journalctl -u patroni` on the "
        "database hosts say why, and this can be run again"
    )


def test_another_leader_than_the_one_that_was_asked_for_is_no_success(fail_over):
    done = fail_over(holder="db3", old="db1", revision=77, candidate="db2")
    assert done["msg"] == "db3 leads, and not db2: playbooks/switchover.yml moves the lead"


def test_where_another_member_leads_already_nothing_is_changed(fail_over, api):
    done = fail_over(holder="db2", old="db1", revision=77)
    assert (done["changed"], done["leader"], done["released"]) == (False, "db2", False)
    assert sent(api, "/v3/kv/txn") == []


@pytest.mark.parametrize(("role", "state"), [("replica", "running"), ("primary", "starting")])
def test_who_has_the_lease_and_does_not_lead_yet_is_waited_for(fail_over, role, state):
    assert fail_over(holder="db2", old="db1", role=role, state=state)["failed"]


def test_a_store_that_is_away_changes_nothing(fail_over, api):
    done = fail_over(old="db1", store=[{"address": "127.0.0.1", "port": 1}])
    assert done["msg"] == (
        "the cluster store does not answer: https://127.0.0.1:1/v3/kv/range: [Errno 111] Connection refused. Run this "
        "again, it looks at what is there"
    )
    assert sent(api, "/v3/kv/txn") == []


def test_check_mode_tells_and_does_nothing(fail_over, api):
    done = fail_over(old="db1", revision=77, check_mode=True)
    assert (done["changed"], done["leader"], done["released"]) == (True, "db1", False)
    assert sent(api, "/v3/kv/txn") == []
