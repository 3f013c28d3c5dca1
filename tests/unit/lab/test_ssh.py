# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import subprocess

import pytest

from lab import ssh
from lab.state import Lab


@pytest.fixture
def config(topology, tmp_path):
    path = tmp_path / "ssh.cfg"
    path.write_text(
        ssh.configuration(Lab("lab", tmp_path / "topology.yml"), topology, "/usr/bin/python3"), encoding="utf-8"
    )
    return path


def effective(config, host):
    """Return what ssh itself understands."""
    output = subprocess.run(["ssh", "-G", "-F", str(config), host], capture_output=True, text=True, check=True).stdout
    return dict(line.split(" ", 1) for line in output.splitlines())


@pytest.mark.parametrize("name", ["db1", "10.0.20.10", "fd00:10:0:20::10"])
def test_hosts_lie_behind_their_bastion_by_name_and_by_address(config, name):
    options = effective(config, name)
    assert options["hostname"] == "10.0.20.10"
    assert options["proxyjump"] == "bastion1"
    assert options["hostkeyalias"] == "db1"
    assert options["user"] == "platform"
    assert options["stricthostkeychecking"] == "true"


@pytest.mark.parametrize("name", ["bastion1", "west-db1", "client"])
def test_the_first_hop_enters_the_operator_s_namespace(config, name):
    options = effective(config, name)
    assert options["proxycommand"].endswith("/lab/connect.py lab-operator %h %p")
    assert options["proxyusefdpass"] == "yes"
    assert options["globalknownhostsfile"] == "none"
    assert "proxyjump" not in options


def test_keys_are_made_once_and_hosts_are_known(topology, tmp_path, monkeypatch):
    monkeypatch.setattr("lab.state.STATE", tmp_path)
    lab = Lab("lab", tmp_path / "topology.yml")
    ssh.make_keys(lab, topology)
    before = {path: path.read_text(encoding="utf-8") for path in sorted(tmp_path.rglob("*")) if path.is_file()}
    ssh.make_keys(lab, topology)
    assert before == {path: path.read_text(encoding="utf-8") for path in sorted(tmp_path.rglob("*")) if path.is_file()}
    assert ssh.key(lab).stat().st_mode & 0o077 == 0
    lines = ssh.known_hosts(lab).read_text(encoding="utf-8").splitlines()
    assert lines[4].startswith("db1,10.0.20.10,fd00:10:0:20::10 ssh-ed25519 ")
    assert len({line.split()[2] for line in lines}) == 8
