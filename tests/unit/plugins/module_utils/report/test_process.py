# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A process began so many ticks after its machine."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.report.process import begun

#: The fields behind the name, up to the one before the start.
FIELDS = "S 1 4711 4711 34816 4711 4194304 9000 0 12 0 310 40 0 0 20 0 3 0"


@pytest.mark.parametrize(
    ("name", "ticks", "expected"),
    [
        ("ansible-playboo", 100, 1500.0),
        ("ansible-playboo", 250, 1200.0),
        # Nothing in a name is a field, or the end of one.
        ("a (b) 1 2 3", 100, 1500.0),
    ],
)
def test_the_start_is_counted_from_that_of_the_machine(name, ticks, expected):
    assert begun(f"4711 ({name}) {FIELDS} 50000 123 456\n", 2000.0, 1000.0, ticks) == expected


@pytest.mark.parametrize("stat", ["", "4711 (sh) S 1 2", f"4711 (sh) {FIELDS}", f"4711 (sh) {FIELDS} soon 0"])
def test_another_text_is_refused(stat):
    with pytest.raises(ValueError, match="no stat of a process: "):
        begun(stat, 2000.0, 1000.0, 100)


def test_a_process_of_this_machine_began_when_it_was_started():
    before = time.time()
    with subprocess.Popen(["sleep", "60"]) as process:
        after = time.time()
        stat = Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8")
        now, since_boot = time.time(), time.clock_gettime(time.CLOCK_BOOTTIME)
        process.kill()
    ticks = os.sysconf("SC_CLK_TCK")
    assert before - 2 / ticks <= begun(stat, now, since_boot, ticks) <= after + 2 / ticks
