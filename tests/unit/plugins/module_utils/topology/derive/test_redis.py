# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive import redis
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import TopologyError
from ansible_collections.freeagentics.platform.plugins.plugin_utils.topology_file import load

PROD = load(str(Path(__file__).resolve().parents[6] / "inventories" / "prod" / "topology.yml"))


def test_each_region_has_a_cluster_of_its_own():
    east, west = redis.cluster(PROD, "redis1"), redis.cluster(PROD, "west-api1")
    assert (east.name, east.shards, east.replicas, len(east.nodes)) == ("freeagentics-us-east-1", 3, 2, 9)
    assert east.nodes[0] == redis.Node("redis1", "10.0.20.31", 6379, 16379, "us-east-1a")
    assert (west.name, west.shards, west.replicas) == ("freeagentics-us-west-2", 3, 0)
    assert [node.name for node in west.nodes] == ["west-redis1", "west-redis2", "west-redis3"]


def test_a_region_without_a_cluster_says_what_to_declare():
    with pytest.raises(TopologyError) as caught:
        redis.cluster(replace(PROD, placement={}), "redis1")
    assert str(caught.value) == (
        "placement.us-east-1.redis: no Redis Cluster is declared here: give hosts the service redis, "
        "and write shards and replicas"
    )
