# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prints a template of a role as each host of a play would get it.

Ansible keeps what it loads in its process, so tests run this in one of its own.

    python tests/unit/playbooks/role_template.py <inventory> <playbook> <role> <template>
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ansible import context
from ansible.inventory.manager import InventoryManager
from ansible.module_utils.common.collections import ImmutableDict
from ansible.parsing.dataloader import DataLoader
from ansible.playbook import Playbook
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar, trust_as_template
from ansible.vars.manager import VariableManager


def rendered(inventory_path: str, playbook: str, role_name: str, template: str) -> dict[str, str]:
    """Return the text of a template on each host that gets the role."""
    loader = DataLoader()
    inventory = InventoryManager(loader, [inventory_path])
    manager = VariableManager(loader, inventory)
    found = {}
    for play in Playbook.load(playbook, variable_manager=manager, loader=loader).get_plays():
        for role in play.roles:
            if role.get_name().rpartition(".")[2] != role_name:
                continue
            task = next(task for block in role.compile(play) for task in block.block)
            source = Path(role.get_role_path()) / "templates" / template
            for host in inventory.get_hosts(play.hosts):
                variables = manager.get_vars(play=play, host=host, task=task)
                templar = Templar(loader, variables={"ansible_managed": "Ansible managed", **variables})
                text = trust_as_template(source.read_text(encoding="utf-8"))
                found[host.name] = templar.template(text, overrides={"trim_blocks": True, "lstrip_blocks": False})
    return found


if __name__ == "__main__":
    context.CLIARGS = ImmutableDict(extra_vars=(), tags=["all"], skip_tags=[])
    init_plugin_loader()
    json.dump(rendered(*sys.argv[1:5]), sys.stdout)
