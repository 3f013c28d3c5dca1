# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The SSH configuration by which people and Ansible reach every host: through the bastion of its region (R13, R15)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator, Tuple

from ..model import Host, Topology


@dataclass(frozen=True)
class SshOptions:
    """What the declaration does not know: who logs in, with which files, and the way to the first hop."""

    user: str = "platform"
    identity_file: str = ""
    known_hosts: str = "~/.ssh/known_hosts"
    strict_host_keys: str = "accept-new"
    proxy_command: str = ""
    control_path: str = "~/.ssh/control-%C"


def ssh_config(topology: Topology, options: SshOptions) -> str:
    """Return the text for ``ssh -F``: a block for each host, then what all have in common (ssh_config(5))."""
    blocks = [*_platform_blocks(topology, options), *_outside_blocks(topology, options), _common(options)]
    return "\n".join("".join(f"{line}\n" for line in block) for block in blocks)


def _platform_blocks(topology: Topology, options: SshOptions) -> Iterator[Tuple[str, ...]]:
    for region in topology.regions:
        bastions = [host for host in region.hosts if "bastion" in host.services]
        for host in region.hosts:
            direct = not bastions or host in bastions
            way = _first_hop(options) if direct else (f"ProxyJump {bastions[0].name}",)
            yield _block(host, (f"{host.name}.{topology.internal_domain}",), way)


def _outside_blocks(topology: Topology, options: SshOptions) -> Iterator[Tuple[str, ...]]:
    for host in topology.outside.hosts if topology.outside else ():
        yield _block(host, (), _first_hop(options))


def _first_hop(options: SshOptions) -> Tuple[str, ...]:
    return (f"ProxyCommand {options.proxy_command}",) if options.proxy_command else ()


def _block(host: Host, names: Tuple[str, ...], way: Tuple[str, ...]) -> Tuple[str, ...]:
    aliases = " ".join((host.name, *names, *map(str, host.addresses)))
    lines = (f"HostName {host.address}", f"HostKeyAlias {host.name}", *way)
    return (f"Host {aliases}", *(f"  {line}" for line in lines))


def _common(options: SshOptions) -> Tuple[str, ...]:
    identity = (f"IdentityFile {options.identity_file}", "IdentitiesOnly yes") if options.identity_file else ()
    lines = (
        f"User {options.user}",
        *identity,
        f"UserKnownHostsFile {options.known_hosts}",
        f"StrictHostKeyChecking {options.strict_host_keys}",
        "ConnectTimeout 15",
        "ServerAliveInterval 10",
        "ServerAliveCountMax 3",
        "ControlMaster auto",
        "ControlPersist 60",
        f"ControlPath {options.control_path}",
    )
    return ("Host *", *(f"  {line}" for line in lines))
