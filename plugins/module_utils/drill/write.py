# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Writers at a steady rate, each write in a ledger before it is sent. Standard library only: it runs on hosts, too."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from pathlib import Path
from typing import Callable, List, Optional, Sequence, Type, Union

#: The answer that promises that a record is stored.
STORED = 201
#: Sends one record and returns the status of the answer.
SendRecord = Callable[[str, str], int]


class Ledger:
    """The file of a ledger; every line is on disk when a method returns."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def sent(self, key: str, value: str) -> None:
        """Note a write that is about to leave."""
        self._append({"key": key, "value": value})

    def answered(self, key: str, status: int) -> None:
        """Note an answer."""
        self._append({"key": key, "status": status})

    def given_up(self, key: str, error: str) -> None:
        """Note that no answer came."""
        self._append({"key": key, "error": error})

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._descriptor)

    def _append(self, entry: dict[str, Union[str, int]]) -> None:
        # One call for one line: lines of several threads do not mix.
        os.write(self._descriptor, (json.dumps({"at": time.time(), **entry}) + "\n").encode())
        os.fdatasync(self._descriptor)


class Writers:
    """Threads that write records with unique keys, taking turns, until the context is left.

    A writer whose answer is late leaves out the turns that it missed, as a person does who waits.
    """

    def __init__(
        self,
        ledger: Ledger,
        prefix: str,
        sends: Sequence[SendRecord],
        per_second: float,
        failures: tuple[Type[Exception], ...],
    ) -> None:
        """Prepare the threads.

        :param prefix: what all keys begin with; of no other ledger.
        :param sends: what sends a record, one for each writer.
        :param per_second: writes of all writers together.
        :param failures: what a writer raises where no answer came; anything else ends it and is raised at the end.
        """
        self._ledger = ledger
        self._prefix = prefix
        self._failures = failures
        self._interval = len(sends) / per_second
        self._stop = threading.Event()
        self._errors: List[BaseException] = []
        self._threads = [
            threading.Thread(target=self._guarded, args=(number, send, number / per_second))
            for number, send in enumerate(sends)
        ]

    def __enter__(self) -> Writers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise self._errors[0]

    def _guarded(self, number: int, send: SendRecord, delay: float) -> None:
        try:
            self._write(number, send, delay)
        except Exception as error:
            self._errors.append(error)

    def _write(self, number: int, send: SendRecord, delay: float) -> None:
        turn = time.monotonic() + delay
        sequence = 0
        while not self._stop.wait(max(0.0, turn - time.monotonic())):
            sequence += 1
            self._one(send, f"{self._prefix}-{number}-{sequence}")
            missed = max(0.0, time.monotonic() - turn) // self._interval
            turn += (missed + 1) * self._interval

    def _one(self, send: SendRecord, key: str) -> None:
        value = hashlib.sha256(key.encode()).hexdigest()[:16]
        self._ledger.sent(key, value)
        status: Optional[int] = None
        try:
            status = send(key, value)
        except self._failures as error:
            self._ledger.given_up(key, " ".join(f"{type(error).__name__}: {error}".split()))
        if status is not None:
            self._ledger.answered(key, status)
