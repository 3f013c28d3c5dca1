# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The lookup as playbooks use it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[4]


def ansible(expression: str, *words: str) -> subprocess.CompletedProcess:
    """Let Ansible show the value of an expression."""
    command = [str(Path(sys.executable).with_name("ansible")), "localhost", "-i", "localhost,", "-c", "local"]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    environment["ANSIBLE_LOAD_CALLBACK_PLUGINS"] = "1"
    environment["ANSIBLE_STDOUT_CALLBACK"] = "ansible.builtin.oneline"
    arguments = json.dumps({"msg": "{{ " + expression + " }}"})
    return subprocess.run(
        [*command, "-m", "ansible.builtin.debug", "-a", arguments, *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def lookup(roles_by_group: str, *words: str) -> subprocess.CompletedProcess:
    """Ask for the packages of a host that is in the group platform."""
    name = "'freeagentics.platform.role_packages'"
    return ansible(f"query({name}, 'platform', 'zone_a', roles_by_group={roles_by_group})", *words)


def test_packages_of_the_roles_of_the_host_s_groups_are_found():
    shown = lookup("{'platform': ['pki'], 'vpn': ['vpn']}").stdout
    assert "openssl" in shown
    assert "wireguard" not in shown


def test_an_unknown_role_is_named():
    result = lookup("{'platform': ['pkii']}")
    assert result.returncode != 0
    assert "pkii: no such role in" in result.stdout + result.stderr


def test_another_version_that_the_inventory_names_is_what_is_installed():
    roles = "{'platform': ['postgres', 'backup']}"
    assert "postgresql-15" in lookup(roles).stdout
    shown = lookup(roles, "-e", "postgres_version=16").stdout
    assert "postgresql-client-16" in shown
    assert "postgresql-15" not in shown
    assert "mine" in lookup(roles, "-e", '{"major": 9, "postgres_packages": ["mine-{{ major }}"]}').stdout
