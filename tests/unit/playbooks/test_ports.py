# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Services listen where the firewall is open: the declared ports are moved, and what roles get has to follow."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from tests.unit.playbooks import roles

ROOT = Path(__file__).resolve().parents[3]
#: Which declared ports a role's variable stands for, over all hosts that get the role.
FED = {
    "alertmanager_peer_port": {"alertmanager.alertmanager_peers"},
    "alertmanager_port": {"alertmanager.alertmanager"},
    "app_port": {"api.http", "web.http"},
    "app_start_command": {"api.http", "web.http"},
    "exporters_node_port": {"host.node_metrics"},
    "exporters_postgres_port": {"postgres.metrics"},
    "exporters_postgres_server": {"postgres.sql"},
    "exporters_redis_port": {"redis.metrics"},
    "exporters_redis_server": {"redis.client"},
    "grafana_port": {"grafana.grafana"},
    "haproxy_http_port": {"load_balancer.http"},
    "haproxy_https_port": {"load_balancer.https"},
    "haproxy_metrics_port": {"load_balancer.metrics"},
    "nginx_http_port": {"load_balancer.http"},
    "nginx_https_port": {"load_balancer.https"},
    "nginx_metrics_port": {"load_balancer.metrics"},
    "pgbackrest_port": {"postgres.pgbackrest", "backup.pgbackrest"},
    "pgbackrest_sql_port": {"postgres.sql"},
    "postgres_port": {"postgres.sql"},
    "postgres_rest_port": {"postgres.patroni"},
    "prometheus_port": {"prometheus.prometheus"},
    "redis_bus_port": {"redis.bus"},
    "redis_port": {"redis.client"},
    "vpn_endpoint": {"vpn.wireguard"},
    "vpn_listen_port": {"vpn.wireguard"},
}
#: Variables whose default is the number of a declared port by chance, and why they do not follow it.
OWN = {
    "alert_sink_https_port": "stands in for receivers outside of the platform, which flows call on 443/tcp",
    "database_route_primary_port": "on the loopback of application hosts, where no declared service listens",
    "object_store_port": "stands in for object storage outside of the platform, which flows call on 443/tcp",
}


def declared() -> dict[str, str]:
    """Return the declared ports, such as ``5432/tcp`` for ``postgres.sql``."""
    services = yaml.safe_load((ROOT / "inventories/prod/topology.yml").read_text("utf-8"))["services"]
    return {f"{name}.{port}": text for name, one in services.items() for port, text in one.get("ports", {}).items()}


def moved() -> dict[str, int]:
    """Return a number of its own for each declared port, far from all of them; sshd alone listens nowhere else."""
    return {name: 28001 + place for place, name in enumerate(declared()) if name != "host.ssh"}


def last_number(value: object) -> int:
    """Return the port in ``5432``, ``127.0.0.1:5432`` and ``serve --port 5432``; 0 where there is no number."""
    return int((re.findall(r"\d+", str(value)) or ["0"])[-1])


@pytest.fixture(scope="module", name="seen")
def seen_by_roles(tmp_path_factory):
    """What the roles of site.yml get on the hosts of the lab, after the declared ports were moved."""
    folder, services = tmp_path_factory.mktemp("inventory"), {}
    for name, number in moved().items():
        service, port = name.split(".", 1)
        ports = services.setdefault(service, {"ports": {}})["ports"]
        ports[port] = f"{number}/{declared()[name].partition('/')[2]}"
    lab = ROOT / "inventories/lab"
    (folder / "group_vars").symlink_to(lab / "group_vars")
    changed = yaml.safe_dump({"extends": str(lab / "topology.yml"), "services": services})
    (folder / "topology.yml").write_text(changed, encoding="utf-8")
    return roles.variables(folder / "topology.yml", "site.yml", *FED, *OWN)


def test_every_role_variable_with_the_number_of_a_declared_port_is_known_here():
    numbers = {last_number(text.partition("/")[0]) for text in declared().values()}
    known = set()
    for file in ROOT.glob("roles/*/defaults/main.yml"):
        for name, value in yaml.safe_load(file.read_text("utf-8")).items():
            listens = name.endswith("_port") or re.fullmatch(r"\S+:\d+", str(value))
            if listens and last_number(value) in numbers:
                known.add(name)
    assert known <= {*FED, *OWN}, "take it from platform_ports in the play (FED), or say why not (OWN)"
    assert set(OWN) <= known


def test_what_plays_give_to_roles_follows_the_declaration(seen):
    names = {number: name for name, number in moved().items()}
    followed: dict[str, set[str]] = {}
    for one in seen:
        if one["variable"] in FED:
            number = last_number(one["value"])
            followed.setdefault(one["variable"], set()).add(names.get(number, f"{number} in {one['play']}"))
    assert followed == FED


def test_a_service_on_each_host_has_the_port_that_its_own_hosts_declare(seen):
    hosts = {(one["host"], one["variable"]): last_number(one["value"]) for one in seen}
    for host, variable, port in (
        ("db1", "pgbackrest_port", "postgres.pgbackrest"),
        ("backup1", "pgbackrest_port", "backup.pgbackrest"),
        ("api1", "app_port", "api.http"),
        ("web1", "app_port", "web.http"),
        ("api1", "app_start_command", "api.http"),
        ("web1", "app_start_command", "web.http"),
    ):
        assert (host, hosts[host, variable]) == (host, moved()[port]), variable


def test_what_is_no_declared_port_stays_where_it_is(seen):
    assert {one["variable"] for one in seen} >= set(OWN)
    assert not [one for one in seen if one["variable"] in OWN and last_number(one["value"]) in moved().values()]


def test_a_platform_without_database_and_cache_is_watched_all_the_same():
    seen = roles.variables("molecule/monitoring/topology.yml", "playbooks/monitoring.yml", *FED)
    values = {one["variable"]: one["value"] for one in seen if one["host"] == "mon1"}
    assert values == {
        "alertmanager_peer_port": 9094,
        "alertmanager_port": 9093,
        "exporters_node_port": 9100,
        "exporters_postgres_port": 9187,
        "exporters_postgres_server": "127.0.0.1:5432",
        "exporters_redis_port": 9121,
        "exporters_redis_server": "10.9.10.40:6379",
        "grafana_port": 3000,
        "prometheus_port": 9090,
    }
