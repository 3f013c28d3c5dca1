# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Patroni starts where the disk has room, also for data that are not there yet, or where nobody else leads."""

from __future__ import annotations

import os
import time
from types import SimpleNamespace

import pytest


@pytest.fixture
def program(program_of):
    """The program, on a host of a cluster that another member leads."""
    loaded = program_of("postgres/files/usr/local/sbin/postgres-room")
    loaded.may_lead = lambda path: False
    return loaded


def test_a_server_that_runs_gets_its_patroni_whatever_room_there_is(program, monkeypatch, tmp_path):
    monkeypatch.setattr(program, "free", lambda directory: 0)
    monkeypatch.chdir(tmp_path)
    for written, status in ((f"{os.getpid()}\n", 0), ("1\n", 1), ("\n", 1)):
        (tmp_path / "postmaster.pid").write_text(written, encoding="utf-8")
        assert program.main(str(tmp_path), "256", "patroni.yml", lambda seconds: None) == status


@pytest.mark.parametrize(("needed", "status"), [(100, 0), (101, 1)])
@pytest.mark.parametrize("there", [True, False])
def test_a_start_waits_for_room(program, monkeypatch, tmp_path, capsys, needed, status, there):
    data, slept = tmp_path if there else tmp_path / "15" / "main", []
    asked = []

    def statvfs(path):
        asked.append(path)
        return os.statvfs_result((4096, 4096, 999999, 200 * 256, 100 * 256, 0, 0, 0, 0, 255))

    monkeypatch.setattr(program.os, "statvfs", statvfs)
    assert program.main(str(data), str(needed), "patroni.yml", slept.append) == status
    assert asked == [str(tmp_path)]
    assert slept == [program.HELD] * status
    told = f"Patroni waits: the disk of {data} has 100 MB left, and 101 are needed to start: make room, and it starts\n"
    assert capsys.readouterr().out == told * status


class Sync:
    """Who was synchronous at the end, the one that led then among them; nobody where commits wait for none."""

    def __init__(self, *names):
        self._names = names
        self.is_empty = not names

    def matches(self, name, check_leader):
        return check_leader and name in self._names


@pytest.fixture
def start(program_of, stand_in_patroni, monkeypatch, tmp_path):
    """Start a member without room, db1, in a cluster that its store tells of."""

    def run(get_cluster):
        def get_dcs(config):
            assert config == {"name": "db1", "path": "patroni.yml", "patronictl": True}
            return SimpleNamespace(get_cluster=get_cluster)

        stand_in_patroni(config={"Config": Config}, dcs={"get_dcs": get_dcs})
        program = program_of("postgres/files/usr/local/sbin/postgres-room")
        monkeypatch.setattr(program, "free", lambda directory: 0)
        monkeypatch.setattr(program, "ANSWER", 1)
        return program.main(str(tmp_path), "256", "patroni.yml", lambda seconds: None)

    return run


@pytest.mark.parametrize(
    ("leader", "synchronous", "status"),
    [
        ("db1", ["db1", "db2"], 0),
        ("db2", ["db2", "db1"], 1),
        ("", ["db1"], 0),
        ("", [], 0),
        # Others went on without it, and it would have to be rewound.
        ("", ["db2", "db3"], 1),
    ],
)
def test_who_leads_or_may_starts_without_room(start, leader, synchronous, status):
    held = SimpleNamespace(name=leader) if leader else None
    assert start(lambda: SimpleNamespace(leader=held, sync=Sync(*synchronous))) == status


def test_a_store_that_does_not_answer_is_not_waited_for(start):
    """Patroni starts no server then, and would rewind it once the store does."""
    assert start(lambda: time.sleep(30)) == 1


class Config:
    """Patroni's configuration."""

    def __init__(self, path):
        self._path = path

    def copy(self):
        return {"name": "db1", "path": self._path}
