# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What arrived is kept."""

from __future__ import annotations

import scenario
from watching import on, until

testinfra_hosts = scenario.hosts("prometheus")[:1]


def test_the_dead_mans_switch_is_told(host):
    log = "/var/lib/alert-sink/messages.jsonl"
    assert until(lambda: '"way": "watchdog"' in on(host, "sink").run(f"cat {log}").stdout, 90)
