# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Object storage as backup jobs see it: S3, in which everything is encrypted here before it is sent.

rclone does both. It is told of the account and the passphrase by its environment, so that it keeps no file of its own,
and no secret is on a command line.

This file is also read on the hosts: standard library only.
"""

# A program of hosts, no module: it prints, starts others and ends by itself.
# pylint: disable=ansible-bad-function
from __future__ import annotations

import json
import os
import sys
from typing import Any, Dict, List, Mapping, Sequence

from .command import BackupError, CommandError, run

CONFIGURATION = "/etc/backup/backup.json"
#: The remote whose content and names are encrypted, and the plain one below it.
STORE, PLAIN = "store", "plain"
#: rclone's exit status for a folder that is not there.
NO_FOLDER = 3


def configuration(path: str = CONFIGURATION) -> Dict[str, Any]:
    """Read the configuration of this host's jobs.

    :raises BackupError: it cannot be read.
    """
    try:
        with open(path, encoding="utf-8") as file:
            found: Dict[str, Any] = json.load(file)
    except (OSError, ValueError) as error:
        raise BackupError(f"{path} cannot be read: {error}") from None
    return found


def environment(s3: Mapping[str, str], obscured: str) -> Dict[str, str]:
    """Return what tells rclone of the storage.

    :param obscured: the passphrase as rclone wants it, which is no encryption.
    """
    plain = {
        "type": "s3",
        "provider": "Other",
        "endpoint": f"https://{s3['endpoint']}",
        "region": s3["region"],
        "force_path_style": str(s3.get("uri_style") == "path").lower(),
        "access_key_id": s3["access_key"],
        "secret_access_key": s3["secret_key"],
        "no_check_bucket": "true",
    }
    store = {"type": "crypt", "remote": f"{PLAIN}:{s3['bucket']}{s3['path']}", "password": obscured}
    remotes = {PLAIN: plain, STORE: store}
    found = {f"RCLONE_CONFIG_{name}_{key}".upper(): value for name in remotes for key, value in remotes[name].items()}
    trusted = {"RCLONE_CA_CERT": s3["ca"]} if s3.get("ca") else {}
    return {**found, **trusted, "RCLONE_CONFIG": ""}


class Storage:
    """The encrypted storage."""

    def __init__(self, s3: Mapping[str, str]) -> None:
        obscured = run(["rclone", "obscure", "-"], text=s3["passphrase"]).strip()
        # What the caller's environment says of another account or configuration is not meant here.
        others = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "RCLONE_"))}
        self.environment = {**others, **environment(s3, obscured)}

    def rclone(self, *arguments: str, descriptors: Sequence[int] = ()) -> str:
        """Run rclone and return what it printed.

        :param descriptors: open folders that the arguments name by C(/proc/self/fd).
        :raises CommandError: it failed.
        """
        return run(["rclone", *arguments], self.environment, descriptors=descriptors)

    def names(self, folder: str, *options: str) -> List[str]:
        """Return what is in a folder of the storage; nothing where there is no such folder."""
        try:
            return self.rclone("lsf", *options, f"{STORE}:{folder}").splitlines()
        except CommandError as error:
            if error.status == NO_FOLDER:
                return []
            raise


def main() -> None:
    """Be rclone with the host's storage as the remote ``store:``."""
    try:
        s3 = configuration()["s3"]
        if not s3:
            raise BackupError("this host has no object storage")
        os.execvpe("rclone", ["rclone", *sys.argv[1:]], Storage(s3).environment)
    except BackupError as error:
        sys.exit(str(error))
