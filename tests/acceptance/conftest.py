"""The running lab that the acceptance tests look at. Without one they fail: nothing here is ever skipped."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.matrix.declaration import Declaration

REPOSITORY = Path(__file__).resolve().parents[2]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--lab", default="lab", help="name of the running lab")
    parser.addoption("--engine", default="haproxy", choices=("haproxy", "nginx"), help="what the load balancers run")
    parser.addoption("--topology", default="inventories/lab/topology.yml", help="the declaration it was built from")


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest) -> str:
    """The name of the lab, which is up: every network namespace is called <lab>-<host>."""
    name = str(request.config.getoption("--lab"))
    if not list(Path("/run/netns").glob(f"{name}-*")):
        pytest.fail(f"the lab {name} is not up: start it with `make lab`", pytrace=False)
    return name


@pytest.fixture(scope="session")
def declaration(request: pytest.FixtureRequest) -> Declaration:
    """What the lab's topology declares, read by the tests' own code."""
    return Declaration(REPOSITORY / str(request.config.getoption("--topology")))


@pytest.fixture(scope="session")
def engine(request: pytest.FixtureRequest) -> str:
    """What the load balancers run: haproxy or nginx."""
    return str(request.config.getoption("--engine"))
