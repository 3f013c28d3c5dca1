"""Every kind of mistake is named with its place and what to write instead; a right declaration gives what it says."""

from __future__ import annotations

import copy
from ipaddress import IPv4Address, IPv6Address, IPv6Network
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import Port, TopologyErrors
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.parse import parse

REMOVED = object()


def declaration():
    """A declaration without a mistake, small enough to be read whole."""
    return {
        "platform": "test",
        "domain": "test.example",
        "internal_domain": "test.internal",
        "profile": "lab",
        "regions": {
            "east": {
                "state": "active",
                "cidr": "10.0.0.0/16",
                "cidr6": "fd00:10::/48",
                "vpn_clients": ["10.8.0.0/24"],
                "subnets": {
                    "public-a": {"zone": "east-a", "kind": "public", "cidr": "10.0.1.0/24"},
                    "data-a": {"zone": "east-a", "kind": "data", "cidr": "10.0.20.0/24"},
                    "data-b": {"zone": "east-b", "kind": "data", "cidr": "10.0.21.0/24"},
                },
                "hosts": {
                    "bastion1": {"address": "10.0.20.9", "services": ["bastion"]},
                    "lb1": {"address": "10.0.1.10", "public_address": "198.51.100.1", "services": ["load_balancer"]},
                    "db1": {"address": "10.0.20.10", "services": ["postgres", "etcd"]},
                    "db2": {"address": "10.0.21.10", "services": ["postgres"]},
                    "redis1": {"address": "10.0.20.31", "services": ["redis"]},
                    "redis2": {"address": "10.0.21.31", "services": ["redis"]},
                },
            },
            "west": {
                "state": "standby",
                "cidr": "10.1.0.0/16",
                "subnets": {"west-data": {"zone": "west-a", "kind": "data", "cidr": "10.1.20.0/24"}},
                "hosts": {"west-bastion1": {"address": "10.1.20.9", "services": ["bastion"]}},
            },
        },
        "placement": {
            "east": {"redis": {"shards": 1, "replicas": 1}, "postgres": {"replicas": 1}, "etcd": {"voters": 1}}
        },
        "services": {
            "host": {"ports": {"ssh": "22/tcp"}},
            "bastion": {"security_group": "bastion"},
            "load_balancer": {"security_group": "edge", "ports": {"https": "443/tcp"}},
            "postgres": {"security_group": "database", "ports": {"sql": "5432/tcp"}},
            "etcd": {"security_group": "store", "ports": {"client": "2379/tcp"}},
            "redis": {"security_group": "cache", "ports": {"client": "6379/tcp"}},
        },
        "security_groups": {name: {"description": name} for name in ("bastion", "edge", "database", "store", "cache")},
        "externals": {"internet": {"cidrs": ["0.0.0.0/0", "::/0"]}},
        "flows": {
            "ssh": {"from": "bastion", "to": "platform", "ports": ["ssh"], "reason": "management"},
            "site": {"from": "internet", "to": "load_balancer", "ports": ["https"], "reason": "the site"},
            "replication": {
                "from": "postgres",
                "to": "postgres",
                "ports": ["sql"],
                "across": "regions",
                "reason": "replicas",
            },
            "updates": {"from": "platform", "to": "internet", "ports": ["443/tcp"], "reason": "packages"},
        },
        "outside": {
            "cidr": "192.0.2.0/24",
            "cidr6": "fd00:192:2::/64",
            "hosts": {"client": {"address": "192.0.2.53", "services": ["internet_client"]}},
        },
    }


def changed(path, value):
    """The declaration with one place changed; ``REMOVED`` takes it out. Keys are divided by slashes."""
    document = copy.deepcopy(declaration())
    *parents, last = path.split("/")
    place = document
    for key in parents:
        place = place[key]
    if value is REMOVED:
        del place[last]
    else:
        place[last] = value
    return document


def mistakes(document):
    """All mistakes of a declaration, as people see them."""
    with pytest.raises(TopologyErrors) as caught:
        parse(document)
    return [str(error) for error in caught.value.errors]


EAST = "regions/east"
HOSTS = f"{EAST}/hosts"
SUBNETS = "public-a 10.0.1.0/24, data-a 10.0.20.0/24, data-b 10.0.21.0/24"
CASES = yaml.safe_load(Path(__file__).with_name("mistakes.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["message"][:70] for case in CASES])
def test_a_mistake_is_named_with_its_place_and_remedy(case):
    assert case["message"] in mistakes(changed(case["place"], case.get("value", REMOVED)))


@pytest.mark.parametrize(
    ("document", "message"),
    [
        (None, "the file: this is empty; write a mapping, 'key: value'"),
        (["a"], "the file: this is a list; write a mapping, 'key: value'"),
        ("text", "the file: this is a text; write a mapping, 'key: value'"),
        ({1: "a"}, "1: the key is no text; put it into quotes"),
    ],
)
def test_what_is_no_declaration_at_all_is_named(document, message):
    assert message in mistakes(document)


def voters(*addresses):
    """A declaration whose cluster store has a voter at each address, and no database."""
    document = changed("placement", {"east": {"etcd": {"voters": len(addresses)}}})
    hosts = document["regions"]["east"]["hosts"]
    for name in ("db1", "db2"):
        del hosts[name]
    for number, address in enumerate(addresses, start=1):
        hosts[f"voter{number}"] = {"address": address, "services": ["etcd"]}
    return document


@pytest.mark.parametrize(
    ("addresses", "message"),
    [
        (
            ["10.0.20.10", "10.0.21.10"],
            "placement.east.etcd: 2 voters outlive no more losses than 1; take an odd number",
        ),
        (
            ["10.0.20.10", "10.0.20.11", "10.0.21.10"],
            "placement.east.etcd: 2 of 3 voters stand in east-a, whose loss would end the majority; "
            "spread them over three zones",
        ),
    ],
)
def test_voters_have_to_outlive_a_zone(addresses, message):
    assert mistakes(voters(*addresses)) == [message]


def test_regions_that_overlap_are_named():
    document = changed("regions/west/cidr", "10.0.0.0/8")
    assert "regions.west.cidr: 10.0.0.0/8 overlaps 10.0.0.0/16 of east; give each region its own" in mistakes(document)


def test_all_mistakes_are_reported_at_once():
    document = changed(f"{HOSTS}/db2/address", "10.0.99.10")
    document["flows"]["ssh"]["reason"] = ""
    document["profile"] = "huge"
    assert mistakes(document) == [
        "profile: 'huge' is not possible; write one of: minimum, recommended, lab",
        f"regions.east.hosts.db2.address: 10.0.99.10 is in no subnet of east; the subnets are: {SUBNETS}",
        "flows.ssh.reason: this is blank; write a text",
    ]


def test_a_wrong_subnet_does_not_make_its_hosts_wrong():
    assert mistakes(changed(f"{EAST}/subnets/data-b/kind", "dmz")) == [
        "regions.east.subnets.data-b.kind: 'dmz' is not possible; write one of: public, app, data, management"
    ]


def test_a_host_has_what_its_subnet_says():
    topology = parse(declaration())
    host = next(host for host in topology.hosts if host.name == "db1")
    assert (host.region, host.zone, host.subnet, host.services) == ("east", "east-a", "data-a", ("postgres", "etcd"))
    assert host.addresses == (IPv4Address("10.0.20.10"), IPv6Address("fd00:10:0:20::10"))


def test_ipv6_repeats_the_digits_of_ipv4():
    topology = parse(declaration())
    assert topology.regions[0].subnets[1].cidr6 == IPv6Network("fd00:10:0:20::/64")
    assert topology.outside.hosts[0].address6 == IPv6Address("fd00:192:2::53")
    assert topology.regions[1].hosts[0].address6 is None


def test_ports_are_those_of_the_service_that_is_called():
    flows = {flow.name: flow for flow in parse(declaration()).flows}
    assert flows["ssh"].ports == (Port(22, "tcp"),)
    assert flows["site"].ports == (Port(443, "tcp"),)
    assert flows["updates"].ports == (Port(443, "tcp"),)
    assert (flows["replication"].across_regions, flows["site"].across_regions) == (True, False)


PLACES = [case["place"].split("/") for case in CASES]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8) | st.integers(), inner, max_size=3),
    max_leaves=8,
)


def outcome(document):
    """A topology, or the mistakes that keep it from being one."""
    try:
        return parse(document)
    except TopologyErrors as errors:
        return errors.errors


@settings(max_examples=200, deadline=None, derandomize=True)
@given(st.sampled_from(PLACES), ANYTHING)
def test_whatever_stands_somewhere_gives_a_topology_or_its_mistakes(keys, value):
    document = declaration()
    place = document
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    assert outcome(document)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(ANYTHING)
def test_whatever_is_read_gives_a_topology_or_its_mistakes(document):
    with pytest.raises(TopologyErrors):
        parse(document)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.sets(st.integers(min_value=2, max_value=254), min_size=1, max_size=40))
def test_every_host_lies_in_its_subnet_in_both_families(numbers):
    document = declaration()
    hosts = {f"node{number}": {"address": f"10.0.1.{number}", "services": []} for number in numbers if number != 10}
    document["regions"]["east"]["hosts"].update(hosts)
    topology = parse(document)
    subnets = {subnet.name: subnet for subnet in topology.regions[0].subnets}
    for host in topology.regions[0].hosts:
        assert host.address in subnets[host.subnet].cidr
        assert host.address6 in subnets[host.subnet].cidr6
    assert len({host.address6 for host in topology.regions[0].hosts}) == len(topology.regions[0].hosts)
    assert parse(document) == topology
