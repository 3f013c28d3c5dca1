# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults of the database under the eyes of ledgers, each watched until the platform has dealt with it."""

from __future__ import annotations

import time
from functools import partial
from typing import Callable, ContextManager, Dict, List, Mapping, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.drill import ledger as ledger_book
from ansible_collections.freeagentics.platform.plugins.module_utils.drill.ledger import Attempt
from tests.acceptance.data.cluster import Cluster
from tests.acceptance.data.hosts import Hosts
from tests.acceptance.site_client import until

#: Seconds of writing before, between and after faults.
BREATH = 2.0
#: Seconds until somebody takes writes again at the latest.
SERVICE = 60.0


class Faults:
    """Faults one after the other, while writers write."""

    def __init__(self, cluster: Cluster, hosts: Hosts, ledgers: Mapping[str, Callable[[], List[Attempt]]]) -> None:
        """Keep what is watched.

        :param ledgers: what reads a ledger that is being written, by the route that its writers take.
        """
        self._cluster = cluster
        self._hosts = hosts
        self._ledgers = dict(ledgers)
        self._times: List[Tuple[float, float]] = []
        self._calls: List[float] = []

    def switch_over(self) -> None:
        """Let another member lead, as planned."""
        self._watch(self._cluster.switch_over)

    def crash(self) -> None:
        """Kill the primary's server process."""
        self._watch(self._cluster.crash)

    def lose_host(self) -> None:
        """Take the power of the primary's host away, and give it back once another member serves."""
        self._watch(partial(self._lose, self._hosts.without_power))

    def cut_off(self) -> None:
        """Pull the cable of the primary's host, which runs on, and plug it in again once another member serves."""
        self._watch(partial(self._lose, self._hosts.unplugged))

    def planned(self, command: Callable[[], None]) -> None:
        """Let an operator move the lead.

        :param command: what the operator does; it returns when it is done.
        """
        self._watch(command)

    def fail_over(self, command: Callable[[], None]) -> None:
        """Take the power of the primary's host away, and let an operator act at once.

        :param command: what the operator does; it returns when it is done.
        """
        self._watch(partial(self._act_on, self._hosts.without_power, command))

    def freeze(self, command: Callable[[], None]) -> None:
        """Stop every process of the primary's server and its Patroni by a signal, and let an operator act at once."""
        self._watch(partial(self._act_on, self._cluster.frozen, command))

    def _act_on(self, fault: Callable[[str], ContextManager[None]], command: Callable[[], None]) -> None:
        with fault(self._cluster.reign()[0]):
            self._calls.append(time.time())
            command()

    def _lose(self, fault: Callable[[str], ContextManager[None]]) -> None:
        reign = self._cluster.reign()
        with fault(reign[0]):
            until("another member takes writes", lambda: self._cluster.reigns_other_than(reign), SERVICE)

    def _watch(self, fault: Callable[[], None]) -> None:
        self._cluster.wait_until_whole()
        time.sleep(BREATH)
        begin, reign = time.time(), self._cluster.reign()
        fault()
        until("another server process takes writes", lambda: self._cluster.reigns_other_than(reign), SERVICE)
        self._cluster.wait_until_whole()
        whole = time.time()
        for route, attempts in self._ledgers.items():
            until(f"writes are acknowledged {route}", partial(_written_since, attempts, whole), SERVICE)
        self._times.append((begin, time.time()))

    @property
    def after_calls(self) -> Dict[str, List[float]]:
        """How long after each operator's call the writers of each route were served again, in seconds.

        The fault is some time older: a host that loses its power takes a moment to be dead.
        """
        return {
            route: [
                ledger_book.outage(attempts(), begin, end).end - called
                for (begin, end), called in zip(self._times, self._calls)
            ]
            for route, attempts in self._ledgers.items()
        }

    @property
    def outages(self) -> Dict[str, List[float]]:
        """How long the outage of each fault was for the writers of each route, in seconds."""
        return {
            route: [ledger_book.outage(attempts(), begin, end).seconds for begin, end in self._times]
            for route, attempts in self._ledgers.items()
        }


def _written_since(attempts: Callable[[], List[Attempt]], moment: float) -> bool:
    done = ledger_book.acknowledged(attempts())
    return bool(done) and (done[-1].ended or 0.0) > moment
