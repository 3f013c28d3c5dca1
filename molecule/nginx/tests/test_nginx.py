"""What nginx alone does on its host."""

import scenario
from entrance import curl, metrics, until_logged

testinfra_hosts = scenario.hosts("load_balancer")


def test_requests_are_logged_and_health_checks_are_not(host):
    curl(host, "https://app.molecule.test/api/v1/server?logged")
    curl(host, "https://app.molecule.test/health?silent")
    log = until_logged(host, "/var/log/nginx/access.log", "server?logged")
    assert "server?logged" in log
    assert "health?silent" not in log


def test_prometheus_reads_counters_on_the_hosts_own_address(host):
    read = metrics(host)
    assert "nginx_up 1" in read
    assert "nginx_http_requests_total" in read
