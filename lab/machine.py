# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The machine under a lab: what it must have, what gets installed and what is set."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import List, Mapping, Tuple

from lab import state
from lab.errors import LabError
from lab.run import capture, logged, step

#: Programs that the lab calls, and the Debian and Ubuntu packages that bring them.
PROGRAMS: Mapping[str, str] = {
    "apt-ftparchive": "apt-utils",
    "conmon": "conmon",
    "gpg": "gpg",
    "ip": "iproute2",
    "mkfs.ext4": "e2fsprogs",
    "mmdebstrap": "mmdebstrap",
    "nft": "nftables",
    "nsenter": "util-linux",
    "podman": "podman",
    "runc": "runc",
    "ssh": "openssh-client",
    "sysctl": "procps",
    "testssl": "testssl.sh",
    "wg": "wireguard-tools",
    "wireguard-go": "wireguard-go",
}
#: Where the programs of root are, also for a user whose PATH lacks it.
SYSTEM_PATH = "/usr/sbin:/sbin"
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
#: Memory of one idle host with its daemons, and what the rest of the machine needs, in MiB.
MEMORY_PER_HOST, MEMORY_BASE = 90, 1024
#: Disk for image, packages and containers: once, and for each host, in MiB.
DISK_BASE, DISK_PER_HOST = 2048, 300
#: Each systemd needs a few; the kernel's default of 128 is enough for about 25 hosts.
INOTIFY_INSTANCES = 8192


def check_root(user_id: int) -> None:
    """Raise LabError unless the user is root."""
    if user_id != 0:
        raise LabError(
            "the lab needs root",
            "it makes network namespaces and boots system containers",
            "run the same command with sudo",
        )


def check_size(hosts: int, memory: int, disk: int) -> None:
    """Raise LabError if the machine is too small for a number of hosts.

    :param memory: available memory in MiB.
    :param disk: free disk in MiB.
    """
    needed = MEMORY_BASE + hosts * MEMORY_PER_HOST
    if memory < needed:
        raise LabError(
            f"{hosts} hosts need {needed} MiB of memory",
            f"{memory} MiB are available on this machine",
            "end other programs or labs, take a larger machine, or build a smaller topology with --topology",
        )
    needed = DISK_BASE + hosts * DISK_PER_HOST
    if disk < needed:
        raise LabError(
            f"{hosts} hosts need {needed} MiB of disk",
            f"{disk} MiB are free under {state.STATE}",
            "free some space, or clone the project onto a larger disk",
        )


def available() -> Tuple[int, int]:
    """Return available memory and free disk, both in MiB."""
    fields = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
    memory = int(fields["MemAvailable"].split()[0]) // 1024
    state.STATE.mkdir(exist_ok=True)
    return memory, shutil.disk_usage(state.STATE).free // 1024**2


def missing_packages() -> List[str]:
    """Return the packages that have to be installed on this machine."""
    path = f"{os.environ.get('PATH', '')}:{SYSTEM_PATH}"
    packages = {package for program, package in PROGRAMS.items() if shutil.which(program, path=path) is None}
    if not KEYRING.is_file():
        packages.add("debian-archive-keyring")
    return sorted(packages)


def install() -> None:
    """Install what is missing, in one transaction.

    :raises LabError: the machine has no apt.
    """
    packages = missing_packages()
    if not packages:
        return
    if shutil.which("apt-get") is None:
        raise LabError(
            f"the machine lacks {', '.join(packages)}",
            "it has no apt-get to install them with",
            "install them by hand, or use Debian 12 or Ubuntu",
        )
    state.CACHE.mkdir(parents=True, exist_ok=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with step(f"install on this machine: {', '.join(packages)}"):
        logged(["apt-get", "update"], state.CACHE / "apt.log", environment)
        logged(
            ["apt-get", "install", "--yes", "--no-install-recommends", *packages], state.CACHE / "apt.log", environment
        )


def prepare_kernel() -> None:
    """Load what user-space tunnels need and let the kernel watch files for many hosts; never lowers a limit."""
    if not Path("/dev/net/tun").exists():
        capture(["modprobe", "tun"])
    path = Path("/proc/sys/fs/inotify/max_user_instances")
    if int(path.read_text(encoding="ascii")) < INOTIFY_INSTANCES:
        path.write_text(str(INOTIFY_INSTANCES), encoding="ascii")
