# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module changes users and roles of a server that answers as etcd does, and no password gets out."""

from __future__ import annotations

import socket

import pytest

from tests.unit.plugins import etcd_server

GRANTED = {"perm": [{"permType": "READWRITE", "key": "L3NlcnZpY2Uv", "range_end": "L3NlcnZpY2Uw"}]}


@pytest.fixture
def etcd(certificate):
    with etcd_server.running(certificate) as server:
        server.answers.update(
            {
                "/v3/auth/authenticate": etcd_server.accounts({"root": "top s3cret", "patroni": "pa55word"}),
                "/v3/auth/user/list": (200, {"users": ["root", "patroni"]}),
                "/v3/auth/role/list": (200, {"roles": ["root", "patroni"]}),
                "/v3/auth/user/get": lambda body: (200, {"roles": [body["name"]]}),
                "/v3/auth/role/get": (200, GRANTED),
                "/v3/auth/user/changepw": (200, {}),
            }
        )
        yield server


@pytest.fixture
def run(run_module, etcd, certificate):
    def run(check_mode=False, **changes):
        arguments = {
            "members": [{"name": "etcd1", "address": "127.0.0.1", "client_port": etcd.port}],
            "ca_file": str(certificate["crt"]),
            "root_password": "top s3cret",
            "users": [{"name": "patroni", "password": "pa55word", "roles": ["patroni"]}],
            "roles": [{"name": "patroni", "prefixes": ["/service/"]}],
        }
        return run_module("etcd_auth", check_mode, **{**arguments, **changes})

    return run


def test_nothing_changes_where_all_is_as_wanted(run):
    done = run()
    assert (done["changed"], done["actions"]) == (False, [])


def test_a_password_that_changed_is_set(run, etcd):
    users = [{"name": "patroni", "password": "another", "roles": ["patroni"]}]
    planned = run(check_mode=True, users=users)
    assert "/v3/auth/user/changepw" not in [path for path, _body, _token in etcd.asked]
    done = run(users=users)
    assert planned["actions"] == done["actions"] == ["user patroni: the password changed"]
    assert planned["diff"] == done["diff"] == {"before": "", "after": "user patroni: the password changed\n"}
    assert etcd.asked[-1] == ("/v3/auth/user/changepw", {"name": "patroni", "password": "another"}, "root.7")
    assert not any(secret in str({**done, "invocation": ""}) for secret in ("top s3cret", "another"))


def test_a_refusal_is_told(run, etcd):
    etcd.answers["/v3/auth/authenticate"] = etcd_server.accounts({"root": "lost"})
    done = run()
    assert (done["failed"], done["msg"]) == (
        True,
        "the user root has another password: give the one that it has as the previous one, to change it",
    )


def test_on_a_bare_host_check_mode_shows_everything_and_a_run_fails(run):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        members = [{"name": "etcd1", "address": "127.0.0.1", "client_port": unused.getsockname()[1]}]
        assert run(check_mode=True, members=members)["actions"][-1] == "authentication: enabled"
        assert run(members=members)["msg"].endswith(": [Errno 111] Connection refused")


def test_what_cannot_be_is_told(run):
    assert run(roles=[])["msg"] == "users.patroni: there is no role patroni: add it to roles"
