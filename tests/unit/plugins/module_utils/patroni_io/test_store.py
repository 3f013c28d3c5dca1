# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A key of the store is read with a token, from whichever member answers, and removed only while it is empty."""

from __future__ import annotations

import base64
import json

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.rest import Endpoint
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.store import Entry, Store, StoreError

RANGE, TXN, LOGIN = "/v3/kv/range", "/v3/kv/txn", "/v3/auth/authenticate"


@pytest.fixture
def member(api):
    api.answers[LOGIN] = (200, '{"token": "the token"}')
    return Endpoint("127.0.0.1", api.port, api.ca_file, "patroni", "secret")


def test_a_value_is_read_with_a_token(api, member):
    api.answers[RANGE] = (200, '{"kvs": [{"key": "a2V5", "value": "Nzc="}]}')
    assert Store([member]).get("key") == "77"
    login, asked = api.requests
    assert json.loads(login[3]) == {"name": "patroni", "password": "secret"}
    assert (asked[2]["Authorization"], json.loads(asked[3])) == ("the token", {"key": "a2V5"})


@pytest.mark.parametrize(("answer", "value"), [("{}", None), ('{"kvs": [{"key": "a2V5"}]}', "")])
def test_no_value_is_not_an_empty_one(api, member, answer, value):
    api.answers[RANGE] = (200, answer)
    assert Store([member]).get("key") == value


@pytest.mark.parametrize(("answer", "removed"), [('{"succeeded": true}', True), ("{}", False)])
def test_an_empty_value_is_removed_in_one_transaction(api, member, answer, removed):
    api.answers[TXN] = (200, answer)
    assert Store([member]).remove_if_empty("key") is removed
    asked = json.loads(api.requests[-1][3])
    assert asked["compare"][1] == {"key": "a2V5", "target": "VALUE", "result": "EQUAL", "value": ""}
    assert asked["success"] == [{"request_delete_range": {"key": "a2V5"}}]


def test_the_next_member_is_asked_where_one_is_down(api, member):
    api.answers[RANGE] = (200, "{}")
    assert Store([Endpoint("127.0.0.1", 1, api.ca_file), member]).get("key") is None


def test_what_each_member_said_is_told(api, member):
    api.answers[LOGIN] = (400, '{"error": "authentication failed"}')
    with pytest.raises(StoreError) as error:
        Store([Endpoint("127.0.0.1", 1, api.ca_file), member]).get("key")
    assert str(error.value) == (
        "https://127.0.0.1:1/v3/kv/range: [Errno 111] Connection refused; "
        f"https://127.0.0.1:{api.port}/v3/auth/authenticate: HTTP status 400: authentication failed"
    )


def test_a_store_that_elects_a_leader_is_read_again(api, member):
    silent, found = (503, '{"error": "etcdserver: no leader"}'), (200, '{"kvs": [{"key": "a2V5", "value": "Nzc="}]}')
    api.answers[RANGE] = [silent, silent, found]
    assert Store([member], patience=5).get("key") == "77"


def test_a_store_that_knows_no_such_password_is_asked_once(api, member):
    api.answers[LOGIN] = (400, '{"error": "authentication failed"}')
    with pytest.raises(StoreError, match="authentication failed"):
        Store([member], patience=60).get("key")
    assert len(api.requests) == 1


def test_nobody_is_asked_again_to_change_something(api, member):
    api.answers[TXN] = (503, '{"error": "etcdserver: request timed out"}')
    with pytest.raises(StoreError, match="etcdserver: request timed out"):
        Store([member], patience=5).change_if_still("key", None, put={"other": "1"})
    assert [path for _method, path, _headers, _asked in api.requests] == [LOGIN, TXN]


def coded(text):
    return base64.b64encode(text.encode()).decode()


def test_everything_under_a_folder_is_read_with_its_leases(api, member):
    pairs = [
        {"key": coded("/service/here/leader"), "value": coded("db1"), "create_revision": "77", "lease": "5"},
        {"key": coded("/service/here/members/db1"), "value": coded("{}"), "create_revision": "60"},
    ]
    api.answers[RANGE] = (200, json.dumps({"kvs": pairs}))
    assert Store([member]).under("/service/here/") == {
        "leader": Entry("db1", 77, 5),
        "members/db1": Entry("{}", 60, 0),
    }
    # The sign after the slash is a zero.
    assert json.loads(api.requests[-1][3]) == {"key": coded("/service/here/"), "range_end": coded("/service/here0")}


@pytest.mark.parametrize(("answer", "seconds"), [('{"TTL": "14"}', 14.0), ('{"TTL": "-1"}', 0.0), ("{}", 0.0)])
def test_a_lease_says_how_long_it_runs(api, member, answer, seconds):
    api.answers["/v3/lease/timetolive"] = (200, answer)
    assert Store([member]).seconds_left(5) == seconds


@pytest.mark.parametrize(("answer", "changed"), [('{"succeeded": true}', True), ("{}", False)])
def test_keys_are_changed_only_if_one_is_still_what_was_seen(api, member, answer, changed):
    api.answers[TXN] = (200, answer)
    seen = Entry("db1", 77, 5)
    assert Store([member]).change_if_still("key", seen, ["key", "other"], {"third": "3"}) is changed
    asked = json.loads(api.requests[-1][3])
    assert asked["compare"] == [
        {"key": "a2V5", "target": "CREATE", "result": "EQUAL", "create_revision": "77"},
        {"key": "a2V5", "target": "VALUE", "result": "EQUAL", "value": coded("db1")},
        {"key": "a2V5", "target": "LEASE", "result": "EQUAL", "lease": "5"},
    ]
    assert asked["success"] == [
        {"request_delete_range": {"key": "a2V5"}},
        {"request_delete_range": {"key": coded("other")}},
        {"request_put": {"key": coded("third"), "value": coded("3")}},
    ]


def test_a_key_that_was_not_there_must_still_be_away(api, member):
    api.answers[TXN] = (200, '{"succeeded": true}')
    assert Store([member]).change_if_still("key", None, put={"other": "1"})
    assert json.loads(api.requests[-1][3])["compare"] == [
        {"key": "a2V5", "target": "CREATE", "result": "EQUAL", "create_revision": "0"}
    ]
