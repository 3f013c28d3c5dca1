"""What HAProxy alone does on its host."""

import ipaddress
import re
import time

import scenario
from entrance import curl, metrics, until_logged

testinfra_hosts = scenario.hosts("load_balancer")


def test_the_admin_socket_is_closed_to_others(host):
    assert host.file("/run/haproxy/admin.sock").mode & 0o007 == 0


def test_requests_are_logged_and_health_checks_are_not(host):
    curl(host, "https://app.molecule.test/api/v1/server?logged")
    curl(host, "https://app.molecule.test/health?silent")
    log = until_logged(host, "/var/log/haproxy.log", "server?logged")
    assert "https_front~ api_back/api" in log
    assert "server?logged" in log
    assert "health?silent" not in log


def test_prometheus_reads_counters_on_the_hosts_own_address(host):
    assert 'haproxy_backend_http_responses_total{proxy="api_back",code="2xx"}' in metrics(host)


def test_a_client_that_asks_too_much_is_known_by_name(host):
    curl(host, "https://app.molecule.test/api/v1/server?[1-130]")
    address, requests = host.check_output("lb-banned").split()
    assert ipaddress.ip_address(address).version == 4
    assert int(requests) > 0
    assert 'haproxy_sticktable_used{name="platform/banned",type="ipv6"} 1' in metrics(host)
    # The other tests ask as the same client.
    assert until_let_in(host)


def until_let_in(host):
    """Tell whether a client that asked too much gets an answer again within 30 s."""
    for _ in range(30):
        if '"server"' in curl(host, "https://app.molecule.test/api/v1/server"):
            return True
        time.sleep(1)
    return False


def test_the_peers_share_the_table(host):
    peers = host.check_output(
        'python3 -c \'import socket; s = socket.socket(socket.AF_UNIX); s.connect("/run/haproxy/admin.sock");'
        ' s.sendall(b"show peers\\n"); print(b"".join(iter(lambda: s.recv(65536), b"")).decode())\''
    )
    assert re.findall(r"\(remote,active\) .*?last_status=(\w+)", peers, re.DOTALL) == ["ESTA"], peers
