# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.freeagentics.platform.plugins.filter.pgbackrest import FilterModule

PROD = str(Path(__file__).resolve().parents[4] / "inventories" / "prod" / "topology.yml")
PEERS = FilterModule().filters()["pgbackrest_peers"]


def test_values_are_plain_lists_and_mappings():
    assert PEERS(PROD, "db2") == {
        "repository": {"name": "backup1", "host": "backup1.freeagentics.internal", "port": 8432},
        "databases": [],
        "clients": ["backup1.freeagentics.internal"],
    }


def test_a_mistake_names_the_file():
    with pytest.raises(AnsibleFilterError) as raised:
        PEERS(PROD, "db9")
    assert str(raised.value) == f"{PROD}: db9: no host of the topology has this name"
