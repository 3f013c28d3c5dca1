# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""SSH into a lab: keys, known hosts and one configuration for people, Ansible and tests."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import List, Optional

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive.ssh import SshOptions, ssh_config
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import Host, Topology
from lab import podman
from lab.run import capture
from lab.state import REPOSITORY, Lab, replace

USER = "platform"
#: For all hosts: the first hop hands over a socket, and nothing but the lab's own keys counts.
OF_THE_LAB = (
    "ProxyUseFdpass yes",
    "GlobalKnownHostsFile none",
    "UpdateHostKeys no",
    "HostKeyAlgorithms ssh-ed25519",
    "LogLevel ERROR",
)


def key(lab: Lab) -> Path:
    """Return the operator's private key; the public one lies beside it."""
    return lab.directory / "id_ed25519"


def known_hosts(lab: Lab) -> Path:
    """Return the file with the host keys of this lab."""
    return lab.directory / "known_hosts"


def control_directory() -> Path:
    """Return the folder of the sockets of shared connections."""
    return podman.RUNTIME_DIRECTORY / "ssh"


def all_hosts(topology: Topology) -> List[Host]:
    """Return the hosts of the platform and those outside of it."""
    return [*topology.hosts, *(topology.outside.hosts if topology.outside else ())]


def _socket_prefix(lab: Lab) -> str:
    """Return a short name of a lab: the path of a socket has 107 characters at most, and ssh takes 57 for itself."""
    return hashlib.sha256(lab.name.encode()).hexdigest()[:8]


def make_keys(lab: Lab, topology: Topology) -> None:
    """Make the operator's key and a host key per host, unless they exist, and write down the known hosts."""
    lab.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    _make_key(key(lab), f"operator@{lab.name}")
    public = key(lab).with_suffix(".pub").read_text(encoding="utf-8")
    lines = []
    for host in all_hosts(topology):
        directory = lab.host_directory(host.name)
        directory.mkdir(parents=True, exist_ok=True)
        _make_key(directory / "ssh_host_ed25519_key", host.name)
        replace(directory / "authorized_keys", public, mode=0o600)
        kind, value = (directory / "ssh_host_ed25519_key.pub").read_text(encoding="utf-8").split()[:2]
        lines.append(f"{','.join([host.name, *map(str, host.addresses)])} {kind} {value}\n")
    replace(known_hosts(lab), "".join(lines))


def _make_key(path: Path, comment: str) -> None:
    if not (path.is_file() and path.with_name(f"{path.name}.pub").is_file()):
        path.unlink(missing_ok=True)
        capture(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", str(path)])


def write_configuration(lab: Lab, topology: Topology) -> None:
    """Write ssh.cfg into the lab's folder and beside the topology."""
    control_directory().mkdir(parents=True, exist_ok=True, mode=0o700)
    text = configuration(lab, topology, sys.executable)
    replace(lab.ssh_config, text)
    if beside(lab) is not None:
        replace(lab.topology_file.parent / "ssh.cfg", text)


def beside(lab: Lab) -> Optional[Path]:
    """Return the place of ssh.cfg beside the topology, for an inventory that git ignores it in."""
    path = lab.topology_file.parent / "ssh.cfg"
    return path if lab.topology_file.parent == REPOSITORY / "inventories" / lab.name else None


def configuration(lab: Lab, topology: Topology, python: str) -> str:
    """Return the platform's SSH configuration with a first hop that enters the operator's namespace."""
    options = SshOptions(
        user=USER,
        identity_file=str(key(lab)),
        known_hosts=str(known_hosts(lab)),
        strict_host_keys="yes",
        proxy_command=f"{python} -I -S {REPOSITORY / 'lab' / 'connect.py'} {lab.namespace('operator')} %h %p",
        control_path=str(control_directory() / f"{_socket_prefix(lab)}-%C"),
    )
    return ssh_config(topology, options) + "".join(f"  {line}\n" for line in OF_THE_LAB)


def close_connection(lab: Lab, host: str) -> None:
    """End the shared connection to a host, which would only notice after a while that the host has gone."""
    capture(["ssh", "-F", str(lab.ssh_config), "-O", "exit", host], check=False)


def close_connections(lab: Lab) -> None:
    """End the shared connections of this lab."""
    for socket in sorted(control_directory().glob(f"{_socket_prefix(lab)}-*")):
        capture(["ssh", "-F", "none", "-o", f"ControlPath={socket}", "-O", "exit", "lab"], check=False)
        socket.unlink(missing_ok=True)
