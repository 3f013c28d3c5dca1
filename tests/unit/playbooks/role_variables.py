# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Prints what variables of roles are on each host, in each play that runs the role.

Ansible keeps what it loads in its process, so tests run this in one of its own.

    python tests/unit/playbooks/role_variables.py <inventory> <playbook> <variable>...
"""

from __future__ import annotations

import json
import sys

from ansible import context
from ansible.inventory.manager import InventoryManager
from ansible.module_utils.common.collections import ImmutableDict
from ansible.parsing.dataloader import DataLoader
from ansible.playbook import Playbook
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar
from ansible.vars.manager import VariableManager

#: Groups that a run makes of the hosts of another one.
MADE = {"postgres_active": "postgres", "postgres_standby": "postgres"}


def rendered(inventory_path: str, playbook: str, names: list[str]) -> list[dict]:
    """Return the value of each variable of a role, its private ones too, on each host as tasks of the role see it."""
    loader = DataLoader()
    inventory = InventoryManager(loader, [inventory_path])
    manager = VariableManager(loader, inventory)
    for made, group in MADE.items():
        inventory.add_group(made)
        for host in inventory.get_hosts(group):
            inventory.add_host(host.name, made)
    found = []
    for play in Playbook.load(playbook, variable_manager=manager, loader=loader).get_plays():
        for role in play.roles:
            short = role.get_name().rpartition(".")[2]
            task = next(task for block in role.compile(play) for task in block.block)
            wanted = [name for name in names if name.startswith((f"{short}_", f"__{short}_"))]
            for host in inventory.get_hosts(play.hosts) if wanted else ():
                variables = manager.get_vars(play=play, host=host, task=task)
                templar = Templar(loader, variables=variables)
                for name in wanted:
                    where = {"play": play.get_name(), "role": short, "host": host.name}
                    found.append({**where, "variable": name, "value": templar.template(variables[name])})
    return found


if __name__ == "__main__":
    context.CLIARGS = ImmutableDict(extra_vars=(), tags=["all"], skip_tags=[])
    init_plugin_loader()
    json.dump(rendered(sys.argv[1], sys.argv[2], sys.argv[3:]), sys.stdout)
