"""A database host has a disk of its own, which is mounted once and goes with the host."""

from __future__ import annotations

import pytest

from lab import disks
from lab.errors import LabError
from lab.state import Lab


@pytest.fixture
def lab(tmp_path, monkeypatch):
    monkeypatch.setattr("lab.state.STATE", tmp_path)
    return Lab("lab", tmp_path / "topology.yml")


@pytest.fixture
def commands(monkeypatch):
    """What the machine was told; the place of a mount is one from then on."""
    told, mounted = [], set()

    def capture(command):
        told.append([word.rpartition("/")[2] for word in command])
        if command[0] == "mount":
            mounted.add(command[-1])
        if command[0] == "umount":
            mounted.remove(command[-1])

    monkeypatch.setattr(disks, "capture", capture)
    monkeypatch.setattr(disks.Path, "is_mount", lambda path: str(path) in mounted)
    return told


def named(topology, name):
    return next(host for region in topology.regions for host in region.hosts if host.name == name)


def test_hosts_without_a_database_have_the_machines_disk(lab, commands, topology):
    assert disks.attach(lab, named(topology, "nat1")) == []
    assert commands == []


def test_a_disk_is_made_once_and_mounted_until_it_is_discarded(lab, commands, topology):
    db1 = named(topology, "db1")
    volume = [f"--volume={lab.directory}/disks/db1:/var/lib/postgresql"]
    assert disks.attach(lab, db1) == volume
    assert disks.attach(lab, db1) == volume
    assert [words[0] for words in commands] == ["mkfs.ext4", "mount"]
    assert commands[1][-2:] == ["db1.ext4", "db1"]
    assert (lab.directory / "disks" / "db1.ext4").stat().st_size == disks.SIZE
    assert not list((lab.directory / "disks").glob("*.new"))

    disks.attach(lab, named(topology, "db2"))
    disks.discard(lab, ["db1"])
    assert commands[-1] == ["umount", "db1"]
    assert sorted(path.name for path in (lab.directory / "disks").iterdir()) == ["db2", "db2.ext4"]
    disks.discard(lab)
    assert list((lab.directory / "disks").iterdir()) == []
    disks.discard(lab)


def test_a_removal_that_was_interrupted_is_ended_by_the_next(lab, commands, topology):
    disks.attach(lab, named(topology, "db1"))
    disks.discard(lab, ["db2"])
    folder = lab.directory / "disks"
    disks.capture(["umount", str(folder / "db1")])
    (folder / "db1").rmdir()
    disks.discard(lab)
    assert list(folder.iterdir()) == []


def test_a_machine_that_cannot_mount_files_says_what_is_missing(lab, monkeypatch, topology, capsys):
    def capture(command):
        raise LabError("`mount` failed", "no loop devices", "none")

    monkeypatch.setattr(disks, "capture", capture)
    assert disks.attach(lab, named(topology, "db1")) == []
    assert "db1 has no disk of its own for /var/lib/postgresql" in capsys.readouterr().err
