# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When a process began, as Linux tells it; proc(5) describes the file."""

from __future__ import annotations


def begun(stat: str, now: float, since_boot: float, ticks: int) -> float:
    """Return when a process began, in seconds of the epoch.

    :param stat: its ``/proc/<number>/stat``.
    :param now: the seconds of the epoch, and ``since_boot`` those since the machine started, at the same moment.
    :param ticks: how many ticks of that file are a second.
    :raises ValueError: it is no such file.

    >>> begun("7 (ansible-playboo) S" + " 0" * 18 + " 500 0", 1000.0, 8.0, 100)
    997.0
    """
    # The name, in brackets, may hold blanks and brackets; the state behind it is the third field, the start the 22nd.
    fields = stat.rpartition(")")[2].split()
    if len(fields) < 20 or not fields[19].isdigit():
        raise ValueError(f"no stat of a process: {stat!r}")
    return now - since_boot + int(fields[19]) / ticks
