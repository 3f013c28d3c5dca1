# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Podman with a storage of the lab's own, in a view of the machine in which containers of systemd can run.

Podman here knows nothing of the containers that belong to the machine's user, nor they of the lab's.
Every call runs in a private mount namespace: the mounts of containers are not seen on the machine and
vanish with them. On a machine whose cgroups are of version 1 or hybrid, version 2 alone is shown there.
"""

from __future__ import annotations

import hashlib
import json
import os
import resource
from pathlib import Path
from typing import Any, Callable, List, Mapping, Sequence, Tuple

from lab.run import capture
from lab.state import CACHE, STATE, replace

DIRECTORY = CACHE / "podman"
CONFIGURATION = DIRECTORY / "containers.conf"
#: What is true only until the machine's next start lies where the machine forgets it.
RUNTIME_DIRECTORY = Path("/run") / f"freeagentics-lab-{hashlib.sha256(str(STATE).encode()).hexdigest()[:8]}"

CGROUP_VIEW = """
if ! grep -q " /sys/fs/cgroup cgroup2 " /proc/mounts; then
    umount -l /sys/fs/cgroup
    mount -t cgroup2 cgroup2 /sys/fs/cgroup
fi
exec "$@"
"""
IN_VIEW = ("unshare", "--mount", "--propagation", "slave", "sh", "-c", CGROUP_VIEW, "lab")


def configure() -> None:
    """Write the configuration that replaces the machine's own for Podman's calls by the lab."""
    DIRECTORY.mkdir(parents=True, exist_ok=True, mode=0o700)
    text = f"""[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
lock_type = "file"
runtime = "runc"
tmp_dir = "{RUNTIME_DIRECTORY}/libpod"

[containers]
log_driver = "none"
pids_limit = 0
"""
    if not CONFIGURATION.is_file() or CONFIGURATION.read_text(encoding="utf-8") != text:
        replace(CONFIGURATION, text)


def command(*arguments: str) -> List[str]:
    """Return the whole command line of a call to Podman."""
    return [
        *IN_VIEW,
        "podman",
        "--root",
        str(DIRECTORY / "storage"),
        "--runroot",
        str(RUNTIME_DIRECTORY / "storage"),
        *arguments,
    ]


def podman(*arguments: str, check: bool = True) -> str:
    """Call Podman and return its output.

    :raises LabError: it failed and ``check`` is true.
    """
    return capture(command(*arguments), environment={**os.environ, "CONTAINERS_CONF": str(CONFIGURATION)}, check=check)


def images() -> List[str]:
    """Return the references of the images in the lab's storage."""
    return podman("images", "--format", "{{.Repository}}:{{.Tag}}").split()


def containers(lab: str) -> Sequence[Tuple[str, str, int]]:
    """Return name, state and process id (0 unless running) of every container of a lab."""
    listed = _listed(lab)
    dead = [entry for entry in listed if entry["State"] in ("running", "stopping") and not _runs(entry)]
    if dead:
        _bury(dead)
        listed = _listed(lab)
    return [(entry["Names"][0], entry["State"], int(entry["Pid"])) for entry in listed]


def _listed(lab: str) -> List[Mapping[str, Any]]:
    return list(json.loads(podman("ps", "--all", "--filter", f"label=lab={lab}", "--format", "json")))


def _runs(entry: Mapping[str, Any]) -> bool:
    """Return whether a container's first process exists: its id may be another program's by now."""
    try:
        return str(entry["Id"]) in Path(f"/proc/{entry['Pid']}/cgroup").read_text(encoding="ascii")
    except FileNotFoundError:
        return False


def _bury(dead: Sequence[Mapping[str, Any]]) -> None:
    """Tell Podman of containers that ended together with their monitor, which else leaves it their exit status."""
    exits = RUNTIME_DIRECTORY / "libpod" / "exits"
    exits.mkdir(parents=True, exist_ok=True)
    for entry in dead:
        # In one step: another process may ask Podman, which reads it, at the same moment.
        new = exits.parent / f"{entry['Id']}.{os.getpid()}"
        new.write_text("137", encoding="ascii")
        new.replace(exits / entry["Id"])
    # One of them may have been cleaned up by another process meanwhile.
    podman("container", "cleanup", *(entry["Id"] for entry in dead), check=False)


def storage_left(names: Sequence[str]) -> List[str]:
    """Return those of some containers of which only storage exists, because their making was killed half-way."""
    known = json.loads(podman("ps", "--all", "--external", "--format", "json"))
    return [entry["Names"][0] for entry in known if entry["State"] == "storage" and entry["Names"][0] in names]


def limits(current: Callable[[int], Tuple[int, int]] = resource.getrlimit) -> Tuple[str, ...]:
    """Return limits for containers that the machine can grant: a limit may only be lowered."""
    wanted = {"nofile": (resource.RLIMIT_NOFILE, 65536), "nproc": (resource.RLIMIT_NPROC, 30000)}
    options: List[str] = []
    for name, (limit, most) in wanted.items():
        hard = current(limit)[1]
        value = most if hard == resource.RLIM_INFINITY else min(most, hard)
        options += ["--ulimit", f"{name}={value}:{value}"]
    return tuple(options)
