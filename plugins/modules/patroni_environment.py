#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Install Patroni into a virtual environment of its own, without a network."""

from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_environment
short_description: Install Patroni into a virtual environment of its own, without a network
version_added: 0.1.0
description:
  - Looks at whether the host has the environment that the requirements and its Python ask for, and returns the stamp
    of it.
  - With an archive of the packages it builds the environment in a folder of its own, which is called after the link and
    the stamp, and switches the link to it in one step. A folder that was not built to its end is built again.
  - The environment that the link led to before stays, because Patroni runs from it; older ones are removed.
author:
  - FreeAgentics (@freeagentics)
attributes:
  check_mode:
    support: full
    description: Returns the changes of a real run, for which no archive is needed.
  diff_mode:
    support: full
    description: Shows where the link leads.
options:
  path:
    description: The link, which leads to the environment in use.
    type: path
    default: /opt/patroni
  digest:
    description: A hash of the requirements, in hexadecimal digits.
    type: str
    required: true
  archive:
    description:
      - A tar archive on the host with C(patroni-requirements.txt), C(patroni-build-requirements.txt) and the packages
        that they name. It is removed when the environment stands.
    type: path
  python:
    description: The Python that the environment is made of.
    type: path
    default: /usr/bin/python3
"""

EXAMPLES = r"""
- name: Look for the environment
  freeagentics.platform.patroni_environment:
    digest: "{{ lookup('ansible.builtin.file', 'patroni-requirements.txt') | ansible.builtin.hash('sha256') }}"
  register: environment

- name: Build it
  freeagentics.platform.patroni_environment:
    digest: "{{ lookup('ansible.builtin.file', 'patroni-requirements.txt') | ansible.builtin.hash('sha256') }}"
    archive: /var/tmp/patroni.tar
  when: environment.missing
"""

RETURN = r"""
stamp:
  description: What the wanted environment is called.
  returned: always
  type: str
  sample: 0123456789ab-py3.11-x86_64
python_version:
  description: Major and minor version of the host's Python.
  returned: always
  type: str
  sample: "3.11"
machine:
  description: The host's machine, as packages name it.
  returned: always
  type: str
  sample: x86_64
missing:
  description: Whether the environment has to be built.
  returned: always
  type: bool
"""

import os
import platform
import shutil
import tarfile
import tempfile

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.patroni.environment import (
    BUILD,
    REMOVE,
    SWITCH,
    plan,
    stamp,
)

#: Made in a folder when everything is in it.
COMPLETE = ".complete"
BUILD_REQUIREMENTS = "patroni-build-requirements.txt"
REQUIREMENTS = "patroni-requirements.txt"


def complete_folders(root: str) -> list:
    """Return the folders of environments that were built to their end."""
    parent, name = os.path.split(root)
    entries = os.listdir(parent) if os.path.isdir(parent) else []
    folders = [os.path.join(parent, entry) for entry in entries if entry.startswith(f"{name}-")]
    return [folder for folder in folders if os.path.isfile(os.path.join(folder, COMPLETE))]


def build(module: AnsibleModule, folder: str) -> None:
    """Build an environment from the archive."""
    if os.path.isdir(folder):
        shutil.rmtree(folder)
    with tempfile.TemporaryDirectory(prefix="patroni-", dir=module.tmpdir) as packages:
        with tarfile.open(module.params["archive"]) as archive:
            archive.extractall(packages)
        module.run_command([module.params["python"], "-m", "venv", folder], check_rc=True)
        pip = [os.path.join(folder, "bin", "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        pip += ["--no-index", "--no-deps", "--require-hashes", "--find-links", packages]
        for requirements in (BUILD_REQUIREMENTS, REQUIREMENTS):
            command = [*pip, "--no-build-isolation", "--requirement", os.path.join(packages, requirements)]
            module.run_command(command, check_rc=True)
    with open(os.path.join(folder, COMPLETE), "w", encoding="ascii"):
        pass


def switch(root: str, folder: str) -> None:
    """Let the link lead to a folder, in one step."""
    new = f"{root}.new"
    if os.path.lexists(new):
        os.unlink(new)
    os.symlink(folder, new)
    os.replace(new, root)


def main() -> None:
    """Look, plan, apply."""
    module = AnsibleModule(
        argument_spec={
            "path": {"type": "path", "default": "/opt/patroni"},
            "digest": {"type": "str", "required": True},
            "archive": {"type": "path"},
            "python": {"type": "path", "default": "/usr/bin/python3"},
        },
        supports_check_mode=True,
    )
    root = module.params["path"]
    version = ".".join(platform.python_version_tuple()[:2])
    wanted = stamp(module.params["digest"], version, platform.machine())
    linked = os.readlink(root) if os.path.islink(root) else ""
    steps = plan(root, wanted, complete_folders(root), linked)
    missing = any(step.action == BUILD for step in steps)
    if not module.check_mode and (module.params["archive"] or not missing):
        for step in steps:
            if step.action == BUILD:
                build(module, step.folder)
            elif step.action == SWITCH:
                switch(root, step.folder)
            elif step.action == REMOVE:
                shutil.rmtree(step.folder)
        if module.params["archive"]:
            os.unlink(module.params["archive"])
    after = f"{root}-{wanted}" if steps else linked
    diff = {"before": f"{root} -> {linked}\n", "after": f"{root} -> {after}\n"}
    result = {"stamp": wanted, "python_version": version, "machine": platform.machine(), "missing": missing}
    module.exit_json(changed=bool(steps), diff=diff, **result)


if __name__ == "__main__":
    main()
