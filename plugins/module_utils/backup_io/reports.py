# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reports of jobs that are kept on the host: a folder for each run, and so many of the newest.

This file is also read on the hosts: standard library only.
"""

from __future__ import annotations

import os
import shutil
from typing import Mapping

from ..backup.retention import is_copy
from .command import BackupError

PARTIAL = ".partial-"


def keep(directory: str, name: str, files: Mapping[str, str], count: int) -> str:
    """Write the files of a report into a folder of its own, and remove the oldest reports; return the folder.

    :param name: the moment of the run, as copies have it. What has any other name is never removed.
    :param count: how many reports stay, with this one.
    :raises BackupError: it cannot be written.
    """
    partial, folder = os.path.join(directory, PARTIAL + name), os.path.join(directory, name)
    try:
        for left in os.listdir(directory):
            if left.startswith(PARTIAL):
                shutil.rmtree(os.path.join(directory, left))
        os.mkdir(partial, 0o700)
        for file, text in files.items():
            with open(os.path.join(partial, file), "w", encoding="utf-8") as opened:
                opened.write(text)
        os.rename(partial, folder)
        for old in sorted(filter(is_copy, os.listdir(directory)))[: -max(1, count)]:
            shutil.rmtree(os.path.join(directory, old))
    except OSError as error:
        raise BackupError(f"the report cannot be written: {error}") from None
    return folder
