# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the plays of a playbook give to roles, as Ansible tells it in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]


def variables(inventory, playbook, *names):
    """What variables of roles are on each host, in each play that runs the role."""
    return _printed("role_variables.py", inventory, playbook, *names)


def template(inventory, playbook, role, path):
    """The text of a role's template, by host."""
    return _printed("role_template.py", inventory, playbook, role, path)


def refused(folder, cases, *options):
    """Run the preflight of roles on this machine: what was printed, and what each case that was refused was told.

    Each case is in a block of its own, whose rescue writes down what it was told.

    :param cases: the role and its variables, by the name of the case.
    """
    places = {name: folder / f"told{number}" for number, name in enumerate(cases)}
    tasks = [
        {
            "block": [
                {
                    "ansible.builtin.include_role": {
                        "name": f"freeagentics.platform.{role}",
                        "tasks_from": "preflight.yml",
                    },
                    "vars": given,
                }
            ],
            "rescue": [
                {"ansible.builtin.copy": {"content": "{{ ansible_failed_result.msg }}", "dest": str(places[name])}}
            ],
        }
        for name, (role, given) in cases.items()
    ]
    play = {"hosts": "localhost", "gather_facts": False, "tasks": tasks}
    (folder / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    program = str(Path(sys.executable).with_name("ansible-playbook"))
    command = [program, "--inventory", "localhost,", "--connection", "local", *options, str(folder / "play.yml")]
    done = _run(command)
    assert done.returncode == 0, done.stdout
    told = {name: path.read_text(encoding="utf-8") for name, path in places.items() if path.exists()}
    return done.stdout + done.stderr, told


def _printed(script, *arguments):
    command = [sys.executable, str(Path(__file__).with_name(script)), *map(str, arguments)]
    done = _run(command)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def _run(command):
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
