"""Faults of the data tier in the running lab. The clients and the ledgers are those of the acceptance tests."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any, Callable, Iterator
from urllib.parse import quote

import pytest

from tests.acceptance import conftest as acceptance
from tests.acceptance.conftest import declaration, engine, lab
from tests.acceptance.data.archive import Archive
from tests.acceptance.data.cluster import Cluster
from tests.acceptance.data.conftest import active, clients, cluster, figures, hosts, prefix, serving
from tests.acceptance.data.hosts import Hosts
from tests.acceptance.data.sink import Sink
from tests.acceptance.matrix.declaration import Declaration, Node, read
from tests.drills.load import load, outside
from tests.drills.words import with_variables

REPOSITORY = Path(__file__).resolve().parents[2]
#: How ansible-playbook ends where a host failed.
FAILED = 2

__all__ = [
    "active",
    "clients",
    "cluster",
    "declaration",
    "engine",
    "figures",
    "hosts",
    "lab",
    "load",
    "outside",
    "prefix",
    "serving",
]


def pytest_addoption(parser: pytest.Parser) -> None:
    acceptance.pytest_addoption(parser)
    parser.addoption("--runs", type=int, default=5, help="how often each fault of database and cache comes")


@pytest.fixture(scope="session")
def runs(request: pytest.FixtureRequest) -> int:
    """How often a fault comes."""
    return int(request.config.getoption("--runs"))


@pytest.fixture
def play(request: pytest.FixtureRequest) -> Callable[..., str]:
    """Return what runs a playbook as an operator does, with variables and a limit in seconds, and what it printed.

    It ends well, or is refused where that is what is expected.
    """
    inventory = Path(str(request.config.getoption("--topology"))).parent

    def run(name: str, *variables: str, limit: float, refused: bool = False) -> str:
        command = with_variables(["ansible-playbook", f"playbooks/{name}.yml", "-i", str(inventory)], *variables)
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, timeout=limit, check=False)
        assert done.returncode == (FAILED if refused else 0), done.stdout + done.stderr
        return done.stdout

    return run


@pytest.fixture(scope="session")
def platform_name(request: pytest.FixtureRequest) -> str:
    """What an operator types to confirm."""
    return str(read(REPOSITORY / str(request.config.getoption("--topology")))["platform"])


@pytest.fixture(autouse=True)
def no_host_left_dead(hosts: Hosts) -> Iterator[None]:
    """Give back the power that a test has taken and not given back, so that it spoils none of those that follow."""
    yield
    dead = hosts.start_all()
    assert not dead, f"left without power, and started now: {', '.join(dead)}"


@pytest.fixture(scope="session")
def ask(hosts: Hosts, serving: Callable[[str], list[Node]]) -> Callable[[str], list[dict[str, Any]]]:
    """Return what asks Prometheus for what a query gives now."""
    server = serving("prometheus")[0]

    def run(query: str) -> list[dict[str, Any]]:
        url = f"https://{server.ipv4}:9090/api/v1/query?query={quote(query)}"
        command = ("curl", "--silent", "--fail", "--cacert", "/etc/freeagentics/tls/ca.crt", url)
        result: list[dict[str, Any]] = json.loads(hosts.on(server.name, *command))["data"]["result"]
        return result

    return run


@pytest.fixture(scope="session")
def sink(hosts: Hosts, declaration: Declaration) -> Sink:
    return Sink(hosts, next(node.name for node in declaration.nodes if "alert_sink" in node.services))


@pytest.fixture
def archive(
    platform_name: str,
    hosts: Hosts,
    cluster: Cluster,
    declaration: Declaration,
    serving: Callable[[str], list[Node]],
) -> Archive:
    s3 = next(node.name for node in declaration.nodes if "object_store" in node.services)
    return Archive(hosts, cluster, serving("backup")[0].name, s3, platform_name)
