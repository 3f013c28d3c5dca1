# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive import dns
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import TopologyError
from tests.unit.plugins.module_utils.topology.derive import small

SITE = ("example.com", "app.example.com", "api.example.com")


def test_the_sites_names_lead_to_the_entrances_of_the_active_region_and_each_region_has_its_own():
    records = [(record.name, record.type, record.value) for record in dns.public_records(small.with_outside())]
    east, west = ("198.51.100.11", "198.51.100.12"), ("203.0.113.11",)
    assert records == [
        *((name, "A", address) for name in SITE for address in east),
        *(("east.example.com", "A", address) for address in east),
        *(("west.example.com", "A", address) for address in west),
        ("client.example.com", "A", "192.0.2.10"),
    ]


def test_the_site_answers_by_the_same_names_everywhere():
    assert dns.site_names(small.topology()) == SITE


@pytest.mark.parametrize(
    ("region", "addresses"), [("east", ("198.51.100.11", "198.51.100.12")), ("west", ("203.0.113.11",))]
)
def test_the_sites_names_can_be_led_to_any_region(region, addresses):
    records = dns.site_records(small.with_outside(), region)
    assert records == tuple(dns.Record(name, "A", address) for name in SITE for address in addresses)


def test_a_site_that_is_led_to_the_active_region_is_as_it_is_declared():
    declared = small.topology()
    assert dns.public_records(declared)[:6] == dns.site_records(declared, "east")


@pytest.mark.parametrize(
    ("region", "message"),
    [
        ("south", "regions: there is no south: there are east, north"),
        ("north", "regions.north.hosts: no load balancer has a public_address: give it to some"),
    ],
)
def test_a_region_that_nobody_outside_reaches_is_refused(region, message):
    hosts = [
        small.host("north", "lb1", "10.3.1.10", "load_balancer"),
        small.host("north", "vpn1", "10.3.0.20", "vpn", public="203.0.113.20"),
    ]
    declared = small.topology(regions=[small.east(), small.region("north", 3, hosts, state="standby")])
    with pytest.raises(TopologyError) as raised:
        dns.site_records(declared, region)
    assert str(raised.value) == message
