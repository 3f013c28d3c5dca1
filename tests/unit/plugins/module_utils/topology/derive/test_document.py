# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive import document
from tests.unit.plugins.module_utils.topology.derive import small


def text(topology):
    return document.network_document(topology, "inventories/example/topology.yml", "images/network.svg")


def test_the_document_has_every_flow_with_its_reason():
    shown = text(small.topology())
    for flow in small.FLOWS:
        assert f"| `{flow.name}` | {flow.source} | {flow.target} |" in shown
    assert "| `replication` | postgres | postgres | 5432/tcp | between regions | R1: why |" in shown


def test_the_document_has_every_host_in_its_subnet():
    shown = text(small.topology())
    assert (
        "### east-data\n\nData subnet in easta: `10.1.20.0/24`, `fd00:10:1:20::/64`.\n\n"
        "| host | IPv4 | IPv6 | public | services |\n| --- | --- | --- | --- | --- |\n"
        "| `db1` | 10.1.20.10 | fd00:10:1:20::10 |  | postgres |\n"
    ) in shown


def test_the_document_shows_what_gets_in_and_out_of_a_group_side_by_side():
    assert (
        "### app\n\nWhat app is. Hosts: api1, web1.\n\n| in | out |\n| --- | --- |\n"
        "| 8000/tcp from load_balancer | 5432/tcp to postgres |\n|  | 443/tcp to internet |\n"
    ) in text(small.topology())


def test_a_reason_cannot_break_the_table():
    flows = (*small.FLOWS, small.flow("odd", "api", "web", small.HTTP, reason="this | that"))
    assert "| this &#124; that |" in text(small.topology(flows=flows))
