# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive import prometheus
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import TopologyError
from ansible_collections.freeagentics.platform.plugins.plugin_utils.topology_file import load

PROD = load(str(Path(__file__).resolve().parents[6] / "inventories" / "prod" / "topology.yml"))


def without_flow(name):
    """The platform without one of its flows."""
    return replace(PROD, flows=tuple(flow for flow in PROD.flows if flow.name != name))


def test_everything_that_tells_metrics_is_scraped():
    assert Counter(target.job for target in prometheus.targets(PROD)) == {
        "node": len(PROD.hosts),
        "load_balancer": 4,
        "api": 5,
        "postgres": 4,
        "patroni": 4,
        "etcd": 4,
        "redis": 12,
        "prometheus": 2,
        "alertmanager": 2,
        "grafana": 1,
    }


def test_a_target_says_where_it_is():
    found = {(target.job, target.host): target for target in prometheus.targets(PROD)}
    assert found["patroni", "db2"] == prometheus.Target("patroni", "10.0.21.10", 8008, "db2", "us-east-1", "us-east-1b")
    assert found["node", "west-web1"].port == 9100


def test_a_service_of_ones_own_is_scraped_without_another_change():
    services = {
        **PROD.services,
        "web": replace(PROD.services["web"], ports={"worker_metrics": PROD.services["api"].ports["metrics"]}),
    }
    scrape = next(flow for flow in PROD.flows if flow.name == "scrape-api")
    flows = (*PROD.flows, replace(scrape, name="scrape-web", target="web"))
    found = prometheus.targets(replace(PROD, services=services, flows=flows))
    assert [target.host for target in found if target.job == "worker"] == ["web1", "web2", "web3", "west-web1"]


def test_a_port_that_no_flow_opens_says_which_flow_is_missing():
    with pytest.raises(TopologyError) as caught:
        prometheus.targets(without_flow("scrape-redis"))
    assert str(caught.value) == (
        "flows: no flow lets mon1 scrape 9121/tcp (metrics) of redis1: write one from prometheus or its security group,"
        " across: regions"
    )


def test_a_flow_that_stays_inside_each_region_does_not_reach_the_other_one():
    flows = tuple(
        replace(flow, across_regions=flow.name != "scrape-redis" and flow.across_regions) for flow in PROD.flows
    )
    with pytest.raises(TopologyError, match="no flow lets west-mon1 scrape"):
        prometheus.targets(replace(PROD, flows=flows))


def test_the_site_is_asked_by_every_public_name():
    assert [(probe.url, probe.region) for probe in prometheus.probes(PROD)] == [
        (f"https://{PROD.domain}/", "any"),
        (f"https://app.{PROD.domain}/", "any"),
        (f"https://api.{PROD.domain}/api/v1/health", "any"),
        (f"https://us-east-1.{PROD.domain}/health", "us-east-1"),
        (f"https://us-west-2.{PROD.domain}/health", "us-west-2"),
    ]
