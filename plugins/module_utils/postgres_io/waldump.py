# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Read a log through pg_waldump as its lines come: a log may be larger than the host's memory."""

# It reads while the program writes, which run_command does not.
# pylint: disable=ansible-bad-function

from __future__ import annotations

import os
import subprocess
import tempfile
from typing import Callable, Iterable, Sequence, Tuple, TypeVar

#: What PostgreSQL's programs say is parsed, so it is in no language, and moments are UTC.
ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC"}

What = TypeVar("What")


def read_log(words: Sequence[str], read: Callable[[Iterable[str]], What]) -> Tuple[What, int, str]:
    """Return what the lines say, the status of the program, and what it complains of.

    :param words: the program and its arguments.
    :param read: takes the lines. Where it does not take all of them, the program is ended, and its status is 0.
    :raises OSError: the program cannot be started.
    """
    with tempfile.TemporaryFile() as complaints:
        with subprocess.Popen(
            list(words),
            stdout=subprocess.PIPE,
            stderr=complaints,
            encoding="utf-8",
            errors="replace",
            env={**os.environ, **ENVIRONMENT},
        ) as process:
            lines = iter(process.stdout or ())
            found = read(lines)
            whole = next(lines, None) is None
            if not whole:
                process.kill()
        complaints.seek(0)
        complaint = complaints.read().decode("utf-8", "replace").strip()
    status = process.returncode if whole else 0
    return found, status, complaint or (f"{words[0]} ended with status {status}" if status else "")
