# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A server that was started by another clock than the present one is stopped before Patroni starts, no other is."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "roles/postgres/files/usr/local/sbin/postgres-known"
#: What pg_ctl is asked is noted; its status is the one that is left for it.
PG_CTL = '#!/bin/sh\necho "$@" >>{folder}/asked\nexit $(cat {folder}/status)\n'


@pytest.fixture
def host(tmp_path):
    """A data directory with a process that works there; ``run`` returns the status, what was said and asked."""
    data = tmp_path / "main"
    data.mkdir()
    (tmp_path / "pg_ctl").write_text(PG_CTL.format(folder=tmp_path), encoding="utf-8")
    (tmp_path / "pg_ctl").chmod(0o755)
    with subprocess.Popen(["sleep", "60"], cwd=data) as process:

        def run(off=0, pid=process.pid, status=0, text=None):
            (tmp_path / "asked").write_text("")
            (tmp_path / "status").write_text(str(status))
            lines = text if text is not None else f"{pid}\n{data}\n{int(time.time()) + off}\n5432\n"
            (data / "postmaster.pid").write_text(lines, encoding="utf-8")
            command = [sys.executable, str(SCRIPT), str(data), str(tmp_path / "pg_ctl"), "60"]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            return done.returncode, done.stdout + done.stderr, (tmp_path / "asked").read_text().splitlines()

        run.data = data
        yield run
        process.kill()


@pytest.mark.parametrize("off", [1800, -1800, 60])
def test_a_server_that_another_clock_started_is_stopped(host, off):
    status, said, asked = host(off)
    assert status == 0
    assert said.startswith("the clock was set by ")
    assert asked == [f"stop -D {host.data} -m fast -w -t 60"]


def test_patroni_is_not_started_beside_a_server_that_does_not_stop(host):
    assert host(1800, status=1)[0] == 1


def test_the_servers_own_time_is_borne(host):
    assert host() == (0, "", [])


@pytest.mark.parametrize("text", ["", "7\n", "x\ny\nz\n"])
def test_a_file_that_says_nothing_is_no_server(host, text):
    assert host(text=text) == (0, "", [])


def test_a_process_that_is_no_more_or_another_one_is_no_server(host, tmp_path):
    assert host(1800, pid=2**22 + 1) == (0, "", [])
    with subprocess.Popen(["sleep", "60"], cwd=tmp_path) as other:
        assert host(1800, pid=other.pid) == (0, "", [])
        other.kill()


def test_without_data_there_is_no_server(tmp_path):
    command = [sys.executable, str(SCRIPT), str(tmp_path / "none"), "/bin/false", "60"]
    assert subprocess.run(command, check=False).returncode == 0
