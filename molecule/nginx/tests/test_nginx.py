"""What nginx alone does on its host."""

import ipaddress
import time

import scenario
from entrance import PUBLIC, curl, metrics, name_of, until_logged

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


def test_what_nginx_refuses_by_itself_is_noted(host):
    before = refused(host, 404)
    # The redirect from port 80 refuses nothing.
    curl(host, "http://app.molecule.test/admin", "--resolve", f"app.molecule.test:80:{PUBLIC[name_of(host)]}")
    curl(host, "https://app.molecule.test/admin")
    for _ in range(20):
        if refused(host, 404) != before:
            break
        time.sleep(0.5)
    assert refused(host, 404) == before + 1


def test_a_client_that_asks_too_much_is_known_by_name(host):
    curl(host, "https://app.molecule.test/api/v1/server?[1-60]")
    # The other tests ask as the same client: what nginx has counted for the limit ends with it.
    host.check_output("systemctl restart nginx")
    address, requests = host.check_output("lb-banned").split()
    assert ipaddress.ip_address(address).version == 4
    assert 0 < int(requests) <= refused(host, 429)


def refused(host, status):
    """Return how many requests nginx has noted as refused with a status."""
    return int(host.check_output(f"grep -c ' {status}$' /var/log/nginx/refused.log || true"))
