# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The Redis Cluster of a region, asked on its hosts, and what happens when a master's host is lost."""

from __future__ import annotations

import os
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Dict, Iterator, List, Sequence

from ansible_collections.freeagentics.platform.plugins.module_utils.drill import ledger as ledger_book
from ansible_collections.freeagentics.platform.plugins.module_utils.drill.ledger import Findings
from lab.errors import LabError
from tests.acceptance.data.faults import BREATH, SERVICE
from tests.acceptance.data.hosts import Hosts
from tests.acceptance.data.writers import HostWriters
from tests.acceptance.matrix.declaration import Node
from tests.acceptance.site_client import until

ROOT = Path(__file__).resolve().parents[3]
CA = "/etc/freeagentics/tls/ca.crt"
UNIT = "redis-server.service"
#: Seconds that a key which was written lives.
LIFETIME = "600"
#: Seconds that a host which is back may take until it has its shard's data again.
RECOVERY = 60.0


@dataclass(frozen=True)
class Loss:
    """What the loss of a master's host cost the clients of its shard."""

    outage: float
    failed: List[str]
    findings: Findings


class CacheCluster:
    """The nodes of a Redis Cluster."""

    def __init__(self, hosts: Hosts, nodes: Sequence[Node]) -> None:
        self._hosts = hosts
        self._names = {node.ipv4: node.name for node in nodes}

    def ask(self, address: str, *words: str) -> List[str]:
        """Send a command as the administrator of the cluster to a node on its own host and return the lines.

        :raises AssertionError: it failed.
        """
        command = ("redis-cli", "--user", "admin", "--tls", "--cacert", CA, "-h", address, *words)
        password = (ROOT / "secrets" / "lab" / "redis_admin").read_text(encoding="utf-8").strip()
        environment = {**os.environ, "REDISCLI_AUTH": password}
        return self._hosts.on(self._names[address], *command, environment=environment).splitlines()

    def is_whole(self) -> bool:
        """Return whether every declared node is a member, and every replica in step with its master."""
        try:
            return all(self._is_in_step(address) for address in self._names)
        except (AssertionError, LabError):
            return False

    def _is_in_step(self, address: str) -> bool:
        state = self._told(address, "CLUSTER", "INFO")
        copy = self._told(address, "INFO", "replication")
        replicas = _replicas_in(copy)
        return (
            (state["cluster_state"], state["cluster_known_nodes"]) == ("ok", str(len(self._names)))
            and copy.get("master_link_status", "up") == "up"
            and all("state=online" in replica for replica in replicas)
            and (copy["role"] == "slave" or len(replicas) == self._replicas)
        )

    def _told(self, address: str, *words: str) -> Dict[str, str]:
        """Return what a node tells, by name."""
        return dict(line.split(":", 1) for line in self.ask(address, *words) if ":" in line)

    @property
    def _replicas(self) -> int:
        """How many replicas each master has: the cluster's size says how many masters there are."""
        size = next(line for line in self.ask(next(iter(self._names)), "CLUSTER", "INFO") if "cluster_size" in line)
        masters = int(size.split(":")[1])
        return len(self._names) // masters - 1

    def wait_until_whole(self) -> None:
        """Wait until the cluster is as it was declared.

        :raises AssertionError: it was not in time.
        """
        until("every node of the cache's cluster is in step", self.is_whole, RECOVERY)

    def write(self, address: str, key: str) -> str:
        """Store a key, which is its own value, at a node and return what it answers; ``OK`` where it takes it."""
        return self.ask(address, "SET", key, key, "EX", LIFETIME)[0]

    def master_of(self, key: str) -> str:
        """Return the address of the master that takes a key, which any other node names."""
        asked = next(iter(self._names))
        answer = self.write(asked, key)
        # MOVED <slot> <address>:<port>
        return asked if answer == "OK" else answer.split()[2].rpartition(":")[0]

    @contextmanager
    def without_replicas(self, master: str) -> Iterator[None]:
        """Stop all replicas of a master for a while; their hosts run on."""
        replicas = _replicas_in(self._told(master, "INFO", "replication"))
        addresses = [dict(part.split("=", 1) for part in one.split(","))["ip"] for one in replicas]
        with ExitStack() as stopped:
            for name in [self._names[address] for address in addresses]:
                stopped.callback(self._hosts.on, name, "systemctl", "start", UNIT)
                self._hosts.on(name, "systemctl", "stop", UNIT)
            yield

    def lose_master(self, application: str) -> Loss:
        """Take the power of a shard's master away while clients on an application's host use that shard.

        Which shard it is changes with every call, as the name does that all keys have in common.
        """
        self.wait_until_whole()
        prefix = f"cache-{time.time_ns()}"
        with HostWriters(self._hosts, application, "cache", prefix) as writers:
            time.sleep(BREATH)
            begin = time.time()
            with self._hosts.without_power(self._names[writers.target]):
                until("the shard is written to again", partial(_written_since, writers, time.time()), SERVICE)
                time.sleep(BREATH)
            self.wait_until_whole()
        attempts = writers.attempts
        seconds = ledger_book.outage(attempts, begin).seconds
        return Loss(seconds, ledger_book.failed(attempts), ledger_book.compare(attempts, writers.found))


def _replicas_in(replication: Dict[str, str]) -> List[str]:
    """Return what a master tells of each of its replicas."""
    return [value for name, value in replication.items() if name.startswith("slave") and name[5:].isdigit()]


def _written_since(writers: HostWriters, moment: float) -> bool:
    """Return whether a write that was sent after some moment is acknowledged."""
    return any(attempt.sent > moment for attempt in ledger_book.acknowledged(writers.attempts))
