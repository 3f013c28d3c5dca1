# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from dataclasses import asdict

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive import vpn
from tests.unit.plugins.module_utils.topology.derive import small


def test_the_server_has_the_first_address_of_each_client_network_and_leads_to_its_region():
    assert asdict(vpn.vpn_network(small.topology(), "vpn1")) == {
        "addresses": ("10.8.0.1/24", "fd00:10:8::1/64"),
        "clients_cidrs": ("10.8.0.0/24", "fd00:10:8::/64"),
        "allowed_cidrs": ("10.1.0.0/16", "fd00:10:1::/48"),
        "listen_port": 51820,
        "endpoint": "198.51.100.20",
    }
