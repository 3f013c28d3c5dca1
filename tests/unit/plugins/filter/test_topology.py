# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from ansible_collections.freeagentics.platform.plugins.filter.topology import FilterModule

ROOT = Path(__file__).resolve().parents[4]
PROD = str(ROOT / "inventories" / "prod" / "topology.yml")
FILTERS = FilterModule().filters()


def call(name, *arguments):
    return FILTERS[name](PROD, *arguments)


def test_the_rulesets_of_both_families_are_texts():
    rules = call("firewall_ruleset", "db1")
    assert sorted(rules) == ["ipv4", "ipv6"]
    assert all(text.startswith("*filter\n") and text.endswith("COMMIT\n") for text in rules.values())


def test_values_are_plain_lists_and_mappings():
    assert call("load_balancer_peers", "lb1") == [
        {"name": "lb1", "address": "10.0.1.10", "port": 1024},
        {"name": "lb2", "address": "10.0.2.10", "port": 1024},
    ]
    assert call("load_balancer_backends", "lb1")[2] == {
        "name": "web",
        "servers": [
            {"name": "web1", "address": "10.0.10.20", "port": 3000},
            {"name": "web2", "address": "10.0.10.21", "port": 3000},
            {"name": "web3", "address": "10.0.11.20", "port": 3000},
        ],
    }
    assert call("hosts_file", "lb1")[0] == {
        "address": "10.0.0.10",
        "names": ["bastion1.freeagentics.internal", "bastion1"],
    }
    assert [one["group"] for one in call("certificates", "db1")] == [
        "root",
        "prometheus",
        "postgres",
        "postgres",
        "etcd",
    ]
    assert call("vpn_network", "vpn1")["addresses"] == ["10.8.0.1/24", "fd00:10:8::1/64"]
    assert call("nat_sources", "west-nat1")["ipv4"][0] == "10.1.0.0/24"
    assert call("nat_gateway", "west-mon1") == "west-nat1"


def test_public_names_are_those_of_the_site_and_of_each_region():
    assert call("public_names") == [
        "freeagentics.com",
        "app.freeagentics.com",
        "api.freeagentics.com",
        "us-east-1.freeagentics.com",
        "us-west-2.freeagentics.com",
    ]


def test_what_is_scraped_and_asked_is_plain():
    assert {
        "job": "redis",
        "address": "10.0.20.31",
        "port": 9121,
        "host": "redis1",
        "region": "us-east-1",
        "zone": "us-east-1a",
    } in call("prometheus_targets")
    assert call("prometheus_probes")[0] == {
        "url": "https://freeagentics.com/",
        "name": "freeagentics.com",
        "path": "/",
        "region": "any",
    }


def test_the_names_of_the_site_can_be_led_to_any_region():
    assert call("site_records", "us-west-2") == [
        {"name": name, "type": "A", "value": address}
        for name in ("freeagentics.com", "app.freeagentics.com", "api.freeagentics.com")
        for address in ("203.0.113.11", "203.0.113.12")
    ]
    with pytest.raises(AnsibleFilterError) as caught:
        call("site_records", "us-east-2")
    assert caught.value.message == f"{PROD}: regions: there is no us-east-2: there are us-east-1, us-west-2"


def test_platform_networks_are_those_of_regions_and_public_addresses():
    networks = call("platform_networks")
    assert networks[:4] == ["10.0.0.0/16", "fd00:10::/48", "10.1.0.0/16", "fd00:10:1::/48"]
    assert "198.51.100.11" in networks


def test_ssh_takes_options():
    assert "  User operator\n" in call("ssh_config", {"user": "operator"})
    assert "  User platform\n" in call("ssh_config")


def test_an_unknown_option_is_an_error_that_names_the_known_ones():
    with pytest.raises(AnsibleFilterError) as caught:
        call("ssh_config", {"usr": "operator"})
    assert caught.value.message == (
        f"{PROD}: options: there is no usr: use control_path, identity_file, known_hosts, proxy_command, "
        "strict_host_keys, user"
    )


def test_mistakes_of_the_topology_become_errors_of_the_filter():
    with pytest.raises(AnsibleFilterError) as caught:
        call("firewall_ruleset", "nobody")
    assert caught.value.message == f"{PROD}: nobody: no host of the topology has this name"


@pytest.mark.parametrize("name", sorted(FILTERS))
def test_every_filter_has_its_documentation(name):
    document = yaml.safe_load((ROOT / "plugins" / "filter" / f"{name}.yml").read_text(encoding="utf-8"))
    assert document["DOCUMENTATION"]["name"] == name
    assert f"freeagentics.platform.{name}" in document["EXAMPLES"]
    assert document["RETURN"]["_value"]["type"] in ("dict", "list", "str")
