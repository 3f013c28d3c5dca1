# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The file in which keys are carried from one cluster to another that cannot be reached from the same host.

A line of JSON that says what it is, then the keys, the most valuable first, then a SHA-256 of all that. A record is
its sizes and times as :data:`RECORD` has them, the key, and the payload of DUMP, which has a checksum of its own.
"""

from __future__ import annotations

import hashlib
import json
import struct
from typing import Any, BinaryIO, Dict, Iterator, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm.plan import FREQ, IDLETIME, Copied

FORMAT = "keys of a Redis cluster, format 1"
#: Bytes of the key, bytes of the payload, time of expiry in milliseconds since 1970 (-1: never), use (FREQ, or -1 -
#: IDLETIME), big-endian.
RECORD = struct.Struct(">IIqq")
_DIGEST = hashlib.sha256().digest_size
_BLOCK = 1 << 20
#: No header that :class:`Writer` writes is longer.
_HEADER = 4096


class ArchiveError(Exception):
    """The file is not what a run with ``state: saved`` wrote, whole; the text says what is wrong."""


class Writer:
    """Writes keys to a file, which is whole after :meth:`close`."""

    def __init__(self, file: BinaryIO, about: Dict[str, Any], max_bytes: int) -> None:
        """Begin a file.

        :param about: what the header says beside the format.
        :param max_bytes: no more is written.
        """
        self._file, self._digest, self._max_bytes = file, hashlib.sha256(), max_bytes
        self.bytes = _DIGEST
        self._write(json.dumps({"format": FORMAT, **about}).encode() + b"\n")

    def _write(self, block: bytes) -> None:
        self._file.write(block)
        self._digest.update(block)
        self.bytes += len(block)

    def add(self, copied: Copied) -> bool:
        """Write a key; return False where the file would become too large."""
        if self.bytes + RECORD.size + len(copied.key) + len(copied.payload) > self._max_bytes:
            return False
        expires = -1 if copied.expires_at is None else copied.expires_at
        use = copied.use if copied.measure == FREQ else -1 - copied.use
        self._write(RECORD.pack(len(copied.key), len(copied.payload), expires, use) + copied.key + copied.payload)
        return True

    def close(self) -> None:
        """Write the checksum."""
        self._file.write(self._digest.digest())


def check(file: BinaryIO) -> Tuple[Dict[str, Any], int]:
    """Read a file from its beginning and return its header and the position at which its keys end.

    The file is then at its first key.

    :raises ArchiveError: it is no such file, or not as it was written.
    """
    header = file.readline(_HEADER)
    try:
        about = json.loads(header)
        known = about["format"] == FORMAT
    except (ValueError, TypeError, KeyError):
        known = False
    if not known:
        raise ArchiveError("it is no file that a run with state=saved wrote; write it again")
    digest, last = hashlib.sha256(header), b""
    while True:
        block = file.read(_BLOCK)
        last += block
        digest.update(last[:-_DIGEST])
        last = last[-_DIGEST:]
        if not block:
            break
    if digest.digest() != last:
        raise ArchiveError("its checksum is wrong: it was cut off or changed on its way; bring it over again")
    end = file.tell() - _DIGEST
    file.seek(len(header))
    return about, end


def read(file: BinaryIO, end: int) -> Iterator[Copied]:
    """Return the keys of a file that :func:`check` found right, one after the other."""
    while file.tell() < end:
        key_bytes, payload_bytes, expires, use = RECORD.unpack(file.read(RECORD.size))
        key, payload = file.read(key_bytes), file.read(payload_bytes)
        measure, value = (FREQ, use) if use >= 0 else (IDLETIME, -1 - use)
        yield Copied(key, payload, None if expires < 0 else expires, measure, value)
