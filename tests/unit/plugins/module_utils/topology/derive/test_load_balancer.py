# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from dataclasses import astuple

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive import load_balancer
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import TopologyError
from tests.unit.plugins.module_utils.topology.derive import small


def test_backends_are_the_application_servers_of_the_same_region():
    assert [astuple(backend) for backend in load_balancer.backends(small.topology(), "lb1")] == [
        ("api", (("api1", "10.1.10.10", 8000),)),
        ("websocket", (("api1", "10.1.10.10", 8000),)),
        ("web", (("web1", "10.1.10.20", 3000),)),
    ]


def test_a_region_without_application_servers_has_empty_backends():
    assert [astuple(backend) for backend in load_balancer.backends(small.topology(), "west-lb1")] == [
        ("api", ()),
        ("websocket", ()),
        ("web", ()),
    ]


def test_peers_are_the_load_balancers_of_the_same_region_itself_included():
    assert [astuple(peer) for peer in load_balancer.peers(small.topology(), "lb2")] == [
        ("lb1", "10.1.1.10", 1024),
        ("lb2", "10.1.1.11", 1024),
    ]


def test_an_unknown_host_is_an_error():
    with pytest.raises(TopologyError) as caught:
        load_balancer.backends(small.topology(), "lb9")
    assert str(caught.value) == "lb9: no host of the topology has this name"
