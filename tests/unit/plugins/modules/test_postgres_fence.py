# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A server counts as stopped when no process works in its data directory, whatever systemd says; else it is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from types import SimpleNamespace

import pytest

from ansible_collections.freeagentics.platform.plugins.modules import postgres_fence

#: A server that does not hear SIGTERM, as one that hangs.
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


@pytest.fixture
def directory(tmp_path):
    """A data directory."""
    folder = tmp_path / "main"
    folder.mkdir()
    return folder


@pytest.fixture
def mark(tmp_path):
    """The mark that the server was stopped."""
    return tmp_path / "run" / "p.service.d" / "fenced.conf"


@pytest.fixture
def server(directory):
    """A process that works in the directory."""
    with subprocess.Popen([sys.executable, "-c", DEAF], cwd=directory, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        yield process
        process.kill()


@pytest.fixture
def fence(run_module, stand_in, directory, tmp_path):
    """Run the module with a systemd that says that the unit is in a state."""

    def run(state, unit_state="inactive", job="0", **changes):
        answers = {"is-active": (3, f"{unit_state}\n", ""), "show": (0, f"{job}\n", ""), "": (0, "", "")}
        asked = stand_in("systemctl", answers)
        arguments = {"state": state, "directory": str(directory), "unit": "p.service", "patience": 0.2}
        arguments["runtime_directory"] = str(tmp_path / "run")
        done = run_module("postgres_fence", **{**arguments, **changes})
        return done, [" ".join(words) for words in asked() if words[0] not in ("is-active", "show")]

    return run


def test_what_is_stopped_already_cannot_be_started_and_is_let_back_as_it_was(fence, directory, mark):
    done, asked = fence("stopped")
    assert (done["changed"], done["killed"], asked) == (True, False, ["daemon-reload"])
    assert done["proof"] == f"no process works in {directory}, p.service is inactive"
    assert f"AssertPathExists=!{mark}" in mark.read_text()
    # Whoever wrote the mark may have died before systemd read it.
    done, asked = fence("stopped")
    assert (done["changed"], asked[1:]) == (False, ["daemon-reload"])
    done, asked = fence("released")
    assert (done["changed"], asked[2:]) == (True, ["daemon-reload"])
    assert list(mark.parent.iterdir()) == []


def test_what_is_about_to_start_is_stopped_and_let_back_to_start(fence, mark):
    done, asked = fence("stopped", job="77")
    assert (done["changed"], asked) == (True, ["daemon-reload", "stop --no-block p.service"])
    done, asked = fence("released")
    assert (done["changed"], asked[2:]) == (True, ["daemon-reload", "start --no-block p.service"])
    assert not mark.exists()


def test_what_a_run_had_not_let_back_yet_is_let_back_by_the_next(fence, mark):
    mark.parent.mkdir(parents=True)
    mark.with_name("fenced.conf.released").touch()
    done, asked = fence("stopped")
    assert (done["changed"], asked, mark.exists()) == (True, ["daemon-reload"], True)
    done, asked = fence("released")
    assert (done["changed"], asked[1:]) == (True, ["daemon-reload", "start --no-block p.service"])


def test_a_server_that_hangs_is_killed(fence, server, directory, mark):
    done, asked = fence("stopped")
    assert (done["changed"], done["killed"]) == (True, True)
    assert done["proof"] == f"no process works in {directory}, p.service is inactive"
    assert asked == [
        "daemon-reload",
        "stop --no-block p.service",
        "kill --kill-who=all --signal=SIGKILL p.service",
    ]
    assert f"AssertPathExists=!{mark}" in mark.read_text()
    assert server.wait(5) == -signal.SIGKILL
    assert mark.exists()


def test_a_server_that_is_stopped_by_a_signal_is_killed_at_once(fence, server):
    server.send_signal(signal.SIGSTOP)
    done, _asked = fence("stopped", patience=60)
    assert (done["killed"], done["seconds"] < 5) == (True, True)


class Told(Exception):
    """What the module failed with."""


def test_what_cannot_be_stopped_is_told(directory, tmp_path, monkeypatch):
    """systemd says that its unit goes on, whatever is killed."""

    def fail_json(msg):
        raise Told(msg)

    monkeypatch.setattr(postgres_fence, "KILLED_SECONDS", 0)
    answers = {"is-active": "deactivating\n"}
    params = {"unit": "p.service", "directory": str(directory), "runtime_directory": str(tmp_path / "run")}
    module = SimpleNamespace(
        params=params,
        run_command=lambda words, check_rc=False: (0, answers.get(words[1], ""), ""),
        fail_json=fail_json,
    )
    with pytest.raises(Told) as told:
        postgres_fence.Server(module).stop(0)
    assert str(told.value) == (
        f"it could not be stopped: no process works in {directory}, p.service is deactivating. Take the power of its "
        "host"
    )


def test_check_mode_stops_nothing(fence, server, directory, mark):
    done, asked = fence("stopped", check_mode=True)
    assert (done["changed"], asked, server.poll()) == (True, [], None)
    assert done["proof"] == f"processes {server.pid} work in {directory}, p.service is inactive"
    assert not mark.exists()


def test_what_was_fenced_is_let_back_once(fence, mark):
    mark.parent.mkdir(parents=True)
    mark.touch()
    done, asked = fence("released")
    assert (done["changed"], asked) == (True, ["daemon-reload", "start --no-block p.service"])
    assert not mark.exists()


def test_what_somebody_stopped_on_purpose_stays_so(fence):
    done, asked = fence("released")
    assert (done["changed"], asked) == (False, [])


def test_a_run_that_died_while_it_let_it_back_is_finished_by_the_next(fence, mark):
    mark.parent.mkdir(parents=True)
    going = mark.with_name("fenced.conf.released")
    going.touch()
    done, asked = fence("released")
    assert (done["changed"], asked) == (True, ["daemon-reload", "start --no-block p.service"])
    assert not going.exists()


def test_what_systemd_does_not_take_on_is_tried_again(run_module, stand_in, directory, tmp_path, mark):
    stand_in("systemctl", {"is-active": (3, "inactive\n", ""), "start": (1, "", "no"), "": (0, "", "")})
    mark.parent.mkdir(parents=True)
    mark.touch()
    arguments = {"state": "released", "directory": str(directory), "unit": "p.service"}
    arguments["runtime_directory"] = str(tmp_path / "run")
    done = run_module("postgres_fence", **arguments)
    assert (done["failed"], done["msg"]) == (True, "no")
    assert [path.name for path in mark.parent.iterdir()] == ["fenced.conf.released"]


def test_whether_it_came_back_is_told(fence, mark):
    """Its Patroni waits before it starts, for room on its disk or for another region's word."""
    fence("stopped", job="77")
    done, _asked = fence("released", unit_state="activating", wait=0.2)
    assert (done["changed"], done["unit"], 0.2 <= done["seconds"] < 5) == (True, "activating", True)
    fence("stopped", job="77")
    done, _asked = fence("released", unit_state="active", wait=60)
    assert (done["changed"], done["unit"], done["seconds"] < 5) == (True, "active", True)
