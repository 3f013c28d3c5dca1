# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The rules that a server has for itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]


def own_rules(topology):
    """The file of rules of a server's own, by server."""
    command = [sys.executable, "tests/unit/playbooks/role_variables.py", topology, "playbooks/monitoring.yml"]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    done = subprocess.run(
        [*command, "__prometheus_rule_files"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {
        one["host"]: [yaml.safe_load(file["content"]) for file in one["value"] if file["path"].endswith("/gateway.yml")]
        for one in json.loads(done.stdout)
    }


def test_each_server_knows_the_gateway_that_its_probes_go_through():
    for host, gateway in (("mon1", "nat1"), ("west-mon1", "west-nat1")):
        rule = {"record": "prober:gateway:info", "expr": "vector(1)", "labels": {"host": gateway}}
        assert own_rules("inventories/prod/topology.yml")[host] == [{"groups": [{"name": "way_out", "rules": [rule]}]}]


def test_a_server_that_gets_out_without_a_gateway_knows_none():
    assert own_rules("molecule/monitoring/topology.yml") == {"mon1": [], "mon2": []}
