# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The first bytes of pg_control, which say whether a server was shut down, and where its log ends then."""

from __future__ import annotations

import struct
from typing import NamedTuple, Optional

#: ControlFileData of src/include/catalog/pg_control.h, the same from PostgreSQL 9.3 to 18: the system identifier, two
#: version numbers, the state, and behind four bytes of padding the time of the last change and the last checkpoint.
_FIELDS = struct.Struct("=QIIi4xqQ")
#: DB_SHUTDOWNED of the same file: nothing is written any more, and the last checkpoint is the last record of the log.
SHUT_DOWN = 1
SIZE = _FIELDS.size


class Control(NamedTuple):
    """The system identifier, the state as a number, and the position of the last checkpoint's record, in bytes."""

    identifier: int
    state: int
    checkpoint: int

    @property
    def shut_down(self) -> bool:
        """Whether the server was a primary and was shut down cleanly."""
        return self.state == SHUT_DOWN


def parse(content: bytes) -> Optional[Control]:
    """Return what the file begins with, None where it is too short."""
    if len(content) < SIZE:
        return None
    identifier, _control_version, _catalog_version, state, _time, checkpoint = _FIELDS.unpack(content[:SIZE])
    return Control(identifier, state, checkpoint)
