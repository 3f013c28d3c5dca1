# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a lab looks like right now."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Dict, List, Sequence

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import Topology

from lab import declaration, podman, publishing
from lab.cuts import Cut
from lab.state import Lab

PAGE = os.sysconf("SC_PAGE_SIZE")


def status(lab: Lab, topology: Topology, cuts: Sequence[Cut]) -> str:
    """Return a table of all hosts: state, services, address, processes and memory."""
    states = {name: (state, pid) for name, state, pid in podman.containers(lab.name)}
    groups = _processes_by_namespace()
    rows = [("HOST", "STATE", "ADDRESS", "ZONE", "PROCESSES", "MEMORY", "SERVICES")]
    for host in declaration.hosts(topology):
        state, pid = states.get(lab.container(host.name), ("missing", 0))
        pids = groups.get(_pid_namespace(pid), []) if pid else []
        memory = f"{sum(map(_resident, pids)) // 1024**2} MiB" if pids else "-"
        rows.append((host.name, state, str(host.address), host.zone or "outside", str(len(pids)) if pids else "-", memory, " ".join(host.services)))
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    running = sum(1 for row in rows[1:] if row[1] == "running")
    lines.append(f"{running} of {len(rows) - 1} hosts run" + (f"; site on {publishing.addresses_text()}" if publishing.running(lab) else ""))
    lines += [f"cut: {cut}" for cut in cuts]
    return "\n".join(lines)


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
    hosts = declaration.hosts(topology)
    running = sum(1 for _name, state, _pid in podman.containers(lab.name) if state == "running")
    lines = [f"lab {lab.name}: {running} of {len(hosts)} hosts run", ""]
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
    lines += ["", f"open     {publishing.addresses_text()}" if publishing.running(lab) else "open     nothing is published; `python -m lab publish` does it"]
    return "\n".join([*lines, *_advice(lab)])


def _advice(lab: Lab) -> List[str]:
    return [
        f"log in   ssh -F {lab.ssh_config} <host>, or make lab-ssh HOST=<host>",
        "look     make lab-status",
        "try      make lab-kill HOST=<host>, make lab-start HOST=<host>, make lab-cut ZONE=<zone>, make lab-heal",
        "leave    make lab-down",
    ]
