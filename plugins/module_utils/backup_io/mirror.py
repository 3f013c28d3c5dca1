# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The program backup-mirror: a second server for Git repositories, and copies of them in object storage.

The mirror is what the repository is: what was deleted or rewritten there is so here. Therefore, whenever anything
changed, a bundle of everything is made and kept like a dump.

This file is also read on the hosts: standard library only.
"""

# A program of hosts, no module: it prints, starts others and ends by itself.
# pylint: disable=ansible-bad-function
from __future__ import annotations

import os
import shutil
import sys
from typing import Any, Dict, Mapping, Optional

from ..backup.retention import Policy
from .command import BackupError, run
from .copies import PARTIAL, Copies
from .reported import report
from .storage import Storage, configuration

FOLDER = "git"
BUNDLE = "repository.bundle"
#: A file beside the mirror: the references of which the last bundle was made.
BUNDLED = "bundled"


class Mirror:
    """One repository: its mirror, and the bundles of it."""

    def __init__(self, name: str, url: str, settings: Mapping[str, Any], storage: Optional[Storage]) -> None:
        directory = os.path.join(settings["directory"], name)
        self._url = url
        self._path = os.path.join(directory, "mirror.git")
        self._bundled = os.path.join(directory, BUNDLED)
        self._environment = {**os.environ, **_access(settings)}
        self.copies = Copies(os.path.join(directory, "bundles"), storage, f"{FOLDER}/{name}")
        os.makedirs(self.copies.path(""), mode=0o700, exist_ok=True)

    def _git(self, *arguments: str) -> str:
        return run(["git", *arguments], self._environment)

    def update(self) -> None:
        """Make the mirror what the repository is, and check all its objects."""
        if os.path.isdir(self._path):
            self._git("-C", self._path, "remote", "set-url", "origin", self._url)
            self._git("-C", self._path, "fetch", "--quiet", "--prune", "origin")
        else:
            partial = os.path.join(os.path.dirname(self._path), f"{PARTIAL}mirror.git")
            shutil.rmtree(partial, ignore_errors=True)
            self._git("clone", "--quiet", "--mirror", self._url, partial)
            os.rename(partial, self._path)
        self._git("-C", self._path, "fsck", "--full", "--no-dangling", "--no-progress")

    def bundle(self) -> bool:
        """Make a bundle if anything changed since the last one; return whether."""
        references = self._git("-C", self._path, "for-each-ref", "--format=%(objectname) %(refname)")
        if not references or (references == _read(self._bundled) and self.copies.here()[0]):
            return False
        name = self.copies.begin()
        path = os.path.join(self.copies.partial(name), BUNDLE)
        self._git("-C", self._path, "bundle", "create", "--quiet", path, "--all")
        self._git("-C", self._path, "bundle", "verify", "--quiet", path)
        self.copies.complete(name, {"url": self._url, "references": len(references.splitlines())})
        with open(self._bundled, "w", encoding="utf-8") as file:
            file.write(references)
        return True


def _access(settings: Mapping[str, Any]) -> Dict[str, str]:
    """Return what tells Git to ask nobody, and how it logs in over SSH."""
    ssh = "ssh -o BatchMode=yes -o StrictHostKeyChecking=yes"
    if settings.get("ssh_key_file"):
        ssh += (
            f" -o IdentitiesOnly=yes -i {settings['ssh_key_file']} -o UserKnownHostsFile={settings['known_hosts_file']}"
        )
    return {"GIT_TERMINAL_PROMPT": "0", "GIT_SSH_COMMAND": ssh}


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def run_job(settings: Mapping[str, Any], storage: Optional[Storage]) -> bool:
    """Mirror every repository; return whether all could be."""
    options, failed, bundled = settings["git"], 0, 0
    for repository in options["repositories"]:
        try:
            mirror = Mirror(repository["name"], repository["url"], options, storage)
            mirror.update()
            made = mirror.bundle()
            # What is not in the storage yet stays here.
            mirror.copies.send()
            mirror.copies.remove_here(Policy(options["keep_days"]))
            mirror.copies.remove_there(Policy(options["keep_days_stored"], options["keep_months_stored"]))
        except BackupError as error:
            failed += 1
            print(f"{repository['name']}: {error}", file=sys.stderr, flush=True)
            continue
        bundled += made
        print(f"{repository['name']}: mirrored{', and a bundle was made' if made else ''}", flush=True)
    report(repositories=len(options["repositories"]), repositories_failed=failed, bundles_made=bundled)
    return not failed


def main() -> int:
    """Do the job; return the exit status."""
    os.umask(0o077)
    try:
        settings = configuration()
        done = run_job(settings, Storage(settings["s3"]) if settings["s3"] else None)
    except BackupError as error:
        print(error, file=sys.stderr)
        return 1
    return 0 if done else 1
