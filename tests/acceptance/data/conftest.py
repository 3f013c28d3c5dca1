"""The data tier of the running lab, and clients that write while something happens to it.

These suites run once, with whichever load balancer the lab has.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Callable, Iterator

import pytest

from tests.acceptance.data.cluster import Cluster
from tests.acceptance.data.figures import Figures
from tests.acceptance.data.hosts import Hosts
from tests.acceptance.ledger import Client, lent_addresses
from tests.acceptance.matrix.declaration import Declaration, Node, read

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def hosts(lab: str) -> Hosts:
    return Hosts(lab)


@pytest.fixture(scope="session")
def active(declaration: Declaration) -> tuple[Node, ...]:
    """Every host of the active region."""
    return declaration.region(declaration.regions[0])


@pytest.fixture(scope="session")
def serving(active: tuple[Node, ...]) -> Callable[[str], list[Node]]:
    """Return the hosts of the active region that run a service."""
    return lambda service: [node for node in active if service in node.services]


@pytest.fixture(scope="session")
def cluster(hosts: Hosts, declaration: Declaration, serving: Callable[[str], list[Node]]) -> Cluster:
    members = [node.name for node in serving("postgres")]
    others = [node.name for node in declaration.nodes if "postgres" in node.services and node.name not in members]
    return Cluster(hosts, members, others, [node.name for node in serving("api")])


@pytest.fixture(scope="session")
def clients(
    request: pytest.FixtureRequest, lab: str, declaration: Declaration, serving: Callable[[str], list[Node]]
) -> Iterator[Callable[[], list[Client]]]:
    """Return new clients of the public site, each with an address of its own; half begin with either load balancer."""
    site = f"app.{read(REPOSITORY / str(request.config.getoption('--topology')))['domain']}"
    balancers = [str(node.public) for node in serving("load_balancer")]
    outside = next(node for node in declaration.nodes if "internet_client" in node.services)
    namespace = f"{lab}-{outside.name}"
    with lent_addresses(namespace, outside.ipv4) as addresses:
        yield lambda: [
            Client(namespace, address, site, balancers[number % 2 :] + balancers[: number % 2])
            for number, address in enumerate(addresses)
        ]


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    """What the keys of one test begin with, and no other's."""
    name = request.node.originalname.removeprefix("test_").replace("_", "-")
    return f"{name}-{time.time_ns()}"


@pytest.fixture(scope="session")
def figures() -> Figures:
    return Figures()
