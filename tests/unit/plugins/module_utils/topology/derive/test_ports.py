# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive import ports
from tests.unit.plugins.module_utils.topology.derive import small


def test_every_service_is_there_with_the_numbers_of_its_ports_in_the_order_of_the_declaration():
    assert list(ports.numbers(small.topology()).items()) == [
        ("host", {"ssh": 22}),
        ("bastion", {}),
        ("vpn", {"wireguard": 51820}),
        ("nat_gateway", {}),
        ("load_balancer", {"http": 80, "https": 443, "peers": 1024}),
        ("api", {"http": 8000}),
        ("web", {"http": 3000}),
        ("postgres", {"sql": 5432}),
    ]
