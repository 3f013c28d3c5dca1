# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a lab looks like right now."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, List, Sequence

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import Topology
from lab import declaration, hosts, podman, publishing
from lab.cuts import Cut
from lab.state import Lab

PAGE = os.sysconf("SC_PAGE_SIZE")


def status(lab: Lab, topology: Topology, cuts: Sequence[Cut]) -> str:
    """Return a table of all hosts: state, address, zone, processes, memory and services."""
    states = {name: (state, pid) for name, state, pid in podman.containers(lab.name)}
    health = hosts.health(lab)
    processes = _processes_by_namespace()
    rows = []
    for host in declaration.hosts(topology):
        state, pid = states.get(lab.container(host.name), ("missing", 0))
        pids = processes.get(_pid_namespace(pid), []) if pid else []
        memory = sum(map(_resident, pids)) // 1024**2
        used = (str(len(pids)), f"{memory} MiB") if pids else ("-", "-")
        state = health.get(host.name, "dead" if state == "exited" else state)
        rows.append((host.name, state, str(host.address), host.zone or "outside", *used, " ".join(host.services)))
    lines = [table(rows), f"{len(health)} of {len(rows)} hosts run"]
    if publishing.running(lab):
        lines.append(f"the site is on {publishing.addresses_text()}")
    return "\n".join([*lines, *(f"cut: {cut}" for cut in cuts)])


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows under the headings of a status, in columns."""
    whole = [("HOST", "STATE", "ADDRESS", "ZONE", "PROCESSES", "MEMORY", "SERVICES"), *rows]
    widths = [max(len(row[column]) for row in whole) for column in range(len(whole[0]))]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in whole)


def _processes_by_namespace() -> Dict[str, List[int]]:
    """Return the machine's processes by their PID namespace, which each host has one of."""
    found: Dict[str, List[int]] = {}
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            found.setdefault(_pid_namespace(int(path.name)), []).append(int(path.name))
    return found


def _pid_namespace(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return ""


def _resident(pid: int) -> int:
    """Return the memory of a process without what it shares with files, in bytes."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()
    except OSError:
        return 0
    return (int(fields[1]) - int(fields[2])) * PAGE


def summary(lab: Lab, topology: Topology) -> str:
    """Return what runs where, what to open, how to log in and what to try next."""
    running = len(hosts.process_ids(lab))
    lines = [f"lab {lab.name}: {running} of {len(declaration.hosts(topology))} hosts run", ""]
    for region in topology.regions:
        lines.append(f"{region.name} ({region.state})")
        by_service: Dict[str, List[str]] = {}
        for host in region.hosts:
            for service in host.services:
                by_service.setdefault(service, []).append(host.name)
        lines += [f"  {service:14} {' '.join(names)}" for service, names in by_service.items()]
    if topology.outside:
        lines.append("outside of the platform")
        lines += [f"  {' '.join(host.services):14} {host.name}" for host in topology.outside.hosts]
    lines += [
        "",
        f"open     {publishing.addresses_text()}"
        if publishing.running(lab)
        else "open     nothing is published; `python -m lab publish` does it",
    ]
    return "\n".join([*lines, *_consoles(lab, topology), *_advice(lab)])


def _consoles(lab: Lab, topology: Topology) -> List[str]:
    """Return how the consoles of the monitoring are opened: through the bastion, as in production."""
    lines = []
    for service in ("prometheus", "alertmanager"):
        for host in (host for host in topology.hosts if service in host.services):
            port = topology.services[service].ports[service].number
            lines.append(f"watch    {service:13} https://{host.address}:{port} on {host.name}")
    if lines:
        first = next(host for host in topology.hosts if "prometheus" in host.services)
        port = topology.services["prometheus"].ports["prometheus"].number
        bastion = next(host for host in topology.hosts if "bastion" in host.services and host.region == first.region)
        lines.append(f"         through ssh -F {lab.ssh_config} -N -L {port}:{first.address}:{port} {bastion.name}")
        lines.append("         make lab-dashboards draws every panel")
    return lines


def _advice(lab: Lab) -> List[str]:
    return [
        f"log in   ssh -F {lab.ssh_config} <host>, or make lab-ssh HOST=<host>",
        "look     make lab-status",
        "try      make lab-kill HOST=<host>, make lab-start HOST=<host>, make lab-cut ZONE=<zone>, make lab-heal",
        "leave    make lab-down",
    ]
