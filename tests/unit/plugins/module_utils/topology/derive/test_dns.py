# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive import dns
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
