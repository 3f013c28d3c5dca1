# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the plays of a playbook give to roles, as Ansible tells it in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def variables(inventory, playbook, *names):
    """What variables of roles are on each host, in each play that runs the role."""
    return _printed("role_variables.py", inventory, playbook, *names)


def template(inventory, playbook, role, path):
    """The text of a role's template, by host."""
    return _printed("role_template.py", inventory, playbook, role, path)


def _printed(script, *arguments):
    command = [sys.executable, str(Path(__file__).with_name(script)), *map(str, arguments)]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
