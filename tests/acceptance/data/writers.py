# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writers on a host of the application (ledger_host.py), started, read and stopped from here."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from pathlib import Path
from typing import IO, List, Optional, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.drill import ledger as ledger_book
from ansible_collections.freeagentics.platform.plugins.module_utils.drill.ledger import Attempt
from tests.acceptance.data.hosts import Hosts

ROOT = Path(__file__).resolve().parents[3]
#: The program: where its files are in the repository, and what they are imported by.
PROGRAM = {
    f"{folder}{name}": f"{prefix}{folder}{name}"
    for prefix, folder, name in (
        ("ansible_collections/freeagentics/platform/", "plugins/module_utils/drill/", "write.py"),
        ("", "tests/acceptance/", "ledger_host.py"),
    )
}
#: Where the program and its ledgers lie on a host; not in /run, which is no disk.
FOLDER = "/var/tmp/ledger"


class HostWriters:
    """Writes to the database or the cache from an application's host while the context lasts."""

    def __init__(self, hosts: Hosts, host: str, store: str, prefix: str) -> None:
        """Prepare.

        :param store: ``database`` or ``cache``.
        :param prefix: what the keys begin with; of no other ledger.
        """
        self._hosts = hosts
        self._host = host
        self._file = f"{FOLDER}/{prefix}.jsonl"
        # To a file: nobody reads what drivers complain of while they write, and a full pipe would stop them.
        self._complaints = f"{FOLDER}/{prefix}.log"
        self._command = [
            "sh",
            "-c",
            f'exec "$@" 2>{self._complaints}',
            "sh",
            "env",
            "-C",
            FOLDER,
            "PYTHONDONTWRITEBYTECODE=1",
            "python3",
            "-m",
            "tests.acceptance.ledger_host",
        ]
        self._command += [store, "--ledger", self._file, "--prefix", prefix]
        self._process: Optional[subprocess.Popen[str]] = None
        self._said = ""
        #: Where to the writers write: of the cache, the address of the shard's master.
        self.target = ""

    def __enter__(self) -> HostWriters:
        self._hosts.on(self._host, "mkdir", "-p", FOLDER)
        self._hosts.on(self._host, "tar", "-x", "-C", FOLDER, stdin=_packed())
        self._process = subprocess.Popen(
            self._hosts.command(self._host, *self._command),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.target = _stream(self._process.stdout).readline().strip()
        if not self.target:
            self._process.communicate()
            raise AssertionError(f"{self._host}: {self._complained}")
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._said = self._process.communicate(timeout=120)[0]
        assert self._process.returncode == 0, f"{self._host}: {self._complained}"

    @property
    def _complained(self) -> str:
        """What the program wrote to its standard error, the end of it."""
        return self._hosts.on(self._host, "tail", "-c", "4000", self._complaints)

    @property
    def attempts(self) -> List[Attempt]:
        """What was written until now."""
        return ledger_book.read(self._hosts.on(self._host, "cat", self._file).splitlines(keepends=True))

    @property
    def found(self) -> List[Tuple[str, str]]:
        """What the writers to the cache read at their end: each key that is there, with its value."""
        return [(key, value) for key, value in json.loads(self._said)]


def _stream(stream: Optional[IO[str]]) -> IO[str]:
    assert stream is not None
    return stream


def _packed() -> bytes:
    """Return the program as an archive with the folders that its modules are named by."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path, name in PROGRAM.items():
            archive.add(ROOT / path, arcname=name)
    return buffer.getvalue()
