# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What tells processes of this control host, and of others, apart. Where there is no /proc, as little as there is."""

from __future__ import annotations

import getpass
import os
import socket
from pathlib import Path
from typing import Callable, Dict, Mapping, Optional

ROOT = Path("/")
#: States of a process that has ended, and that nobody has asked for its status yet.
ENDED = ("Z", "X")


def here(root: Path = ROOT) -> Dict[str, str]:
    """Return ``host``, its name, ``machine``, which it keeps when it boots, and ``boot``, which it does not."""
    try:
        # Containers of one host may have its name and its identifier, and number their processes by themselves.
        space = os.readlink(root / "proc/self/ns/pid")
    except OSError:
        space = ""
    return {
        "host": socket.gethostname(),
        "machine": f"{_text(root / 'etc/machine-id')} {space}".strip(),
        "boot": _text(root / "proc/sys/kernel/random/boot_id"),
    }


def start_of(pid: int, root: Path = ROOT, kill: Callable[[int, int], None] = os.kill) -> Optional[str]:
    """Return when a process began, by a clock that begins with the boot; empty where it has ended.

    :returns: None where there is one of which this user sees no more than that.
    """
    # The program's name is in brackets, and may have any character.
    fields = _text(root / f"proc/{pid}/stat").rpartition(")")[2].split()
    if fields:
        return "" if fields[0] in ENDED else fields[19]
    try:
        kill(pid, 0)
    except ProcessLookupError:
        return ""
    except PermissionError:
        pass
    return None


def user(environ: Mapping[str, str], login: Callable[[], str] = getpass.getuser) -> str:
    """Return who runs this, a number where it has no name."""
    try:
        return environ.get("SUDO_USER") or login()
    except (KeyError, OSError):
        return str(os.getuid())


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
