# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What nginx refused is counted once, also where its log is rotated or emptied meanwhile."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "roles/exporters/files/usr/local/sbin/refused-metrics"
NAMES = {
    'nginx_refused_requests_total{status="404"}': "hidden",
    'nginx_refused_requests_total{status="429"}': "limited",
    "nginx_refused_clients": "clients",
}


class Log:
    """The log of a load balancer, and the program that counts it."""

    def __init__(self, folder):
        self.path, self.rotated, self.state = folder / "refused.log", folder / "refused.log.1", folder / "state"

    def note(self, status, address="192.0.2.1", age=0.0, end="\n"):
        """Refuse a request, so many seconds ago."""
        with self.path.open("a") as file:
            file.write(f"{time.time() - age:.3f} {address} {status}{end}")

    def rotate(self):
        """Do as logrotate does."""
        self.path.rename(self.rotated)
        self.path.touch()

    def text(self):
        """What is told."""
        command = [sys.executable, "-I", str(SCRIPT), str(self.path), str(self.state)]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def told(self):
        """The figures that are told: hidden, limited, clients."""
        lines = [line.rsplit(" ", 1) for line in self.text().splitlines() if not line.startswith("#")]
        return {NAMES[name]: int(value) for name, value in lines}


@pytest.fixture
def log(tmp_path):
    """A log that was looked at once, while it was empty."""
    one = Log(tmp_path)
    one.path.touch()
    assert one.told() == {"hidden": 0, "limited": 0, "clients": 0}
    return one


def test_what_was_refused_is_told_by_status_and_by_client(log):
    log.note(404)
    log.note(429)
    log.note(429)
    log.note(429, "2001:db8::7")
    assert log.told() == {"hidden": 1, "limited": 3, "clients": 2}
    assert log.told() == {"hidden": 1, "limited": 3, "clients": 2}
    log.note(429)
    assert log.told() == {"hidden": 1, "limited": 4, "clients": 2}


def test_every_figure_says_what_it_is(log):
    lines = log.text().splitlines()
    assert [line.split()[2:4] for line in lines if line.startswith("# TYPE")] == [
        ["nginx_refused_requests_total", "counter"],
        ["nginx_refused_clients", "gauge"],
    ]
    assert len([line for line in lines if line.startswith("# HELP")]) == 2


def test_a_client_counts_for_five_minutes(log):
    log.note(429, "192.0.2.1", age=301)
    log.note(429, "192.0.2.2", age=290)
    assert log.told() == {"hidden": 0, "limited": 2, "clients": 1}


def test_who_is_refused_again_counts_from_then_on(log):
    log.note(429, age=301)
    log.told()
    log.note(429, age=290)
    assert log.told() == {"hidden": 0, "limited": 2, "clients": 1}


def test_a_line_that_is_being_written_waits_for_its_end(log):
    log.note(429, end="")
    assert log.told()["limited"] == 0
    with log.path.open("a") as file:
        file.write("\n")
    assert log.told()["limited"] == 1


def test_the_rest_of_a_log_that_was_rotated_is_counted(log):
    log.note(429)
    log.told()
    log.note(429)
    log.rotate()
    log.note(404)
    assert log.told() == {"hidden": 1, "limited": 2, "clients": 1}
    log.note(404)
    assert log.told() == {"hidden": 2, "limited": 2, "clients": 1}


def test_what_is_written_before_there_is_a_new_log_is_counted_once(log):
    log.note(429)
    log.path.rename(log.rotated)
    assert log.told()["limited"] == 1
    log.path.touch()
    log.note(429)
    assert log.told()["limited"] == 2


def test_of_a_log_that_was_rotated_twice_the_newest_is_counted(log):
    log.note(429)
    log.rotate()
    log.note(429)
    log.rotated.unlink()
    log.rotate()
    log.note(404)
    assert log.told()["hidden"] == 1


def test_a_log_that_was_emptied_is_read_from_its_beginning(log):
    for _number in range(3):
        log.note(429)
    log.told()
    log.path.write_text("")
    log.note(404)
    assert log.told() == {"hidden": 1, "limited": 3, "clients": 1}


def test_what_was_there_before_the_first_look_is_not_counted(tmp_path):
    log = Log(tmp_path)
    log.note(429)
    assert log.told() == {"hidden": 0, "limited": 0, "clients": 0}


def test_where_nginx_never_ran_nothing_is_told_and_all_of_it_once_it_does(tmp_path):
    log = Log(tmp_path)
    assert log.text() == ""
    log.note(429)
    assert log.told() == {"hidden": 0, "limited": 1, "clients": 1}


def test_a_state_that_cannot_be_read_is_begun_again(log):
    log.note(429)
    log.told()
    log.state.write_text("{")
    assert log.told() == {"hidden": 0, "limited": 0, "clients": 0}


def test_what_is_no_line_of_this_log_is_passed_over(log):
    log.path.write_bytes(b"\0\0\0\n429\n1.0 192.0.2.1 500\n")
    log.note(429)
    assert log.told() == {"hidden": 0, "limited": 1, "clients": 1}
