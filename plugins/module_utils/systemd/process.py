# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the process of a unit runs with what is on disk."""

from __future__ import annotations

import os
import time
from typing import Any, Callable, Iterable, Optional

#: Runs a command and returns its exit code, output and errors, as AnsibleModule.run_command does.
RunCommand = Callable[..., Any]


def started(run: RunCommand, unit: str) -> Optional[float]:
    """Return when the main process of a unit was started, in seconds of the epoch; None if it does not run.

    systemd tells the start in microseconds of the monotonic clock: org.freedesktop.systemd1(5).
    """
    query = ["systemctl", "show", "--property=MainPID", "--property=ExecMainStartTimestampMonotonic"]
    lines = run([*query, unit])[1].splitlines()
    shown = dict(line.split("=", 1) for line in lines if "=" in line)
    if shown.get("MainPID", "0") == "0":
        return None
    return time.time() - time.monotonic() + int(shown["ExecMainStartTimestampMonotonic"]) / 1e6


def changed_since(moment: float, paths: Iterable[str]) -> bool:
    """Tell whether one of these paths was changed after a moment; what does not exist was not."""
    return any(os.lstat(path).st_mtime > moment for path in paths if os.path.lexists(path))


def stale(run: RunCommand, unit: str, paths: Iterable[str]) -> bool:
    """Tell whether the process of a unit was started before what it loads was changed; false if it does not run."""
    moment = started(run, unit)
    return moment is not None and changed_since(moment, paths)
