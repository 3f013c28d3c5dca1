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
  - Lets a node load its users again, log in at masters with another password, serve a renewed certificate, or restart
    for a new configuration. Runs on the node's own host, and needs C(python3-redis) there.
  - Before a master with replicas is restarted, one of them takes over from it, with no write lost. A node is not
    restarted while another copy of its shard does not answer or is not in sync. That is waited for, and after
    O(patience) it is said and nothing is done.
  - After a restart it waits until the node has loaded its keys and follows its master.
  - Where nobody serves TLS on the node's address and port, it is taken to be down. A node that does and still does not
    say after O(patience) what it is, or takes no password, is neither restarted nor passed over; the module fails.
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
    description: The password that nodes may still have. It is tried wherever O(login_password) is refused.
    type: str
  ca_file:
    description: The CA that vouches for the nodes' certificates.
    type: path
    required: true
  certificate:
    description: >-
      The node's certificate. It is loaded again, with its key and the CA, if the node serves another one; what this
      host itself serves is then not verified.
    type: path
  replication_password:
    description: >-
      The password with which the node logs in at its master, for its next connection on. Where the password of the
      master's user changes, too, this comes first on all nodes.
    type: str
  users_file:
    description: >-
      The file of the node's users, from which RV(users_stale) follows. When they were loaded, the file of the same name
      with C(.loaded) after it says so.
    type: path
  load_users:
    description: >-
      Load the users again. A node that is down is left alone, since it loads them when it starts.
    type: bool
    default: false
  restart_unit:
    description: Restart this unit of systemd; it is also the one whose process is compared with files.
    type: str
  watch:
    description: >-
      Files that the unit only loads when it starts. Where there are any, it is restarted only if its process was
      started before one of them was changed.
    type: list
    elements: path
    default: []
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
    description: Seconds to wait for an answer, for other copies, for a takeover, and for catching up after a restart.
    type: float
    default: 60
"""

EXAMPLES = r"""
- name: Let Redis use what is on disk as far as that needs no turn
  freeagentics.platform.redis_node:
    address: "{{ platform_address }}"
    login_user: admin
    login_password: "{{ secret_redis_admin }}"
    ca_file: /etc/freeagentics/tls/ca.crt
    certificate: /etc/freeagentics/tls/redis.crt
    replication_password: "{{ secret_redis_replication }}"
    users_file: /etc/redis/users.acl
    restart_unit: redis-server.service
    watch: [/etc/redis/redis.conf]
    restart_members: false
  register: node

- name: Load the users, one node after the other
  freeagentics.platform.redis_node:
    address: "{{ platform_address }}"
    login_user: admin
    login_password: "{{ secret_redis_admin }}"
    ca_file: /etc/freeagentics/tls/ca.crt
    users_file: /etc/redis/users.acl
    load_users: true
  throttle: 1
  when: node.users_stale

- name: Restart one node after the other
  freeagentics.platform.redis_node:
    address: "{{ platform_address }}"
    login_user: admin
    login_password: "{{ secret_redis_admin }}"
    ca_file: /etc/freeagentics/tls/ca.crt
    restart_unit: redis-server.service
    watch: [/etc/redis/redis.conf]
  throttle: 1
  when: node.restart_needed
"""

RETURN = r"""
actions:
  description: What was done, or would be done in check mode.
  returned: always
  type: list
  elements: str
  sample: [let 10.0.20.34:6379 take over, restart redis-server.service]
users_stale:
  description: >-
    Whether O(users_file) was changed after the process was started and after its users were loaded last. False without
    O(users_file) or O(restart_unit), and where no process runs.
  returned: always
  type: bool
restart_needed:
  description: Whether the unit still has to be restarted, which O(restart_members=false) kept a member from.
  returned: always
  type: bool
"""

import os

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.members import Refusal
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io import node
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.client import (
    REDIS_ERROR,
    ServerError,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.cluster import Access, Nodes
from ansible_collections.freeagentics.platform.plugins.module_utils.systemd import process


class Work:
    """What is done on one node, in the order of the methods."""

    def __init__(self, module: AnsibleModule, nodes: Nodes) -> None:
        """Take over the connections."""
        self.module, self.nodes, self.params = module, nodes, module.params
        self.place = place_of(module)
        self.actions: list = []
        self.restart_needed = False

    def load_users(self) -> None:
        """Load the users, if the node is up."""
        patience = self.params["patience"]
        if not self.params["load_users"] or node.view_of(self.nodes, self.place, patience) is None:
            return
        self.actions.append("load the users")
        if not self.module.check_mode:
            node.load_users(self.nodes, self.place, self.params["users_file"] or "")

    def restart(self) -> None:
        """Restart the unit if that is asked for and needed, or tell that it is needed."""
        unit, watched = self.params["restart_unit"], self.params["watch"]
        if not unit or (watched and not process.stale(self.module.run_command, unit, watched)):
            return
        if not self.params["restart_members"] and self.is_member():
            self.restart_needed = True
            return
        successor = ""
        if not self.module.check_mode:
            successor = node.restart(self.nodes, self.place, self.restart_unit, self.params["patience"])
        self.actions += [*([f"let {successor} take over"] if successor else []), f"restart {unit}"]

    def is_member(self) -> bool:
        """Tell whether the node is in a cluster with others."""
        view = node.view_of(self.nodes, self.place, self.params["patience"])
        return view is not None and bool(view.known)

    def restart_unit(self) -> None:
        """Restart the unit as its files are now."""
        for command in (["daemon-reload"], ["restart", self.params["restart_unit"]]):
            self.module.run_command(["systemctl", *command], check_rc=True)

    def set_replication_password(self) -> None:
        """Let the node log in at masters with another password, if it has another one."""
        password = self.params["replication_password"]
        if not password or node.view_of(self.nodes, self.place, self.params["patience"]) is None:
            return
        if node.replicates_with(self.nodes, self.place) == password:
            return
        self.actions.append("log in at masters with another password")
        if not self.module.check_mode:
            node.replicate_with(self.nodes, self.place, password)

    def serve_certificate(self) -> None:
        """Let the node serve what is on disk, if it serves another certificate."""
        if not certificate_differs(self.module):
            return
        path = self.params["certificate"]
        self.actions.append(f"load {path}")
        if not self.module.check_mode:
            node.load_certificate(self.nodes, self.place, path)

    def users_stale(self) -> bool:
        """Tell whether the process runs with other users than those on disk."""
        path, unit = self.params["users_file"], self.params["restart_unit"]
        if not path or not unit or not process.stale(self.module.run_command, unit, [path]):
            return False
        stamp = node.stamp_of(path)
        return not os.path.exists(stamp) or process.changed_since(os.stat(stamp).st_mtime, [path])


def place_of(module: AnsibleModule) -> str:
    """Return the node as address:port."""
    return f"{module.params['address']}:{module.params['port']}"


def certificate_differs(module: AnsibleModule) -> bool:
    """Tell whether the node serves another certificate than the one on disk."""
    path = module.params["certificate"]
    if not path or not os.path.exists(path):
        return False
    served = node.served_certificate(place_of(module), module.params["timeout"], module.params["patience"])
    with open(path, encoding="ascii") as file:
        return served is not None and served != node.first_certificate(file.read())


def work(module: AnsibleModule) -> Work:
    """Do what is asked, and return what was done."""
    params = module.params
    access = Access(
        user=params["login_user"],
        password=params["login_password"] or "",
        ca_file=params["ca_file"],
        timeout=params["timeout"],
        previous_password=params["login_previous_password"] or "",
        # What the node serves may be of a CA that is no more, until it loads what is on disk. It is this host itself,
        # on an address of its own, so that nobody stands between.
        unverified=place_of(module) if certificate_differs(module) else "",
    )
    with Nodes(access) as nodes:
        found = Work(module, nodes)
        for step in (found.load_users, found.restart, found.set_replication_password, found.serve_certificate):
            step()
    return found


def main() -> None:
    """Read the parameters, work, and report."""
    module = AnsibleModule(
        argument_spec={
            "address": {"type": "str", "required": True},
            "port": {"type": "int", "default": 6379},
            "login_user": {"type": "str", "default": "default"},
            "login_password": {"type": "str", "no_log": True},
            "login_previous_password": {"type": "str", "no_log": True},
            "ca_file": {"type": "path", "required": True},
            "certificate": {"type": "path"},
            "replication_password": {"type": "str", "no_log": True},
            "users_file": {"type": "path"},
            "load_users": {"type": "bool", "default": False},
            "restart_unit": {"type": "str"},
            "watch": {"type": "list", "elements": "path", "default": []},
            "restart_members": {"type": "bool", "default": True},
            "timeout": {"type": "float", "default": 5},
            "patience": {"type": "float", "default": 60},
        },
        supports_check_mode=True,
    )
    if REDIS_ERROR and module.check_mode:
        # The package is still to be installed: no node can be asked, and what is started later has nothing to load.
        module.exit_json(changed=False, actions=[], users_stale=False, restart_needed=False)
    if REDIS_ERROR:
        module.fail_json(msg=missing_required_lib("redis (python3-redis)"), exception=REDIS_ERROR)
    try:
        done = work(module)
        module.exit_json(
            changed=bool(done.actions),
            actions=done.actions,
            users_stale=done.users_stale(),
            restart_needed=done.restart_needed,
        )
    except (Refusal, ServerError) as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()
