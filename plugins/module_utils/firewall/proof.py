# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The proof that a command runs in an SSH connection that began after a change of the rules.

Established connections pass every sensible ruleset, so only a connection made after the change shows that
the new rules let one in. sshd has processes of its own for each connection (``sshd: user [priv]`` and
``sshd: user@notty``; ``sshd-session: ...`` since OpenSSH 9.8), and every command of the connection descends
from them, through sudo too. When they started is when the connection began.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Iterable, Optional

_CONNECTION = re.compile(r"^sshd(-session)?: ")
_LISTENER = re.compile(r"\[listener\]")


@dataclass(frozen=True)
class Process:
    """A running process: its title and when it started, in seconds since the boot."""

    pid: int
    parent: int
    title: str
    started: float


def parse_process(pid: int, stat: str, title: str, ticks_per_second: int) -> Process:
    """A process from ``/proc/<pid>/stat`` (proc(5): fields 4 and 22) and its title."""
    fields = stat.rpartition(")")[2].split()
    return Process(pid, int(fields[1]), title, int(fields[19]) / ticks_per_second)


def connection_began(ancestors: Iterable[Process]) -> Optional[float]:
    """When the SSH connection began that these processes belong to, in seconds since the boot; None outside of SSH."""
    starts = [
        process.started
        for process in ancestors
        if _CONNECTION.match(process.title) and not _LISTENER.search(process.title)
    ]
    return min(starts) if starts else None
