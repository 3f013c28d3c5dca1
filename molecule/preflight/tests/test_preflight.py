# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Hosts below their profile stop a run with one message, and nothing on them changes."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import scenario

testinfra_hosts = scenario.hosts("api")

SCENARIO = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])


def run_below():
    command = ["ansible-playbook", f"--inventory={SCENARIO}/topology.yml", str(SCENARIO / "below.yml")]
    environment = {**os.environ, "ANSIBLE_FORCE_COLOR": "false", "ANSIBLE_NOCOLOR": "true"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


@pytest.fixture(scope="module")
def below():
    return run_below()


def test_every_shortfall_of_every_host_is_in_one_message(below):
    assert below.returncode == 2
    said = below.stdout + below.stderr
    assert said.count("The hosts do not meet the profile huge: 13 shortfalls. Nothing was changed.") >= 1
    for name in ("api1", "bastion1"):
        for row in (
            rf"{name} +operating system +debian 99 +debian 12",
            rf"{name} +Python +4\.0 or newer +3\.11\.\d+",
            rf"{name} +DNS +an answer +no name server",
            rf"{name} +nobody \(10\.9\.10\.99:9\) +reachable +no answer",
            rf"{name} +vCPUs +4000 +\d+",
            rf"{name} +memory +90000 GB +\d+ GB",
        ):
            assert re.search(row, said), row
    assert re.search(r"group api +hosts +2 +1", said)
    assert "the run went on" not in said


def test_nothing_on_a_host_is_changed(host):
    marker = "/run/before-the-look"
    host.check_output("touch %s", marker)
    run_below()
    changed = host.check_output("find /etc /usr /var/lib /home -xdev -newer %s -type f", marker)
    host.check_output("rm %s", marker)
    assert changed == ""
