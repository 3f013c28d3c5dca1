# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Disks of hosts' own: a database's can be full without the machine's being so.

Each is a sparse file with a file system, mounted beside the lab's other files and shown to the host at its place. It
outlives the host's power, and goes with the host. A machine that cannot mount files gives its hosts none.
"""

from __future__ import annotations

from pathlib import Path
from typing import List, Optional

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import Host
from lab.errors import LabError
from lab.run import capture, say
from lab.state import Lab

#: Where a host that runs a service has a disk of its own.
PLACES = {"postgres": "/var/lib/postgresql"}
#: Bytes of a disk; of the machine's only what is written.
SIZE = 8 * 2**30


def place(host: Host) -> Optional[str]:
    """Return where a host has a disk of its own, None where it has none."""
    return next((PLACES[service] for service in host.services if service in PLACES), None)


def attach(lab: Lab, host: Host) -> List[str]:
    """Return the options that show a container its host's disk, which is made and mounted where it is not yet."""
    where = place(host)
    if where is None:
        return []
    mounted = _mounted_at(lab, host.name)
    if not mounted.is_mount():
        try:
            _mount(lab.directory / "disks" / f"{host.name}.ext4", mounted)
        except LabError as error:
            say(f"warning: {host.name} has no disk of its own for {where}, so none can be filled there: {error}")
            return []
    return [f"--volume={mounted}:{where}"]


def _mount(file: Path, mounted: Path) -> None:
    mounted.mkdir(parents=True, exist_ok=True)
    if not file.is_file():
        fresh = file.with_suffix(".new")
        with fresh.open("wb") as stream:
            stream.truncate(SIZE)
        # Nothing is kept for root, and no journal: it is the machine's file system that outlives the machine's power.
        capture(["mkfs.ext4", "-q", "-m", "0", "-O", "^has_journal", "-E", "lazy_itable_init=1", str(fresh)])
        fresh.rename(file)
    capture(["mount", "-o", "loop", str(file), str(mounted)])


def discard(lab: Lab, names: Optional[List[str]] = None) -> None:
    """Remove the disks of some hosts, or of all; those hosts are gone. Safe to repeat where it was interrupted.

    :raises LabError: one is in use.
    """
    folder = lab.directory / "disks"
    for file in sorted(folder.glob("*.ext4")):
        if names is not None and file.stem not in names:
            continue
        mounted = _mounted_at(lab, file.stem)
        if mounted.is_mount():
            capture(["umount", str(mounted)])
        if mounted.is_dir():
            mounted.rmdir()
        file.unlink()


def _mounted_at(lab: Lab, name: str) -> Path:
    return lab.directory / "disks" / name
