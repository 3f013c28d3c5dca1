#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Make room for a host in an etcd cluster, and refuse what would damage data."""

from __future__ import annotations

DOCUMENTATION = r"""
module: etcd_member
short_description: Make room for a host in an etcd cluster, and refuse what would damage data
version_added: 0.1.0
description:
  - Looks at the host's data directory and at what the other members list, before etcd is started.
  - A host with data goes on with it. A host without data starts a new cluster where no member answers, or takes part
    in one that others have just started. Where the cluster works and knows the host, the host has lost its data, so its
    old member is removed and a new one added.
  - A member that nobody declares is reported, and removed only where it is named in O(remove).
  - Starts and stops nothing. Where the host joins a cluster that works, O(join_file) tells etcd so.
  - May be run again after it was interrupted anywhere.
author:
  - FreeAgentics (@freeagentics)
attributes:
  check_mode:
    support: full
    description: Says what the host would do. Certificates need not be there yet; no member answers then.
  diff_mode:
    support: full
    description: One line for each change of the cluster's members.
options:
  name:
    description: The host's member, one of O(members).
    type: str
    required: true
  members:
    description: The members that the cluster shall have.
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
        description: The port for the other members.
        type: int
        default: 2380
  data_directory:
    description: Where etcd keeps the host's data.
    type: path
    required: true
  tls_ca:
    description: The CA of all members.
    type: path
    required: true
  tls_certificate:
    description: The host's certificate, with which it asks the other members.
    type: path
    required: true
  tls_key:
    description: The key of O(tls_certificate).
    type: path
    required: true
  root_password:
    description: The password of etcd's user C(root). It is used where the cluster's members change.
    type: str
    required: true
  root_password_previous:
    description: The password that C(root) has, where a later step of the run changes it.
    type: str
  remove:
    description: Names of members that shall leave the cluster. The run of the first of O(members) lets them go.
    type: list
    elements: str
    default: []
  states:
    description:
      - RV(state) of every host in this run, as a run in check mode returned it.
      - With it, a new cluster is refused while a declared member is missing from the run, or has data and does not
        answer.
    type: dict
  join_file:
    description: Environment for etcd's unit, which overrides what is configured for a new cluster.
    type: path
    default: /run/etcd-join.env
  timeout:
    description: Seconds that each step of a connection may take.
    type: float
    default: 2
"""

EXAMPLES = r"""
- name: Make room for this host
  freeagentics.platform.etcd_member:
    name: etcd1
    members:
      - {name: etcd1, address: 10.0.20.10}
      - {name: etcd2, address: 10.0.21.10}
      - {name: etcd3, address: 10.0.22.10}
    data_directory: /var/lib/etcd/freeagentics-us-east-1
    tls_ca: /etc/freeagentics/tls/ca.crt
    tls_certificate: /etc/freeagentics/tls/etcd.crt
    tls_key: /etc/freeagentics/tls/etcd.key
    root_password: "{{ secret_etcd_root }}"
"""

RETURN = r"""
state:
  description:
    - V(run) where the host has data, V(found) where it starts a new cluster, V(enter) where others have just started
      one, V(join) where it joins a cluster that works.
  returned: always
  type: str
  sample: run
actions:
  description: What the host changes, or would in check mode.
  returned: always
  type: list
  elements: str
  sample: ["member etcd2 (8211f1d0f64f3269): removed", "member etcd2: added", "member etcd2: join"]
undeclared:
  description: Members of the cluster that nobody declares and nobody asked to remove.
  returned: always
  type: list
  elements: str
  sample: [etcd4]
"""

import os
import time
from typing import Any, Callable, Dict, List, Tuple

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.etcd.members import (
    FOUND,
    JOIN,
    RUN,
    Listed,
    MemberError,
    Peer,
    Plan,
    content,
    new_cluster_objection,
    parse_members,
    plan,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.etcd_io.gateway import (
    EtcdError,
    Gateway,
    listed_members,
)

#: How long members may take to agree that the cluster is well, in seconds. etcd itself wants 5 s of connections.
PATIENCE = 30
#: What a cluster answers that is not well yet.
NOT_YET = ("unhealthy cluster", "not enough started members", "no leader", "leader changed", "timed out")
GONE = "member not found"


def names_in(directory: str) -> List[str]:
    """Return what a directory has in it; nothing where there is none."""
    try:
        return os.listdir(directory)
    except (FileNotFoundError, NotADirectoryError):
        return []


def ask_others(params: Dict[str, Any]) -> Tuple[Listed, ...]:
    """Return the members that the first other member lists that answers; none where none does."""
    files = [params[key] for key in ("tls_ca", "tls_certificate", "tls_key")]
    if not all(os.path.isfile(path) for path in files):
        return ()
    for member in params["members"]:
        if member["name"] != params["name"]:
            try:
                answer = listed_members((member["address"], member["peer_port"]), *files, params["timeout"])
            except EtcdError:
                continue
            return parse_members(answer)
    return ()


def look(params: Dict[str, Any]) -> Plan:
    """Return what the host has to do.

    :raises MemberError: it must not become a member as it is.
    """
    directory = params["data_directory"]
    data = content(directory, names_in(directory), names_in(os.path.join(directory, "member", "wal")))
    declared = [Peer(one["name"], f"https://{one['address']}:{one['peer_port']}") for one in params["members"]]
    try:
        found = plan(params["name"], declared, data, ask_others(params), params["remove"])
    except MemberError as error:
        raise MemberError(f"{directory}: {error}") from error
    if found.state == FOUND and params["states"]:
        objection = new_cluster_objection(params["name"], params["states"], [peer.name for peer in declared])
        if objection:
            raise MemberError(objection)
    return found


def change(params: Dict[str, Any], found: Plan) -> None:
    """Change the cluster's members as planned, and tell etcd how to start.

    :raises EtcdError: the cluster refuses, or no member answers.
    """
    if found.remove or found.add:
        servers = [(one["address"], one["client_port"]) for one in params["members"]]
        gateway = Gateway(servers, params["tls_ca"], params["timeout"])
        passwords = params["root_password"], params["root_password_previous"] or ""
        patiently(lambda: gateway.log_in_as_root(*passwords))
        for member in found.remove:
            patiently(lambda member=member: gateway.call("cluster/member/remove", {"ID": member.id}))
        if found.add:
            me = next(one for one in params["members"] if one["name"] == params["name"])
            url = f"https://{me['address']}:{me['peer_port']}"
            patiently(lambda: gateway.call("cluster/member/add", {"peerURLs": [url]}))
    if found.state == JOIN:
        lines = f"ETCD_INITIAL_CLUSTER={found.initial_cluster}\nETCD_INITIAL_CLUSTER_STATE=existing\n"
        with open(f"{params['join_file']}.new", "w", encoding="ascii") as file:
            file.write(lines)
        os.replace(f"{params['join_file']}.new", params["join_file"])
    elif os.path.exists(params["join_file"]):
        os.unlink(params["join_file"])


def patiently(call: Callable[[], Any]) -> None:
    """Make a call until the cluster is well enough for it; a member that is gone already is as wanted."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            call()
            return
        except EtcdError as error:
            if GONE in str(error):
                return
            if time.monotonic() > deadline or not any(text in str(error) for text in NOT_YET):
                raise
        time.sleep(0.5)


def in_words(name: str, found: Plan) -> List[str]:
    """Return a line for each change."""
    lines = [f"member {member.name or ', '.join(member.urls)} ({int(member.id):x}): removed" for member in found.remove]
    lines += [f"member {name}: added"] if found.add else []
    return lines + ([f"member {name}: {found.state}"] if found.state != RUN else [])


def main() -> None:
    """Look, plan, change the members."""
    member = {
        "name": {"type": "str", "required": True},
        "address": {"type": "str", "required": True},
        "client_port": {"type": "int", "default": 2379},
        "peer_port": {"type": "int", "default": 2380},
    }
    module = AnsibleModule(
        argument_spec={
            "name": {"type": "str", "required": True},
            "members": {"type": "list", "elements": "dict", "required": True, "options": member},
            "data_directory": {"type": "path", "required": True},
            "tls_ca": {"type": "path", "required": True},
            "tls_certificate": {"type": "path", "required": True},
            "tls_key": {"type": "path", "required": True, "no_log": False},
            "root_password": {"type": "str", "required": True, "no_log": True},
            "root_password_previous": {"type": "str", "no_log": True},
            "remove": {"type": "list", "elements": "str", "default": []},
            "states": {"type": "dict"},
            "join_file": {"type": "path", "default": "/run/etcd-join.env"},
            "timeout": {"type": "float", "default": 2},
        },
        supports_check_mode=True,
    )
    try:
        found = look(module.params)
        if not module.check_mode:
            change(module.params, found)
    except (MemberError, EtcdError) as error:
        module.fail_json(msg=f"{module.params['name']}: {error}")
    for name in found.undeclared:
        module.warn(
            f"the cluster has a member that nobody declares: {name}; name it in etcd_remove_members to remove it"
        )
    actions = in_words(module.params["name"], found)
    module.exit_json(
        changed=bool(actions),
        state=found.state,
        actions=actions,
        undeclared=list(found.undeclared),
        diff={"before": "", "after": "".join(f"{line}\n" for line in actions)},
    )


if __name__ == "__main__":
    main()
