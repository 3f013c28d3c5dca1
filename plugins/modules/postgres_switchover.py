#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Let another member of a cluster lead, as planned, and as fast as it can be done without a loss."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgres_switchover
short_description: Let another member of a cluster lead, as planned, and as fast as it can be done without a loss
version_added: 0.1.0
description:
  - Asks Patroni for a switchover, on the host of the leader. Patroni shuts the server down and elects.
  - Begins with a checkpoint, so that the shutdown is short, and waits a while until no client is in a transaction.
  - Patroni looks once a second whether the server is down, and waits a second more before it gives the lease away. The
    module looks twenty times a second. Once C(pg_control) says that the server was shut down cleanly, its log is in the
    archive, and another member has the whole log, the last checkpoint included, it removes the key of the old lease
    itself, in one transaction. A server that is shut down cannot write, and Patroni does not start it as a primary
    without the lease. Which member leads then is Patroni's choice, as ever.
  - Where that does not come about soon, Patroni does it alone.
  - Can be run again; where the member leads no more, it changes nothing.
author:
  - FreeAgentics (@freeagentics)
extends_documentation_fragment:
  - freeagentics.platform.cluster_store
  - freeagentics.platform.cluster_store.members
attributes:
  check_mode:
    support: full
    description: Tells whether it would ask for a switchover.
  diff_mode:
    support: full
    description: Shows who leads before and after.
options:
  name:
    description: The member that leads, on whose host this runs.
    type: str
    required: true
  revision:
    description: The revision of its key, of M(freeagentics.platform.postgres_failover_info).
    type: int
    required: true
  username:
    description: The user of Patroni's REST API.
    type: str
    required: true
  password:
    description: The user's password.
    type: str
    required: true
  candidate:
    description: The member that shall lead. Without one it is the fastest that is synchronous; with one, others that
      follow wait two seconds, and with them writes.
    type: str
    default: ""
  directory:
    description: The data directory.
    type: path
    required: true
  at:
    description: When to begin, in seconds of the epoch by the clock of the host, so that the pools of other hosts can
      hold clients back just before. A moment that has passed means at once; one that is a minute ahead is refused.
    type: float
    default: 0
  quiet_seconds:
    description: How long to wait until no client is in a transaction. Those that are then are ended.
    type: float
    default: 2
  socket:
    description: The folder of PostgreSQL's socket, over which it is asked as the user that the module runs as.
    type: path
    default: /var/run/postgresql
  sql_port:
    description: PostgreSQL's port.
    type: int
    default: 5432
  timeout:
    description: Seconds until another member must lead.
    type: float
    default: 60
"""

EXAMPLES = r"""
- name: Let another member lead
  freeagentics.platform.postgres_switchover:
    name: db1
    revision: "{{ seen.store.revision }}"
    members: [{name: db1, host: 10.0.20.10}, {name: db2, host: 10.0.21.10}, {name: db3, host: 10.0.21.11}]
    scope: us-east-1
    store: [{address: 10.0.20.10, port: 2379}, {address: 10.0.21.10, port: 2379}]
    store_user: patroni
    store_password: "{{ secret_etcd_patroni }}"
    username: patroni
    password: "{{ secret_patroni_rest }}"
    ca_file: /etc/freeagentics/tls/ca.crt
    directory: /var/lib/postgresql/15/main
"""

RETURN = r"""
leader:
  description: Who leads.
  returned: always
  type: str
  sample: db2
hastened:
  description: Whether the module removed the key, and not Patroni.
  returned: always
  type: bool
seconds:
  description: How long each step took. C(quiet) until no client was in a transaction, C(stopped) until the server was
    shut down, C(level) until a member had its whole log, C(archived) until the archive had, C(led) until another led;
    all from the beginning. What was not seen is not there.
  returned: always
  type: dict
  sample: {quiet: 0.02, stopped: 0.31, level: 0.49, archived: 0.52, led: 1.12}
"""

import os
import threading
import time
from contextlib import suppress
from dataclasses import replace
from typing import Any, Dict, Optional

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.failover import control
from ansible_collections.freeagentics.platform.plugins.module_utils.failover.seen import leads
from ansible_collections.freeagentics.platform.plugins.module_utils.observe.parallel import NoAnswer, first_of
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.options import (
    MEMBERS,
    STORE,
    folder_of,
    store_of,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.rest import Endpoint, RestError, call
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.store import StoreError
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_io import sql

#: Seconds between two looks.
PAUSE = 0.05
#: And between two looks at who leads.
LEAD_PAUSE = 0.2
#: Seconds for an answer.
ANSWER = 2.0
#: Seconds for an answer of one of many that are asked again at once.
LOOK = 0.5
#: Seconds after which Patroni has done it itself.
SAFE_SECONDS = 3.0
#: How many seconds ahead a moment may be that is meant.
AHEAD = 60.0
#: Whether a client is in a transaction; https://www.postgresql.org/docs/15/monitoring-stats.html
BUSY = """
SELECT count(*) > 0 FROM pg_stat_activity
WHERE backend_type = 'client backend' AND xact_start IS NOT NULL AND pid <> pg_backend_pid()
"""


class Switchover:
    """A switchover that is under way."""

    def __init__(self, params: Dict[str, Any]) -> None:
        self._params = params
        self._name = params["name"]
        self._store = store_of(params, ANSWER)
        self._folder = folder_of(params)
        self._control = os.path.join(params["directory"], "global", "pg_control")
        self._others = {
            member["name"]: Endpoint(member["host"], member["rest_port"], params["ca_file"], timeout=ANSWER)
            for member in params["members"]
            if member["name"] != self._name
        }
        self.seconds: Dict[str, float] = {}
        #: Why Patroni does not do it, and what it said where it did not know yet.
        self.refusal = self.doubt = ""
        self._begun = 0.0

    def holder(self) -> str:
        """Return who holds the lease, empty if nobody does."""
        entry = self._store.under(self._folder).get("leader")
        return entry.value if entry else ""

    def prepare(self) -> Any:
        """Write a checkpoint, so that the one of the shutdown is short; return a connection to the server, or None."""
        params = self._params
        server = sql.Server(host=params["socket"], port=params["sql_port"], user="postgres")
        try:
            connection = sql.connect(server, "postgres", ANSWER, "postgres_switchover")
            with connection.cursor() as cursor:
                cursor.execute("CHECKPOINT")
        except sql.ERRORS:
            return None
        return connection

    def wait_for_the_moment(self, connection: Any) -> None:
        """Wait until it is to begin, and then until no client is in a transaction."""
        time.sleep(max(0.0, self._params["at"] - time.time()))
        self._begun = time.monotonic()
        if connection is None:
            return
        try:
            while time.monotonic() - self._begun < self._params["quiet_seconds"]:
                with connection.cursor() as cursor:
                    cursor.execute(BUSY)
                    if not cursor.fetchone()[0]:
                        self._note("quiet")
                        break
                time.sleep(PAUSE)
            connection.close()
        except sql.ERRORS:
            return

    def ask(self) -> None:
        """Ask Patroni, and go on: it answers when all is over, or at once where it refuses."""
        threading.Thread(target=self._ask, daemon=True).start()

    def _ask(self) -> None:
        own = next(member for member in self._params["members"] if member["name"] == self._name)
        account = self._params["username"], self._params["password"]
        endpoint = Endpoint(own["host"], own["rest_port"], self._params["ca_file"], *account, self._params["timeout"])
        wanted = {"leader": self._name}
        if self._params["candidate"]:
            wanted["candidate"] = self._params["candidate"]
        try:
            status, answer = call(endpoint, "POST", "/switchover", wanted)
        except RestError as error:
            self.refusal = str(error)
            return
        if 400 <= status < 500:
            self.refusal = f"HTTP status {status}: {answer}"
        elif status >= 500:
            # It waited long enough for its taste, and does not know what came of it.
            self.doubt = f"HTTP status {status}: {answer}"

    def hasten(self, deadline: float) -> bool:
        """Give the lease away once that is safe; return whether it was done here, and not by Patroni before."""
        end = self._wait_for_shutdown(deadline)
        if end is None or not self._wait_until_safe(end, min(deadline, time.monotonic() + SAFE_SECONDS)):
            return False
        try:
            entry = self._store.under(self._folder).get("leader")
            if entry is None or (entry.value, entry.revision) != (self._name, self._params["revision"]):
                return False
            return self._store.change_if_still(f"{self._folder}leader", entry, [f"{self._folder}leader"])
        except StoreError:
            return False

    def _wait_for_shutdown(self, deadline: float) -> Optional[int]:
        """Return where the log ends, None where Patroni refused, or the server does not stop."""
        while time.monotonic() < deadline and not self.refusal:
            state = self._look()
            if state is not None and state.shut_down:
                self._note("stopped")
                return state.checkpoint
            time.sleep(PAUSE)
        return None

    def _wait_until_safe(self, end: int, deadline: float) -> bool:
        """Return whether a member that may lead has everything, and the archive, too."""
        level = archived = False
        while time.monotonic() < deadline:
            level = level or self._level(end)
            archived = archived or self._archived()
            if level and archived:
                return True
            time.sleep(PAUSE)
        return False

    def _archived(self) -> bool:
        """Return whether no segment waits for the archive.

        The server archives the last ones after it has noted that it is shut down, and Patroni kills it there and then
        where the lease is gone.
        """
        try:
            names = os.listdir(os.path.join(self._params["directory"], "pg_wal", "archive_status"))
        except OSError:
            return False
        if any(name.endswith(".ready") for name in names):
            return False
        self._note("archived")
        return True

    def _look(self) -> Optional[control.Control]:
        try:
            with open(self._control, "rb") as file:
                return control.parse(file.read(control.SIZE))
        except OSError:
            return None

    def _level(self, end: int) -> bool:
        """Return whether a member that may lead has everything, the record at the end included."""
        wanted = [self._params["candidate"]] if self._params["candidate"] else list(self._others)
        with suppress(NoAnswer):
            first_of([lambda e=self._others[name]: self._has(e, end) for name in wanted], LOOK)
            self._note("level")
            return True
        return False

    @staticmethod
    def _has(endpoint: Endpoint, end: int) -> bool:
        """Return that a member has the log beyond a position.

        :raises ValueError: it has not.
        """
        said = call(replace(endpoint, timeout=LOOK), "GET", "/patroni")[1]
        if int((said.get("xlog") or {}).get("received_location") or 0) <= end:
            raise ValueError(f"{endpoint.place} has not the whole log yet")
        return True

    def wait_for_leader(self, deadline: float) -> str:
        """Return who leads instead, by its own word; empty where nobody does in time, or Patroni refused."""
        while True:
            try:
                holder = self.holder()
            except StoreError:
                holder = ""
            if holder in self._others and self._leads(holder):
                self._note("led")
                return holder
            if self.refusal or time.monotonic() > deadline:
                return ""
            # Nothing waits for this, and each look takes time of the one that is about to lead.
            time.sleep(LEAD_PAUSE)

    def _leads(self, name: str) -> bool:
        try:
            status, said = call(replace(self._others[name], timeout=ANSWER), "GET", "/patroni")
        except RestError:
            return False
        return status == 200 and leads(said)

    def _note(self, step: str) -> None:
        self.seconds.setdefault(step, round(time.monotonic() - self._begun, 3))


def main() -> None:
    """Wait for the moment, ask, hasten, wait."""
    module = AnsibleModule(
        argument_spec={
            **STORE,
            **MEMBERS,
            "name": {"type": "str", "required": True},
            "revision": {"type": "int", "required": True},
            "username": {"type": "str", "required": True},
            "password": {"type": "str", "required": True, "no_log": True},
            "candidate": {"type": "str", "default": ""},
            "directory": {"type": "path", "required": True},
            "at": {"type": "float", "default": 0},
            "quiet_seconds": {"type": "float", "default": 2},
            "socket": {"type": "path", "default": "/var/run/postgresql"},
            "sql_port": {"type": "int", "default": 5432},
            "timeout": {"type": "float", "default": 60},
        },
        supports_check_mode=True,
    )
    name, switchover = module.params["name"], Switchover(module.params)
    try:
        before = switchover.holder()
        if before != name or module.check_mode:
            module.exit_json(changed=before == name, leader=before, hastened=False, seconds={})
        if module.params["at"] > time.time() + AHEAD:
            module.fail_json(msg=f"{name} should begin more than {AHEAD:g} s from now: the clocks are apart")
        switchover.wait_for_the_moment(switchover.prepare())
        deadline = time.monotonic() + module.params["timeout"]
        switchover.ask()
        hastened = switchover.hasten(deadline)
    except StoreError as error:
        module.fail_json(msg=f"the cluster store does not answer: {error}. `patronictl list` says who leads")
    leader = switchover.wait_for_leader(deadline)
    if not leader:
        reason = switchover.refusal or switchover.doubt or f"no other member leads {module.params['timeout']:g} s later"
        module.fail_json(
            msg=f"{name} did not hand over: {reason}. `patronictl list` and `journalctl -u patroni` there say more",
            seconds=switchover.seconds,
        )
    diff = {"before": f"{name} leads\n", "after": f"{leader} leads\n"}
    module.exit_json(changed=True, leader=leader, hastened=hastened, seconds=switchover.seconds, diff=diff)


if __name__ == "__main__":
    main()
