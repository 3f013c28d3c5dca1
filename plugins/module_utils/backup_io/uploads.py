# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The program backup-uploads: brings a folder that grows, or files that are written once, to object storage.

Nothing is ever deleted in the storage. A file that changed here replaces the one there, which is kept in a folder of
the day. Mostly only files that changed since the last time are looked at; once a day all of them are.

    backup-uploads            send what is new
    backup-uploads back       fill the folder of a new host, or finish that, from the storage
    backup-uploads back all   bring what a folder with files lacks, also what was deleted from it

This file is also read on the hosts: standard library only.
"""

# A program of hosts, no module: it prints, starts others and ends by itself.
# pylint: disable=ansible-bad-function
from __future__ import annotations

import json
import os
import shutil
import sys
import time
from datetime import datetime, timezone
from typing import Any, Dict, Iterator, Mapping

from .command import BackupError, CommandError
from .reported import report
from .storage import NO_FOLDER, STORE, Storage, configuration

#: Seconds after which all files are looked at.
EVERYTHING_AFTER = 86400.0
#: Seconds that the last time is looked behind, for clocks and for files that took long to be written.
OVERLAP = 600.0
#: Seconds for which a file has to be left alone to count as written.
SETTLED = 5
#: What the folder's name is followed by where files from the storage wait until all of them are here.
COMING = ".coming"
USAGE = "use backup-uploads, backup-uploads back, or backup-uploads back all"


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


def bring_back(settings: Mapping[str, Any], storage: Storage, everything: bool = False) -> int:
    """Bring files of the storage to the folder, and return how many those were.

    They are complete before they get their names, and belong to whom the folder belongs. A file that is there is never
    replaced. What a run that died has left is used by the next one.

    :param everything: also where the folder has files, so that one which was deleted comes back.
    :raises BackupError: they cannot be had, or there is no place for the folder.
    """
    directory = settings["directory"].rstrip("/")
    coming = directory + COMING
    there = sum(1 for _file in _files(directory))
    if there and not everything and not os.path.isdir(coming):
        print(f"{directory} has {there} files: nothing is brought back; backup-uploads back all brings what it lacks")
        return 0
    _make_as_beside(directory)
    os.makedirs(coming, mode=0o700, exist_ok=True)
    try:
        storage.rclone("copy", "--compare-dest", directory, f"{STORE}:files", coming)
    except CommandError as error:
        if error.status != NO_FOLDER:
            raise
    brought = sum(_name(f"{coming}/{file}", f"{directory}/{file}", directory) for file in _files(coming))
    shutil.rmtree(coming)
    print(f"{brought} files were brought back to {directory}, which had {there}", flush=True)
    return brought


def _files(directory: str) -> Iterator[str]:
    """Yield the paths of the files in a folder, seen from there."""
    for folder, _folders, names in os.walk(directory):
        yield from (os.path.relpath(f"{folder}/{name}", directory) for name in names)


def _make_as_beside(directory: str) -> None:
    """Make a folder that belongs to whom the one around it belongs."""
    around = os.path.dirname(directory)
    if not os.path.isdir(around):
        raise BackupError(f"{around} is not there, so nothing is brought back: install the application first")
    if not os.path.isdir(directory):
        _make(directory, around)


def _name(file: str, name: str, directory: str) -> bool:
    """Give a file its name, and tell whether nobody had that name."""
    missing = []
    folder = os.path.dirname(name)
    while not os.path.isdir(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for folder in reversed(missing):
        _make(folder, directory)
    os.chmod(file, os.stat(directory).st_mode & 0o666)
    _give(file, directory)
    try:
        os.link(file, name)
    except FileExistsError:
        return False
    return True


def _make(folder: str, pattern: str) -> None:
    """Make a folder with the mode and the owner of another one."""
    os.mkdir(folder)
    shutil.copymode(pattern, folder)
    _give(folder, pattern)


def _give(path: str, pattern: str) -> None:
    """Let a path belong to whom another one belongs."""
    owner = os.stat(pattern)
    os.chown(path, owner.st_uid, owner.st_gid)


def _read(path: str) -> Dict[str, float]:
    try:
        with open(path, encoding="utf-8") as file:
            found: Dict[str, float] = json.load(file)
    except (OSError, ValueError):
        return {}
    return found


def main() -> int:
    """Do what the arguments say; return the exit status."""
    words = sys.argv[1:]
    if words not in ([], ["back"], ["back", "all"]):
        print(f"{' '.join(words)} is not known: {USAGE}", file=sys.stderr)
        return 2
    try:
        settings = configuration()
        if not settings["uploads"]["directory"]:
            raise BackupError("this host has no folder of uploads")
        if words:
            bring_back(settings["uploads"], Storage(settings["s3"]), everything="all" in words)
        else:
            run_job(settings["uploads"], Storage(settings["s3"]), time.time())
    except (BackupError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0
