# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module patches what differs, waits for the members to have it, and is content with it the next time."""

from __future__ import annotations

import json

import pytest


@pytest.fixture
def configure(run_module, api):
    """Run the module against a cluster of one member, which reads the store again and again."""
    url = f"https://127.0.0.1:{api.port}/patroni"
    api.answers["/cluster"] = (200, json.dumps({"members": [{"name": "db1", "api_url": url}]}))
    api.answers["/patroni"] = [(200, json.dumps({"dcs_last_seen": second})) for second in range(20)]

    def run(**changes):
        arguments = {"address": "127.0.0.1", "port": api.port, "ca_file": api.ca_file, "config": {"ttl": 20}}
        return run_module("patroni_config", **{**arguments, "timeout": 2, **changes})

    return run


def test_what_differs_is_patched_once(configure, api):
    api.answers["GET /config"] = (200, '{"ttl": 30, "loop_wait": 2}')
    api.answers["PATCH /config"] = (200, "{}")
    done = configure()
    assert (done["changed"], done["patch"]) == (True, {"ttl": 20})
    assert done["diff"]["after"] == '{\n  "loop_wait": 2,\n  "ttl": 20\n}\n'
    assert [json.loads(body) for method, _path, _headers, body in api.requests if method == "PATCH"] == [{"ttl": 20}]


def test_nothing_that_lets_a_member_read_the_store_is_asked_after_the_change(configure, api):
    """A member that tells of the cluster has read the store, and need not have taken anything over."""
    api.answers["GET /config"] = (200, '{"ttl": 30}')
    api.answers["PATCH /config"] = (200, "{}")
    configure()
    asked = [f"{method} {path}" for method, path, *_rest in api.requests]
    assert asked[:3] == ["GET /config", "GET /cluster", "PATCH /config"]
    assert set(asked[3:]) == {"GET /patroni"}


def test_check_mode_patches_nothing(configure, api):
    api.answers["GET /config"] = (200, '{"ttl": 30}')
    assert configure(check_mode=True)["changed"] is True
    assert {method for method, *_rest in api.requests} == {"GET"}


def test_nothing_to_do(configure, api):
    api.answers["GET /config"] = (200, '{"ttl": 20, "standby_cluster": {"host": "a"}}')
    done = configure()
    assert (done["changed"], done["follows"], done["patch"]) == (False, True, {})


def test_check_mode_does_not_need_a_cluster(configure, api):
    assert configure(check_mode=True, port=1)["changed"] is False


def test_a_cluster_that_is_not_initialised_is_waited_for_in_vain(configure, api):
    done = configure(timeout=0)
    place = f"https://127.0.0.1:{api.port}/config"
    assert done["msg"] == f"{place}: HTTP status 404: the cluster is not initialised"


def test_a_refused_change_is_told(configure, api):
    api.answers["GET /config"] = (200, '{"ttl": 30}')
    api.answers["PATCH /config"] = (401, "no auth header received")
    place = f"https://127.0.0.1:{api.port}/config"
    assert configure()["msg"] == f"{place}: HTTP status 401: no auth header received"


def test_a_member_that_does_not_take_it_over_is_named(configure, api):
    api.answers["GET /config"] = (200, '{"ttl": 30}')
    api.answers["PATCH /config"] = (200, "{}")
    api.answers["/patroni"] = (200, '{"dcs_last_seen": 7}')
    assert configure(timeout=1)["msg"] == "db1 did not read the cluster store since the configuration changed"
