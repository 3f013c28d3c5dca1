# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import shutil
import subprocess

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive import ssh
from tests.unit.plugins.module_utils.topology.derive import small


def config(topology, **options):
    return ssh.ssh_config(topology, ssh.SshOptions(**options))


def block(text, name):
    return next(part for part in text.split("\n\n") if part.startswith(f"Host {name}"))


def test_bastions_are_reached_directly_and_everything_else_through_the_bastion_of_its_region():
    text = config(small.topology())
    assert block(text, "bastion1") == (
        "Host bastion1 bastion1.example.internal 10.1.0.10 fd00:10:1::10\n  HostName 10.1.0.10\n  HostKeyAlias bastion1"
    )
    assert block(text, "db1") == (
        "Host db1 db1.example.internal 10.1.20.10 fd00:10:1:20::10\n  HostName 10.1.20.10\n  HostKeyAlias db1\n"
        "  ProxyJump bastion1"
    )
    assert "  ProxyJump west-bastion1" in block(text, "west-db1")


def test_the_first_hop_takes_the_given_way_for_bastions_and_for_hosts_outside():
    text = config(small.with_outside(), proxy_command="enter %h %p")
    assert "  ProxyCommand enter %h %p" in block(text, "west-bastion1")
    assert "  ProxyCommand enter %h %p" in block(text, "client")
    assert "ProxyCommand" not in block(text, "db1")


def test_without_a_bastion_every_host_is_reached_directly():
    hosts = [host for host in small.east().hosts if "bastion" not in host.services]
    text = config(small.topology(regions=[small.region("east", 1, hosts)]), proxy_command="enter %h %p")
    assert "ProxyJump" not in text
    assert text.count("  ProxyCommand enter %h %p\n") == len(hosts)


def test_what_all_have_in_common_follows_the_options():
    text = config(small.topology(), user="operator", identity_file="/keys/id", known_hosts="/keys/known")
    assert text.rsplit("\n\n", maxsplit=1)[-1] == (
        "Host *\n  User operator\n  IdentityFile /keys/id\n  IdentitiesOnly yes\n  UserKnownHostsFile /keys/known\n"
        "  StrictHostKeyChecking accept-new\n  ConnectTimeout 15\n  ServerAliveInterval 10\n  ServerAliveCountMax 3\n"
        "  ControlMaster auto\n  ControlPersist 60\n  ControlPath ~/.ssh/control-%C\n"
    )


@pytest.mark.parametrize("alias", ["db1", "db1.example.internal", "10.1.20.10", "fd00:10:1:20::10"])
def test_ssh_itself_understands_every_alias(tmp_path, alias):
    path = tmp_path / "ssh.cfg"
    path.write_text(config(small.topology()), encoding="utf-8")
    command = [shutil.which("ssh"), "-G", "-F", str(path), alias]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
    assert {"user platform", "hostname 10.1.20.10", "hostkeyalias db1", "proxyjump bastion1"} <= set(shown)
