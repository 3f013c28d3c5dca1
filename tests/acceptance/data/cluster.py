# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The database's servers, each asked on its own host past every route and pool, and what happens to them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, Dict, Iterator, List, Sequence, Tuple

from lab.errors import LabError
from tests.acceptance.data.hosts import Hosts
from tests.acceptance.ledger import Records
from tests.acceptance.site_client import until

DATABASE = "app"
#: Data of a server that were put aside, as a folder's name.
ASIDE = "/var/lib/postgresql/*/main.before-*"
PATRONI_PYTHON = "/opt/patroni/bin/python"
#: Asks the leader for a switchover and waits until it is done; patronictl does the same after a second of its own.
SWITCH_OVER = """
import json, ssl, urllib.request, base64, yaml
settings = yaml.safe_load(open("/etc/patroni/patroni.yml"))
rest = settings["restapi"]
account = "{{username}}:{{password}}".format(**rest["authentication"]).encode()
request = urllib.request.Request(
    "https://" + rest["connect_address"] + "/switchover",
    json.dumps({request}).encode(),
    {{"Authorization": "Basic " + base64.b64encode(account).decode()}},
)
trust = ssl.create_default_context(cafile=rest["cafile"])
input()
print(urllib.request.urlopen(request, context=trust, timeout=60).read().decode())
"""
#: Asks a server as postgres over its own socket.
PSQL = ("runuser", "-u", "postgres", "--", "psql", "-XAtq")
#: Seconds that a cluster may take until all members stream again.
RECOVERY = 120.0


class Cluster:
    """The members of the active region, and the servers of other regions that follow it."""

    def __init__(
        self, hosts: Hosts, members: Sequence[str], followers: Sequence[str], applications: Sequence[str]
    ) -> None:
        """Keep who is who.

        :param applications: the hosts whose pools lead to the members.
        """
        self._hosts = hosts
        self._applications = tuple(applications)
        self.members = tuple(members)
        self.followers = tuple(followers)

    @property
    def servers(self) -> Tuple[str, ...]:
        """Every server that holds the data."""
        return self.members + self.followers

    def ask(self, server: str, sql: str, timeout: float = 60, database: str = DATABASE) -> List[List[str]]:
        """Run SQL as postgres over the server's own socket and return the rows.

        :raises AssertionError: it failed.
        """
        command = (*PSQL, "-F", "\t", "-v", "ON_ERROR_STOP=1", "-d", database)
        said = self._hosts.on(server, *command, stdin=sql.encode(), timeout=timeout)
        return [line.split("\t") for line in said.splitlines()]

    def primary(self) -> str:
        """Return the only server that takes writes.

        :raises AssertionError: there is none, or more than one.
        """
        writers = self.writers()
        assert len(writers) == 1, f"servers that take writes: {', '.join(writers) or 'none'}"
        return writers[0]

    def writers(self) -> List[str]:
        """Return every server that takes writes."""
        return [server for server in self.servers if self._takes_writes(server)]

    def _takes_writes(self, server: str) -> bool:
        try:
            return self.ask(server, "SELECT pg_is_in_recovery()") == [["f"]]
        except (AssertionError, LabError):
            return False

    def answers(self, server: str) -> bool:
        """Return whether a server answers queries."""
        try:
            return self.ask(server, "SELECT 1") == [["1"]]
        except (AssertionError, LabError):
            return False

    def states(self) -> List[Dict[str, Any]]:
        """Return what Patroni says of each member."""
        members: List[Dict[str, Any]] = json.loads(
            self._hosts.on(self.primary(), "patronictl", "list", "--format", "json")
        )
        return members

    def is_whole(self) -> bool:
        """Return whether one member leads and all others stream from it, so that the next fault may come."""
        try:
            states = self.states()
        except AssertionError:
            return False
        roles = sorted((state["Role"], state["State"]) for state in states)
        others = [(role, how) for role, how in roles if role != "Leader"]
        return (
            {state["Member"] for state in states} == set(self.members)
            and len({state.get("TL") for state in states}) == 1
            and ("Leader", "running") in roles
            and all("Standby" in role and how == "streaming" for role, how in others)
        )

    def wait_until_whole(self) -> None:
        """Wait until all members stream again.

        :raises AssertionError: they did not in time.
        """
        until("every member of the database's cluster streams", self.is_whole, RECOVERY)

    def reign(self) -> List[str]:
        """Return who takes writes and since when its server runs: another pair after every failover and crash."""
        primary = self.primary()
        return [primary, *self.ask(primary, "SELECT pg_postmaster_start_time()")[0]]

    def reigns_other_than(self, before: List[str]) -> bool:
        """Return whether somebody takes writes, other than before."""
        try:
            return self.reign() != before
        except AssertionError:
            return False

    def crash(self) -> None:
        """Kill the server process of the primary, without a word to its children."""
        primary = self.primary()
        pid = self.ask(primary, r"SELECT split_part(pg_read_file('postmaster.pid'), E'\n', 1)")[0][0]
        self._hosts.on(primary, "sh", "-c", f"kill -KILL {int(pid)}")

    @contextmanager
    def frozen(self, server: str) -> Iterator[None]:
        """Stop a server and its Patroni by a signal for a while: its host answers, they do not, nothing is closed."""
        with self._stopped(server, "$(pgrep -u postgres)"):
            yield

    @contextmanager
    def without_replay(self, server: str) -> Iterator[None]:
        """Let a standby replay nothing for a while: it receives the log, confirms it, and answers with old data.

        Its process is stopped. A pause would not last: Patroni resumes it with its next look
        (handle_parameter_change in its postgresql/__init__.py).
        """
        pid = self.ask(server, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'startup'")[0][0]
        with self._stopped(server, str(int(pid))):
            yield

    @contextmanager
    def _stopped(self, server: str, processes: str) -> Iterator[None]:
        """Stop some processes of a server by a signal for a while."""
        self._hosts.on(server, "sh", "-c", f"kill -STOP {processes}")
        try:
            yield
        finally:
            # Whoever was killed meanwhile is not there any more.
            self._hosts.on(server, "sh", "-c", f"kill -CONT {processes} || true")

    def switch_over(self, candidate: str = "") -> None:
        """Let a standby take over as planned: no transaction is under way meanwhile, as the pools let clients wait.

        :param candidate: who takes over; empty for any: where one is named, Patroni lets the others wait for two
            seconds more (process_unhealthy_cluster in its ha.py), and writes wait for the first of them that follows.
        """
        leader = self.primary()
        request = {"leader": leader, **({"candidate": candidate} if candidate else {})}
        with ThreadPoolExecutor(len(self._applications)) as pool:
            with self._hosts.running(leader, PATRONI_PYTHON, "-c", SWITCH_OVER.format(request=request)) as program:
                list(pool.map(lambda host: self._hosts.on(host, "database-route", "pause", "20"), self._applications))
                said, _nothing = program.communicate(b"\n", timeout=90)
            assert program.returncode == 0, said.decode()

    def wait_until_level(self) -> None:
        """Wait until every server has what the primary has now.

        :raises AssertionError: one had not in time.
        """
        primary = self.primary()
        position = self.ask(primary, "SELECT pg_current_wal_flush_lsn()")[0][0]
        for server in self.servers:
            if server != primary:
                until(f"{server} is at {position}", partial(self._is_at, server, position), RECOVERY)

    def _is_at(self, server: str, position: str) -> bool:
        try:
            return self.ask(server, f"SELECT pg_last_wal_replay_lsn() >= '{position}'") == [["t"]]
        except AssertionError:
            # A server that had more than the new primary is rewound, and away meanwhile.
            return False

    def records(self, table: str) -> Dict[str, Records]:
        """Return for each server what finds a ledger's records in a table, once all servers are level."""
        self.wait_until_level()
        return {server: partial(self._records, server, table) for server in self.servers}

    def _records(self, server: str, table: str, prefix: str) -> List[List[str]]:
        return self.ask(server, f"SELECT key, value, timeline FROM {table} WHERE starts_with(key, '{prefix}')")
