# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Commands of the machine, and progress for the person who waits for them."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, Mapping, Optional, Sequence

from lab.errors import LabError


def capture(
    command: Sequence[str], stdin: str = "", environment: Optional[Mapping[str, str]] = None, check: bool = True
) -> str:
    """Run a command and return its standard output.

    :raises LabError: the command is missing, or failed and ``check`` is true.
    """
    try:
        done = subprocess.run(command, input=stdin, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise LabError(
            f"{command[0]}: command not found",
            "a program that the lab needs is not installed",
            "run `make lab` again, it installs what is missing",
        ) from error
    if check and done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip() or "nothing")[-2000:]
        raise LabError(
            f"`{_shown(command)}` failed with {done.returncode}",
            said,
            "run the same command again, it repairs; if it fails again, start over with `make lab-down`",
        )
    return done.stdout


def _shown(command: Sequence[str]) -> str:
    """Return a command for a message: what matters of a call to Podman stands behind its storage."""
    words = list(command)
    if "podman" in words:
        words = ["podman", *words[words.index("podman") + 5 :]]
    return " ".join(words[:8])


def logged(command: Sequence[str], log: Path, environment: Optional[Mapping[str, str]] = None) -> None:
    """Run a long command with its output in a file.

    :raises LabError: it failed; the message carries the end of the output.
    """
    with log.open("w", encoding="utf-8") as stream:
        done = subprocess.run(
            command, stdout=stream, stderr=subprocess.STDOUT, env=environment, stdin=subprocess.DEVNULL, check=False
        )
    if done.returncode != 0:
        tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-15:])
        raise LabError(f"{command[0]} failed with {done.returncode}", tail, f"the whole output is in {log}")


def say(text: str) -> None:
    """Print one line of progress at once."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Announce a step and say afterwards how long it took."""
    say(f"==> {title}")
    start = time.monotonic()
    yield
    say(f"    {time.monotonic() - start:.1f} s")
