"""The inventory as Ansible sees it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[4]


def ansible_inventory(source: Path) -> subprocess.CompletedProcess:
    command = [str(Path(sys.executable).with_name("ansible-inventory")), "-i", str(source), "--list"]
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module", name="inventory")
def lab_inventory():
    result = ansible_inventory(ROOT / "inventories/lab/topology.yml")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout, object_hook=lambda value: value.get("__ansible_unsafe", value))


def test_a_host_has_what_the_declaration_says(inventory):
    shown = inventory["_meta"]["hostvars"]["db1"]
    expected = {
        "ansible_host": "10.0.20.10",
        "platform_address": "10.0.20.10",
        "platform_address6": "fd00:10:0:20::10",
        "platform_region": "us-east-1",
        "platform_zone": "us-east-1a",
        "platform_subnet": "data-a",
        "platform_subnet_kind": "data",
        "platform_services": ["postgres", "etcd"],
        "platform_security_groups": ["database", "cluster_store"],
        "platform_profile": "lab",
        "platform_domain": "freeagentics.test",
        "platform_internal_domain": "freeagentics.lab",
        "platform_name": "freeagentics",
        "topology_file": str(ROOT / "inventories/lab/topology.yml"),
    }
    assert {key: shown.get(key) for key in expected} == expected
    assert "platform_public_address" not in shown


def test_every_host_has_the_declared_ports_also_one_outside(inventory):
    for host in ("db1", "client"):
        shown = inventory["_meta"]["hostvars"][host]["platform_ports"]
        assert shown["postgres"] == {"sql": 5432, "patroni": 8008, "pgbackrest": 8432, "metrics": 9187}
        assert shown["bastion"] == {}


def test_a_host_with_a_public_address_has_it(inventory):
    assert inventory["_meta"]["hostvars"]["lb1"]["platform_public_address"] == "198.51.100.11"


def test_groups_follow_the_declaration(inventory):
    assert inventory["region_us_east_1"]["children"] == ["zone_us_east_1a", "zone_us_east_1b", "zone_us_east_1c"]
    assert inventory["zone_us_east_1c"]["children"] == ["subnet_data_c"]
    assert inventory["subnet_data_c"]["hosts"] == ["backup1"]
    assert inventory["etcd"]["hosts"] == ["db1", "db2", "backup1", "west-db1"]
    assert inventory["security_group_cluster_store"]["hosts"] == ["db1", "db2", "backup1", "west-db1"]
    assert inventory["outside"]["hosts"] == ["client", "dns", "s3", "sink"]


def test_a_mistake_stops_ansible_and_is_shown_whole(tmp_path):
    base = ROOT / "inventories/prod/topology.yml"
    file = tmp_path / "topology.yml"
    file.write_text(f"extends: {base}\nprofile: huge\nflows: {{time: {{reason: ''}}}}\n", encoding="utf-8")
    result = ansible_inventory(file)
    assert result.returncode != 0
    assert (
        f"{file}: 2 mistake(s), nothing was done:\n"
        "  profile: 'huge' is not possible; write one of: minimum, recommended, lab\n"
        "  flows.time.reason: this is blank; write a text\n"
    ) in result.stderr


def test_filters_are_loaded_before_processes_are_made_for_tasks():
    """A filter that the loader has met is in the process that all the others come from."""
    script = (
        "import sys; from ansible.plugins.loader import init_plugin_loader; init_plugin_loader(); "
        "from ansible.inventory.manager import InventoryManager; "
        "from ansible.parsing.dataloader import DataLoader; "
        "InventoryManager(DataLoader(), ['inventories/lab/topology.yml']); "
        "print([name for name in sys.modules if name.startswith('ansible_collections.freeagentics.platform')])"
    )
    environment = {**os.environ, "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg")}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert "ansible_collections.freeagentics.platform.plugins.filter.topology" in done.stdout, done.stderr
