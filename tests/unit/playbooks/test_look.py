# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whoever looks at hosts for a failover goes on without those that do not answer."""

from __future__ import annotations

from pathlib import Path

import yaml

LOOK = Path(__file__).resolve().parents[3] / "playbooks/tasks/failover/look.yml"


def test_a_look_that_takes_too_long_is_a_host_that_does_not_answer():
    """A task that its time limit ends has failed, whatever failed_when says, and would end the run for its host."""
    (look,) = yaml.safe_load(LOOK.read_text())
    assert look["timeout"]
    assert look["ignore_errors"] is True
    assert look["register"] == "__failover_seen"
