# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The store forgets which data a cluster had, never its settings, and nothing while somebody leads."""

from __future__ import annotations

import base64
import json

import pytest

LEADS = {"config": '{"region_epoch": 3}', "initialize": "7", "history": "[]", "members/db1": "{}"}
FOLLOWS = {**LEADS, "config": '{"standby_cluster": {"host": "10.1.20.10"}}'}
FORGOTTEN = ["history", "initialize", "members/db1"]


def coded(text):
    return base64.b64encode(text.encode()).decode()


def answer(keys):
    """What the store has, by the names in the cluster's folder."""
    kvs = [
        {"key": coded(f"/service/here/{name}"), "value": coded(value), "create_revision": "7"}
        for name, value in keys.items()
    ]
    return 200, json.dumps({"kvs": kvs})


@pytest.fixture
def forget(run_module, api):
    """Run the module against a store that has one thing after the other."""

    def run(*seen, **changes):
        api.answers["/v3/kv/range"] = [answer(keys) for keys in seen]
        api.answers.setdefault("/v3/kv/txn", (200, '{"succeeded": true}'))
        store = [{"address": "127.0.0.1", "port": api.port}]
        arguments = {"scope": "here", "store": store, "ca_file": api.ca_file, "timeout": 0.2}
        return run_module("patroni_forget", **{**arguments, **changes})

    return run


def transactions(api):
    return [json.loads(request[3]) for request in api.requests if request[1] == "/v3/kv/txn"]


def test_everything_goes_but_the_settings_and_only_where_nobody_leads(forget, api):
    done = forget(LEADS)
    assert (done["changed"], done["removed"]) == (True, FORGOTTEN)
    (sent,) = transactions(api)
    leader = coded("/service/here/leader")
    assert sent["compare"] == [{"key": leader, "target": "CREATE", "result": "EQUAL", "create_revision": "0"}]
    removed = [base64.b64decode(one["request_delete_range"]["key"]).decode() for one in sent["success"]]
    assert removed == [f"/service/here/{name}" for name in FORGOTTEN]


@pytest.mark.parametrize(
    ("keys", "epoch", "settings"),
    [
        (LEADS, 15, {"region_epoch": 15}),
        (LEADS, 3, None),
        (LEADS, 2, None),
        ({"config": '{"ttl": 20}'}, 3, {"ttl": 20, "region_epoch": 3}),
        ({"config": '{"region_epoch": 3, "region_heard": 20}'}, 15, {"region_epoch": 21, "region_heard": 20}),
        ({"config": '{"region_epoch": 21, "region_heard": 20}'}, 15, None),
        ({"config": '{"region_epoch": 3, "region_heard": 9}'}, 15, {"region_epoch": 15, "region_heard": 9}),
        # Nobody asked for a number.
        ({"config": '{"region_epoch": 3, "region_heard": 20}'}, 0, None),
        # Settings that nobody has come from the data of whoever leads first.
        ({"history": "[]"}, 15, None),
        ({}, 15, None),
    ],
)
def test_the_number_of_a_region_is_raised_with_what_goes(forget, api, keys, epoch, settings):
    looked = forget(keys, epoch=epoch, check_mode=True)
    done = forget(keys, epoch=epoch)
    gone = sorted(set(keys) - {"config"})
    assert (done["changed"], done["removed"], done["counted"]) == (bool(gone or settings), gone, bool(settings))
    assert (looked["changed"], looked["removed"], looked["counted"]) == (done["changed"], gone, bool(settings))
    put = [one["request_put"] for sent in transactions(api) for one in sent["success"] if "request_put" in one]
    written = [(base64.b64decode(one["key"]).decode(), json.loads(base64.b64decode(one["value"]))) for one in put]
    assert written == ([("/service/here/config", settings)] if settings else [])


@pytest.mark.parametrize("keys", [{}, {"config": "{}"}])
def test_where_nothing_else_is_there_nothing_is_changed(forget, api, keys):
    done = forget(keys)
    assert (done["changed"], done["removed"], transactions(api)) == (False, [], [])


def test_check_mode_tells_what_would_go(forget, api):
    done = forget({**LEADS, "leader": "db1"}, check_mode=True)
    assert (done["changed"], done["removed"], transactions(api)) == (True, FORGOTTEN, [])


def test_a_lease_is_waited_for(forget):
    done = forget({**LEADS, "leader": "db1"}, LEADS, timeout=10)
    assert (done["changed"], done["removed"]) == (True, FORGOTTEN)


@pytest.mark.parametrize("epoch", [0, 15])
@pytest.mark.parametrize("keys", [{**LEADS, "leader": "db2"}, {"config": "{}", "leader": "db2"}])
def test_while_somebody_leads_nothing_goes(forget, api, keys, epoch):
    done = forget(keys, epoch=epoch)
    assert done["failed"]
    assert done["msg"] == "db2 leads here: stop its Patroni, and run this again"
    assert transactions(api) == []


def test_who_begins_to_lead_meanwhile_is_not_forgotten(forget, api):
    api.answers["/v3/kv/txn"] = (200, "{}")
    assert forget(LEADS)["msg"] == "somebody leads here: stop its Patroni, and run this again"


@pytest.mark.parametrize(("keys", "refused"), [(FOLLOWS, False), ({}, False), (LEADS, True), ({"history": "[]"}, True)])
def test_a_cluster_that_shall_follow_has_to_say_so(forget, api, keys, refused):
    done = forget(keys, follows=True)
    assert done.get("failed", False) is refused
    if refused:
        assert done["msg"].startswith("the settings of here do not say which cluster it follows")
        assert transactions(api) == []


def test_a_store_that_is_away_is_told(forget, api):
    api.answers["/v3/kv/txn"] = (503, '{"error": "no leader"}')
    assert forget(LEADS)["msg"].startswith("the cluster store does not answer: ")
