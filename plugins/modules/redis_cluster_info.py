#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Look at a Redis Cluster from all its nodes, also when parts of it are down."""

from __future__ import annotations

DOCUMENTATION = r"""
module: redis_cluster_info
short_description: Look at a Redis Cluster from all its nodes, also when parts of it are down
version_added: 0.1.0
description:
  - Asks every declared node three things (C(INFO), C(CLUSTER NODES) and C(CLUSTER INFO)), all nodes at once, each
    within a time limit of its own.
  - Puts the answers together; which ones are missing, and why, is in RV(missing). Never fails because of a node that is
    down. Slots, shards and epochs are those of the view that most nodes share; RV(agreement) tells who has another one.
  - Reads only. Offsets are of moments some milliseconds apart, so the lag of a busy cluster is that precise.
  - Runs on any host that reaches the nodes, with redis-py 4.3 or newer (C(python3-redis)). The user needs the commands
    C(info), C(cluster|nodes) and C(cluster|info).
author:
  - FreeAgentics (@freeagentics)
attributes:
  check_mode:
    support: full
    description: Reads only.
  diff_mode:
    support: none
    description: Changes nothing.
options:
  nodes:
    description:
      - The nodes that shall be there, as the filter P(freeagentics.platform.redis_cluster_nodes#filter) has them.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What the results call it.
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
        description: Its port for the other nodes, which is not asked.
        type: int
        default: 16379
      zone:
        description: The zone that it fails with.
        type: str
        default: ''
  login_user:
    description: The user with which every node is asked.
    type: str
    default: default
  login_password:
    description: The user's password.
    type: str
  ca_file:
    description: The CA that vouches for the nodes' certificates, on the host where the module runs. Without it, no TLS.
    type: path
  timeout:
    description: Seconds that each node has for all its answers.
    type: float
    default: 5
"""

EXAMPLES = r"""
- name: Look at the cluster
  freeagentics.platform.redis_cluster_info:
    nodes: "{{ (topology_file | freeagentics.platform.redis_cluster_nodes(inventory_hostname)).nodes }}"
    login_user: monitor
    login_password: "{{ secret_redis_monitor }}"
    ca_file: /etc/freeagentics/tls/ca.crt
  register: cluster

- name: Stop where a node did not answer, or the nodes disagree
  ansible.builtin.assert:
    that:
      - cluster.missing == []
      - cluster.agreement.agreed
    fail_msg: "{{ cluster.missing }} {{ cluster.agreement.groups }}"
"""

RETURN = r"""
state:
  description: C(ok) if all nodes that answered say so, C(fail) if one says otherwise, C(unknown) if none answered.
  returned: always
  type: str
  sample: ok
coverage:
  description: Which of the 16384 slots have a master.
  returned: always
  type: dict
  contains:
    covered:
      description: How many have one.
      type: int
      sample: 16384
    missing:
      description: Those that have none; empty if all have one, or if nobody answered.
      type: str
      sample: 0-99,5461
agreement:
  description: Whether the nodes say the same of who has which slots and who copies whom.
  returned: always
  type: dict
  contains:
    agreed:
      description: Whether all do that answered.
      type: bool
    groups:
      description: The names of the nodes that say the same, the largest group first.
      type: list
      elements: list
epoch:
  description: The highest configuration epoch, or none if nobody answered.
  returned: always
  type: int
shards:
  description: The shards in the order of their slots.
  returned: always
  type: list
  elements: dict
  contains:
    master:
      description: The master's name.
      type: str
    slots:
      description: Its slots.
      type: str
      sample: 0-5460
    slot_count:
      description: How many they are.
      type: int
    replicas:
      description: The names of the nodes that copy it.
      type: list
      elements: str
nodes:
  description: The declared nodes in the order of the parameter, then those that only the cluster knows.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: The declared name; the address and port of a node that is not declared.
      type: str
    place:
      description: Its address and port.
      type: str
      sample: 10.0.20.31:6379
    zone:
      description: The declared zone.
      type: str
    declared:
      description: Whether the parameter names it.
      type: bool
    known_to_cluster:
      description: Whether the others know it, or none if no other answered.
      type: bool
    answered:
      description: Whether it answered anything.
      type: bool
    id:
      description: Its id in the cluster, or empty.
      type: str
    role:
      description: C(master), C(replica) or C(unknown).
      type: str
    shard:
      description: The name of the master of its shard; empty for a master without slots.
      type: str
    slots:
      description: Its slots.
      type: str
    slot_count:
      description: How many they are.
      type: int
    open_slots:
      description: Slots that it says are on their way, which others do not see.
      type: list
      elements: dict
      contains:
        slot:
          description: The slot.
          type: int
        state:
          description: C(migrating) away from it, or C(importing) to it.
          type: str
        other:
          description: The name of the node on the other side.
          type: str
    epoch:
      description: Its configuration epoch, or none.
      type: int
    offset:
      description: The position in the stream of replication up to which it has data, or none.
      type: int
    lag_bytes:
      description: The bytes that a replica is behind its master, or none.
      type: int
    lag_seconds:
      description:
        - Seconds since a replica was in touch with its master, as its master says, else as it says itself; or none.
      type: int
    link:
      description: C(up) or C(down), a replica's connection to its master; empty for a master or if it did not answer.
      type: str
    memory_bytes:
      description: The memory that it uses, or none.
      type: int
    memory_limit_bytes:
      description: Its C(maxmemory), 0 for none, or none if it did not answer.
      type: int
    key_count:
      description: How many keys it has, expired ones that were not removed yet included; or none.
      type: int
    version:
      description: Redis's version, or empty.
      type: str
    uptime_seconds:
      description: Since when it runs, or none.
      type: int
    flags:
      description:
        - For each alarming flag (C(fail?), C(fail), C(handshake), C(noaddr), C(nofailover)) the nodes that see it.
      type: dict
      sample: {"fail": ["redis1", "redis2"]}
    not_linked_from:
      description: The nodes that have no connection to it over the cluster's bus.
      type: list
      elements: str
missing:
  description: The questions without an answer.
  returned: always
  type: list
  elements: dict
  contains:
    node:
      description: Who was asked.
      type: str
    question:
      description: C(INFO), C(CLUSTER NODES) or C(CLUSTER INFO).
      type: str
    reason:
      description: What happened instead.
      type: str
      sample: no answer within 5 s
"""

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_info import options
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_info.collect import collect
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_info.describe import describe
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.client import REDIS_ERROR


def main() -> None:
    """Ask everybody everything and put the answers together."""
    module = AnsibleModule(
        argument_spec={
            "nodes": options.NODES_SPEC,
            **options.LOGIN_SPEC,
            "timeout": {"type": "float", "default": 5},
        },
        supports_check_mode=True,
    )
    if REDIS_ERROR:
        module.fail_json(msg=missing_required_lib("redis (python3-redis)"), exception=REDIS_ERROR)
    params = module.params
    timeout = params["timeout"]
    cluster = collect(
        options.declared(params["nodes"]),
        lambda node, commands: options.ask_once(node, commands, params, timeout),
        timeout,
    )
    module.exit_json(changed=False, **describe(cluster))


if __name__ == "__main__":
    main()
