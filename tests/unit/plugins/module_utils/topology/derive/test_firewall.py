# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import shlex
from ipaddress import ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive import firewall
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import (
    External,
    Port,
    TopologyError,
)
from tests.unit.plugins.module_utils.topology.derive import small

API1_IPV4 = """\
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:OUTPUT DROP [0:0]
-A INPUT -i lo -j ACCEPT
-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A INPUT -m conntrack --ctstate INVALID -j DROP
-A INPUT -s 10.1.0.0/16 -p icmp -m icmp --icmp-type 8 -m limit --limit 10/sec --limit-burst 20 -j ACCEPT
-A INPUT -s 10.2.0.0/16 -p icmp -m icmp --icmp-type 8 -m limit --limit 10/sec --limit-burst 20 -j ACCEPT
-A INPUT -s 10.1.0.10/32 -p tcp -m tcp --dport 22 -m comment --comment bastion-to-hosts -j ACCEPT
-A INPUT -s 10.1.1.10/32 -p tcp -m tcp --dport 8000 -m comment --comment load-balancer-to-api -j ACCEPT
-A INPUT -s 10.1.1.11/32 -p tcp -m tcp --dport 8000 -m comment --comment load-balancer-to-api -j ACCEPT
-A OUTPUT -o lo -j ACCEPT
-A OUTPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A OUTPUT -m conntrack --ctstate INVALID -j DROP
-A OUTPUT -d 10.1.0.0/16 -p icmp -m icmp --icmp-type 8 -m limit --limit 10/sec --limit-burst 20 -j ACCEPT
-A OUTPUT -d 10.2.0.0/16 -p icmp -m icmp --icmp-type 8 -m limit --limit 10/sec --limit-burst 20 -j ACCEPT
-A OUTPUT -d 10.1.20.10/32 -p tcp -m tcp --dport 5432 -m comment --comment app-to-postgres -j ACCEPT
-A OUTPUT -d 169.254.169.253/32 -p tcp -m tcp --dport 53 -m comment --comment names -j ACCEPT
-A OUTPUT -d 169.254.169.253/32 -p udp -m udp --dport 53 -m comment --comment names -j ACCEPT
-A OUTPUT -d 10.1.0.0/16 -m comment --comment platform-is-not-external -j DROP
-A OUTPUT -d 10.8.0.0/24 -m comment --comment platform-is-not-external -j DROP
-A OUTPUT -d 10.2.0.0/16 -m comment --comment platform-is-not-external -j DROP
-A OUTPUT -d 10.8.1.0/24 -m comment --comment platform-is-not-external -j DROP
-A OUTPUT -p tcp -m tcp --dport 443 -m comment --comment app-to-internet -j ACCEPT
COMMIT
"""


def text(host, family=firewall.IPV4, topology=None):
    return firewall.render(firewall.ruleset(topology or small.topology(), host), family)


def lines(host, family, chain, topology=None):
    return [line for line in text(host, family, topology).splitlines() if line.startswith(f"-A {chain} ")]


def test_a_host_gets_its_whole_ruleset_in_the_form_of_iptables_save():
    assert text("api1") == API1_IPV4


def test_the_same_flows_hold_between_ipv6_addresses():
    declared = [line for line in lines("db1", firewall.IPV6, "INPUT") if "comment" in line]
    assert declared == [
        "-A INPUT -s fd00:10:1::10/128 -p tcp -m tcp --dport 22 -m comment --comment bastion-to-hosts -j ACCEPT",
        "-A INPUT -s fd00:10:1:10::10/128 -p tcp -m tcp --dport 5432 -m comment --comment app-to-postgres -j ACCEPT",
        "-A INPUT -s fd00:10:1:10::20/128 -p tcp -m tcp --dport 5432 -m comment --comment app-to-postgres -j ACCEPT",
    ]


def test_neighbours_are_discovered_and_nothing_else_passes_where_a_host_has_no_ipv6():
    assert lines("west-db1", firewall.IPV6, "INPUT") == [
        "-A INPUT -i lo -j ACCEPT",
        "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        *[f"-A INPUT -p ipv6-icmp -m icmp6 --icmpv6-type {number} -j ACCEPT" for number in (2, 133, 134, 135, 136)],
        "-A INPUT -m conntrack --ctstate INVALID -j DROP",
        "-A INPUT -s fd00:10:1::/48 -p ipv6-icmp -m icmp6 --icmpv6-type 128 -m limit --limit 10/sec --limit-burst 20 "
        "-j ACCEPT",
    ]


def test_a_flow_crosses_regions_only_where_it_says_so():
    assert [line for line in lines("west-db1", firewall.IPV4, "INPUT") if "comment" in line] == [
        "-A INPUT -s 10.2.0.10/32 -p tcp -m tcp --dport 22 -m comment --comment bastion-to-hosts -j ACCEPT",
        "-A INPUT -s 10.1.20.10/32 -p tcp -m tcp --dport 5432 -m comment --comment replication -j ACCEPT",
    ]


def test_the_vpn_host_forwards_exactly_the_operators_flows_out_of_the_tunnel():
    assert lines("vpn1", firewall.IPV4, "FORWARD") == [
        "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        "-A FORWARD -m conntrack --ctstate INVALID -j DROP",
        "-A FORWARD -s 10.8.0.0/24 -d 10.1.0.10/32 -i wg0 -p tcp -m tcp --dport 22 "
        "-m comment --comment operators-to-bastion -j ACCEPT",
    ]


def test_the_nat_gateway_forwards_and_masquerades_exactly_what_private_hosts_send_to_externals():
    assert lines("nat1", firewall.IPV4, "FORWARD") == [
        "-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
        "-A FORWARD -m conntrack --ctstate INVALID -j DROP",
        *[
            f"-A FORWARD -s {source}/32 -d 169.254.169.253/32 -p {protocol} -m {protocol} --dport 53 "
            "-m comment --comment names -j ACCEPT"
            for source in ("10.1.0.10", "10.1.10.10", "10.1.10.20", "10.1.20.10")
            for protocol in ("tcp", "udp")
        ],
        *[
            f"-A FORWARD -d {network} -m comment --comment platform-is-not-external -j DROP"
            for network in ("10.1.0.0/16", "10.8.0.0/24", "10.2.0.0/16", "10.8.1.0/24")
        ],
        *[
            f"-A FORWARD -s {source}/32 -p tcp -m tcp --dport 443 -m comment --comment app-to-internet -j ACCEPT"
            for source in ("10.1.10.10", "10.1.10.20")
        ],
    ]
    assert text("nat1").split("COMMIT\n")[1] == (
        "*nat\n:PREROUTING ACCEPT [0:0]\n:INPUT ACCEPT [0:0]\n:OUTPUT ACCEPT [0:0]\n:POSTROUTING ACCEPT [0:0]\n"
        "-A POSTROUTING -s 10.1.0.0/24 -j MASQUERADE\n"
        "-A POSTROUTING -s 10.1.10.0/24 -j MASQUERADE\n"
        "-A POSTROUTING -s 10.1.20.0/24 -j MASQUERADE\n"
    )


def test_ipv6_is_masqueraded_only_where_an_external_has_ipv6():
    assert "MASQUERADE" in text("nat1", firewall.IPV6)
    ipv4_only = dict(small.EXTERNALS, internet=External("internet", (ip_network("0.0.0.0/0"),), "anywhere"))
    assert "*nat" not in text("nat1", firewall.IPV6, small.topology(externals=ipv4_only))


def test_only_gateways_forward():
    for host in small.topology().hosts:
        if not {"vpn", "nat_gateway"} & set(host.services):
            assert lines(host.name, firewall.IPV4, "FORWARD") == []
            assert "*nat" not in text(host.name)


def test_an_external_inside_the_platforms_networks_is_let_through_before_the_platform_is_dropped():
    externals = dict(small.EXTERNALS, name_servers=External("name_servers", (ip_network("10.1.0.2/32"),), "resolver"))
    output = lines("api1", firewall.IPV4, "OUTPUT", small.topology(externals=externals))
    names = next(number for number, line in enumerate(output) if "-d 10.1.0.2/32" in line)
    drop = next(number for number, line in enumerate(output) if "platform-is-not-external" in line)
    assert names < drop


def test_more_ports_than_one_match_takes_become_several_rules():
    ports = [Port(number, "tcp") for number in range(7000, 7016)]
    flows = (*small.FLOWS, small.flow("many", "api", "postgres", *ports))
    rules = [line for line in lines("db1", firewall.IPV4, "INPUT", small.topology(flows=flows)) if " many " in line]
    many = ",".join(str(number) for number in range(7000, 7015))
    assert rules == [
        f"-A INPUT -s 10.1.10.10/32 -p tcp -m multiport --dports {many} -m comment --comment many -j ACCEPT",
        "-A INPUT -s 10.1.10.10/32 -p tcp -m tcp --dport 7015 -m comment --comment many -j ACCEPT",
    ]


@pytest.mark.parametrize("lost", ["bastion-to-hosts", "operators-to-bastion"])
def test_a_ruleset_that_would_lock_everybody_out_is_refused(lost):
    flows = [flow for flow in small.FLOWS if flow.name != lost]
    host = "db1" if lost == "bastion-to-hosts" else "bastion1"
    with pytest.raises(TopologyError) as caught:
        firewall.ruleset(small.topology(flows=flows), host)
    assert str(caught.value) == (
        f"flows: no flow lets a bastion reach {host} by SSH, its firewall would lock everybody out: "
        "declare a flow from bastion to platform with the port ssh (to a bastion: from operators)"
    )


def test_ssh_from_anybody_else_is_no_way_in():
    flows = [flow for flow in small.FLOWS if flow.name != "bastion-to-hosts"]
    flows.append(small.flow("api-to-postgres-ssh", "api", "postgres", small.SSH))
    with pytest.raises(TopologyError):
        firewall.ruleset(small.topology(flows=flows), "db1")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("nobody", "nobody: no host of the topology has this name"),
        ("client", "client: this host stands outside of the platform, where no flows are declared"),
    ],
)
def test_only_hosts_of_the_platform_have_rules(name, message):
    with pytest.raises(TopologyError) as caught:
        firewall.ruleset(small.with_outside(), name)
    assert str(caught.value) == message


def test_rules_explain_themselves():
    topology = small.topology()
    assert firewall.explain(firewall.ruleset(topology, "api1")) == (
        "in  tcp 22 from bastion1 10.1.0.10  (bastion-to-hosts)",
        "in  tcp 8000 from lb1 10.1.1.10  (load-balancer-to-api)",
        "in  tcp 8000 from lb2 10.1.1.11  (load-balancer-to-api)",
        "out tcp 5432 to db1 10.1.20.10  (app-to-postgres)",
        "out tcp 53 to name_servers 169.254.169.253  (names)",
        "out udp 53 to name_servers 169.254.169.253  (names)",
        "out tcp 443 to internet anywhere outside  (app-to-internet)",
    )
    assert firewall.explain(firewall.ruleset(topology, "vpn1"))[2] == (
        "fwd tcp 22 from 10.8.0.0/24 to 10.1.0.10 for bastion1  (operators-to-bastion)"
    )


def admits(ruleset_text, chain, source, destination, port):
    """Read a ruleset as the kernel would, for the first packet of a connection: the first rule that matches decides."""
    for line in ruleset_text.splitlines():
        words = shlex.split(line)
        if words[:2] != ["-A", chain] or {"--ctstate", "-i", "-o"} & set(words):
            continue
        options = dict(zip(words[2::2], words[3::2]))
        ports = options.get("--dport", options.get("--dports"))
        if (
            _within(source, options.get("-s"))
            and _within(destination, options.get("-d"))
            and options.get("-p", port.protocol) == port.protocol
            and (ports is None or str(port.number) in ports.split(","))
        ):
            return options["-j"] == "ACCEPT"
    return False


def _within(address, network):
    return network is None or ip_address(str(address)) in ip_network(network)


PORTS = tuple(Port(number, protocol) for number in (7001, 7002) for protocol in ("tcp", "udp"))
UNDECLARED = Port(7999, "tcp")
ENDS = ("platform", "app", "api", "web", "postgres", "internet")


@st.composite
def topologies(draw):
    regions = []
    for number, name in enumerate(draw(st.sampled_from([("east",), ("east", "west")])), start=1):
        ipv6 = draw(st.booleans())
        hosts = [small.host(name, f"{name}-bastion1", f"10.{number}.0.10", "bastion", ipv6=ipv6)]
        for last in range(10, 10 + draw(st.integers(1, 3))):
            services = draw(st.sets(st.sampled_from(("api", "web", "postgres")), min_size=1))
            hosts.append(small.host(name, f"{name}{last}", f"10.{number}.10.{last}", *sorted(services), ipv6=ipv6))
        regions.append(small.region(name, number, hosts, ipv6=ipv6, clients=(f"10.8.{number}.0/24",)))
    pairs = draw(st.lists(st.tuples(st.sampled_from(ENDS), st.sampled_from(ENDS), st.booleans()), max_size=5))
    flows = [flow for flow in small.FLOWS if flow.name in ("operators-to-bastion", "bastion-to-hosts")]
    for number, (source, target, across) in enumerate(pair for pair in pairs if pair[:2] != ("internet",) * 2):
        ports = draw(st.lists(st.sampled_from(PORTS), min_size=1, unique=True))
        flows.append(small.flow(f"flow{number}", source, target, *ports, across=across))
    return small.topology(regions=regions, flows=flows)


def _means(end, host):
    groups = {small.SERVICES[name].security_group for name in host.services}
    return end == "platform" or end in host.services or end in groups


def _declared(topology, source, target, port):
    return any(
        port in flow.ports
        and _means(flow.source, source)
        and _means(flow.target, target)
        and (flow.across_regions or source.region == target.region)
        for flow in topology.flows
    )


@settings(max_examples=40, deadline=None)
@given(topologies())
def test_exactly_what_is_declared_leaves_its_source_and_enters_its_target(topology):
    texts = {
        (host.name, family): firewall.render(firewall.ruleset(topology, host.name), family)
        for host in topology.hosts
        for family in firewall.FAMILIES
    }
    for source in topology.hosts:
        for target in topology.hosts:
            pairs = zip(source.addresses, target.addresses) if source is not target else ()
            for here, there in pairs:
                for port in (*PORTS, UNDECLARED, small.SSH):
                    case = (source.name, target.name, str(port), here.version)
                    declared = _declared(topology, source, target, port)
                    out = admits(texts[source.name, here.version], "OUTPUT", here, there, port)
                    inside = admits(texts[target.name, here.version], "INPUT", here, there, port)
                    assert (case, out, inside) == (case, declared, declared)


@settings(max_examples=20, deadline=None)
@given(topologies())
def test_what_comes_from_outside_enters_only_where_internet_is_declared(topology):
    for host in topology.hosts:
        rules = firewall.render(firewall.ruleset(topology, host.name), firewall.IPV4)
        for port in (*PORTS, UNDECLARED):
            inbound = [flow for flow in topology.flows if flow.source == "internet" and _means(flow.target, host)]
            outbound = [flow for flow in topology.flows if flow.target == "internet" and _means(flow.source, host)]
            stranger = "203.0.113.99"
            assert admits(rules, "INPUT", stranger, host.address, port) == any(port in f.ports for f in inbound)
            assert admits(rules, "OUTPUT", host.address, stranger, port) == any(port in f.ports for f in outbound)
