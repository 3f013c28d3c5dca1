"""The hosts of a scenario, for the test modules: ``testinfra_hosts = scenario.hosts("load_balancer")``."""

import os
from pathlib import Path

from tests.acceptance.matrix.declaration import Declaration


def hosts(service: str = "") -> list[str]:
    """Return the platform's hosts of the scenario that run a service, or all of them, as testinfra names them."""
    topology = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"]) / "topology.yml"
    nodes = [node for node in Declaration(topology).nodes if node.region]
    return [f"ssh://{node.name}" for node in nodes if not service or service in node.services]
