#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Let the cluster store forget which data a PostgreSQL cluster had, and keep its settings."""

from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_forget
short_description: Let the cluster store forget which data a PostgreSQL cluster had, and keep its settings
version_added: 0.1.0
description:
  - Removes what the store has of a Patroni cluster, save the settings that its members share. The positions, the
    history and the identifier of the old data would keep a restored member, which has less log, from leading.
  - C(patronictl remove) takes the settings, too, and with them C(region_epoch), by which regions know who leads.
  - Somebody who leads holds a lease, which is waited for; where it does not end, nothing is removed.
  - Where O(epoch) is given, settings with a lower number get it in the same step, or a higher one, where another region
    told of one that is (C(region_heard)).
  - Can be run again at any time; where nothing but the settings is there, nothing is changed.
author:
  - FreeAgentics (@freeagentics)
extends_documentation_fragment:
  - freeagentics.platform.cluster_store
attributes:
  check_mode:
    support: full
    description: Tells what would be removed, and does not wait.
  diff_mode:
    support: full
    description: Shows the names of the keys.
options:
  follows:
    description:
      - Whether it is a cluster that follows that of another region. Where its settings do not say so, nothing is
        removed; its members would begin a database of their own otherwise.
    type: bool
    default: false
  epoch:
    description:
      - The C(region_epoch) that the settings have to have at least, so that no region that is back leads instead. Where
        the store has no settings, none are made.
    type: int
    default: 0
  timeout:
    description: Seconds for which a lease is waited for.
    type: float
    default: 60
"""

EXAMPLES = r"""
- name: Let the cluster store forget the old cluster's state
  freeagentics.platform.patroni_forget:
    scope: freeagentics-us-east-1
    store: [{address: 10.0.20.10, port: 2379}, {address: 10.0.21.10, port: 2379}]
    store_user: patroni
    store_password: "{{ secret_etcd_patroni }}"
    ca_file: /etc/freeagentics/tls/ca.crt
"""

RETURN = r"""
removed:
  description: The keys that were removed, or would be, without the cluster's folder.
  returned: always
  type: list
  elements: str
  sample: [history, initialize, status]
counted:
  description: Whether C(region_epoch) was raised, or would be.
  returned: always
  type: bool
"""

import json
import time
from typing import Any, Dict, List, Mapping, Tuple

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.role import EPOCH, counted_on
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni.dynamic import follows
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.options import (
    STORE,
    folder_of,
    store_of,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.store import StoreError

#: The only keys that stay: the settings, and who holds the lease, which goes with whoever holds it.
SETTINGS = "config"
LEADER = "leader"


class Refused(Exception):
    """Nothing was removed; the text says why."""


def forget(params: Mapping[str, Any], only_look: bool) -> Tuple[List[str], bool]:
    """Remove what there is save the settings, and return the names of the keys, and whether the settings counted on.

    :raises Refused: somebody leads, or the cluster is another one than it was said to be.
    :raises StoreError: nobody answered.
    """
    store, folder = store_of(params), folder_of(params)
    deadline = time.monotonic() + params["timeout"]
    while True:
        entries = store.under(folder)
        settings = json.loads(entries[SETTINGS].value or "{}") if SETTINGS in entries else {}
        if params["follows"] and entries and not follows(settings):
            raise Refused(
                f"the settings of {params['scope']} do not say which cluster it follows, and its members would begin a "
                "database of their own. playbooks/failover.yml lets a region follow"
            )
        keys = sorted(name for name in entries if name not in (SETTINGS, LEADER))
        counted = _counted(settings, params["epoch"])
        if only_look:
            return keys, bool(counted)
        if LEADER not in entries:
            whole = [folder + name for name in keys]
            put = {folder + SETTINGS: json.dumps(counted, separators=(",", ":"))} if counted else {}
            if not (keys or put) or store.change_if_still(folder + LEADER, None, remove=whole, put=put):
                return keys, bool(counted)
        if time.monotonic() >= deadline:
            name = entries[LEADER].value if LEADER in entries else "somebody"
            raise Refused(f"{name} leads {params['scope']}: stop its Patroni, and run this again")
        time.sleep(0.5)


def _counted(settings: Mapping[str, Any], epoch: int) -> Dict[str, Any]:
    """Return settings whose number was too low; nothing where none is asked for, none are there, or theirs does."""
    if not settings or not epoch:
        return {}
    enough = counted_on(settings, epoch)
    return {**settings, EPOCH: enough} if int(settings.get(EPOCH) or 0) < enough else {}


def main() -> None:
    """Look, wait until nobody leads, remove."""
    module = AnsibleModule(
        argument_spec={
            **STORE,
            "follows": {"type": "bool", "default": False},
            "epoch": {"type": "int", "default": 0},
            "timeout": {"type": "float", "default": 60},
        },
        supports_check_mode=True,
    )
    try:
        removed, counted = forget(module.params, module.check_mode)
    except Refused as error:
        module.fail_json(msg=str(error))
    except StoreError as error:
        module.fail_json(msg=f"the cluster store does not answer: {error}. Run this again, it looks at what is there")
    diff = {"before": "".join(f"{name}\n" for name in removed), "after": ""}
    module.exit_json(changed=bool(removed) or counted, removed=removed, counted=counted, diff=diff)


if __name__ == "__main__":
    main()
