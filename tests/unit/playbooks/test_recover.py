# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is recovered from nothing is all that site.yml builds: a host that was lost with its disk has nothing left."""

from __future__ import annotations

from pathlib import Path

import yaml

PLAYBOOKS = Path(__file__).resolve().parents[3] / "playbooks"
IMPORT = "ansible.builtin.import_playbook"


def leaves(name):
    """Return the playbooks with plays of their own that one imports, itself included where it has any."""
    plays = yaml.safe_load((PLAYBOOKS / name).read_text())
    found = set() if all(IMPORT in play for play in plays) else {name}
    return found.union(*(leaves(play[IMPORT]) for play in plays if IMPORT in play))


def test_a_recovery_builds_everything():
    built = leaves("site.yml")
    assert {"etcd.yml", "app.yml", "database_route.yml", "monitoring.yml"} <= built
    assert built <= leaves("recover.yml")
