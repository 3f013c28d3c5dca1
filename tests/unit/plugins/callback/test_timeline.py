# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A run that says what it was leaves a report, also where it failed; others leave nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]
BEGIN = """
- name: Observe
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Begin
      ansible.builtin.set_stats:
        data: {freeagentics_report: {directory: "%s", title: Failover, sections: [{heading: Plan, lines: [a line]}]}}
"""
END = """
- name: Act
  hosts: localhost
  gather_facts: false
  tasks:
    - name: End
      ansible.builtin.set_stats:
        data: {freeagentics_report: {verdict: db2 leads, figures: [{name: loss, measured: none, target: none}]}}
"""
FAIL = """
- name: Act
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Fail
      ansible.builtin.fail: {msg: it broke}
"""


@pytest.fixture
def play(tmp_path):
    """Run a playbook and return its exit code and the report, None if there is none."""

    def run(text):
        playbook = tmp_path / "play.yml"
        playbook.write_text(f"---{text}", encoding="utf-8")
        environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        command = [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "localhost,", str(playbook)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        report = tmp_path / "report" / "report.json"
        return done, json.loads(report.read_text(encoding="utf-8")) if report.is_file() else None

    return run


def test_a_run_that_ended_is_told(play, tmp_path):
    done, report = play(BEGIN % (tmp_path / "report") + END)
    assert done.returncode == 0, done.stdout
    assert f"report: {tmp_path}/report/report.html" in done.stdout
    assert (report["title"], report["verdict"], report["good"]) == ("Failover", "db2 leads", True)
    assert [phase["phase"] for phase in report["timeline"]] == ["Observe", "Act"]
    assert report["timeline"][0]["steps"][0]["step"] == "Begin"
    assert report["sections"] == [{"heading": "Plan", "lines": ["a line"]}]
    assert "db2 leads" in (tmp_path / "report" / "report.md").read_text(encoding="utf-8")


def test_a_moment_is_told_as_the_time_from_the_command(play, tmp_path):
    at = "{{ now(utc=true).timestamp() + 100 }}"
    figures = END.replace("measured: none", f"at: '{at}'")
    (figure,) = play(BEGIN % (tmp_path / "report") + figures)[1]["figures"]
    assert (figure["name"], figure["target"], "at" in figure) == ("loss", "none", False)
    assert 100 <= float(figure["measured"].removesuffix(" s")) < 160


def test_the_start_of_ansible_itself_is_counted(play, tmp_path):
    begin = time.time()
    figures = END.replace("measured: none", f"at: '{begin + 1000}'")
    (figure,) = play(BEGIN % (tmp_path / "report") + figures)[1]["figures"]
    # The process is there at once; Ansible has loaded its plugins more than half a second later.
    assert 999.7 <= float(figure["measured"].removesuffix(" s")) <= 1000.1


def test_what_was_rescued_is_no_failure(play, tmp_path):
    rescued = """
- name: Try
  hosts: localhost
  gather_facts: false
  tasks:
    - name: Try
      block:
        - name: Fail
          ansible.builtin.fail: {msg: it broke}
      rescue:
        - name: Go on
          ansible.builtin.debug: {msg: all the same}
"""
    report = play(BEGIN % (tmp_path / "report") + rescued + END)[1]
    assert (report["verdict"], report["good"]) == ("db2 leads", True)
    assert [phase["failed"] for phase in report["timeline"]] == [False, False, False]


def test_a_run_that_failed_is_told_with_where(play, tmp_path):
    done, report = play(BEGIN % (tmp_path / "report") + FAIL)
    assert done.returncode == 2
    assert (report["verdict"], report["good"]) == ("It stopped in the phase: Act", False)
    assert report["timeline"][1]["steps"][0]["failed_on"] == ["localhost"]


def test_a_bad_verdict_stands_although_the_run_failed_then(play, tmp_path):
    bad = END.replace("verdict: db2 leads", "verdict: nobody answers, good: false")
    for end, code in ((bad, 0), (bad + FAIL.replace("Act", "Report"), 2)):
        done, report = play(BEGIN % (tmp_path / "report") + end)
        assert (done.returncode, report["verdict"], report["good"]) == (code, "nobody answers", False)


def test_other_runs_leave_nothing(play):
    done, report = play(END)
    assert (done.returncode, report) == (0, None)


def test_a_folder_that_cannot_be_written_fails_no_run(play, tmp_path):
    (tmp_path / "report").write_text("in the way", encoding="utf-8")
    done, _report = play(BEGIN % (tmp_path / "report" / "deeper") + END)
    assert done.returncode == 0
    assert "the report could not be written" in done.stdout + done.stderr
