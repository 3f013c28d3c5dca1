#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: system_users
short_description: Makes all accounts of people and tools in one step
description:
  - Compares the accounts of a host with a list and changes what differs. Passwords are locked, so that such accounts
    log in with a key only. Accounts that the list does not name are left alone.
version_added: 0.1.0
author: FreeAgentics (@freeagentics)
options:
  users:
    description: The accounts.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The login name.
        type: str
        required: true
      comment:
        description: The person's or tool's name.
        type: str
        default: ''
      shell:
        description: The login shell.
        type: str
        default: /bin/bash
      groups:
        description: All groups beside the account's own. A group must exist.
        type: list
        elements: str
        default: []
      state:
        description: V(absent) removes the account and keeps its home directory.
        type: str
        choices: [present, absent]
        default: present
attributes:
  check_mode:
    support: full
    description: Reports the commands and runs none.
  diff_mode:
    support: full
    description: Shows the commands.
"""

EXAMPLES = r"""
- name: Make the operators' accounts
  freeagentics.platform.system_users:
    users:
      - {name: ada, comment: Ada Lovelace, groups: [adm]}
      - {name: bob, state: absent}
"""

RETURN = r"""
commands:
  description: What was run, or would be in check mode.
  returned: always
  type: list
  elements: str
  sample: [userdel bob]
"""

import grp
import pwd
from typing import Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.system_users.plan import Account, User, plan


def accounts() -> Dict[str, Account]:
    """Return the accounts of this host by name."""
    groups = grp.getgrall()
    return {
        entry.pw_name: Account(
            entry.pw_gecos,
            entry.pw_shell,
            tuple(sorted(group.gr_name for group in groups if entry.pw_name in group.gr_mem)),
        )
        for entry in pwd.getpwall()
    }


def main() -> None:
    """Read, plan, apply."""
    user = {
        "name": {"type": "str", "required": True},
        "comment": {"type": "str", "default": ""},
        "shell": {"type": "str", "default": "/bin/bash"},
        "groups": {"type": "list", "elements": "str", "default": []},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
    }
    module = AnsibleModule(
        argument_spec={"users": {"type": "list", "elements": "dict", "required": True, "options": user}},
        supports_check_mode=True,
    )
    wanted = [
        User(one["name"], one["comment"], one["shell"], tuple(one["groups"]), one["state"] == "present")
        for one in module.params["users"]
    ]
    commands = plan(wanted, accounts())
    if not module.check_mode:
        for command in commands:
            code, _out, err = module.run_command(list(command))
            if code != 0:
                module.fail_json(msg=f"{command[-1]}: {command[0]} failed: {err.strip()}")
    lines = [" ".join(command) for command in commands]
    after = "".join(f"{line}\n" for line in lines)
    module.exit_json(changed=bool(commands), commands=lines, diff={"before": "", "after": after})


if __name__ == "__main__":
    main()
