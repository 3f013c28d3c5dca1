# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import os
import time

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.systemd import process


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "file"
    path.touch()
    return str(path)


def shown(text):
    """What runs a command and shows this of a unit."""
    asked = []

    def run(command):
        asked.append(command)
        return 0, text, ""

    run.asked = asked
    return run


def running(ago):
    return shown(f"MainPID=7\nExecMainStartTimestampMonotonic={int((time.monotonic() - ago) * 1e6)}\n")


def test_the_start_of_a_process_is_told_in_seconds_of_the_epoch():
    run = running(60)
    assert process.started(run, "a.service") == pytest.approx(time.time() - 60, abs=1)
    assert run.asked[0][-1] == "a.service"


@pytest.mark.parametrize("text", ["MainPID=0\nExecMainStartTimestampMonotonic=5\n", ""])
def test_what_does_not_run_was_not_started_and_is_not_stale(text, file):
    assert process.started(shown(text), "a.service") is None
    assert not process.stale(shown(text), "a.service", [file])


def test_a_process_is_stale_when_one_file_is_newer(file):
    os.utime(file, (0, time.time() - 30))
    assert process.stale(running(60), "a.service", ["/does/not/exist", file])
    assert not process.stale(running(10), "a.service", ["/does/not/exist", file])
