#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Wait until a member of a cluster is what it shall be, and restart it where that is needed."""

from __future__ import annotations

DOCUMENTATION = r"""
module: patroni_ready
short_description: Wait until a member of a cluster is what it shall be, and restart it where that is needed
version_added: 0.1.0
description:
  - A replica is ready when it streams. A leader is ready when it is the only one, and where replication is
    synchronous and there are other members, when one of them is a synchronous standby.
  - A member that is not ready in time fails with its name, the reason and the last lines of its log.
  - Says whether the member has to be restarted, to run changed settings of PostgreSQL, another version of Patroni or a
    changed unit.
  - With O(restart) it does so and waits again. Members must be restarted one after the other (C(throttle)), replicas
    first (O(restart=replica)), then the leader (O(restart=leader)), which hands over to its best standby before, if
      there is one.
  - A replica cannot run with less than its leader in C(max_connections) and the like. Where such a setting was
    lowered, the leader goes first and restarts in place (O(restart=lowered)).
author:
  - FreeAgentics (@freeagentics)
attributes:
  check_mode:
    support: full
    description: Looks once, and neither waits nor restarts.
  diff_mode:
    support: full
    description: One line for a restart.
options:
  name:
    description: The name of the member, which runs on this host.
    type: str
    required: true
  members:
    description: The names of all members.
    type: list
    elements: str
    required: true
  synchronous:
    description: Whether the cluster replicates synchronously.
    type: bool
    default: true
  restart:
    description:
      - Which member to restart, if it has to be restarted; none, a leader with a lowered setting, a replica, a leader.
    type: str
    choices: [never, lowered, replica, leader]
    default: never
  settled:
    description: Whether nothing changed before; else the member is looked at after its Patroni read everything again.
    type: bool
    default: true
  unit:
    description: Patroni's unit.
    type: str
    default: patroni.service
  watch:
    description: Paths whose content Patroni only loads when it starts.
    type: list
    elements: path
    default: []
  mark:
    description: The mark of a first start, which is removed when the member is ready.
    type: path
  address:
    description: The address of a REST API of the cluster, for which its certificate must be.
    type: str
    required: true
  port:
    description: Its port.
    type: int
    default: 8008
  ca_file:
    description: The CA that vouches for the certificates of the REST API, on the host.
    type: path
    required: true
  username:
    description: The user of the REST API.
    type: str
    default: ""
  password:
    description: The password of the user.
    type: str
    default: ""
  timeout:
    description: Seconds to wait each time.
    type: int
    default: 120
"""

EXAMPLES = r"""
- name: Wait for the member
  freeagentics.platform.patroni_ready:
    name: "{{ inventory_hostname }}"
    members: [db1, db2, db3]
    address: "{{ platform_address }}"
    ca_file: /etc/freeagentics/tls/ca.crt
    watch: [/opt/patroni]
  register: member

- name: Restart replicas that need it, one after the other
  freeagentics.platform.patroni_ready:
    name: "{{ inventory_hostname }}"
    members: [db1, db2, db3]
    address: "{{ platform_address }}"
    ca_file: /etc/freeagentics/tls/ca.crt
    username: patroni
    password: "{{ secret_patroni_rest }}"
    watch: [/opt/patroni]
    restart: replica
  throttle: 1
  when: member.restart_needed != 'nothing'
"""

RETURN = r"""
role:
  description: The member's role in Patroni, empty if there is none.
  returned: always
  type: str
  sample: quorum_standby
restart_needed:
  description: What has to be restarted; C(nothing), C(server) or C(service).
  returned: always
  type: str
actions:
  description: What was done.
  returned: always
  type: list
  elements: str
  sample: [switch over from db1, restart the server of db1]
"""

import os
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.patroni.member import (
    LEADER,
    NOTHING,
    REPLICA,
    SERVER,
    TURNS,
    View,
    away,
    objections,
    replaceable,
    restart_needed,
    turn,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.rest import Endpoint, RestError, call
from ansible_collections.freeagentics.platform.plugins.module_utils.systemd import process

LOG_LINES = 20


class Member:
    """The member on this host: asked through its REST API, its unit through systemd."""

    def __init__(self, module: AnsibleModule) -> None:
        params = module.params
        self._module, self._params = module, params
        self._endpoint = Endpoint(*(params[key] for key in ("address", "port", "ca_file", "username", "password")))

    def look(self) -> View:
        """Return what the member says; nothing where it does not answer."""
        return View(self._params["name"], self._get("/patroni"), self._get("/cluster"))

    def _get(self, path: str) -> dict:
        try:
            answer = call(self._endpoint, "GET", path)[1]
        except RestError:
            return {}
        return answer if isinstance(answer, dict) else {}

    def stale(self) -> bool:
        """Return whether Patroni was started before what it loads was changed."""
        return process.stale(self._module.run_command, self._params["unit"], self._params["watch"])

    def wait(self) -> View:
        """Return what the ready member says; fail with the reason and the log if it does not become so."""
        deadline = time.monotonic() + self._params["timeout"]
        while True:
            view = self.look()
            reasons = objections(view, self._params["members"], self._params["synchronous"])
            if not reasons or self._module.check_mode:
                return view
            if time.monotonic() >= deadline:
                self.fail(f"is not ready after {self._params['timeout']} s: {'; '.join(reasons)}")
            time.sleep(0.5)

    def settle(self) -> None:
        """Wait until Patroni went through its loop twice: settings that were given before are taken over then."""
        deadline = time.monotonic() + self._params["timeout"]
        for _time in range(2):
            seen = self.look().own.get("dcs_last_seen", 0)
            while self.look().own.get("dcs_last_seen", 0) <= seen and time.monotonic() < deadline:
                time.sleep(0.2)

    def restart(self, view: View, kind: str) -> list:
        """Restart the member, after a switchover if it leads; return what was done."""
        name, done = self._params["name"], []
        if turn(view) == REPLICA:
            self._wait_for_the_others()
        if turn(view) == LEADER and replaceable(view):
            # Without a candidate: where one is named, Patroni lets the other members wait for 2 s before they follow
            # (process_unhealthy_cluster in its ha.py), and writes wait for the first of them.
            self._post("/switchover", {"leader": name})
            done.append(f"switch over from {name}")
            self.wait()
        if kind == SERVER:
            self._post("/restart", {})
            done.append(f"restart the server of {name}")
        else:
            self._module.run_command(["systemctl", "daemon-reload"], check_rc=True)
            self._module.run_command(["systemctl", "restart", self._params["unit"]], check_rc=True)
            done.append(f"restart {self._params['unit']} of {name}")
        self.wait()
        return done

    def _wait_for_the_others(self) -> None:
        """Return when all other members stream; fail if they do not, so that one fault does not take them all."""
        deadline = time.monotonic() + self._params["timeout"]
        while missing := away(self.look(), self._params["members"]):
            if time.monotonic() >= deadline:
                self.fail(f"is not restarted, because {', '.join(missing)} neither leads nor streams")
            time.sleep(0.5)

    def _post(self, path: str, body: dict) -> None:
        patient = Endpoint(**{**vars(self._endpoint), "timeout": float(self._params["timeout"])})
        try:
            status, answer = call(patient, "POST", path, body)
        except RestError as error:
            self.fail(f"did not answer: {error}")
        if status != 200:
            self.fail(f"refused {path}: HTTP status {status}: {answer}")

    def fail(self, reason: str) -> None:
        """End with the member's name, a reason and the end of the log."""
        command = ["journalctl", "--no-pager", "--output=cat", f"--lines={LOG_LINES}", f"--unit={self._params['unit']}"]
        log = self._module.run_command(command)[1].splitlines()
        last = " | ".join(log[-5:]) or "none"
        self._module.fail_json(msg=f"{self._params['name']} {reason}. The end of its log: {last}", log=log)


ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "members": {"type": "list", "elements": "str", "required": True},
    "synchronous": {"type": "bool", "default": True},
    "restart": {"type": "str", "choices": ["never", *TURNS], "default": "never"},
    "settled": {"type": "bool", "default": True},
    "unit": {"type": "str", "default": "patroni.service"},
    "watch": {"type": "list", "elements": "path", "default": []},
    "mark": {"type": "path"},
    "address": {"type": "str", "required": True},
    "port": {"type": "int", "default": 8008},
    "ca_file": {"type": "path", "required": True},
    "username": {"type": "str", "default": ""},
    "password": {"type": "str", "default": "", "no_log": True},
    "timeout": {"type": "int", "default": 120},
}


def main() -> None:
    """Wait, restart where that is asked for and needed, wait again."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    params, member, done = module.params, Member(module), []
    view = member.wait()
    if not params["settled"] and not module.check_mode:
        member.settle()
        view = member.wait()
    needed = restart_needed(view, member.stale())
    if needed != NOTHING and params["restart"] == turn(view) and not module.check_mode:
        done = member.restart(view, needed)
        view = member.look()
        needed = restart_needed(view, member.stale())
    mark = params["mark"]
    if mark and os.path.exists(mark) and not module.check_mode:
        os.unlink(mark)
    diff = {"before": "", "after": "".join(f"{line}\n" for line in done)}
    module.exit_json(changed=bool(done), role=view.role, restart_needed=needed, actions=done, diff=diff)


if __name__ == "__main__":
    main()
