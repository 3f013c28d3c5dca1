# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.freeagentics.platform.plugins.filter.postgres import FilterModule

ROOT = Path(__file__).resolve().parents[4]
PROD = str(ROOT / "inventories" / "prod" / "topology.yml")
FILTERS = FilterModule().filters()


def test_the_cluster_is_lists_and_mappings():
    found = FILTERS["postgres_cluster"](PROD, "west-db1")
    assert sorted(found) == ["etcd", "members", "region", "rivals", "scope", "source", "standby"]
    assert found["members"] == [
        {"name": "west-db1", "address": "10.1.20.10", "port": 5432, "rest_port": 8008, "zone": "us-west-2a"}
    ]
    assert found["etcd"] == [{"name": "west-db1", "address": "10.1.20.10", "port": 2379}]
    assert [member["name"] for member in found["source"]] == ["db1", "db2", "db3"]
    assert found["rivals"] == found["source"]


def test_the_store_is_a_mapping():
    assert FILTERS["etcd_cluster"](PROD, "west-db1") == {
        "name": "freeagentics-us-west-2",
        "members": [{"name": "west-db1", "address": "10.1.20.10", "client_port": 2379, "peer_port": 2380}],
    }


def test_records_are_mappings_and_take_names():
    found = FILTERS["postgres_hba"](PROD, "db1", {"app": ["shop"]}, "sales")
    assert found[0] == {"type": "local", "database": "all", "user": "postgres", "address": "", "method": "peer"}
    assert {
        "type": "hostssl",
        "database": "sales",
        "user": "shop",
        "address": "10.0.10.10/32",
        "method": "scram-sha-256",
    } in found


def test_timings_are_mappings():
    found = FILTERS["failover_profile"]("fast", {"ttl": 30})
    assert sorted(found) == ["etcd", "outage", "patroni", "pgbouncer", "postgres", "route"]
    assert found["patroni"]["ttl"] == 30


def test_settings_are_values_and_what_explains_them():
    found = FILTERS["postgres_settings"](1024, 2, overrides={"work_mem": "4MB"})
    assert found["parameters"]["work_mem"] == "4MB"
    assert found["settings"][0]["name"] == "max_connections"
    assert sorted(found["settings"][0]) == ["name", "restart", "source", "unit", "value"]


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("postgres_cluster", (PROD, "db9"), f"{PROD}: db9: no host of the topology has this name"),
        (
            "failover_profile",
            ("slow",),
            "failover_profile: there is no failover profile 'slow': use fast, normal, wide",
        ),
    ],
)
def test_mistakes_become_errors_of_the_filter(name, arguments, message):
    with pytest.raises(AnsibleFilterError) as raised:
        FILTERS[name](*arguments)
    assert raised.value.message == message


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_every_filter_has_its_documentation(name):
    document = yaml.safe_load((ROOT / "plugins" / "filter" / f"{name}.yml").read_text(encoding="utf-8"))
    assert document["DOCUMENTATION"]["name"] == name
    assert f"freeagentics.platform.{name}" in document["EXAMPLES"]
    assert document["RETURN"]["_value"]["type"] in ("dict", "list")
