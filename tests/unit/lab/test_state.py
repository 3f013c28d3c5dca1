# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import os

import pytest

from lab import state
from lab.errors import LabError


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    monkeypatch.setattr(state, "STATE", tmp_path)


@pytest.mark.parametrize("name", ["lab", "m-haproxy", "m_2"])
def test_good_names(name):
    assert state.checked_name(name) == name


@pytest.mark.parametrize("name", ["", "Lab", "2lab", "a/b", "cache", "x" * 33])
def test_bad_names(name):
    with pytest.raises(LabError) as error:
        state.checked_name(name)
    assert str(error.value) == (
        f"{name!r} cannot be the name of a lab\n"
        "  cause:  containers and network namespaces carry it, and .lab/ keeps a few names for itself\n"
        "  remedy: use up to 32 small letters, digits, dashes and underscores, beginning with a letter;"
        " not cache"
    )


def test_a_lab_is_found_again(tmp_path):
    lab = state.Lab("lab", tmp_path / "topology.yml")
    lab.save()
    assert state.existing_lab("lab") == lab
    assert state.existing_labs() == ("lab",)


def test_no_lab_at_all():
    with pytest.raises(LabError) as error:
        state.existing_lab("lab")
    assert str(error.value) == (
        "lab: no such lab\n  cause:  no lab has been built\n  remedy: build one with `make lab`"
    )


def test_a_lab_of_another_name(tmp_path):
    state.Lab("lab", tmp_path / "topology.yml").save()
    with pytest.raises(LabError) as error:
        state.existing_lab("lap")
    assert str(error.value) == (
        "lap: no such lab in the lab\n  cause:  the topology declares no lab of this name\n  remedy: did you mean lab?"
    )


def test_two_processes_cannot_change_one_lab():
    with state.lock("lab", "up"), pytest.raises(LabError) as error, state.lock("lab", "down"):
        pass
    assert str(error.value) == (
        "lab lab is being changed\n"
        f"  cause:  another process works on it: pid {os.getpid()} (up)\n"
        "  remedy: wait until it has ended"
    )


def test_two_hosts_are_changed_at_once_but_neither_twice_nor_beside_the_whole_lab():
    with state.lock("lab", "kill db1", ["db1"]):
        with state.lock("lab", "kill db2", ["db2"]):
            pass
        with pytest.raises(LabError, match="lab lab is being changed"), state.lock("lab", "start db1", ["db1"]):
            pass
        with pytest.raises(LabError, match="lab lab is being changed"), state.lock("lab", "down"):
            pass
    with state.lock("lab", "up"), pytest.raises(LabError), state.lock("lab", "kill db1", ["db1"]):
        pass


def test_a_lock_is_free_afterwards():
    with state.lock("lab", "up"):
        pass
    with state.lock("lab", "down"):
        pass


def test_a_file_is_replaced_with_its_mode(tmp_path):
    state.replace(tmp_path / "file", "old")
    state.replace(tmp_path / "file", "new", mode=0o600)
    assert (tmp_path / "file").read_text(encoding="utf-8") == "new"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
