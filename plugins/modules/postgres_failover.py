#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Take the lease from a primary that cannot write any more, and wait until another member leads."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgres_failover
short_description: Take the lease from a primary that cannot write any more, and wait until another member leads
version_added: 0.1.0
description:
  - Removes the leader's key from the cluster store, and that of the member which held it, if it is still the one that
    was looked at, in one transaction. Patroni's members notice at once and elect. Nothing is promoted beside Patroni.
  - The caller has to have proved before that the old primary cannot write, with M(freeagentics.platform.postgres_fence)
    or by taking its power. Without O(revision) nothing is removed, and the module waits until the lease has run out.
  - Can be run again at any time; where another member leads already, it changes nothing.
author:
  - FreeAgentics (@freeagentics)
extends_documentation_fragment:
  - freeagentics.platform.cluster_store
attributes:
  check_mode:
    support: full
    description: Tells whether the key would be removed, and does not wait.
  diff_mode:
    support: full
    description: Shows who leads before and after.
options:
  members:
    description: The members of the cluster.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The member's name in Patroni.
        type: str
        required: true
      host:
        description: Its address, for which its certificate must be.
        type: str
        required: true
      rest_port:
        description: The port of Patroni's REST API.
        type: int
        default: 8008
  old:
    description: The member that shall lead no more; empty where nobody held the lease.
    type: str
    default: ""
  revision:
    description: The revision of its key, of M(freeagentics.platform.postgres_failover_info). With 0 nothing is removed.
    type: int
    default: 0
  candidate:
    description: The member that shall lead. Without one Patroni elects the member that has most.
    type: str
    default: ""
  timeout:
    description: Seconds until another member must lead.
    type: float
    default: 60
"""

EXAMPLES = r"""
- name: Let another member lead
  freeagentics.platform.postgres_failover:
    scope: us-east-1
    members: [{name: db1, host: 10.0.20.10}, {name: db2, host: 10.0.21.10}, {name: db3, host: 10.0.21.11}]
    store: [{address: 10.0.20.10, port: 2379}, {address: 10.0.21.10, port: 2379}]
    store_user: patroni
    store_password: "{{ secret_etcd_patroni }}"
    ca_file: /etc/freeagentics/tls/ca.crt
    old: db1
    revision: "{{ seen.store.revision }}"
"""

RETURN = r"""
leader:
  description: Who leads.
  returned: always
  type: str
  sample: db2
released:
  description: Whether the key was removed by this run.
  returned: always
  type: bool
seconds:
  description: How long it took until the member led, from the start of the module.
  returned: always
  type: float
"""

import json
import time
from typing import Any, Mapping, Optional

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.seen import LEADING
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.options import (
    STORE,
    folder_of,
    store_of,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.store import StoreError
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_io import rest

#: Seconds between two looks, and for each answer.
PAUSE, ANSWER = 0.1, 2.0


class Cluster:
    """A cluster as its store and its members tell of it."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._params = params
        self._store = store_of(params, ANSWER)
        self._folder = folder_of(params)

    def holder(self) -> str:
        """Return who holds the lease, empty if nobody does."""
        entry = self._store.under(self._folder).get("leader")
        return entry.value if entry else ""

    def release(self) -> bool:
        """Remove the key of the old leader, if it is still the one that was looked at; return whether that was so."""
        entry = self._store.under(self._folder).get("leader")
        if entry is None or (entry.value, entry.revision) != (self._params["old"], self._params["revision"]):
            return False
        if self._params["candidate"]:
            self._store.put(f"{self._folder}failover", json.dumps({"member": self._params["candidate"]}))
        # With the member's own key, which would run out as well: whoever is listed is asked before an election, and one
        # that is dead does not answer until its two seconds are over.
        gone = f"{self._folder}members/{entry.value}"
        return self._store.remove_if_still(f"{self._folder}leader", entry, [gone])

    def leads(self, name: str) -> bool:
        """Return whether a member's own Patroni says that it leads and that its server runs."""
        member = next((one for one in self._params["members"] if one["name"] == name), None)
        if member is None:
            return False
        try:
            said = rest.get_json(member["host"], member["rest_port"], "/patroni", self._params["ca_file"], ANSWER)
        except rest.RestError:
            return False
        return said.get("role") in LEADING and said.get("state") == "running"


def wait_for_leader(cluster: Cluster, old: str, seconds: float) -> Optional[str]:
    """Return who leads instead of the old one, None if nobody did in time."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            holder = cluster.holder()
        except StoreError:
            holder = ""
        if holder and holder != old and cluster.leads(holder):
            return holder
        if time.monotonic() > deadline:
            return None
        time.sleep(PAUSE)


def main() -> None:
    """Release, wait, tell."""
    member = {
        "name": {"type": "str", "required": True},
        "host": {"type": "str", "required": True},
        "rest_port": {"type": "int", "default": 8008},
    }
    module = AnsibleModule(
        argument_spec={
            **STORE,
            "members": {"type": "list", "elements": "dict", "required": True, "options": member},
            "old": {"type": "str", "default": ""},
            "revision": {"type": "int", "default": 0},
            "candidate": {"type": "str", "default": ""},
            "timeout": {"type": "float", "default": 60},
        },
        supports_check_mode=True,
    )
    params, cluster, began = module.params, Cluster(module.params), time.monotonic()
    try:
        before = cluster.holder()
        if module.check_mode:
            changed = bool(params["revision"]) and before == params["old"]
            module.exit_json(changed=changed, leader=before, released=False, seconds=0.0)
        released = bool(params["revision"]) and cluster.release()
    except StoreError as error:
        module.fail_json(msg=f"the cluster store does not answer, nothing was changed: {error}")
    leader = wait_for_leader(cluster, params["old"], params["timeout"])
    seconds = round(time.monotonic() - began, 3)
    if leader is None:
        how = "taken away" if released else "to run out"
        module.fail_json(
            msg=f"no member leads {params['timeout']:g} s after the lease was {how}. `patronictl list` and "
            "`journalctl -u patroni` on the database hosts say why; nothing was lost, and this can be run again",
            released=released,
        )
    diff = {"before": f"{before} leads\n", "after": f"{leader} leads\n"}
    module.exit_json(changed=leader != before, leader=leader, released=released, seconds=seconds, diff=diff)


if __name__ == "__main__":
    main()
