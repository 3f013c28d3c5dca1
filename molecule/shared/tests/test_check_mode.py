"""A converged scenario is the same in check mode: nothing is left to change on any host."""

import os
import re
import subprocess
from pathlib import Path

RECAP = re.compile(r"^(\S+)\s*: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


def test_check_mode_finds_nothing_to_change() -> None:
    scenario = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])
    command = [
        "ansible-playbook",
        f"--inventory={scenario}/topology.yml",
        "--check",
        "--diff",
        f"{scenario}/converge.yml",
    ]
    environment = {**os.environ, "ANSIBLE_FORCE_COLOR": "false", "ANSIBLE_NOCOLOR": "true"}
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    recap = RECAP.findall(run.stdout)
    assert recap, run.stdout + run.stderr
    assert [line for line in recap if line[1:] != ("0", "0", "0")] == [], run.stdout
