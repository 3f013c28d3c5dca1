# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plays become phases, with when they began and how long they took."""

from __future__ import annotations

from ansible_collections.freeagentics.platform.plugins.module_utils.report.timeline import Timeline


def test_phases_begin_and_end_with_their_plays():
    line = Timeline()
    line.play("Observe", 100.0)
    line.task("Look", 100.5)
    line.result("db2", False, 101.0)
    line.result("db1", True, 103.0)
    line.play("Nobody is in this one", 103.5)
    line.play("Act", 103.6)
    line.task("Lead", 103.7)
    line.result("db2", False, 104.2)
    line.close(104.3)
    assert line.record() == [
        {
            "phase": "Observe",
            "from": 0.0,
            "seconds": 3.5,
            "failed": True,
            "steps": [{"step": "Look", "from": 0.5, "seconds": 2.5, "failed_on": ["db1"]}],
        },
        {
            "phase": "Act",
            "from": 3.6,
            "seconds": 0.7,
            "failed": False,
            "steps": [{"step": "Lead", "from": 3.7, "seconds": 0.5, "failed_on": []}],
        },
    ]


def test_a_failure_that_counts_for_nothing_is_forgotten():
    line = Timeline()
    line.play("Act", 1.0)
    line.task("Lead", 1.0)
    line.result("db1", True, 2.0)
    line.result("db2", True, 2.0)
    line.close(2.0)
    line.keep_failures_of({"db2"})
    assert line.record()[0]["steps"][0]["failed_on"] == ["db2"]


def test_a_run_of_nothing_has_no_phases():
    line = Timeline()
    line.task("before any play", 1.0)
    line.result("db1", True, 1.0)
    line.close(2.0)
    assert line.record() == []
