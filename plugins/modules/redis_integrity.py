#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Look for what is wrong with a Redis Cluster: slots, agreement, copies and their content."""

from __future__ import annotations

DOCUMENTATION = r"""
module: redis_integrity
short_description: Look for what is wrong with a Redis Cluster
version_added: 0.1.0
description:
  - Looks at a cluster from all its nodes. Every slot has one master, all nodes say the same of who has which slots and
    who copies whom, no slot is on its way, every node reaches every other one over the bus, replicas are connected and
    in step, copies of a shard stand on several hosts and in several zones, and what is written to disk is written.
  - Compares the number of keys of each replica with that of its master at a moment at which both stand at the same
    offset, and names the slots where they are apart. At equal offsets an expired key that is still there is counted on
    both sides, since a replica deletes it only when its master says so.
  - With O(sample) compares values and times of expiry of so many keys of each replica with those of its master. Values
    are compared by what DUMP gives, and where that differs by what they hold, so it needs no C(DEBUG) command.
  - What is found is named with its place and what to do about it; what could not be looked at is named as well. A
    finding is no failure of the module, so that a playbook can write its report before it stops.
  - Reads only. What may pass (a failover under way, a replica that is behind) is looked at again for O(settle) seconds.
  - Needs C(python3-redis) on the host where it runs, and a user with C(info), C(cluster|nodes), C(cluster|info),
    C(cluster|countkeysinslot) and C(readonly); for O(sample) C(cluster|getkeysinslot), C(memory|usage) and the right to
    read all keys, too. B(docs/redis-operations.md) has all kinds of findings.
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
    description: The nodes of the cluster. Nodes with the same address are on one host.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What findings call it.
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
  replicas:
    description: How many replicas each master has at least. Not looked at if it is not given.
    type: int
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
  max_lag_bytes:
    description: How far a replica may be behind its master when O(settle) is over.
    type: int
    default: 1048576
  settle:
    description: Seconds to wait for what may pass, and for a moment at which a replica stands where its master does.
    type: float
    default: 10
  sample:
    description: How many keys of each replica are compared with its master's.
    type: int
    default: 0
  max_key_bytes:
    description: Keys that take more memory are left out of the sample.
    type: int
    default: 65536
  timeout:
    description: Seconds that each node has for its answers.
    type: float
    default: 5
"""

EXAMPLES = r"""
- name: Look at the cluster, and at a hundred keys of each replica
  freeagentics.platform.redis_integrity:
    nodes: "{{ __cluster.nodes }}"
    replicas: "{{ __cluster.replicas }}"
    login_user: admin
    login_password: "{{ secret_redis_admin }}"
    ca_file: /etc/freeagentics/tls/ca.crt
    sample: 100
  vars:
    __cluster: "{{ topology_file | freeagentics.platform.redis_cluster_nodes(inventory_hostname) }}"
  register: integrity

- name: Stop where anything is wrong or was not looked at
  ansible.builtin.assert:
    that: integrity.findings == [] and integrity.not_checked == []
    fail_msg: "{{ integrity.findings + integrity.not_checked }}"
"""

RETURN = r"""
healthy:
  description: Whether nothing was found and everything could be looked at.
  returned: always
  type: bool
findings:
  description: What is wrong.
  returned: always
  type: list
  elements: dict
  contains:
    kind:
      description: What it is; B(docs/redis-operations.md) has all kinds.
      type: str
      sample: open_slot
    severity:
      description: C(damage), C(difference) or C(warning).
      type: str
    object:
      description: The slots, node, shard, keys or file.
      type: str
      sample: slot 4711
    where:
      description: The node or host, or C(cluster).
      type: str
      sample: redis1
    detail:
      description: What was seen.
      type: str
      sample: migrating to redis2
    remedy:
      description: What to do.
      type: str
not_checked:
  description: What could not be looked at.
  returned: always
  type: list
  elements: dict
  contains:
    check:
      description: Which check.
      type: str
      sample: node
    object:
      description: Of what.
      type: str
    where:
      description: The node.
      type: str
    reason:
      description: Why.
      type: str
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
    slot_count:
      description: How many they are.
      type: int
    replicas:
      description: The names of the nodes that copy it.
      type: list
      elements: str
counts:
  description: The keys of replicas and their masters, each pair as of one moment.
  returned: always
  type: list
  elements: dict
  contains:
    replica:
      description: The replica.
      type: str
    master:
      description: Its master.
      type: str
    replica_keys:
      description: The replica's number of keys.
      type: int
    master_keys:
      description: The master's number of keys.
      type: int
compared:
  description: How many keys of each replica were compared with its master's.
  returned: always
  type: dict
  sample: {"redis4": 100}
"""

import time
from typing import Any, Dict, List

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.freeagentics.platform.plugins.module_utils.observe.findings import NotChecked, grouped
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_info import options
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_info.collect import collect
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_info.describe import describe
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_integrity import content
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_integrity.findings import Finding
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_integrity.inspect import Wanted, pairs_of
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_integrity.settle import Settled, settle
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.client import REDIS_ERROR, ServerError


class Contents:
    """What replicas and their masters hold."""

    def __init__(self, params: Dict[str, Any]) -> None:
        self.params = params
        self.nodes = {node.name: node for node in options.declared(params["nodes"])}
        self.found: List[Finding] = []
        self.left: List[NotChecked] = []
        self.compared: Dict[str, int] = {}

    def ask(self, name: str, commands: Any) -> Any:
        """Send commands to the node of that name."""
        try:
            return options.ask_once(self.nodes[name], commands, self.params, self.params["timeout"])
        except ServerError as error:
            raise content.ContentError(str(error)) from error

    def look(self, settled: Settled) -> None:
        """Name the slots in which counts are apart, and compare the sample."""
        apart = {count.replica: count for count in settled.counts if count.replica_keys != count.master_keys}
        for pair in pairs_of(settled.cluster):
            count = apart.get(pair.replica)
            try:
                if count:
                    detail = f"{count.replica_keys} keys, {count.master_keys} on its master {count.master}"
                    detail = f"{detail}: {content.slots_apart(self.ask, pair)}"
                    self.found.append(Finding("keys_differ", "keys", pair.replica, detail))
                if self.params["sample"]:
                    self.compare(pair)
            except content.ContentError as error:
                self.left.append(NotChecked("content", "keys", pair.replica, str(error)))

    def compare(self, pair: content.Pair) -> None:
        """Compare the sample of a replica."""
        done = content.compare(self.ask, pair, self.params["sample"], self.params["max_key_bytes"])
        self.compared[pair.replica] = done.keys
        self.found += done.findings


def main() -> None:
    """Look, compare and tell."""
    module = AnsibleModule(
        argument_spec={
            "nodes": options.NODES_SPEC,
            "replicas": {"type": "int"},
            **options.LOGIN_SPEC,
            "max_lag_bytes": {"type": "int", "default": 1048576},
            "settle": {"type": "float", "default": 10},
            "sample": {"type": "int", "default": 0},
            "max_key_bytes": {"type": "int", "default": 65536, "no_log": False},
            "timeout": {"type": "float", "default": 5},
        },
        supports_check_mode=True,
    )
    if REDIS_ERROR:
        module.fail_json(msg=missing_required_lib("redis (python3-redis)"), exception=REDIS_ERROR)
    params = module.params
    nodes = options.declared(params["nodes"])
    settled = settle(
        lambda: collect(
            nodes,
            lambda node, commands: options.ask_once(node, commands, params, params["timeout"]),
            params["timeout"],
        ),
        Wanted(params["replicas"], params["max_lag_bytes"]),
        params["settle"],
        time.monotonic,
        time.sleep,
    )
    contents = Contents(params)
    contents.look(settled)
    findings = sorted({*settled.findings, *contents.found}, key=lambda entry: (entry.where, entry.kind, entry.object))
    left = grouped([*settled.not_checked, *contents.left])
    module.exit_json(
        changed=False,
        healthy=not findings and not left,
        findings=[finding.record() for finding in findings],
        not_checked=[entry.record() for entry in left],
        shards=describe(settled.cluster)["shards"],
        counts=[count._asdict() for count in settled.counts],
        compared=contents.compared,
    )


if __name__ == "__main__":
    main()
