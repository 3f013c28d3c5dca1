# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.freeagentics.platform.plugins.filter.redis import FilterModule

ROOT = Path(__file__).resolve().parents[4]
PROD = str(ROOT / "inventories" / "prod" / "topology.yml")
FILTERS = FilterModule().filters()


def test_the_cluster_is_plain_lists_and_mappings():
    found = FILTERS["redis_cluster_nodes"](PROD, "west-redis2")
    assert (found["name"], found["shards"], found["replicas"]) == ("freeagentics-us-west-2", 3, 0)
    assert found["nodes"][0] == {
        "name": "west-redis1",
        "address": "10.1.20.31",
        "port": 6379,
        "bus_port": 16379,
        "zone": "us-west-2a",
    }


def test_an_unknown_host_is_an_error_with_the_file():
    with pytest.raises(AnsibleFilterError) as caught:
        FILTERS["redis_cluster_nodes"](PROD, "redis99")
    assert str(caught.value) == f"{PROD}: redis99: no host of the topology has this name"


def test_memory_follows_the_hardware():
    assert FILTERS["redis_maxmemory"]({"memory_mb": 16384}) == 10240 * 1024 * 1024
    assert FILTERS["redis_maxmemory"]({}) == 0
