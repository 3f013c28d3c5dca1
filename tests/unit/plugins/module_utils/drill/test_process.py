# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A process is told from all others by where and when it began."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.drill import process

#: What Linux says of a process, from its number to its beginning.
STAT = "4711 ({name}) {state} 1 4711 4711 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 {start} 1 2 3\n"


@pytest.fixture
def root(tmp_path):
    """Return a function that writes files of a system, whose folder is ``folder``."""

    def put(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").replace("machine_id", "machine-id")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

    put.folder = tmp_path
    return put


def never(*words):
    raise AssertionError(words)


@pytest.mark.parametrize(
    ("stat", "start"),
    [
        (STAT.format(name="ansible-playbook", state="S", start=900), "900"),
        (STAT.format(name="a) Z (b", state="R", start=901), "901"),
        # It has ended, and nobody took its status.
        (STAT.format(name="ansible-playbook", state="Z", start=900), ""),
    ],
)
def test_a_process_has_a_beginning(root, stat, start):
    root(proc__4711__stat=stat)
    assert process.start_of(4711, root.folder, never) == start


@pytest.mark.parametrize(("error", "start"), [(ProcessLookupError, ""), (PermissionError, None), (None, None)])
def test_of_a_process_that_is_hidden_no_beginning_is_known(root, error, start):
    def kill(pid, signal):
        assert (pid, signal) == (4711, 0)
        if error:
            raise error

    assert process.start_of(4711, root.folder, kill) == start


def test_processes_of_this_machine_are_seen():
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        start = process.start_of(other.pid)
        assert start
        assert process.start_of(other.pid) == start
        other.communicate(b"\n")
    assert process.start_of(other.pid) == ""


def test_a_control_host_is_told_from_others_and_from_itself_before_a_boot(root):
    root(etc__machine_id="3d12\n", proc__sys__kernel__random__boot_id="6c34\n")
    (root.folder / "proc/self/ns").mkdir(parents=True)
    (root.folder / "proc/self/ns/pid").symlink_to("pid:[1]")
    assert process.here(root.folder) == {"host": os.uname().nodename, "machine": "3d12 pid:[1]", "boot": "6c34"}


def test_a_control_host_that_says_nothing_of_itself_has_a_name(root):
    assert process.here(root.folder) == {"host": os.uname().nodename, "machine": "", "boot": ""}


def nameless():
    raise KeyError("uid")


@pytest.mark.parametrize(
    ("environ", "login", "user"),
    [
        ({"SUDO_USER": "ann"}, lambda: "root", "ann"),
        ({"SUDO_USER": ""}, lambda: "root", "root"),
        ({}, lambda: "bob", "bob"),
        ({}, nameless, str(os.getuid())),
    ],
)
def test_who_runs_it_is_a_person_where_one_is_known(environ, login, user):
    assert process.user(environ, login) == user
