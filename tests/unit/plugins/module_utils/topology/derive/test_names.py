# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from dataclasses import astuple

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive import names
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import TopologyError
from tests.unit.plugins.module_utils.topology.derive import small


def entries(host):
    return [astuple(entry) for entry in names.hosts_file(small.with_outside(), host)]


def test_every_host_has_a_line_with_its_whole_name_first():
    found = entries("lb1")
    assert found[0] == ("10.1.0.10", ("bastion1.example.internal", "bastion1"))
    everybody = (*small.topology().hosts, *small.with_outside().outside.hosts)
    assert [address for address, _names in found] == [str(host.address) for host in everybody]


def test_on_hosts_of_the_api_the_database_is_the_route_on_the_host_itself():
    assert entries("api1") == [*entries("lb1"), ("127.0.0.1", ("database.example.internal", "database"))]
    assert names.database_name(small.topology()) == "database.example.internal"


def test_a_host_that_nobody_declared_is_a_mistake():
    with pytest.raises(TopologyError, match=r"^db9: no host of the topology has this name$"):
        names.hosts_file(small.topology(), "db9")
