# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Runs other programs for backup jobs; what they say goes to the job's own output.

This file is also read on the hosts: standard library only.
"""

# A program of hosts, no module: it prints, starts others and ends by itself.
# pylint: disable=ansible-bad-function
from __future__ import annotations

import subprocess
from typing import Mapping, Optional, Sequence


class BackupError(Exception):
    """A job cannot be done; the message says what failed."""


class CommandError(BackupError):
    """A program failed. ``status`` is its exit status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def run(
    command: Sequence[str],
    environment: Optional[Mapping[str, str]] = None,
    text: str = "",
    descriptors: Sequence[int] = (),
) -> str:
    """Run a program and return what it printed.

    :param text: what it reads.
    :param descriptors: open files that it gets under the same numbers.
    :raises CommandError: it cannot be run, or failed; the message ends with its complaint.
    """
    try:
        done = subprocess.run(
            command,
            env=environment,
            input=text,
            capture_output=True,
            text=True,
            check=False,
            pass_fds=tuple(descriptors),
        )
    except OSError as error:
        raise CommandError(f"{command[0]}: {error.strerror}", 127) from error
    said = done.stderr.strip()
    if done.returncode:
        ending = f": {said}" if said else " and said nothing"
        raise CommandError(f"{command[0]} ended with status {done.returncode}{ending}", done.returncode)
    if said:
        print(said, flush=True)
    return done.stdout
