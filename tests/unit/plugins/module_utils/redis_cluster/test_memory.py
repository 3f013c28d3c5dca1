# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.memory import MIB, maxmemory


@pytest.mark.parametrize(
    ("host_mib", "redis_mib"),
    [(0, 0), (-1, 0), (256, 64), (512, 128), (1024, 256), (2048, 640), (16 * 1024, 10240), (32 * 1024, 21120)],
)
def test_memory_is_shared_with_the_process_that_writes_copies(host_mib, redis_mib):
    assert maxmemory(host_mib) == redis_mib * MIB
