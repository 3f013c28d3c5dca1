# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from lab import netns, state
from lab.errors import LabError
from lab.network import Link, plan
from lab.state import Lab


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch, tmp_path):
    monkeypatch.setattr(state, "STATE", tmp_path)
    monkeypatch.setattr(netns, "NAMESPACES", tmp_path / "netns")


def test_a_batch_has_one_address_family():
    lines = ["link set lo up", "-4 route replace default via 10.0.1.1", "-6 rule flush", "link set eth0 up"]
    assert netns.by_family(lines) == [
        ([], ["link set lo up", "link set eth0 up"]),
        (["-4"], ["route replace default via 10.0.1.1"]),
        (["-6"], ["rule flush"]),
    ]


def test_two_labs_cannot_share_a_namespace(topology, tmp_path):
    first, second = Lab("m", tmp_path / "a"), Lab("m-db", tmp_path / "b")
    for lab in (first, second):
        lab.save()
    netns.record(first, ["m-db-1"])
    with pytest.raises(LabError) as error:
        netns.record(second, ["m-db-1", "m-db-2"])
    assert str(error.value) == (
        "lab m-db: m-db-1 is taken\n"
        "  cause:  lab m has a network namespace of this name\n"
        "  remedy: choose another name for the lab"
    )
    assert netns.recorded(second) == []


@pytest.fixture
def leftover(monkeypatch, tmp_path):
    """A lab without state of its own, and a namespace with its name; `commands` are what is done to it."""
    (tmp_path / "netns").mkdir()
    (tmp_path / "netns" / "lab-db1").touch()
    lab = Lab("lab", tmp_path / "topology.yml")
    lab.save()
    commands = []

    def capture(command, **_options):
        commands.append(command)
        return "1: lo: <LOOPBACK>\n    alias freeagentics-lab" if "show" in command else ""

    monkeypatch.setattr(netns, "capture", capture)
    monkeypatch.setattr(netns, "_processes", lambda _inodes: [])
    return lab, commands


def test_a_running_lab_of_another_checkout_is_left_alone(leftover, monkeypatch):
    lab, commands = leftover
    monkeypatch.setattr(netns, "_processes", lambda inodes: [4711] if inodes else [])
    with pytest.raises(LabError) as error:
        netns.record(lab, ["lab-bastion1", "lab-db1"])
    assert str(error.value) == (
        "lab lab: lab-db1 exists already\n"
        "  cause:  a lab of the same name runs, built from another checkout\n"
        "  remedy: take that lab down where it was built, or choose another name for this one"
    )
    assert netns.recorded(lab) == []
    assert not any("delete" in command for command in commands)


def test_a_namespace_that_no_lab_has_made_is_left_alone(leftover, monkeypatch):
    lab, _commands = leftover
    monkeypatch.setattr(netns, "capture", lambda *_arguments, **_options: "1: lo: <LOOPBACK>")
    with pytest.raises(LabError) as error:
        netns.record(lab, ["lab-bastion1", "lab-db1"])
    assert str(error.value) == (
        "lab lab: lab-db1 exists already\n"
        "  cause:  something other than a lab has made this network namespace\n"
        "  remedy: take that lab down where it was built, or choose another name for this one"
    )


def test_what_an_ended_lab_of_another_checkout_has_left_is_removed(leftover):
    lab, commands = leftover
    netns.record(lab, ["lab-bastion1", "lab-db1"])
    assert ["ip", "netns", "delete", "lab-db1"] in commands
    assert netns.recorded(lab) == ["lab-bastion1", "lab-db1"]


def test_a_later_record_keeps_the_earlier_names(topology, tmp_path):
    lab = Lab("lab", tmp_path / "topology.yml")
    lab.save()
    netns.record(lab, [lab.namespace(namespace.name) for namespace in plan(topology).namespaces])
    netns.record(lab, ["lab-db1"])
    assert "lab-router-west" in netns.recorded(lab)


def test_a_host_has_the_same_hardware_address_after_every_start():
    first, second = (netns.hardware_address(Link("router", f"p.{name}", name, "eth0")) for name in ("db1", "db2"))
    assert first == netns.hardware_address(Link("router", "p.db1", "db1", "eth0")) != second
    # Made up by its owner, and of one card.
    assert first.startswith("02:")
    assert len(first) == 17
