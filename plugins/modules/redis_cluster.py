#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make a Redis Cluster what is declared, online and with no key lost."""

from __future__ import annotations

DOCUMENTATION = r"""
module: redis_cluster
short_description: Make a Redis Cluster what is declared, online and with no key lost
version_added: 0.1.0
description:
  - Forms a cluster, lets nodes join, take over, leave and be forgotten, and moves slots with their keys while clients
    read and write, until the cluster has the declared shards and replicas on the declared nodes.
  - No two copies of a shard are on one host, and where nodes stand in more than one zone, no zone has all of them.
    Slots are even to one. Whatever obeys these rules stays where it is, so a second run changes nothing.
  - Nodes beyond those that the shards and replicas need become further replicas.
  - Finishes what an interrupted run left, slots that were being moved included. Where a master fails during a run, what
    is left to do is planned anew.
  - At the end it fails unless all nodes see the same whole cluster and every replica is in sync.
  - Refuses, before it changes anything, if a declared node does not answer, if a node that shall join has keys or
    belongs to another cluster, and if slots would be lost. A member that is not declared any more leaves when its slots
    have moved; the copy of a replica that leaves is emptied, since its master has it.
  - Runs on any host that reaches all nodes, and needs C(python3-redis) there.
author:
  - FreeAgentics (@freeagentics)
attributes:
  check_mode:
    support: full
    description: >-
      Returns the steps of a real run. Where no node answers yet, as before the first run, they are those for new nodes.
  diff_mode:
    support: full
    description: One line for each shard, with its slots and replicas.
options:
  nodes:
    description: The nodes of the cluster, each on a host of its own.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What messages call the node.
        type: str
        required: true
      address:
        description: Its IP address, by which the nodes know each other and for which its certificate must be.
        type: str
        required: true
      port:
        description: Its port for clients.
        type: int
        default: 6379
      bus_port:
        description: Its port for the other nodes.
        type: int
        default: 16379
      zone:
        description: The zone that it fails with.
        type: str
        default: ''
  shards:
    description: How many masters share the slots.
    type: int
    required: true
  replicas:
    description: How many replicas each master has at least.
    type: int
    required: true
  login_user:
    description: The user with which every node is asked, with the rights of an administrator.
    type: str
    default: default
  login_password:
    description: The user's password.
    type: str
  ca_file:
    description: The CA that vouches for the nodes' certificates, on the host where the module runs. Without it, no TLS.
    type: path
  give_up_lost_slots:
    description: >-
      Give slots away, empty, whose only owner is gone for good and is not declared any more. All keys in them are lost;
      without it the module refuses.
    type: bool
    default: false
  keys_at_once:
    description: How many keys move at once. Meanwhile both nodes serve nobody, so fewer keys make for shorter pauses.
    type: int
    default: 100
  migrate_timeout:
    description: Seconds that moving so many keys may take.
    type: float
    default: 10
  timeout:
    description: Seconds that a node may take to answer a question.
    type: float
    default: 5
  patience:
    description: Seconds that all nodes may take to agree after a step, and replicas to be in sync.
    type: float
    default: 60
"""

EXAMPLES = r"""
- name: Form the cluster of each region, or change it to what is declared
  freeagentics.platform.redis_cluster:
    nodes: "{{ __cluster.nodes }}"
    shards: "{{ __cluster.shards }}"
    replicas: "{{ __cluster.replicas }}"
    login_user: admin
    login_password: "{{ secret_redis_admin }}"
    ca_file: /etc/freeagentics/tls/ca.crt
  vars:
    __cluster: "{{ topology_file | freeagentics.platform.redis_cluster_nodes(inventory_hostname) }}"
  when: inventory_hostname == __cluster.nodes[0].name
"""

RETURN = r"""
steps:
  description: What was done, or would be done in check mode, in words.
  returned: always
  type: list
  elements: str
  sample:
    - let redis10 join
    - move 1365 slots (4096-5460) from redis1 to redis10
shape:
  description: One line for each shard of the cluster as it is now, or would be.
  returned: always
  type: list
  elements: str
  sample:
    - 'redis1: 5462 slots (0-5461), replicas redis4 redis7'
slots_moved:
  description: How many slots went from one node to another.
  returned: always
  type: int
keys_moved:
  description: How many keys went with them; none in check mode.
  returned: always
  type: int
seconds:
  description: How long it took.
  returned: always
  type: float
"""

import time

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.members import Declared, Refusal
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.plan import check
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.steps import Move
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.apply import (
    Done,
    Unsettled,
    agreed_plan,
    make_whole,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.carry import Pace
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.client import REDIS_ERROR, ServerError
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.cluster import Access, Nodes

NODE = {
    "name": {"type": "str", "required": True},
    "address": {"type": "str", "required": True},
    "port": {"type": "int", "default": 6379},
    "bus_port": {"type": "int", "default": 16379},
    "zone": {"type": "str", "default": ""},
}


def work(params: dict, check_mode: bool) -> dict:
    """Look, plan and carry the plan out; return what the module returns."""
    began = time.monotonic()
    declared = [Declared(**entry) for entry in params["nodes"]]
    check(declared, params["shards"], params["replicas"])
    access = Access(params["login_user"], params["login_password"] or "", params["ca_file"] or "", params["timeout"])
    pace = Pace(params["keys_at_once"], params["migrate_timeout"], params["patience"])
    wanted = (params["shards"], params["replicas"], params["give_up_lost_slots"])
    with Nodes(access) as nodes:
        if check_mode:
            done = Done((agreed_plan(nodes, declared, wanted, params["patience"], look_ahead=True),), 0)
        else:
            done = make_whole(nodes, declared, wanted, pace, params["patience"])
    steps = [step for found in done.plans for step in found.steps]
    before, after = done.plans[0].before, done.plans[-1].after
    return {
        "changed": bool(steps),
        "steps": [words for found in done.plans for words in found.words],
        "shape": list(after),
        "slots_moved": sum(len(step.slots) for step in steps if isinstance(step, Move)),
        "keys_moved": done.keys_moved,
        "seconds": round(time.monotonic() - began, 3),
        "diff": {"before": as_text(before), "after": as_text(after)},
    }


def as_text(lines) -> str:
    """Return lines as one text."""
    return "".join(f"{line}\n" for line in lines)


def main() -> None:
    """Read the parameters, work, and report."""
    module = AnsibleModule(
        argument_spec={
            "nodes": {"type": "list", "elements": "dict", "required": True, "options": NODE},
            "shards": {"type": "int", "required": True},
            "replicas": {"type": "int", "required": True},
            "login_user": {"type": "str", "default": "default"},
            "login_password": {"type": "str", "no_log": True},
            "ca_file": {"type": "path"},
            "give_up_lost_slots": {"type": "bool", "default": False},
            "keys_at_once": {"type": "int", "default": 100, "no_log": False},
            "migrate_timeout": {"type": "float", "default": 10},
            "timeout": {"type": "float", "default": 5},
            "patience": {"type": "float", "default": 60},
        },
        supports_check_mode=True,
    )
    if REDIS_ERROR and not module.check_mode:
        module.fail_json(msg=missing_required_lib("redis (python3-redis)"), exception=REDIS_ERROR)
    try:
        module.exit_json(**work(module.params, module.check_mode))
    except Refusal as refusal:
        module.fail_json(msg=f"nothing was changed: {refusal}", reasons=list(refusal.reasons))
    except (ServerError, Unsettled) as error:
        module.fail_json(msg=f"{error}; the next run goes on from here")


if __name__ == "__main__":
    main()
