# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A command that takes too long is ended, and nothing that it began does anything after that."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "playbooks/files/failover/within"
ENDED = "it took longer than failover_fence_seconds (1), and was ended\n"


def within(seconds, *command):
    done = subprocess.run([sys.executable, str(SCRIPT), seconds, *command], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


@pytest.fixture
def alive(tmp_path):
    """A pipe that is at its end once nobody lives who began with it as output."""
    os.mkfifo(tmp_path / "alive")
    descriptor = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)
    yield descriptor
    os.close(descriptor)


@pytest.mark.parametrize(
    ("command", "ended"),
    [
        (["sh", "-c", "echo db1 is off"], (0, "db1 is off\n", "")),
        (["sh", "-c", "echo no such host >&2; exit 3"], (3, "", "no such host\n")),
        (["/no/power-off"], (127, "", "/no/power-off cannot be run: No such file or directory\n")),
    ],
)
def test_a_command_ends_as_it_does_by_itself(command, ended):
    assert within("60", *command) == ended


@pytest.mark.parametrize(
    "script",
    [
        'exec >"$0"; echo began; sleep 60; touch "$1"',
        # What it began goes on beside it, or behind it, or hears no request to end.
        'exec >"$0"; echo began; (sleep 60; touch "$1") & wait',
        'exec >"$0"; echo began; (trap "" TERM; sleep 60; touch "$1") & sleep 60',
    ],
)
def test_of_one_that_takes_too_long_nothing_goes_on(tmp_path, alive, script):
    """It would take the power later, when the host serves again."""
    later = tmp_path / "later"
    assert within("1", "sh", "-c", script, str(tmp_path / "alive"), str(later)) == (124, "", ENDED)
    assert os.read(alive, 100) == b"began\n"
    assert os.read(alive, 100) == b""
    assert not later.exists()


def test_where_it_is_ended_itself_the_command_is_too(tmp_path, alive):
    script = 'exec >"$0"; echo began; sleep 60; touch "$1"'
    words = [sys.executable, str(SCRIPT), "60", "sh", "-c", script, str(tmp_path / "alive"), str(tmp_path / "later")]
    with subprocess.Popen(words) as process:
        # Without a writer yet, a read is at the end.
        while not os.read(alive, 100):
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 143
    assert os.read(alive, 100) == b""
    assert not (tmp_path / "later").exists()


def test_of_one_that_fails_nothing_goes_on_either(tmp_path, alive):
    later, script = tmp_path / "later", 'exec >"$0"; echo began; (sleep 60; touch "$1") & exit 3'
    assert within("30", "sh", "-c", script, str(tmp_path / "alive"), str(later)) == (3, "", "")
    assert os.read(alive, 100) == b"began\n"
    assert os.read(alive, 100) == b""


def test_what_one_that_succeeds_has_begun_goes_on(tmp_path, alive):
    script = 'exec >"$0"; (sleep 0.5; echo later) & exit 0'
    assert within("30", "sh", "-c", script, str(tmp_path / "alive")) == (0, "", "")
    assert os.read(alive, 100) == b"later\n"
