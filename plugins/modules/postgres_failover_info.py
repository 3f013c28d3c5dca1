#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Look at a database host, and from there at the whole cluster, before a failover."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgres_failover_info
short_description: Look at a database host, and from there at the whole cluster, before a failover
version_added: 0.1.0
description:
  - Asks, all at once and each with the same short time limit, what decides a failover. Of the host itself whether
    Patroni and PostgreSQL run, what C(pg_control) and the history of the timeline say, and how far its log goes. Of the
    cluster store who leads and for how long. Of every member's Patroni what it says, as far as it is seen from here.
  - Run it on every database host of the region at once; the filter P(freeagentics.platform.failover_plan#filter) makes
    a plan of what they return.
  - Where the host's server holds the lease, but still is a standby that Patroni promotes, it looks again until that is
    done or O(settle_seconds) are over, so that nobody takes an election that is under way for a primary that is lost.
  - Reads only, and fails because of nothing that is down.
author:
  - FreeAgentics (@freeagentics)
extends_documentation_fragment:
  - freeagentics.platform.cluster_store
  - freeagentics.platform.cluster_store.members
attributes:
  check_mode:
    support: full
    description: Reads only.
  diff_mode:
    support: none
    description: Changes nothing.
options:
  name:
    description: The name that Patroni has for this host. Without it nothing is looked at again.
    type: str
    default: ""
  settle_seconds:
    description: How long an election that is under way is waited for.
    type: float
    default: 4
  directory:
    description: The data directory.
    type: path
    required: true
  bin_directory:
    description: Where C(pg_controldata) is.
    type: path
    required: true
  unit:
    description: Patroni's unit.
    type: str
    default: patroni.service
  runtime_directory:
    description: Where systemd reads units from that a restart of the host forgets.
    type: path
    default: /run/systemd/system
  socket:
    description: The folder of PostgreSQL's socket, over which it is asked as the user that the module runs as.
    type: path
    default: /var/run/postgresql
  port:
    description: PostgreSQL's port.
    type: int
    default: 5432
  timeout:
    description: Seconds that each question may take.
    type: float
    default: 2
  store_timeout:
    description: Seconds that the cluster store may take, which elects a leader of its own after the loss of a member.
    type: float
    default: 9
"""

EXAMPLES = r"""
- name: Look at the cluster from each of its hosts
  freeagentics.platform.postgres_failover_info:
    name: "{{ inventory_hostname }}"
    scope: us-east-1
    members: [{name: db1, host: 10.0.20.10}, {name: db2, host: 10.0.21.10}]
    store: [{address: 10.0.20.10, port: 2379}, {address: 10.0.21.10, port: 2379}]
    store_user: patroni
    store_password: "{{ secret_etcd_patroni }}"
    ca_file: /etc/freeagentics/tls/ca.crt
    directory: /var/lib/postgresql/15/main
    bin_directory: /usr/lib/postgresql/15/bin
  become: true
  become_user: postgres
"""

RETURN = r"""
patroni:
  description: What systemd says of Patroni.
  returned: always
  type: str
  sample: active
process:
  description: The state of the server's process as proc(5) names it, C(T) if it is stopped by a signal; empty if there
    is none.
  returned: always
  type: str
  sample: S
control:
  description: What C(pg_control) says, empty if it cannot be read.
  returned: always
  type: dict
  contains:
    identifier:
      description: The system identifier.
      type: str
    state:
      description: The state of the server.
      type: str
      sample: in production
    timeline:
      description: The timeline.
      type: int
    checkpoint:
      description: Where the last checkpoint is.
      type: str
    recovered:
      description: Up to where a standby replayed at least.
      type: str
    segment:
      description: How many bytes a segment of the log has.
      type: int
fenced:
  description: Whether M(freeagentics.platform.postgres_fence) stopped it and it was not let back yet.
  returned: always
  type: bool
history:
  description: The history file of its timeline, empty for the first one.
  returned: always
  type: str
server:
  description: What PostgreSQL answers, empty if it does not.
  returned: always
  type: dict
  contains:
    in_recovery:
      description: Whether it is a standby.
      type: bool
    timeline:
      description: The timeline.
      type: int
    position:
      description: The end of its log.
      type: str
    replayed_at:
      description: When the last transaction that it replayed was committed, in seconds of the epoch. A server that was
        promoted still says it. Null where it never replayed one.
      type: float
store:
  description: The keys of the cluster store, or C(error) with the reason.
  returned: always
  type: dict
  contains:
    leader:
      description: Who holds the lease, empty if nobody does.
      type: str
    lease:
      description: How long it still runs, in seconds.
      type: float
    revision:
      description: At which revision of the store the key was made.
      type: int
    lease_id:
      description: The lease that the key hangs on.
      type: int
    initialize:
      description: The system identifier of the cluster.
      type: str
    config:
      description: The settings that all members share.
      type: dict
    status:
      description: The position that the leader noted last.
      type: dict
    sync:
      description: Who is synchronous.
      type: dict
    history:
      description: The switches from timeline to timeline.
      type: list
      elements: list
    members:
      description: The members that the store knows.
      type: list
      elements: str
members:
  description: What the Patroni of each member answers here, or C(error) with the reason.
  returned: always
  type: dict
"""

import json
import os
import subprocess
import time
from typing import Any, Callable, Dict

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.seen import (
    fence_mark,
    going_mark,
    is_being_promoted,
    parse_control,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.observe.parallel import Outcome, ask_all, first_of
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.options import (
    MEMBERS,
    STORE,
    folder_of,
    store_of,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.rest import Endpoint, read
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_io import sql
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.timeline import STANDBY_SQL

#: Seconds after which a server that is being promoted is looked at again.
AGAIN = 0.3
#: Seconds in which a host has to take a connection, whatever its programs do. What asks for one is sent again after one
#: second (RFC 6298), so one packet may be lost.
REACH = 1.2

#: https://www.postgresql.org/docs/15/functions-admin.html#FUNCTIONS-RECOVERY-CONTROL
STATE = f"""
SELECT json_build_object(
  'in_recovery', standby,
  'timeline', CASE WHEN standby
    THEN {STANDBY_SQL}
    ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int END,
  'position', CASE WHEN standby THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
    ELSE pg_current_wal_flush_lsn() END,
  'replayed_at', extract(epoch FROM pg_last_xact_replay_timestamp()))
FROM (SELECT pg_is_in_recovery() AS standby) AS me
"""


class Host:
    """What can be asked on a database host."""

    def __init__(self, params: Dict[str, Any]) -> None:
        self._params = params

    def look(self) -> Dict[Any, Outcome]:
        """Return all answers, once no server here is being promoted or the time for that is over."""
        # Each question ends by itself before that, and says why.
        limit = max(self._params["timeout"], self._params["store_timeout"]) + AGAIN
        deadline = time.monotonic() + self._params["settle_seconds"]
        while True:
            answers = ask_all(self._questions(), limit)
            store, server = answers["store", ""].value or {}, answers["server", ""].value or {}
            if not is_being_promoted(self._params["name"], store, server) or time.monotonic() > deadline:
                return answers
            time.sleep(AGAIN)

    def _questions(self) -> Dict[Any, Callable[[], Any]]:
        """Return all questions by where the answer belongs."""
        params = self._params
        found: Dict[Any, Callable[[], Any]] = {
            ("patroni", ""): self._unit,
            ("control", ""): self._control,
            ("process", ""): self._process,
            ("server", ""): self._server,
            ("store", ""): self._store,
        }
        for member in params["members"]:
            endpoint = Endpoint(
                member["host"], member["rest_port"], params["ca_file"], timeout=params["timeout"], reach=REACH
            )
            found["member", member["name"]] = lambda e=endpoint: read(e, "/patroni")
        return found

    def history(self, timeline: int) -> str:
        """Return the history file of a timeline."""
        path = os.path.join(self._params["directory"], "pg_wal", f"{timeline:08X}.history")
        try:
            with open(path, encoding="utf-8") as file:
                return file.read()
        except OSError:
            return ""

    def _said(self, *command: str) -> str:
        """Return what a command prints. Several threads do so at once, for which run_command is not made."""
        environment = {**os.environ, "LC_ALL": "C"}
        limit = self._params["timeout"]
        # pylint: disable-next=ansible-bad-function
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=limit, check=False)
        return done.stdout.strip()

    def _unit(self) -> str:
        return self._said("systemctl", "is-active", self._params["unit"])

    def _control(self) -> Dict[str, Any]:
        program = os.path.join(self._params["bin_directory"], "pg_controldata")
        return parse_control(self._said(program, "-D", self._params["directory"]))

    def _process(self) -> str:
        try:
            with open(os.path.join(self._params["directory"], "postmaster.pid"), encoding="ascii") as file:
                pid = int(file.readline())
            with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
                # The name, in parentheses, may have any character in it; the state follows. proc(5)
                name, _parenthesis, rest_of_line = file.read().rpartition(")")
        except (OSError, ValueError):
            return ""
        return rest_of_line.split()[0] if "(postgres" in name else ""

    def _server(self) -> Dict[str, Any]:
        server = sql.Server(host=self._params["socket"], port=self._params["port"], user="postgres")
        limit = {"statement_timeout": f"{self._params['timeout']:g}s"}
        connection = sql.connect(server, "postgres", self._params["timeout"], "postgres_failover_info", limit)
        try:
            with connection.cursor() as cursor:
                cursor.execute(STATE)
                state: Dict[str, Any] = cursor.fetchone()[0]
                return state
        finally:
            connection.close()

    def _store(self) -> Any:
        """Return what the store says, by whichever of its members answers first."""
        members = self._params["store"]
        return first_of([lambda m=member: self._keys(m) for member in members], self._params["store_timeout"])

    def _keys(self, member: Dict[str, Any]) -> Dict[str, Any]:
        limit = self._params["timeout"]
        # The last question begins early enough for its answer, so that a silent store's own reason is told.
        patience = max(0.0, self._params["store_timeout"] - limit)
        store = store_of({**self._params, "store": [member]}, limit, patience)
        entries = store.under(folder_of(self._params))
        leader = entries.get("leader")
        found: Dict[str, Any] = {
            key: json.loads(entries[key].value) if key in entries else None for key in ("config", "sync", "history")
        }
        status = json.loads(entries["status"].value) if "status" in entries else None
        return {
            **found,
            "status": status if isinstance(status, dict) else {"optime": status},
            "initialize": entries["initialize"].value if "initialize" in entries else "",
            "leader": leader.value if leader else "",
            "revision": leader.revision if leader else 0,
            "lease": store.seconds_left(leader.lease) if leader else 0.0,
            "lease_id": leader.lease if leader else 0,
            "members": sorted(name.partition("/")[2] for name in entries if name.startswith("members/")),
        }


def main() -> None:
    """Ask everything at once."""
    module = AnsibleModule(
        argument_spec={
            **STORE,
            **MEMBERS,
            "name": {"type": "str", "default": ""},
            "settle_seconds": {"type": "float", "default": 4},
            "directory": {"type": "path", "required": True},
            "bin_directory": {"type": "path", "required": True},
            "unit": {"type": "str", "default": "patroni.service"},
            "runtime_directory": {"type": "path", "default": "/run/systemd/system"},
            "socket": {"type": "path", "default": "/var/run/postgresql"},
            "port": {"type": "int", "default": 5432},
            "timeout": {"type": "float", "default": 2},
            "store_timeout": {"type": "float", "default": 9},
        },
        supports_check_mode=True,
    )
    host = Host(module.params)
    answers = host.look()
    members = {
        name: {"error": answer.error} if answer.error else answer.value
        for (question, name), answer in answers.items()
        if question == "member"
    }
    store, server = answers["store", ""], answers["server", ""].value or {}
    control = answers["control", ""].value or {}
    timeline = server.get("timeline") or control.get("timeline")
    mark = fence_mark(module.params["unit"], module.params["runtime_directory"])
    module.exit_json(
        changed=False,
        patroni=answers["patroni", ""].value or "",
        process=answers["process", ""].value or "",
        control=control,
        history=host.history(int(timeline)) if timeline else "",
        fenced=os.path.exists(mark) or os.path.exists(going_mark(mark)),
        server=server,
        store={"error": store.error} if store.error else store.value,
        members=members,
    )


if __name__ == "__main__":
    main()
