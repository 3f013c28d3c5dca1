#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Let the PostgreSQL cluster of a region lead, or follow that of another region."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgres_region
short_description: Let the PostgreSQL cluster of a region lead, or follow that of another region
version_added: 0.1.0
description:
  - Changes the settings that the members of a Patroni cluster share, so that it leads or is a standby cluster, and
    waits until its members are that. Patroni does the work; nothing is promoted beside it.
  - A cluster that led and shall follow stops writing, shuts down with a last checkpoint, archives it, and starts again
    as a follower. What it has then is in RV(position).
  - A cluster that shall lead does so only once it has replayed the log up to O(position), where one is given.
  - Where no Patroni of the cluster answers, the settings are written into the cluster store, if nobody has changed them
    meanwhile.
  - Can be run again at any time; where the cluster is what it shall be, nothing is changed.
author:
  - FreeAgentics (@freeagentics)
extends_documentation_fragment:
  - freeagentics.platform.cluster_store
  - freeagentics.platform.cluster_store.members
attributes:
  check_mode:
    support: full
    description: Tells whether the settings would change, and does not wait.
  diff_mode:
    support: full
    description: Shows the settings that change.
options:
  state:
    description: What the cluster shall do.
    type: str
    choices: [leading, following]
    required: true
  username:
    description: The user of Patroni's REST API who may change settings.
    type: str
    required: true
  password:
    description: The user's password.
    type: str
    required: true
  source:
    description: The cluster that is followed. Needed for V(following).
    type: dict
    suboptions:
      host:
        description: The addresses of its members, with commas; whichever leads is followed.
        type: str
        required: true
      port:
        description: PostgreSQL's port.
        type: int
        default: 5432
      slot:
        description: The slot on it that is used.
        type: str
        required: true
  slots:
    description: The slots of clusters that follow this one. They are kept where it leads, and given up where it does
      not.
    type: list
    elements: str
    default: []
  epoch:
    description:
      - The number of the failover by which this cluster leads, or the one that it follows does. Never counted down.
    type: int
    required: true
  position:
    description: What the cluster must have replayed before it leads, such as RV(position) of the one that led.
    type: str
    default: ""
  anew:
    description:
      - Whether the members' data was put aside, so that the cluster is copied anew from O(source). Only where no
        Patroni of the cluster runs. The store forgets which data the cluster had.
    type: bool
    default: false
  wait:
    description: Whether to wait until the members are what they shall be. Not where none of them runs.
    type: bool
    default: true
  timeout:
    description: Seconds for all of it.
    type: float
    default: 120
"""

EXAMPLES = r"""
- name: Let the region that leads stop writing and follow the other one
  freeagentics.platform.postgres_region:
    state: following
    scope: freeagentics-us-east-1
    members: [{name: db1, host: 10.0.20.10}, {name: db2, host: 10.0.21.10}]
    store: [{address: 10.0.20.10, port: 2379}, {address: 10.0.21.10, port: 2379}]
    store_user: patroni
    store_password: "{{ secret_etcd_patroni }}"
    ca_file: /etc/freeagentics/tls/ca.crt
    username: patroni
    password: "{{ secret_patroni_rest }}"
    source: {host: 10.1.20.10, slot: us_east_1}
    slots: [us_west_2]
    epoch: 1
  register: followed

- name: Let the other one lead once it has everything
  freeagentics.platform.postgres_region:
    state: leading
    scope: freeagentics-us-west-2
    members: [{name: west-db1, host: 10.1.20.10}]
    store: [{address: 10.1.20.10, port: 2379}]
    store_user: patroni
    store_password: "{{ secret_etcd_patroni }}"
    ca_file: /etc/freeagentics/tls/ca.crt
    username: patroni
    password: "{{ secret_patroni_rest }}"
    epoch: 1
    slots: [us_east_1]
    position: "{{ followed.position }}"
"""

RETURN = r"""
leader:
  description: The member that holds the cluster's lease, empty if it was not waited for.
  returned: always
  type: str
  sample: west-db1
position:
  description: The end of the log, of the member that has most.
  returned: always
  type: str
  sample: 0/5F3A1C8
timeline:
  description: The timeline that it is on, 0 if it was not waited for.
  returned: always
  type: int
seconds:
  description: How long it took.
  returned: always
  type: float
"""

import json
import time
from typing import Any, Dict, Mapping, Optional, Tuple

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.role import to_follow, to_lead
from ansible_collections.freeagentics.platform.plugins.module_utils.observe.parallel import ask_all
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni.dynamic import apply
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.options import (
    MEMBERS,
    STORE,
    folder_of,
    store_of,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.rest import Endpoint, RestError, call
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.store import Entry, StoreError
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.lsn import parse_lsn, show_lsn

#: Seconds between two looks.
PAUSE = 0.2
#: Seconds for each answer.
ANSWER = 2.0
#: The roles that a leader has in a cluster that leads.
LEADS = ("primary", "master")
#: And in one that follows.
FOLLOWS = ("standby_leader",)


class Failed(Exception):
    """It did not come about; the text says what is there and what to do."""


class Cluster:
    """A region's cluster, by its store and its members."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        self._params = params
        self._store = store_of(params, ANSWER)
        self._folder = folder_of(params)

    def settings(self) -> Tuple[Dict[str, Any], Optional[Entry], str]:
        """Return the shared settings, their entry in the store, and who holds the lease."""
        entries = self._store.under(self._folder)
        entry, leader = entries.get("config"), entries.get("leader")
        return json.loads(entry.value) if entry else {}, entry, leader.value if leader else ""

    def change(self, patch: Mapping[str, Any]) -> None:
        """Change the settings by the first Patroni that answers, or else in the store.

        :raises Failed: somebody else changed them at the same moment, or a Patroni refused.
        """
        settings, entry, leader = self.settings()
        for member in sorted(self._params["members"], key=lambda one: one["name"] != leader):
            account = self._params["username"], self._params["password"]
            endpoint = Endpoint(member["host"], member["rest_port"], self._params["ca_file"], *account, ANSWER)
            try:
                status, answer = call(endpoint, "PATCH", "/config", patch)
            except RestError:
                continue
            if status == 200:
                return
            raise Failed(f"Patroni on {member['name']} did not change the settings: HTTP status {status}: {answer}")
        if entry is None:
            raise Failed("the cluster has no settings in its store: was it ever initialised?")
        text = json.dumps(apply(settings, patch), separators=(",", ":"))
        if not self._store.change_if_still(f"{self._folder}config", entry, put={f"{self._folder}config": text}):
            raise Failed("somebody else changed the settings at this moment; run this again")

    def forget(self, only_look: bool) -> bool:
        """Let the members be copied anew: whoever comes first initialises the cluster. Return whether that is new.

        :raises Failed: a Patroni runs.
        """
        running = self.said()
        if running:
            raise Failed(f"Patroni runs on {', '.join(sorted(running))}: stop it before its cluster is copied anew")
        entry, key = self._store.under(self._folder).get("initialize"), f"{self._folder}initialize"
        if entry is not None and not only_look and not self._store.change_if_still(key, entry, [key]):
            raise Failed("somebody initialises the cluster at this moment; run this again")
        return entry is not None

    def said(self) -> Dict[str, Dict[str, Any]]:
        """Return what each member's Patroni says, those that answer."""
        answers = ask_all(
            {(member["name"], ""): lambda m=member: self._patroni(m) for member in self._params["members"]}, ANSWER
        )
        return {name: answer.value for (name, _nothing), answer in answers.items() if isinstance(answer.value, dict)}

    def _patroni(self, member: Mapping[str, Any]) -> Any:
        endpoint = Endpoint(member["host"], member["rest_port"], self._params["ca_file"], timeout=ANSWER)
        return call(endpoint, "GET", "/patroni")[1]


def position_of(said: Mapping[str, Any]) -> int:
    """Return how far a member has written or replayed."""
    log = said.get("xlog") or {}
    return int(log.get("location") or log.get("replayed_location") or 0)


def end_of(said: Mapping[str, Mapping[str, Any]]) -> int:
    """Return the end of the log that any member has, received or replayed."""
    return max((int((one.get("xlog") or {}).get("received_location") or 0) for one in said.values()), default=0)


def wait_for(cluster: Cluster, roles: Tuple[str, ...], deadline: float) -> Tuple[str, Dict[str, Dict[str, Any]]]:
    """Wait until the cluster's leader has one of some roles, and nobody has another leader's.

    Return its name, and what each member's Patroni says.

    :raises Failed: it did not come about in time.
    """
    others = FOLLOWS if roles == LEADS else LEADS
    while True:
        try:
            leader = cluster.settings()[2]
        except StoreError:
            leader = ""
        said = cluster.said()
        mine = said.get(leader, {})
        if (
            mine.get("role") in roles
            and mine.get("state") in ("running", "in archive recovery")
            and position_of(mine)
            and not any(one.get("role") in others for one in said.values())
        ):
            return leader, said
        if time.monotonic() > deadline:
            seen = ", ".join(f"{name} is {one.get('role')}, {one.get('state')}" for name, one in sorted(said.items()))
            raise Failed(
                f"no member is {roles[0]} in time ({seen or 'no Patroni answers'}; "
                f"{leader or 'nobody'} holds the lease). `patronictl list` and `journalctl -u patroni` there say more, "
                "and this can be run again"
            )
        time.sleep(PAUSE)


def wait_until_replayed(cluster: Cluster, position: int, deadline: float) -> None:
    """Wait until the cluster's leader, which follows, has replayed the log up to a position.

    :raises Failed: it has not in time.
    """
    while True:
        leader, said = wait_for(cluster, FOLLOWS, deadline)
        has = position_of(said[leader])
        if has >= position:
            return
        if time.monotonic() > deadline:
            raise Failed(
                f"{leader} has replayed the log up to {show_lsn(has)} and lacks {position - has} bytes up to "
                f"{show_lsn(position)}: it was not made to lead, and nobody writes. Run this again, or let the other "
                "region lead again with -e to"
            )
        time.sleep(PAUSE)


def main() -> None:
    """Look, change, wait."""
    module = AnsibleModule(
        argument_spec={
            **STORE,
            **MEMBERS,
            "state": {"type": "str", "choices": ["leading", "following"], "required": True},
            "username": {"type": "str", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
            "source": {
                "type": "dict",
                "options": {
                    "host": {"type": "str", "required": True},
                    "port": {"type": "int", "default": 5432},
                    "slot": {"type": "str", "required": True},
                },
            },
            "slots": {"type": "list", "elements": "str", "default": []},
            "epoch": {"type": "int", "required": True},
            "position": {"type": "str", "default": ""},
            "anew": {"type": "bool", "default": False},
            "wait": {"type": "bool", "default": True},
            "timeout": {"type": "float", "default": 120},
        },
        required_if=[("state", "following", ["source"])],
        supports_check_mode=True,
    )
    params, cluster, began = module.params, Cluster(module.params), time.monotonic()
    deadline, leads = began + params["timeout"], params["state"] == "leading"
    leader, said, forgotten = "", {}, False
    try:
        settings = cluster.settings()[0]
        if leads:
            patch = to_lead(settings, params["epoch"], params["slots"])
        else:
            source = params["source"]
            wanted = {"host": source["host"], "port": source["port"], "primary_slot_name": source["slot"]}
            patch = to_follow(settings, wanted, params["slots"], params["epoch"])
        if params["anew"]:
            forgotten = cluster.forget(module.check_mode)
        if not module.check_mode:
            if leads and "standby_cluster" in patch and params["position"]:
                wait_until_replayed(cluster, parse_lsn(params["position"]), deadline)
            if patch:
                cluster.change(patch)
            if params["wait"]:
                leader, said = wait_for(cluster, LEADS if leads else FOLLOWS, deadline)
    except StoreError as error:
        module.fail_json(msg=f"the cluster store does not answer: {error}. Run this again, it looks at what is there")
    except (Failed, ValueError) as error:
        module.fail_json(msg=str(error))
    sides = {"before": settings, "after": apply(settings, patch)}
    module.exit_json(
        changed=bool(patch) or forgotten,
        leader=leader,
        position=show_lsn(max([end_of(said), *map(position_of, said.values())], default=0)),
        timeline=int(said.get(leader, {}).get("timeline") or 0),
        seconds=round(time.monotonic() - began, 3),
        diff={key: json.dumps(value, indent=2, sort_keys=True) + "\n" for key, value in sides.items()},
    )


if __name__ == "__main__":
    main()
