# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How much of a host's memory Redis may fill with keys and values."""

from __future__ import annotations

MIB = 1024 * 1024
#: MiB that the system, the exporter and the buffers of clients and replicas need in any case.
RESERVE = 1024
#: The result is a multiple of so many MiB: another kernel, which finds a little less memory, restarts no node.
STEP = 128


def maxmemory(host_mib: int) -> int:
    """Return the bytes for maxmemory on a host of so many MiB that runs nothing else; 0 if that is unknown.

    Two thirds of what is beyond the reserve. The last third is for the forked process that rewrites the append-only
    file or sends a full copy to a replica: it shares all pages at first, and each page that is written meanwhile is
    needed twice, so half of them may change before memory runs out. A host of less than 1.6 GiB, which only a lab
    has, gives a quarter of its memory.
    """
    if host_mib <= 0:
        return 0
    found = max(host_mib // 4, (host_mib - RESERVE) * 2 // 3)
    return max(found - found % STEP, min(found, STEP)) * MIB
