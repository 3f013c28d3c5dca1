# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the declaration and a host's hardware imply for Redis."""

from __future__ import annotations

from dataclasses import asdict

from ansible_collections.freeagentics.platform.plugins.filter.topology import of_file
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.memory import maxmemory
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive import redis


def redis_cluster_nodes(topology, host):
    """Return the Redis Cluster of a host's region."""
    return asdict(redis.cluster(topology, host))


def redis_maxmemory(hardware):
    """Return the bytes that Redis may fill on a host."""
    return maxmemory(int(hardware.get("memory_mb", 0)))


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {"redis_cluster_nodes": of_file(redis_cluster_nodes), "redis_maxmemory": redis_maxmemory}
