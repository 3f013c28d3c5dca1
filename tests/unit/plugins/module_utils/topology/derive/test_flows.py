# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive import flows
from tests.unit.plugins.module_utils.topology.derive import small


def test_rows_say_where_a_flow_reaches():
    reach = {row.name: row.reach for row in flows.flow_rows(small.topology())}
    assert (reach["public-http"], reach["app-to-postgres"], reach["replication"]) == (
        "outside",
        "inside each region",
        "between regions",
    )


def test_ports_carry_the_names_of_the_declaration():
    named = small.Flow("x", "api", "web", ("http", "53/udp"), (small.HTTP, small.Port(53, "udp")), False, "why")
    assert flows.port_text(named) == "80/tcp (http), 53/udp"


def test_a_group_knows_its_hosts_and_what_gets_in_and_out():
    group = next(row for row in flows.group_rows(small.topology()) if row.name == "app")
    assert (group.hosts, group.inbound, group.outbound) == (
        ("api1", "web1"),
        ("8000/tcp from load_balancer",),
        ("5432/tcp to postgres", "443/tcp to internet"),
    )


def test_flows_of_every_host_are_common():
    assert [row.name for row in flows.common_flows(small.topology())] == ["bastion-to-hosts", "names"]


def test_a_host_may_call_the_tcp_sockets_of_its_flows():
    topology = small.topology()
    east = topology.regions[0].name
    databases = [host for host in topology.hosts if "postgres" in host.services]
    assert [(peer.name, peer.port) for peer in flows.tcp_peers(topology, "api1")] == [
        (f"{host.name} 5432/tcp", 5432) for host in databases if host.region == east
    ]
    called = flows.tcp_peers(topology, databases[0].name)
    assert [peer.name for peer in called] == [f"{host.name} 5432/tcp" for host in databases[1:]]
