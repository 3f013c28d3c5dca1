"""The hosts of a scenario, for the test modules: ``testinfra_hosts = scenario.hosts("load_balancer")``."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from tests.acceptance.matrix.declaration import Declaration


def hosts(service: str = "") -> list[str]:
    """Return the platform's hosts of the scenario that run a service, or all of them, as testinfra names them."""
    nodes = [node for node in Declaration(_topology()).nodes if node.region]
    return [f"ssh://{node.name}" for node in nodes if not service or service in node.services]


def ansible(host: str, module: str, *options: str, **arguments: Any) -> Any:
    """Run a module on a host as root and return what it tells."""
    command = ["ansible", "-i", _topology(), host, "--become", "-m", module, "-a", json.dumps(arguments)]
    environment = {**os.environ, "ANSIBLE_FORCE_COLOR": "false", "ANSIBLE_NOCOLOR": "true"}
    run = subprocess.run([*command, *options], capture_output=True, text=True, check=False, env=environment)
    assert " => " in run.stdout, run.stdout + run.stderr
    return json.loads(run.stdout.split(" => ", 1)[1])


def _topology() -> Path:
    return Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"]) / "topology.yml"
