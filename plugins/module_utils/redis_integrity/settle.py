# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks at a cluster again until what passes has passed."""

from __future__ import annotations

from typing import Callable, Dict, List, NamedTuple

from ansible_collections.freeagentics.platform.plugins.module_utils.observe.findings import NotChecked
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_info.describe import Cluster
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_integrity.findings import Finding
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_integrity.inspect import (
    TRANSIENT,
    Counted,
    Wanted,
    counted,
    inspect,
    not_checked,
    pairs_of,
)

#: Seconds between two looks: a busy master and its replica stand at one offset in a moderate part of all moments.
PAUSE = 0.25


class Settled(NamedTuple):
    """The last look at a cluster, what is wrong then, the counts of keys as of one moment, and what is not known."""

    cluster: Cluster
    findings: List[Finding]
    counts: List[Counted]
    not_checked: List[NotChecked]


def settle(
    look: Callable[[], Cluster],
    wanted: Wanted,
    seconds: float,
    clock: Callable[[], float],
    sleep: Callable[[float], None],
) -> Settled:
    """Look again and again until nothing is wrong that may pass, and the keys of all replicas were counted.

    :param seconds: for how long. What is wrong at the end is told.
    """
    deadline = clock() + seconds
    counts: Dict[str, Counted] = {}
    while True:
        cluster = look()
        found = inspect(cluster, wanted)
        for entry in counted(cluster):
            counts.setdefault(entry.replica, entry)
        uncounted = [pair.replica for pair in pairs_of(cluster) if pair.replica not in counts]
        if not (uncounted or any(finding.kind in TRANSIENT for finding in found)) or clock() >= deadline:
            break
        sleep(PAUSE)
    reason = "it and its master were never seen at one offset: look again at a quieter time, or raise settle"
    left = [NotChecked("key counts", "keys", name, reason) for name in uncounted]
    return Settled(cluster, found, list(counts.values()), not_checked(cluster) + left)
