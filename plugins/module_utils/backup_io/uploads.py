# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The program backup-uploads: brings a folder that grows, or files that are written once, to object storage.

Nothing is ever deleted in the storage. A file that changed here replaces the one there, which is kept in a folder of
the day. Mostly only files that changed since the last time are looked at; once a day all of them are.

This file is also read on the hosts: standard library only.
"""

# A program of hosts, no module: it prints, starts others and ends by itself.
# pylint: disable=ansible-bad-function
from __future__ import annotations

import json
import os
import sys
import time
from datetime import datetime, timezone
from typing import Any, Dict, Mapping

from .command import BackupError
from .reported import report
from .storage import STORE, Storage, configuration

#: Seconds after which all files are looked at.
EVERYTHING_AFTER = 86400.0
#: Seconds that the last time is looked behind, for clocks and for files that took long to be written.
OVERLAP = 600.0
#: Seconds for which a file has to be left alone to count as written.
SETTLED = 5


def since(state: Mapping[str, float], now: float) -> float:
    """Return the age in seconds of what is looked at; 0 for everything.

    :param state: when everything was last looked at, and when anything was.
    """
    # A time that is yet to come is of a clock that was wrong.
    if not 0 <= now - state.get("everything", 0.0) < EVERYTHING_AFTER:
        return 0.0
    return max(0.0, now - state["anything"]) + OVERLAP


def run_job(settings: Mapping[str, Any], storage: Storage, now: float) -> None:
    """Bring what changed to the storage, and remember when.

    :raises BackupError: it cannot be sent, or the folder was there once and is gone.
    """
    directory, state_file = settings["directory"], settings["state_file"]
    if not os.path.isdir(directory):
        if os.path.exists(state_file):
            raise BackupError(f"{directory} is gone: look whether its disk is mounted, and at uploads_directory")
        print(f"{directory} is not there, so nothing is sent", flush=True)
        return
    state = _read(state_file)
    age = since(state, now)
    replaced = f"{STORE}:replaced/{datetime.fromtimestamp(now, timezone.utc):%Y-%m-%d}"
    only = ["--max-age", f"{age:.0f}s", "--no-traverse"] if age else []
    options = [
        "--min-age",
        f"{SETTLED}s",
        "--backup-dir",
        replaced,
        "--suffix",
        f".{now:.0f}",
        "--suffix-keep-extension",
    ]
    storage.rclone("copy", *options, *only, directory, f"{STORE}:files")
    with open(f"{state_file}.new", "w", encoding="utf-8") as file:
        json.dump({"anything": now, "everything": state["everything"] if age else now}, file)
    os.replace(f"{state_file}.new", state_file)
    report(synchronised_timestamp_seconds=now)


def _read(path: str) -> Dict[str, float]:
    try:
        with open(path, encoding="utf-8") as file:
            found: Dict[str, float] = json.load(file)
    except (OSError, ValueError):
        return {}
    return found


def main() -> int:
    """Do the job; return the exit status."""
    try:
        settings = configuration()
        run_job(settings["uploads"], Storage(settings["s3"]), time.time())
    except BackupError as error:
        print(error, file=sys.stderr)
        return 1
    return 0
