"""What HAProxy alone does on its host."""

import re

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


def test_the_peers_share_the_table(host):
    peers = host.check_output(
        'python3 -c \'import socket; s = socket.socket(socket.AF_UNIX); s.connect("/run/haproxy/admin.sock");'
        ' s.sendall(b"show peers\\n"); print(b"".join(iter(lambda: s.recv(65536), b"")).decode())\''
    )
    assert re.findall(r"\(remote,active\) .*?last_status=(\w+)", peers, re.DOTALL) == ["ESTA"], peers
