#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Let a node of a Redis Cluster use what changed on its disk, without its shard being away."""

from __future__ import annotations

DOCUMENTATION = r"""
module: redis_node
short_description: Let a node of a Redis Cluster use what changed on its disk, without its shard being away
version_added: 0.1.0
description:
  - Lets a node load its users again, serve a renewed certificate, or restart for a new configuration. Runs on the
    node's own host, and needs C(python3-redis) there.
  - Before a master with replicas is restarted, one of them takes over from it, with no write lost. A node is not
    restarted while another copy of its shard does not answer or is not in sync; that is said and nothing is done.
  - After a restart it waits until the node has loaded its keys and follows its master.
author:
  - FreeAgentics (@freeagentics)
attributes:
  check_mode:
    support: full
    description: Says whether anything would be done.
  diff_mode:
    support: none
    description: What changes is what a server that runs has loaded.
options:
  address:
    description: The node's address.
    type: str
    required: true
  port:
    description: The node's port for clients.
    type: int
    default: 6379
  login_user:
    description: A user with the rights of an administrator.
    type: str
    default: default
  login_password:
    description: The user's password.
    type: str
  login_previous_password:
    description: The password that the node may still have. It is tried when O(login_password) is refused.
    type: str
  ca_file:
    description: The CA that vouches for the nodes' certificates. Without it, no TLS.
    type: path
  certificate:
    description: The node's certificate. It is loaded again if the node serves another one.
    type: path
  load_users:
    description: >-
      Load the users again. A node that does not answer over TLS yet is left alone, since it loads them when it starts.
    type: bool
    default: false
  restart_unit:
    description: Restart this unit of systemd.
    type: str
  restart_members:
    description: >-
      Whether a node that is a member of a cluster is restarted, too. Nodes that are none may be restarted all at once.
    type: bool
    default: true
  timeout:
    description: Seconds that a node may take to answer a question.
    type: float
    default: 5
  patience:
    description: Seconds for a takeover, and for loading and catching up after a restart.
    type: float
    default: 60
"""

EXAMPLES = r"""
- name: Let Redis serve the certificate that is on disk
  freeagentics.platform.redis_node:
    address: "{{ platform_address }}"
    login_user: admin
    login_password: "{{ secret_redis_admin }}"
    ca_file: /etc/freeagentics/tls/ca.crt
    certificate: /etc/freeagentics/tls/redis.crt

- name: Restart one node after the other
  freeagentics.platform.redis_node:
    address: "{{ platform_address }}"
    login_user: admin
    login_password: "{{ secret_redis_admin }}"
    ca_file: /etc/freeagentics/tls/ca.crt
    restart_unit: redis-server.service
  throttle: 1
"""

RETURN = r"""
actions:
  description: What was done, or would be done in check mode.
  returned: always
  type: list
  elements: str
  sample: [let 10.0.20.34:6379 take over, restart redis-server.service]
"""

import os

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.members import Refusal
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io import node
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.client import (
    REDIS_ERROR,
    Client,
    Server,
    ServerError,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.cluster import Access, Nodes


def serve_certificate(module: AnsibleModule, nodes: Nodes, place: str) -> list:
    """Let the node serve what is on disk, and return what was done."""
    params = module.params
    path = params["certificate"]
    served = node.served_certificate(params["address"], params["port"], params["timeout"])
    if not path or served is None or not os.path.exists(path):
        return []
    with open(path, encoding="ascii") as file:
        wanted = node.first_certificate(file.read())
    if wanted == served:
        return []
    if not module.check_mode:
        node.load_certificate(nodes, place, path)
    return [f"load {path}"]


def load_users(module: AnsibleModule, password: str) -> list:
    """Load the users with one of the two passwords, and return what was done."""
    params = module.params
    if node.served_certificate(params["address"], params["port"], params["timeout"]) is None:
        return []
    if not module.check_mode:
        server = Server(params["address"], params["port"], params["login_user"], password, params["ca_file"] or "")
        with Client(server, params["timeout"]) as client:
            client.ask("ACL", "LOAD")
    return ["load the users"]


def load_users_somehow(module: AnsibleModule) -> list:
    """Load the users, with the previous password if the present one is refused."""
    previous = module.params["login_previous_password"]
    try:
        return load_users(module, module.params["login_password"] or "")
    except ServerError:
        if not previous:
            raise
    return load_users(module, previous)


def restart(module: AnsibleModule, nodes: Nodes, place: str) -> list:
    """Restart the unit, and return what was done."""
    unit = module.params["restart_unit"]
    if not module.params["restart_members"] and node.is_member(nodes, place):
        return []

    def restart_unit() -> None:
        for command in (["daemon-reload"], ["restart", unit]):
            module.run_command(["systemctl", *command], check_rc=True)

    successor = "" if module.check_mode else node.restart(nodes, place, restart_unit, module.params["patience"])
    return [*([f"let {successor} take over"] if successor else []), f"restart {unit}"]


def work(module: AnsibleModule) -> list:
    """Do what is asked, and return what was done."""
    params = module.params
    access = Access(params["login_user"], params["login_password"] or "", params["ca_file"] or "", params["timeout"])
    place = f"{params['address']}:{params['port']}"
    with Nodes(access) as nodes:
        actions = load_users_somehow(module) if params["load_users"] else []
        actions += serve_certificate(module, nodes, place)
        if params["restart_unit"]:
            actions += restart(module, nodes, place)
    return actions


def main() -> None:
    """Read the parameters, work, and report."""
    module = AnsibleModule(
        argument_spec={
            "address": {"type": "str", "required": True},
            "port": {"type": "int", "default": 6379},
            "login_user": {"type": "str", "default": "default"},
            "login_password": {"type": "str", "no_log": True},
            "login_previous_password": {"type": "str", "no_log": True},
            "ca_file": {"type": "path"},
            "certificate": {"type": "path"},
            "load_users": {"type": "bool", "default": False},
            "restart_unit": {"type": "str"},
            "restart_members": {"type": "bool", "default": True},
            "timeout": {"type": "float", "default": 5},
            "patience": {"type": "float", "default": 60},
        },
        supports_check_mode=True,
    )
    if REDIS_ERROR and not module.check_mode:
        module.fail_json(msg=missing_required_lib("redis (python3-redis)"), exception=REDIS_ERROR)
    try:
        actions = work(module)
    except (Refusal, ServerError) as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=bool(actions), actions=actions)


if __name__ == "__main__":
    main()
