# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The hosts of a lab: system containers that boot, lose power and come back."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import Callable, Dict, List, Sequence

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import Host
from lab import disks, podman
from lab.connect import connect
from lab.errors import LabError
from lab.netns import recorded
from lab.packages import SOURCE
from lab.run import capture, say
from lab.state import Lab

#: What systemd and the daemons of a host need beyond Podman's own list. No SYS_TIME: the clock is the machine's.
CAPABILITIES = "AUDIT_WRITE,IPC_LOCK,NET_ADMIN,NET_RAW,SYS_ADMIN,SYS_NICE,SYS_PTRACE"
#: How many are started at a time: more than the cores of a small machine gains nothing.
PARALLEL = 4
BOOT_TIMEOUT, STOP_TIMEOUT = 120.0, 60.0
REMOVE = ("rm", "--force", "--time", "0", "--volumes")


def start_all(lab: Lab, hosts: Sequence[Host], image: str = "") -> None:
    """Start every host that does not run, and create those that do not exist.

    :param image: what new hosts are made of.
    :raises LabError: one did not start; the others did.
    """
    states = {name: state for name, state, _pid in podman.containers(lab.name)}
    missing = [host for host in hosts if states.get(lab.container(host.name)) != "running"]

    def begin(host: Host) -> None:
        disk = disks.attach(lab, host)
        if lab.container(host.name) in states:
            _start(lab, host)
        else:
            podman.podman(*_run_options(lab, host, disk), image)

    _for_each(missing, begin, "started")


def _run_options(lab: Lab, host: Host, disk: Sequence[str]) -> List[str]:
    return [
        "run",
        "--detach",
        "--pull=never",
        f"--name={lab.container(host.name)}",
        "--replace",
        f"--hostname={host.name}",
        f"--label=lab={lab.name}",
        f"--network=ns:/run/netns/{lab.namespace(host.name)}",
        "--no-hosts",
        "--dns=none",
        "--systemd=always",
        f"--cap-add={CAPABILITIES}",
        "--device=/dev/net/tun",
        "--security-opt=apparmor=unconfined",
        *podman.limits(),
        f"--volume={SOURCE}:/opt/lab/packages:ro",
        f"--volume={lab.host_directory(host.name)}:/opt/lab/host:ro",
        *disk,
    ]


def _for_each(hosts: Sequence[Host], work: Callable[[Host], None], done: str) -> None:
    """Work on several hosts at a time, on all of them also where one fails; say every tenth."""
    with ThreadPoolExecutor(PARALLEL) as pool:
        tasks = [pool.submit(work, host) for host in hosts]
        for number, _task in enumerate(as_completed(tasks), start=1):
            if number % 10 == 0 or number == len(hosts) > 1:
                say(f"    {number} of {len(hosts)} hosts {done}")
    for task in tasks:
        task.result()


def wait_for_ssh(lab: Lab, hosts: Sequence[Host]) -> None:
    """Wait until sshd answers on every host, seen from the host itself, so that no firewall is in the way.

    :raises LabError: a host did not come up in time.
    """
    deadline = time.monotonic() + BOOT_TIMEOUT
    waiting = list(hosts)
    while waiting:
        waiting = [host for host in waiting if not _answers(lab, host)]
        if waiting and time.monotonic() > deadline:
            names = ", ".join(host.name for host in waiting)
            raise LabError(
                f"{names}: not up after {BOOT_TIMEOUT:.0f} s",
                "sshd does not answer on the host",
                f"look with `make lab-status`, or rebuild the host: `python -m lab rebuild {waiting[0].name}`",
            )
        time.sleep(0.2 if waiting else 0)


def _answers(lab: Lab, host: Host) -> bool:
    try:
        with connect(lab.namespace(host.name), str(host.address), 22, timeout=1):
            return True
    except OSError:
        return False


def kill(lab: Lab, hosts: Sequence[Host]) -> None:
    """Take the power of some hosts away: every process ends at once, nothing is said to anybody.

    :raises LabError: one runs on.
    """
    names = {host.name for host in hosts}
    deadline = time.monotonic() + STOP_TIMEOUT
    while left := sorted(names & set(process_ids(lab))):
        if time.monotonic() > deadline:
            raise LabError(f"{', '.join(left)}: run on", "their processes do not end", "look with `make lab-status`")
        podman.podman("kill", "--signal", "KILL", *map(lab.container, left), check=False)
        time.sleep(0.05)


def _start(lab: Lab, host: Host) -> None:
    """Give a host its power back.

    Where an earlier start was killed half-way, the first attempt fails and clears what that has left, the second works.
    """
    try:
        podman.podman("start", lab.container(host.name))
    except LabError:
        podman.podman("start", lab.container(host.name))


def console(lab: Lab, host: Host, command: Sequence[str]) -> List[str]:
    """Return the command line that runs a command on a host without its network.

    :raises LabError: the host is dead.
    """
    pid = process_ids(lab).get(host.name)
    if pid is None:
        raise LabError(
            f"{host.name} is not running",
            "a dead host has no console",
            f"start it with `make lab-start HOST={host.name}`",
        )
    return [*_inside(pid), *(command or ["bash", "--login"])]


def remove_all(lab: Lab, keep: Sequence[str] = ()) -> int:
    """Remove the lab's containers except those named; return how many there were."""
    names = _present(lab, keep)
    if names:
        # A process that waits for its disk outlives the time that podman grants it, and is gone a moment later.
        podman.podman(*REMOVE, *names, check=False)
        left = _present(lab, keep)
        if left:
            podman.podman(*REMOVE, *left)
    return len(names)


def _present(lab: Lab, keep: Sequence[str]) -> List[str]:
    names = [name for name, _state, _pid in podman.containers(lab.name) if name not in keep]
    return names + [name for name in podman.storage_left(recorded(lab)) if name not in keep]


def process_ids(lab: Lab) -> Dict[str, int]:
    """Return the process id of each running host's systemd, by host name."""
    prefix = len(lab.container(""))
    return {name[prefix:]: pid for name, state, pid in podman.containers(lab.name) if state == "running"}


def health(lab: Lab) -> Dict[str, str]:
    """Return what systemd says of each running host: running, degraded (a unit has failed), starting..."""
    pids = process_ids(lab)
    command = ["systemctl", "is-system-running"]
    with ThreadPoolExecutor(PARALLEL) as pool:
        said = pool.map(
            lambda pid: capture([*_inside(pid), *command], check=False).strip() or "starting", pids.values()
        )
        return dict(zip(pids, said))


def _inside(pid: int) -> List[str]:
    return ["nsenter", f"--target={pid}", "--all", "--wd", "--"]


def refresh_index(lab: Lab) -> None:
    """Show running hosts the package source's present index."""
    for pid in process_ids(lab).values():
        capture(
            [
                "nsenter",
                f"--target={pid}",
                "--mount",
                "--",
                "cp",
                "-r",
                "/opt/lab/packages/lists/.",
                "/var/lib/apt/lists/",
            ]
        )
