# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Positions in PostgreSQL's log, and how far one server is behind another."""

from __future__ import annotations

import re
from typing import Optional

#: https://www.postgresql.org/docs/15/datatype-pg-lsn.html: two hexadecimal numbers of up to 8 digits each.
_LSN = re.compile(r"([0-9A-Fa-f]{1,8})/([0-9A-Fa-f]{1,8})\Z")


def parse_lsn(text: str) -> int:
    """Return a position as bytes since the beginning of the log.

    >>> parse_lsn("0/3000060")
    50331744

    :raises ValueError: the text is no position.
    """
    match = _LSN.match(text)
    if not match:
        raise ValueError(f"{text!r} is no position in the log; one looks like 0/3000060")
    high, low = (int(part, 16) for part in match.groups())
    return (high << 32) + low


def show_lsn(position: int) -> str:
    """Return a position as PostgreSQL prints it.

    >>> show_lsn(50331744)
    '0/3000060'
    """
    return f"{position >> 32:X}/{position & 0xFFFFFFFF:X}"


def lag_bytes(ahead: Optional[int], behind: Optional[int]) -> Optional[int]:
    """Return how many bytes of log one server lacks that the other has, or None where a position is unknown.

    Two servers are never asked at the very same time, so the one behind may have been asked later: that is no lag.
    """
    if ahead is None or behind is None:
        return None
    return max(0, ahead - behind)


def lag_seconds(missing: Optional[int], measured: Optional[float], since_replay: Optional[float]) -> Optional[float]:
    """Return how old the content of a standby is, in seconds, or None where nothing tells.

    :param missing: the bytes that it lacks.
    :param measured: what its sender measured (``pg_stat_replication.replay_lag``), the best answer. The sender
        forgets it while nothing is written, and knows nothing of a standby that is not connected.
    :param since_replay: the age of the newest commit that the standby replayed. Where no bytes lack, nothing has been
        committed since, so this age is no lag (https://www.postgresql.org/docs/15/functions-admin.html).
    """
    if missing == 0:
        return 0.0
    if measured is not None:
        return round(measured, 3)
    return None if since_replay is None else round(max(0.0, since_replay), 3)


def first_byte(segment: str, segment_size: int = 1 << 24) -> int:
    """Return the position at which a segment of the log begins, by its name of 24 digits.

    >>> show_lsn(first_byte("000000010000000100000002"))
    '1/2000000'
    """
    return (int(segment[8:16], 16) << 32) + int(segment[16:24], 16) * segment_size
