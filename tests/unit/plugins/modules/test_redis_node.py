# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module compares what a node runs with and what is on disk, and does no more than that needs."""

from __future__ import annotations

import os
import socket
import time

import pytest

from tests.unit.plugins.module_utils.redis_io.conftest import bulk, line, other_ca, server, servers, tell

__all__ = ["other_ca", "server", "servers"]

UNIT = "redis-server.service"


@pytest.fixture
def nobody():
    """A port where nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield unused.getsockname()[1]


@pytest.fixture
def systemctl(stand_in):
    """A unit whose process was started a minute ago; returns what it was told to do."""
    moment = int((time.monotonic() - 60) * 1e6)
    shown = f"MainPID=7\nExecMainStartTimestampMonotonic={moment}\n"
    asked = stand_in(
        "systemctl", {"show": (0, shown, ""), "daemon-reload": (0, "", ""), f"restart {UNIT}": (0, "", "")}
    )
    return lambda: [words for words in asked() if words[0] != "show"]


@pytest.fixture
def files(tmp_path):
    """Files that are older than the process."""
    paths = {"conf": tmp_path / "redis.conf", "users": tmp_path / "users.acl"}
    for path in paths.values():
        path.touch()
        age(path, 600)
    return paths


def age(path, seconds):
    """Let a file have been changed so many seconds ago."""
    os.utime(path, (time.time() - seconds, time.time() - seconds))


@pytest.fixture
def node(server):
    """A member of a cluster that logs in at masters with the password "old"."""
    tell(server, line("a", server.port, "myself,master", " 0-16383") + line("b", 1, "slave", master="a"))
    server.answers["CONFIG GET masterauth"] = b"*2\r\n" + bulk("masterauth") + bulk("old")
    return server


@pytest.fixture
def run(run_module, systemctl, certificate, nobody):
    def start(check_mode=False, **changes):
        arguments = {"address": "127.0.0.1", "port": nobody, "login_user": "admin", "login_password": "top secret"}
        arguments.update(ca_file=str(certificate["crt"]), timeout=1, patience=0)
        return run_module("redis_node", check_mode=check_mode, **{**arguments, **changes})

    return start


@pytest.fixture
def compare(run, node, files, certificate):
    """Run the module as the role does first."""

    def start(check_mode=False, **changes):
        arguments = {"port": node.port, "certificate": str(certificate["crt"]), "replication_password": "old"}
        arguments.update(users_file=str(files["users"]), restart_unit=UNIT, watch=[str(files["conf"])])
        return run(check_mode, **{**arguments, "restart_members": False, **changes})

    return start


def told(node):
    """What a node was told to change."""
    return [text for text in node.asked if text.startswith(("CONFIG SET", "ACL LOAD"))]


def test_a_node_that_does_not_run_loads_nothing(run, certificate):
    done = run(load_users=True, certificate=str(certificate["crt"]), replication_password="new")
    assert (done["changed"], done["actions"]) == (False, [])


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_node_that_runs_with_what_is_on_disk_is_left_alone(compare, node, systemctl, check_mode):
    done = compare(check_mode)
    assert (done["changed"], done["actions"]) == (False, [])
    assert (done["users_stale"], done["restart_needed"]) == (False, False)
    assert (told(node), systemctl()) == ([], [])


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_member_is_told_to_need_a_restart_and_not_restarted(compare, files, systemctl, check_mode):
    age(files["conf"], 5)
    done = compare(check_mode)
    assert (done["changed"], done["restart_needed"]) == (False, True)
    assert systemctl() == []


def test_a_node_that_stands_alone_is_restarted_at_once(compare, node, files, systemctl):
    tell(node, line("a", node.port, "myself,master"))
    assert compare()["actions"] == []
    age(files["conf"], 5)
    assert compare(check_mode=True)["actions"] == [f"restart {UNIT}"]
    assert systemctl() == []
    done = compare()
    assert (done["actions"], done["restart_needed"]) == ([f"restart {UNIT}"], False)
    assert systemctl() == [["daemon-reload"], ["restart", UNIT]]


def test_a_node_where_nobody_serves_tls_is_restarted_at_once(compare, files, systemctl, nobody):
    age(files["conf"], 5)
    assert compare(port=nobody)["actions"] == [f"restart {UNIT}"]
    assert systemctl() == [["daemon-reload"], ["restart", UNIT]]


@pytest.mark.parametrize("question", ["AUTH", "CLUSTER NODES"])
def test_a_node_that_is_there_and_says_nothing_is_neither_restarted_nor_passed_over(
    compare, node, files, systemctl, question
):
    refusals = {"AUTH": b"-WRONGPASS invalid username-password pair\r\n", "CLUSTER NODES": b"-LOADING Redis is\r\n"}
    node.answers[question] = refusals[question]
    assert compare()["msg"].startswith(f"{node.place} is there and ")
    age(files["conf"], 5)
    for restart_members in (True, False):
        assert compare(restart_members=restart_members)["msg"].startswith(f"{node.place} is there and ")
    assert systemctl() == []


def test_the_previous_password_is_used_where_the_present_one_is_refused(compare, node):
    node.answers["AUTH admin top secret"] = b"-WRONGPASS invalid username-password pair\r\n"
    assert compare(login_previous_password="of old")["actions"] == []
    assert "AUTH admin of old" in node.asked


def test_another_password_of_replication_is_set_and_not_shown(compare, node):
    assert compare(check_mode=True, replication_password="new")["actions"] == [
        "log in at masters with another password"
    ]
    assert told(node) == []
    done = compare(replication_password="new")
    assert told(node) == ["CONFIG SET masterauth new"]
    assert done["actions"] == ["log in at masters with another password"]


def test_users_are_stale_until_they_were_loaded(compare, run, node, files):
    age(files["users"], 5)
    assert compare(check_mode=True)["users_stale"]
    assert compare()["users_stale"]
    arguments = {"port": node.port, "users_file": str(files["users"]), "load_users": True}
    assert run(check_mode=True, **arguments)["actions"] == ["load the users"]
    assert compare()["users_stale"]
    assert run(**arguments)["actions"] == ["load the users"]
    assert told(node) == ["ACL LOAD"]
    assert not compare()["users_stale"]
    age(files["users"], -5)
    assert compare()["users_stale"]


def test_a_node_with_another_certificate_loads_its_own(compare, node, tmp_path):
    other = tmp_path / "other.crt"
    other.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    assert compare(check_mode=True, certificate=str(other))["actions"] == [f"load {other}"]
    assert told(node) == []
    assert compare(certificate=str(other))["actions"] == [f"load {other}"]
    assert told(node) == [f"CONFIG SET tls-cert-file {other}"]


def test_a_new_ca_keeps_no_node_from_loading_its_new_certificate(compare, node, other_ca):
    assert compare(certificate=other_ca, ca_file=other_ca)["actions"] == [f"load {other_ca}"]
    assert told(node) == [f"CONFIG SET tls-cert-file {other_ca}"]


def test_a_member_is_restarted_in_its_turn_if_that_is_needed(compare, node, files, systemctl):
    tell(node, line("a", node.port, "myself,master", " 0-16383") + line("b", 1, "master"))
    assert compare(restart_members=True)["actions"] == []
    age(files["conf"], 5)
    assert compare(restart_members=True)["actions"] == [f"restart {UNIT}"]
    assert systemctl() == [["daemon-reload"], ["restart", UNIT]]


def test_a_restart_without_watched_files_is_always_done(run):
    assert run(check_mode=True, restart_unit=UNIT)["actions"] == [f"restart {UNIT}"]
