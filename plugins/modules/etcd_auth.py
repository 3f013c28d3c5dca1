#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make users and roles of an etcd cluster, and let nobody in without a password."""

from __future__ import annotations

DOCUMENTATION = r"""
module: etcd_auth
short_description: Make users and roles of an etcd cluster, and let nobody in without a password
version_added: 0.1.0
description:
  - Makes users and roles, gives them what they are named for and takes what they are not, and enables authentication.
  - A user's password is changed where logging in with it fails. Users and roles that are not named are left alone.
  - Talks to the JSON gateway with Python's standard library, so no password is ever in a command line or in the
    environment of a process.
  - May be run again after it was interrupted anywhere. One run for each cluster is enough.
author:
  - FreeAgentics (@freeagentics)
attributes:
  check_mode:
    support: full
    description: Says what would change. Where no server answers, that is everything.
  diff_mode:
    support: full
    description: One line for each change, without passwords.
options:
  members:
    description: The members of the cluster. They are asked in this order until one answers.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: Its name.
        type: str
        required: true
      address:
        description: Its address, for which its certificate must be.
        type: str
        required: true
      client_port:
        description: The port for clients.
        type: int
        default: 2379
      peer_port:
        description: The port for the other members, which is not used.
        type: int
        default: 2380
  ca_file:
    description: The CA of the servers' certificates.
    type: path
    required: true
  root_password:
    description: The password that the user C(root) shall have.
    type: str
    required: true
  root_password_previous:
    description: The password that C(root) has, where it shall change.
    type: str
  users:
    description: The other users.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The user's name.
        type: str
        required: true
      password:
        description: The user's password.
        type: str
        required: true
      roles:
        description: The roles that the user has, and no others.
        type: list
        elements: str
        default: []
  roles:
    description: The roles of the users.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: The role's name.
        type: str
        required: true
      prefixes:
        description: The role may read and write every key that begins with one of these, and no others.
        type: list
        elements: str
        required: true
  timeout:
    description: Seconds that each step of a connection may take.
    type: float
    default: 5
"""

EXAMPLES = r"""
- name: Let Patroni in, and nobody without a password
  freeagentics.platform.etcd_auth:
    members:
      - {name: etcd1, address: 10.0.20.10}
      - {name: etcd2, address: 10.0.21.10}
      - {name: etcd3, address: 10.0.22.10}
    ca_file: /etc/freeagentics/tls/ca.crt
    root_password: "{{ secret_etcd_root }}"
    users:
      - {name: patroni, password: "{{ secret_etcd_patroni }}", roles: [patroni]}
    roles:
      - {name: patroni, prefixes: [/service/]}
"""

RETURN = r"""
actions:
  description: What was changed, or would be in check mode.
  returned: always
  type: list
  elements: str
  sample: ["user patroni: added", "authentication: enabled"]
"""

from typing import Any, Dict, List

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.etcd.auth import (
    NOTHING,
    ROOT,
    AuthError,
    Found,
    Role,
    User,
    check,
    parse_permissions,
    plan,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.etcd_io.gateway import (
    REFUSED,
    EtcdError,
    Gateway,
    Unreachable,
)


def knows(gateway: Gateway, user: User) -> bool:
    """Say whether a user can log in with its password."""
    try:
        gateway.call("auth/authenticate", {"name": user.name, "password": user.password}, token="")
    except EtcdError as error:
        if REFUSED in str(error):
            return False
        raise
    return True


def look(gateway: Gateway, users: List[User], roles: List[Role], previous: str) -> Found:
    """Return what the cluster has of what is wanted.

    :raises EtcdError: root has another password, or no server answers.
    """
    root = next(user for user in users if user.name == ROOT)
    enabled, root_known = gateway.log_in_as_root(root.password, previous)
    has_users = gateway.call("auth/user/list", {}).get("users", [])
    has_roles = gateway.call("auth/role/list", {}).get("roles", [])
    known = {
        user.name for user in users if user is not root and enabled and user.name in has_users and knows(gateway, user)
    }
    return Found(
        enabled,
        {
            user.name: tuple(gateway.call("auth/user/get", {"name": user.name}).get("roles", ()))
            for user in users
            if user.name in has_users
        },
        {
            role.name: parse_permissions(gateway.call("auth/role/get", {"role": role.name}))
            for role in roles
            if role.name in has_roles
        },
        known | ({ROOT} if enabled and root_known else set()),
    )


def main() -> None:
    """Look, plan, call."""
    user = {
        "name": {"type": "str", "required": True},
        "password": {"type": "str", "required": True, "no_log": True},
        "roles": {"type": "list", "elements": "str", "default": []},
    }
    role = {
        "name": {"type": "str", "required": True},
        "prefixes": {"type": "list", "elements": "str", "required": True},
    }
    member = {
        "name": {"type": "str", "required": True},
        "address": {"type": "str", "required": True},
        "client_port": {"type": "int", "default": 2379},
        "peer_port": {"type": "int", "default": 2380},
    }
    module = AnsibleModule(
        argument_spec={
            "members": {"type": "list", "elements": "dict", "required": True, "options": member},
            "ca_file": {"type": "path", "required": True},
            "root_password": {"type": "str", "required": True, "no_log": True},
            "root_password_previous": {"type": "str", "no_log": True},
            "users": {"type": "list", "elements": "dict", "default": [], "options": user},
            "roles": {"type": "list", "elements": "dict", "default": [], "options": role},
            "timeout": {"type": "float", "default": 5},
        },
        supports_check_mode=True,
    )
    try:
        actions = apply(module.params, module.check_mode)
    except (AuthError, EtcdError) as error:
        module.fail_json(msg=str(error))
    after = "".join(f"{line}\n" for line in actions)
    module.exit_json(changed=bool(actions), actions=actions, diff={"before": "", "after": after})


def apply(params: Dict[str, Any], check_mode: bool) -> List[str]:
    """Bring the cluster to what is wanted, and return what that took.

    :raises AuthError: what is wanted cannot be.
    :raises EtcdError: the cluster refuses, or no server answers.
    """
    users = [User(one["name"], one["password"], tuple(one["roles"])) for one in params["users"]]
    users.append(User(ROOT, params["root_password"], (ROOT,)))
    roles = [Role(one["name"], tuple(one["prefixes"])) for one in params["roles"]]
    check(users, roles)
    servers = [(one["address"], one["client_port"]) for one in params["members"]]
    try:
        gateway = Gateway(servers, params["ca_file"], params["timeout"])
        found = look(gateway, users, roles, params["root_password_previous"] or "")
    except Unreachable:
        if not check_mode:
            raise
        found = NOTHING
    calls = plan(users, roles, found)
    if not check_mode:
        for call in calls:
            gateway.call(call.path, call.body)
    return [call.line for call in calls]


if __name__ == "__main__":
    main()
