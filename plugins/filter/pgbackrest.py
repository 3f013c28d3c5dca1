# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who talks pgBackRest's protocol with whom."""

from __future__ import annotations

from dataclasses import asdict

from ansible_collections.freeagentics.platform.plugins.filter.topology import of_file
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive import pgbackrest


def pgbackrest_peers(topology, host):
    """Return what a host's pgBackRest calls, and who may call it."""
    return asdict(pgbackrest.peers(topology, host))


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {"pgbackrest_peers": of_file(pgbackrest_peers)}
