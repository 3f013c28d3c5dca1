# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module asks over TLS, and tells what it learnt and what it did not."""

from __future__ import annotations

import json
import socket

import pytest


@pytest.fixture
def nobody():
    """A port where nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield unused.getsockname()[1]


@pytest.fixture
def look(run_module, api, nobody):
    """Run the module with one member whose PostgreSQL is down."""

    def run(**changes):
        member = {"name": "db1", "host": "127.0.0.1", "port": nobody, "rest_port": api.port}
        arguments = {"members": [member], "ca_file": api.ca_file, "timeout": 4}
        return run_module("postgres_cluster_info", **{**arguments, **changes})

    return run


def test_what_patroni_answers_is_told(look, api):
    api.answers["/patroni"] = (200, json.dumps({"state": "running", "role": "primary", "xlog": {"location": 96}}))
    members = [{"name": "db1", "role": "leader", "state": "running", "timeline": 2}]
    api.answers["/cluster"] = (200, json.dumps({"scope": "here", "members": members}))
    api.answers["/history"] = (200, json.dumps([[1, 64, "no recovery target specified"]]))
    done = look()
    assert (done["changed"], done["missing"], done["scope"], done["leader"]) == (False, [], "here", "db1")
    assert done["history"][0]["end"] == "0/40"
    assert done["members"][0]["written"] == "0/60"


def test_a_member_that_is_down_is_no_failure_and_is_named(look, nobody):
    member = {"name": "db1", "host": "127.0.0.1", "port": nobody, "rest_port": nobody}
    done = look(members=[member], login_user="monitor", login_password="top secret")
    assert done["leader"] == ""
    assert [(entry["member"], entry["question"]) for entry in done["missing"]] == [
        ("db1", "patroni"),
        ("db1", "cluster"),
        ("db1", "history"),
        ("db1", "sql"),
    ]
    assert done["missing"][0]["reason"] == f"https://127.0.0.1:{nobody}/patroni: [Errno 111] Connection refused"
    assert (
        f'connection to server at "127.0.0.1", port {nobody} failed: Connection refused' in done["missing"][3]["reason"]
    )
    assert "top secret" not in str(done)


def test_an_answer_that_is_wrong_is_told_as_missing(look, api):
    api.answers["/patroni"] = (200, "<html>")
    done = look()
    assert [entry["reason"] for entry in done["missing"]] == [
        f"https://127.0.0.1:{api.port}/patroni: the answer is no JSON: '<html>'",
        f"https://127.0.0.1:{api.port}/cluster: HTTP status 404, not 200",
        f"https://127.0.0.1:{api.port}/history: HTTP status 404, not 200",
    ]
