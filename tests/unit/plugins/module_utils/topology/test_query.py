"""Questions to a topology."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import TopologyError
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.parse import parse
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.query import index, peers_region

from .test_parse import declaration


@pytest.fixture(name="known")
def known_topology():
    return index(parse(declaration()))


def names(hosts):
    return [host.name for host in hosts]


def test_members_are_those_of_one_region_or_of_all(known):
    assert names(known.members("bastion", "west")) == ["west-bastion1"]
    assert names(known.members("bastion")) == ["bastion1", "west-bastion1"]
    assert names(known.members("database", "east")) == ["db1", "db2"]
    assert known.members("database", "west") == ()


def test_a_host_is_meant_by_its_services_and_groups(known):
    assert known.endpoints(known.host("db1")) == ("platform", "postgres", "etcd", "database", "store")


def test_an_unknown_host_is_named(known):
    with pytest.raises(TopologyError) as caught:
        known.host("db9")
    assert str(caught.value) == "db9: no host of the topology has this name"


def test_a_host_outside_has_no_flows(known):
    assert known.host("client").subnet == "outside"
    with pytest.raises(TopologyError) as caught:
        known.platform_host("client")
    assert str(caught.value) == "client: this host stands outside of the platform, where no flows are declared"


def test_the_index_of_a_topology_is_built_once(known):
    assert index(known.topology) is known


def test_peers_stand_in_the_region_unless_a_flow_crosses_regions(known):
    flows = {flow.name: flow for flow in known.topology.flows}
    assert peers_region(flows["site"], "east") == "east"
    assert peers_region(flows["replication"], "east") is None
