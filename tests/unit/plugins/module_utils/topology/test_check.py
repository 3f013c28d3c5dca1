# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What has to hold between parts is checked only where the parts themselves are right."""

from __future__ import annotations

from ansible_collections.freeagentics.platform.plugins.module_utils.topology import check
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.parse import parse
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.reading import Reader

from .test_parse import HOSTS, changed, declaration, mistakes


def test_a_right_topology_gives_no_mistake():
    reader = Reader()
    check.whole(reader, parse(declaration()))
    assert reader.errors == []


def test_a_host_that_is_wrong_is_not_missed_among_the_copies():
    assert mistakes(changed(f"{HOSTS}/redis2/address", "10.0.99.31")) == [
        "regions.east.hosts.redis2.address: 10.0.99.31 is in no subnet of east; "
        "the subnets are: public-a 10.0.1.0/24, data-a 10.0.20.0/24, data-b 10.0.21.0/24"
    ]
