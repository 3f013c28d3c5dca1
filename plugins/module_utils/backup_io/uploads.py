# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The program backup-uploads: brings a folder that grows, or files that are written once, to object storage.

Nothing is ever deleted in the storage. A file that changed here replaces the one there, which is kept in a folder of
the day. Mostly only files that changed since the last time are looked at; once a day all of them are.

    backup-uploads            send what is new
    backup-uploads back       fill the folder of a new host, or finish that, from the storage
    backup-uploads back all   bring what a folder with files lacks, also what was deleted from it
    backup-uploads expect     note that a folder without files, or one that is not there yet, is to be filled, whatever
                              comes into it before

Who may write in the folder is the application, and this runs as root. So what comes waits in a folder that only root
may look into, in the same file system; every folder is opened once, no link is followed, and what has to belong to the
application is made by its account.

This file is also read on the hosts: standard library only.
"""

# A program of hosts, no module: it prints, starts others and ends by itself.
# pylint: disable=ansible-bad-function
from __future__ import annotations

import fcntl
import json
import os
import stat
import sys
import time
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from typing import Any, Dict, Iterator, Mapping, Sequence

from .command import BackupError, CommandError
from .reported import report
from .storage import NO_FOLDER, STORE, Storage, configuration

#: Seconds after which all files are looked at.
EVERYTHING_AFTER = 86400.0
#: Seconds that the last time is looked behind, for clocks and for files that took long to be written.
OVERLAP = 600.0
#: Seconds for which a file has to be left alone to count as written.
SETTLED = 5
#: In the folder, where files from the storage wait until all of them are here. While it is there, some are missing.
COMING = ".coming"
FILES = "files"
#: A folder itself, and not what a link at its place leads to.
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
USAGE = "use backup-uploads, backup-uploads back, backup-uploads back all, or backup-uploads expect"


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
        "--exclude",
        f"/{COMING}/**",
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
    """Bring files of the storage to the folder, and return how many those were. It is not expected any more then.

    They are complete before they get their names, and belong to whom the folder belongs. A file that is there is never
    replaced. What a run that died has left is used by the next one, and there is one at a time.

    :param everything: also where the folder has files, so that one which was deleted comes back.
    :raises BackupError: they cannot be had, there is no place for them, or another run is bringing them.
    """
    directory, note = settings["directory"].rstrip("/"), settings["expected_file"]
    with _opened(directory) as folder:
        there = _count(folder)
        if there and not everything and not _waits(folder, note):
            print(
                f"{directory} has {there} files: nothing is brought back; backup-uploads back all brings what it lacks"
            )
            return 0
        with _coming(directory, folder) as coming:
            try:
                place = f"/proc/self/fd/{coming}/{FILES}"
                storage.rclone("copy", "--compare-dest", directory, f"{STORE}:files", place, descriptors=[coming])
            except CommandError as error:
                if error.status != NO_FOLDER:
                    raise
            brought = _name_all(directory, folder, coming)
            os.rmdir(COMING, dir_fd=folder)
        with suppress(FileNotFoundError):
            os.unlink(note)
    print(f"{brought} files were brought back to {directory}, which had {there}", flush=True)
    return brought


def expect(settings: Mapping[str, Any]) -> bool:
    """Note that the folder is to be filled where it has no files, and return whether it is.

    The note is not in the folder, which is there only when the application is.

    :raises BackupError: something else than a folder is at its place.
    """
    directory, note = settings["directory"].rstrip("/"), settings["expected_file"]
    if os.path.lexists(directory):
        with _opened(directory) as folder:
            there = _count(folder)
            if there and not _waits(folder, note):
                print(f"{directory} has {there} files, and waits for none")
                return False
    os.close(os.open(note, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600))
    print(f"{directory} waits for its files")
    return True


def _waits(folder: int, note: str) -> bool:
    """Tell whether files are missing whatever the folder has: some were noted, or are on their way."""
    return os.path.lexists(note) or _is_there(COMING, folder)


@contextmanager
def _opened(directory: str) -> Iterator[int]:
    """Give the folder of uploads, which is made where it is missing, for whom the one around it belongs to."""
    around, name = os.path.split(directory)
    if not os.path.isdir(around):
        raise BackupError(f"{around} is not there, so nothing is brought back: install the application first")
    outer = os.open(around, os.O_RDONLY | os.O_DIRECTORY)
    try:
        inner = _inside(outer, name, os.fstat(outer))
    except OSError as error:
        raise BackupError(
            f"{directory} is a link, or no folder ({error.strerror}): name the folder itself with uploads_directory"
        ) from None
    finally:
        os.close(outer)
    try:
        yield inner
    finally:
        os.close(inner)


def _inside(folder: int, name: str, pattern: os.stat_result) -> int:
    """Open a folder in another one; where it is missing it is made by the owner of a pattern, with its mode.

    :raises OSError: something else has that name.
    """
    if not _is_there(name, folder):
        with _account(pattern), suppress(FileExistsError):
            os.mkdir(name, stat.S_IMODE(pattern.st_mode), dir_fd=folder)
    return os.open(name, FOLDER, dir_fd=folder)


@contextmanager
def _account(pattern: os.stat_result) -> Iterator[None]:
    """Make files as the owner of a pattern does, whatever the umask is."""
    user, group, mask = os.geteuid(), os.getegid(), os.umask(0)
    try:
        if user == 0:
            os.setegid(pattern.st_gid)
            os.seteuid(pattern.st_uid)
        yield
    finally:
        os.seteuid(user)
        os.setegid(group)
        os.umask(mask)


@contextmanager
def _coming(directory: str, folder: int) -> Iterator[int]:
    """Give the folder in which files wait, that of an earlier run where there is one, to this run alone.

    rclone gets the same open folder, so it holds the lock, too, where this program is killed and rclone writes on.

    :raises BackupError: it belongs to somebody else, who could lead the files elsewhere, or another run has it.
    """
    try:
        with suppress(FileExistsError):
            os.mkdir(COMING, 0o700, dir_fd=folder)
        coming = os.open(COMING, FOLDER, dir_fd=folder)
    except OSError as error:
        raise BackupError(f"{directory}/{COMING}: {error.strerror}") from None
    try:
        found = os.fstat(coming)
        if found.st_uid != os.geteuid() or found.st_mode & 0o077:
            raise BackupError(f"{directory}/{COMING} was not made by this program: look what it is, and remove it")
        try:
            fcntl.flock(coming, fcntl.LOCK_EX | fcntl.LOCK_NB)
            with suppress(FileExistsError):
                os.mkdir(FILES, 0o700, dir_fd=coming)
        except BlockingIOError:
            raise BackupError(
                f"another run is bringing files back to {directory}: wait until pgrep -a 'backup-uploads|rclone' shows "
                "none with back or --compare-dest, and start this again"
            ) from None
        except FileNotFoundError:
            # The run that had it has removed it.
            raise BackupError(f"another run has just brought files back to {directory}: start this again") from None
        except OSError as error:
            # Not on NFS, whose locks are of files that are open for writing.
            raise BackupError(f"{directory}/{COMING} cannot be locked: {error.strerror}") from None
        yield coming
    finally:
        os.close(coming)


def _is_there(name: str, folder: int) -> bool:
    try:
        os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _count(folder: int) -> int:
    """Return how many files a folder has, without those that wait."""
    count = 0
    for path, folders, names, _descriptor in os.fwalk(".", dir_fd=folder):
        if path == "." and COMING in folders:
            folders.remove(COMING)
        count += len(names)
    return count


def _name_all(directory: str, folder: int, coming: int) -> int:
    """Give all files that wait their names, remove where they waited, and return how many nobody had."""
    brought = 0
    for path, folders, names, source in os.fwalk(FILES, topdown=False, dir_fd=coming):
        if names:
            parts = path.split("/")[1:]
            try:
                target = _descend(folder, parts)
            except OSError as error:
                place = "/".join([directory, *parts])
                raise BackupError(f"{place} is a link, or no folder ({error.strerror}): move it away") from None
            try:
                brought += sum(_name(name, source, target, os.fstat(folder)) for name in names)
            finally:
                os.close(target)
        for name in folders:
            os.rmdir(name, dir_fd=source)
    os.rmdir(FILES, dir_fd=coming)
    return brought


def _descend(folder: int, parts: Sequence[str]) -> int:
    """Open a folder below another one, and make what is missing on the way as that one is.

    :raises OSError: one on the way is a link, or no folder.
    """
    pattern, here = os.fstat(folder), os.dup(folder)
    for part in parts:
        try:
            below = _inside(here, part, pattern)
        finally:
            os.close(here)
        here = below
    return here


def _name(name: str, source: int, target: int, pattern: os.stat_result) -> bool:
    """Give a file its name, and tell whether nobody had that name. It waits no longer then."""
    free = not _is_there(name, target)
    if free:
        os.chmod(name, stat.S_IMODE(pattern.st_mode) & 0o666, dir_fd=source)
        os.chown(name, pattern.st_uid, pattern.st_gid, dir_fd=source, follow_symlinks=False)
        try:
            os.link(name, name, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
        except FileExistsError:
            free = False
    os.unlink(name, dir_fd=source)
    return free


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
    if words not in ([], ["back"], ["back", "all"], ["expect"]):
        print(f"{' '.join(words)} is not known: {USAGE}", file=sys.stderr)
        return 2
    try:
        settings = configuration()
        if not settings["uploads"]["directory"]:
            raise BackupError("this host has no folder of uploads")
        if words == ["expect"]:
            expect(settings["uploads"])
        elif words:
            bring_back(settings["uploads"], Storage(settings["s3"]), everything="all" in words)
        else:
            run_job(settings["uploads"], Storage(settings["s3"]), time.time())
    except (BackupError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0
