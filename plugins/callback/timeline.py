# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writes the report of an operation with the time that each phase took."""

from __future__ import annotations

DOCUMENTATION = r"""
name: timeline
type: aggregate
short_description: Writes the report of an operation with the time that each phase took
version_added: 0.1.0
description:
  - Notes when each play and task of a run began and ended.
  - Where the run says what it was, with M(ansible.builtin.set_stats) and the key C(freeagentics_report), a report is
    written at its end, also where it failed half-way. C(report.json) is for programs, C(report.md) and C(report.html)
    are for people. All other runs leave nothing.
  - The value has C(directory) and C(title), and may have C(verdict), C(figures), C(sections) and C(next). Where it has
    C(good) as false, the verdict is a bad one, and it stands although the run then fails. A figure that has C(at), in
    seconds of the epoch by the clock of the control host, is the time from the command until then. The command began
    when its process did, so Ansible's own start is counted; where no C(/proc) tells that, when this plugin was loaded.
author:
  - FreeAgentics (@freeagentics)
requirements:
  - Enabled in C(ansible.cfg).
options: {}
"""

import json
import os
import time
from datetime import datetime, timezone
from pathlib import Path

from ansible.plugins.callback import CallbackBase

from ansible_collections.freeagentics.platform.plugins.module_utils.report.page import html, markdown
from ansible_collections.freeagentics.platform.plugins.module_utils.report.process import begun
from ansible_collections.freeagentics.platform.plugins.module_utils.report.timeline import Timeline

KEY = "freeagentics_report"


class CallbackModule(CallbackBase):
    """Notes times, and writes the report."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "freeagentics.platform.timeline"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self):
        super().__init__()
        self._timeline = Timeline()
        self._begun = _command_begun()
        self._report = {}

    def v2_playbook_on_play_start(self, play):
        """Note a play."""
        self._timeline.play(play.get_name().strip(), time.time())

    def v2_playbook_on_task_start(self, task, is_conditional):
        """Note a task."""
        self._timeline.task(task.get_name().strip(), time.time())

    def v2_playbook_on_handler_task_start(self, task):
        """Note a handler."""
        self._timeline.task(task.get_name().strip(), time.time())

    def v2_runner_on_ok(self, result):
        """Note that a host is done, and what the run says of itself."""
        self._done(result, False)
        stats = result._result.get("ansible_stats") or {}
        self._report.update((stats.get("data") or {}).get(KEY) or {})

    def v2_runner_on_failed(self, result, ignore_errors=False):
        """Note that a task failed on a host."""
        self._done(result, not ignore_errors)

    def v2_runner_on_unreachable(self, result):
        """Note that a host did not answer."""
        self._done(result, not result._task.ignore_unreachable)

    def v2_runner_on_skipped(self, result):
        """Note that a host had nothing to do."""
        self._done(result, False)

    def v2_playbook_on_stats(self, stats):
        """Write the report, if the run is one that has any."""
        self._timeline.close(time.time())
        # What a rescue caught counts for no host as a failure.
        self._timeline.keep_failures_of({*stats.failures, *stats.dark})
        if not self._report.get("directory"):
            return
        folder = Path(self._report["directory"])
        report = self._whole_report()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
            (folder / "report.md").write_text(markdown(report), encoding="utf-8")
            (folder / "report.html").write_text(html(report), encoding="utf-8")
        except OSError as error:
            self._display.warning(f"the report could not be written: {error}")
        else:
            self._display.display(f"report: {folder / 'report.html'}")

    def _done(self, result, failed):
        self._timeline.result(result._host.get_name(), failed, time.time())

    def _whole_report(self):
        known = {key: value for key, value in self._report.items() if key != "directory"}
        phases = self._timeline.record()
        stopped = next((phase["phase"] for phase in phases if phase["failed"]), "")
        ended = self._report.get("verdict")
        bad = self._report.get("good") is False
        verdict = ended if ended and (bad or not stopped) else f"It stopped in the phase: {stopped or 'unknown'}"
        good = bool(ended) and not stopped and not bad
        if "figures" in known:
            known["figures"] = [self._measured(figure) for figure in known["figures"]]
        moment = datetime.fromtimestamp(self._begun, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")
        return {**known, "verdict": verdict, "good": good, "begun": moment, "timeline": phases}

    def _measured(self, figure):
        """Return a figure with the time from the command, where it says at which moment something was."""
        if "at" not in figure:
            return figure
        rest = {key: value for key, value in figure.items() if key != "at"}
        return {**rest, "measured": f"{float(figure['at']) - self._begun:.1f} s"}


def _command_begun():
    """Return when the process of the command began, or now where that is not told: only Linux has the file."""
    now = time.time()
    try:
        stat = Path("/proc/self/stat").read_text(encoding="utf-8")
        return begun(stat, now, time.clock_gettime(time.CLOCK_BOOTTIME), os.sysconf("SC_CLK_TCK"))
    except (OSError, ValueError, AttributeError):
        return now
