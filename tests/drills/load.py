# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writers whose ledgers are proved after the faults that they met.

One ledger is kept outside, through the public address, one on an application's host, through the application's route.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, ContextManager, Iterator

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.drill.ledger import Attempt
from tests.acceptance.data.cluster import Cluster
from tests.acceptance.data.faults import Faults
from tests.acceptance.data.figures import Figures
from tests.acceptance.data.hosts import Hosts
from tests.acceptance.data.writers import HostWriters
from tests.acceptance.ledger import Client, prove, writing
from tests.acceptance.ledger_host import TABLE
from tests.acceptance.matrix.declaration import Node


@dataclass(frozen=True)
class Load:
    """Writers on both ways, and the faults that they meet."""

    faults: Faults
    public: Callable[[], list[Attempt]]
    local: HostWriters


#: Begins to write from outside, for as long as the context lasts; what that gives reads the ledger.
Outside = Callable[[], ContextManager[Callable[[], list[Attempt]]]]


@pytest.fixture
def outside(clients: Callable[[], list[Client]], prefix: str, tmp_path: Path) -> Outside:
    """Return a context in which clients write through the public address, with a ledger."""
    return lambda: writing(tmp_path / "ledger.jsonl", prefix, clients())


@pytest.fixture
def load(
    cluster: Cluster, hosts: Hosts, serving: Callable[[str], list[Node]], outside: Outside, prefix: str
) -> Iterator[Callable[[], ContextManager[Load]]]:
    """Return a context in which clients write from outside and on a host; afterwards all servers hold what they wrote.

    An acknowledged write that is missing, or there twice or otherwise, fails the test.
    """

    @contextmanager
    def begin() -> Iterator[Load]:
        with (
            HostWriters(hosts, serving("api")[0].name, "database", prefix) as local,
            outside() as public,
        ):
            ledgers = {
                "through the public address": public,
                "through the application's route": lambda: local.attempts,
            }
            yield Load(Faults(cluster, hosts, ledgers), public, local)
        wrong = (
            prove(public(), prefix, cluster.records("records")),
            prove(local.attempts, prefix, cluster.records(TABLE)),
        )
        assert wrong == ({}, {}), f"not every acknowledged record is there once: {wrong}"

    yield begin
    cluster.ask(cluster.primary(), f"DROP TABLE {TABLE}")


def assert_outages(figures: Figures, name: str, faults: Faults, most: float) -> None:
    """Keep and print the outages on both ways, then compare them with the most that is borne."""
    for route, seconds in faults.outages.items():
        figures.add(f"{name}, {route}", seconds)
    longer = {route: seconds for route, seconds in faults.outages.items() if max(seconds) > most}
    assert not longer, f"away for longer than {most:g} s: {longer}"
