# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copies on this host and in object storage: made, completed, checked, sent, fetched and removed.

A copy is a folder. While it is being made its name begins with a mark; it gets its own name by one step once it has
its manifest. In the storage the manifest is sent after everything else has been read back.

This file is also read on the hosts: standard library only.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from datetime import datetime, timezone
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

from ..backup import manifest, retention
from .command import BackupError
from .storage import STORE, Storage

PARTIAL = ".partial-"
CHUNK = 1 << 20


def entries(directory: str) -> Dict[str, manifest.Entry]:
    """Return the files of a copy but its manifest, read from the disk."""
    return {path: _entry(os.path.join(directory, path)) for path in _files(directory) if path != manifest.NAME}


def _files(directory: str) -> Iterator[str]:
    for folder, _folders, names in os.walk(directory):
        for name in names:
            yield os.path.relpath(os.path.join(folder, name), directory)


def _entry(path: str) -> manifest.Entry:
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for chunk in iter(lambda: file.read(CHUNK), b""):
            digest.update(chunk)
        return manifest.Entry(file.tell(), digest.hexdigest())


def check(directory: str) -> manifest.Manifest:
    """Read every file of a copy and compare it with the manifest; return that.

    :raises BackupError: there is none, or something differs.
    """
    try:
        with open(os.path.join(directory, manifest.NAME), encoding="utf-8") as file:
            wanted = manifest.parse(file.read())
    except OSError as error:
        raise BackupError(f"{directory} is no complete copy: {manifest.NAME}: {error.strerror}") from None
    except manifest.ManifestError as error:
        raise BackupError(f"{directory}: {error}") from None
    found = manifest.differences(wanted, entries(directory))
    if found:
        raise BackupError("\n".join(f"{directory}: {one}" for one in found))
    return wanted


class Copies:
    """The copies of one thing, in a folder of this host and, with a storage, in a folder of that."""

    def __init__(self, directory: str, storage: Optional[Storage] = None, folder: str = "") -> None:
        self._directory = directory
        self._storage = storage
        self._folder = folder

    def path(self, name: str) -> str:
        """Return where a copy is on this host."""
        return os.path.join(self._directory, name)

    def begin(self) -> str:
        """Make the folder of a new copy, which is not complete yet; return the copy's name.

        What an earlier run began and did not complete goes: its job is over, since jobs hold a lock.
        """
        for left in os.listdir(self._directory):
            if left.startswith(PARTIAL):
                _remove(self.path(left))
        name = retention.name_at(datetime.now(timezone.utc))
        os.makedirs(self.partial(name), mode=0o700)
        return name

    def partial(self, name: str) -> str:
        """Return where a copy is that is being made."""
        return self.path(PARTIAL + name)

    def discard(self, name: str) -> None:
        """Remove a copy that is being made and will not become complete."""
        _remove(self.partial(name))

    def complete(self, name: str, about: Mapping[str, Any]) -> manifest.Manifest:
        """Give a copy its manifest, and its own name once everything has been read again; return the manifest.

        :raises BackupError: what is read is not what was written.
        """
        partial = self.partial(name)
        made = manifest.Manifest(entries(partial), about)
        with open(os.path.join(partial, manifest.NAME), "x", encoding="utf-8") as file:
            file.write(manifest.render(made))
            file.flush()
            os.fsync(file.fileno())
        os.sync()
        check(partial)
        os.rename(partial, self.path(name))
        return made

    def here(self) -> Tuple[List[str], List[str]]:
        """Return the complete and the incomplete copies of this host."""
        complete, incomplete = [], []
        for name in sorted(os.listdir(self._directory)):
            if os.path.exists(os.path.join(self.path(name), manifest.NAME)) and not name.startswith(PARTIAL):
                complete.append(name)
            elif os.path.isdir(self.path(name)):
                incomplete.append(name[len(PARTIAL) :] if name.startswith(PARTIAL) else name)
        return [one for one in complete if retention.is_copy(one)], incomplete

    def there(self) -> Tuple[List[str], List[str]]:
        """Return the complete and the incomplete copies of the storage."""
        if self._storage is None:
            return [], []
        every = {name.rstrip("/") for name in self._storage.names(self._folder, "--dirs-only")}
        found = self._storage.names(self._folder, "--recursive", "--files-only", "--include", f"/*/{manifest.NAME}")
        complete = {os.path.dirname(path) for path in found}
        return sorted(filter(retention.is_copy, complete)), sorted(every - complete)

    def send(self) -> Tuple[str, ...]:
        """Bring every complete copy of this host to the storage that is not there; return their names.

        :raises BackupError: it cannot be sent, or what is read back differs.
        """
        if self._storage is None:
            return ()
        lacking = sorted(set(self.here()[0]) - set(self.there()[0]))
        for name in lacking:
            local, remote = self.path(name), f"{STORE}:{self._folder}/{name}"
            self._storage.rclone("sync", "--exclude", f"/{manifest.NAME}", local, remote)
            self._storage.rclone("check", "--download", "--exclude", f"/{manifest.NAME}", local, remote)
            self._storage.rclone("copy", "--include", f"/{manifest.NAME}", local, remote)
        return tuple(lacking)

    def fetch(self, name: str, directory: str) -> manifest.Manifest:
        """Bring a copy from the storage into a new folder and check it; return its manifest.

        :raises BackupError: there is no storage, the folder exists, or the copy is not what its manifest says.
        """
        if self._storage is None:
            raise BackupError("this host has no object storage to fetch from")
        try:
            os.makedirs(directory, mode=0o700)
        except FileExistsError:
            raise BackupError(f"{directory} exists; name a folder that does not") from None
        self._storage.rclone("copy", f"{STORE}:{self._folder}/{name}", directory)
        return check(directory)

    def remove_here(self, policy: retention.Policy) -> Tuple[str, ...]:
        """Remove the copies of this host that have served their time; return their names."""
        gone = retention.expired(*self.here(), policy)
        for name in gone:
            for path in (self.path(name), self.partial(name)):
                _remove(path)
        return gone

    def remove_there(self, policy: retention.Policy) -> Tuple[str, ...]:
        """Remove the copies of the storage that have served their time; return their names."""
        if self._storage is None:
            return ()
        complete, incomplete = self.there()
        gone = retention.expired(complete, incomplete, policy)
        for name in gone:
            if name in complete:
                self._storage.rclone("deletefile", f"{STORE}:{self._folder}/{name}/{manifest.NAME}")
            self._storage.rclone("purge", f"{STORE}:{self._folder}/{name}")
        return gone


def _remove(directory: str) -> None:
    """Remove a folder; its manifest first, so that what is left by an interrupt is not taken for a copy."""
    try:
        os.unlink(os.path.join(directory, manifest.NAME))
    except FileNotFoundError:
        pass
    if os.path.isdir(directory):
        shutil.rmtree(directory)
