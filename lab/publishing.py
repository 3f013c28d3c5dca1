# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The public site on 127.0.0.1 of the machine, for a browser."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Mapping, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import Topology
from lab.errors import LabError
from lab.run import say
from lab.state import Lab, replace

#: Ports of 127.0.0.1 and what they lead to on a load balancer.
PORTS: Mapping[int, int] = {8443: 443, 8080: 80}
FORWARDER = Path(__file__).parent / "forward.py"


def targets(topology: Topology) -> Tuple[str, ...]:
    """Return the public addresses of the load balancers, those of active regions first."""
    regions = sorted(topology.regions, key=lambda region: region.state != "active")
    return tuple(
        str(host.public_address)
        for region in regions
        for host in region.hosts
        if "load_balancer" in host.services and host.public_address
    )


def start(lab: Lab, topology: Topology) -> None:
    """Start the forwarder of a lab unless it runs.

    :raises LabError: the lab has no load balancer, or a port is in use.
    """
    addresses = targets(topology)
    if not addresses:
        raise LabError(
            f"lab {lab.name}: nothing to publish",
            "the topology has no load balancer with a public address",
            "declare one",
        )
    if running(lab):
        say(f"published on {addresses_text()} already")
        return
    listeners = [(listen(port), remote) for port, remote in PORTS.items()]
    arguments = [
        f"{listener.fileno()}={','.join(f'{address}:{remote}' for address in addresses)}"
        for listener, remote in listeners
    ]
    command = [sys.executable, str(FORWARDER), lab.namespace("internet"), *arguments]
    process = subprocess.Popen(
        command,
        pass_fds=[listener.fileno() for listener, _ in listeners],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    replace(_pid_file(lab), str(process.pid))
    for listener, _ in listeners:
        listener.close()
    say(f"published on {addresses_text()}")


def addresses_text() -> str:
    """Return what to open in a browser."""
    return " and ".join(f"{'https' if remote == 443 else 'http'}://127.0.0.1:{port}" for port, remote in PORTS.items())


def running(lab: Lab) -> int:
    """Return the forwarder's process id, 0 where there is none."""
    try:
        pid = int(_pid_file(lab).read_text(encoding="ascii"))
        command = Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8").split("\0")
    except (OSError, ValueError):
        return 0
    return pid if str(FORWARDER) in command and lab.namespace("internet") in command else 0


def stop(lab: Lab) -> None:
    """End the forwarder and wait until its ports are free."""
    pid = running(lab)
    if pid:
        os.kill(pid, signal.SIGTERM)
        while running(lab):
            time.sleep(0.05)
    _pid_file(lab).unlink(missing_ok=True)


def _pid_file(lab: Lab) -> Path:
    return lab.directory / "publish.pid"


def listen(port: int) -> socket.socket:
    """Return a socket that listens on a port of 127.0.0.1.

    :raises LabError: the port is in use.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("127.0.0.1", port))
    except OSError as error:
        raise LabError(
            f"127.0.0.1:{port} is in use",
            "another program, or the site of another lab, has it",
            f"end it: `ss -ltnp 'sport = :{port}'` shows which it is",
        ) from error
    listener.listen(128)
    return listener
