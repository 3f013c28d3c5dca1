# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a lab keeps its files, and who may change it at a time.

.lab/cache/            image, packages, container storage, locks: survives `down`
.lab/<name>/           one lab: keys, ssh.cfg, lab.json
"""

from __future__ import annotations

import fcntl
import json
import os
import re
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Iterator, Sequence, Tuple

from lab.errors import LabError, unknown_name

REPOSITORY = Path(__file__).resolve().parent.parent
STATE = REPOSITORY / ".lab"
CACHE = STATE / "cache"
#: Folders in ``.lab`` that are no labs.
RESERVED_NAMES = ("cache",)


@dataclass(frozen=True)
class Lab:
    """One lab: its name and the topology it is built from."""

    name: str
    topology_file: Path

    @property
    def directory(self) -> Path:
        """Everything that belongs to this lab alone."""
        return STATE / self.name

    @property
    def ssh_config(self) -> Path:
        """The SSH configuration: beside the inventory's topology for `lab`, in the lab's folder otherwise."""
        return self.directory / "ssh.cfg"

    def namespace(self, host: str) -> str:
        """Return the network namespace of a host, or of `internet`, `operator` and `router-<region>`."""
        return f"{self.name}-{host}"

    def container(self, host: str) -> str:
        """Return the name of a host's container."""
        return f"{self.name}-{host}"

    def host_directory(self, host: str) -> Path:
        """Return the folder with a host's keys."""
        return self.directory / "hosts" / host

    def save(self) -> None:
        """Write down which topology this lab is built from."""
        document = {key: str(value) for key, value in asdict(self).items()}
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        replace(self.directory / "lab.json", json.dumps(document, indent=2) + "\n")


def replace(path: Path, text: str, mode: int = 0o644) -> None:
    """Write a file so that a reader sees either the old or the new one."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text, encoding="utf-8")
    fresh.chmod(mode)
    fresh.rename(path)


def checked_name(name: str) -> str:
    """Return a lab's name if namespaces and containers can carry it.

    :raises LabError: it has other characters than small letters, digits, dashes and underscores, or is reserved.
    """
    if not re.fullmatch(r"[a-z][a-z0-9_-]{0,31}", name) or name in RESERVED_NAMES:
        raise LabError(
            f"{name!r} cannot be the name of a lab",
            "containers and network namespaces carry it, and .lab/ keeps a few names for itself",
            "use up to 32 small letters, digits, dashes and underscores, beginning with a letter; not "
            + ", ".join(RESERVED_NAMES),
        )
    return name


def existing_labs() -> Tuple[str, ...]:
    """Return the names of the labs that have state, whole or half-built."""
    return tuple(sorted(path.parent.name for path in STATE.glob("*/lab.json")))


def existing_lab(name: str) -> Lab:
    """Return a lab that was built before.

    :raises LabError: there is none of this name.
    """
    try:
        document = json.loads((STATE / checked_name(name) / "lab.json").read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        labs = existing_labs()
        if labs:
            raise unknown_name("lab", name, labs) from error
        raise LabError(f"{name}: no such lab", "no lab has been built", "build one with `make lab`") from error
    return Lab(name=name, topology_file=Path(document["topology_file"]))


@contextmanager
def lock(name: str, what: str, hosts: Sequence[str] = ()) -> Iterator[None]:
    """Hold a lock while something is changed; the system frees it when the process ends, however it ends.

    :param name: a lab's name, or of something that labs share.
    :param what: for the message, what the holder does.
    :param hosts: the only hosts that are changed; others may be at the same time, but nothing else.
    :raises LabError: another process holds it.
    """
    with ExitStack() as held:
        held.enter_context(_locked(name, name, what, exclusive=not hosts))
        for host in sorted(hosts):
            held.enter_context(_locked(f"{name}.{host}", name, what, exclusive=True))
        yield


@contextmanager
def _locked(file: str, name: str, what: str, exclusive: bool) -> Iterator[None]:
    path = STATE / "cache" / "locks" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as stream:
        try:
            fcntl.flock(stream, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError as error:
            stream.seek(0)
            raise LabError(
                f"lab {name} is being changed",
                f"another process works on it: {stream.read().strip()}",
                "wait until it has ended",
            ) from error
        stream.truncate(0)
        stream.write(f"pid {os.getpid()} ({what})")
        stream.flush()
        yield


@contextmanager
def shared_lock(name: str) -> Iterator[None]:
    """Wait for, then hold a lock on something that several labs use, such as the image."""
    path = STATE / "cache" / "locks" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield
