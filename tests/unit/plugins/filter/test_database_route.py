# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError

from ansible_collections.freeagentics.platform.plugins.filter.database_route import FilterModule

PROD = str(Path(__file__).resolve().parents[4] / "inventories" / "prod" / "topology.yml")
FILTERS = FilterModule().filters()


def test_the_pools_of_a_host_are_a_mapping():
    assert FILTERS["database_pools"]("3", 200) == {"write": 36, "read": 24}


def test_too_few_connections_are_refused():
    with pytest.raises(AnsibleFilterError) as caught:
        FILTERS["database_pools"](100, 200)
    assert str(caught.value) == (
        "database_pools: 200 connections less 20 reserved ones leave 1 for each of 100 application hosts, which need "
        "2 at least: raise max_connections of PostgreSQL, or run fewer hosts"
    )


def test_the_environment_is_of_the_declaration():
    environment = FILTERS["application_environment"](PROD, "api1", {"database": "one", "cache": "two"})
    assert environment["DATABASE_URL"] == (
        "postgresql://app:one@database.freeagentics.internal:6432/app?sslmode=disable"
    )
    assert environment["REDIS_NODES"].startswith("10.0.20.31:6379,10.0.20.32:6379,")


def test_a_mistake_names_the_file():
    with pytest.raises(AnsibleFilterError) as caught:
        FILTERS["application_environment"](PROD, "api1", {"database": "one"})
    assert str(caught.value) == f"{PROD}: passwords.cache: the password of the user app is missing: pass it as cache"
