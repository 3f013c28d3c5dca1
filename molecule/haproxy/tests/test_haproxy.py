"""What HAProxy does on its host; what a client of the site sees is in tests/acceptance/test_public_site.py."""

import json
import os
import re
import subprocess
import time

import scenario

testinfra_hosts = scenario.hosts("load_balancer")
LAB = f"mol_{os.environ['MOLECULE_SCENARIO_NAME']}"
PUBLIC = {"lb1": "198.51.100.11", "lb2": "198.51.100.12"}
PRIVATE = {"lb1": "10.9.1.10", "lb2": "10.9.2.10"}


def curl(host, *arguments, namespace="client"):
    """Ask the site as the internet client does, or as another host of the lab."""
    name = host.backend.get_pytest_id().rpartition("/")[2]
    command = ["nsenter", f"--net=/run/netns/{LAB}-{namespace}", "curl", "--silent", "--insecure", "--max-time", "10"]
    command += ["--resolve", f"app.molecule.test:443:{PUBLIC[name]}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_the_daemon_runs_and_starts_at_boot(host):
    service = host.service("haproxy")
    assert service.is_running
    assert service.is_enabled


def test_the_key_is_for_root_alone(host):
    pem = host.file("/etc/freeagentics/tls/site.pem")
    assert (pem.user, pem.mode) == ("root", 0o600)


def test_the_admin_socket_is_closed_to_others(host):
    assert host.file("/run/haproxy/admin.sock").mode & 0o007 == 0


def test_requests_are_logged_and_health_checks_are_not(host):
    curl(host, "https://app.molecule.test/api/v1/server?logged")
    curl(host, "https://app.molecule.test/health?silent")
    for _ in range(20):
        log = host.file("/var/log/haproxy.log").content_string
        if "server?logged" in log:
            break
        time.sleep(0.5)
    assert "https_front~ api_back/api" in log
    assert "server?logged" in log
    assert "health?silent" not in log


def test_prometheus_reads_counters_on_the_hosts_own_address(host):
    name = host.backend.get_pytest_id().rpartition("/")[2]
    metrics = curl(host, f"http://{PRIVATE[name]}:8404/metrics", namespace="api1")
    assert 'haproxy_backend_http_responses_total{proxy="api_back",code="2xx"}' in metrics


def test_the_peers_share_the_table(host):
    peers = host.check_output(
        'python3 -c \'import socket; s = socket.socket(socket.AF_UNIX); s.connect("/run/haproxy/admin.sock");'
        ' s.sendall(b"show peers\\n"); print(b"".join(iter(lambda: s.recv(65536), b"")).decode())\''
    )
    assert re.findall(r"\(remote,active\) .*?last_status=(\w+)", peers, re.DOTALL) == ["ESTA"], peers


def test_a_drained_server_stays_drained_over_a_restart(host):
    host.check_output("lb-drain api1 5")
    host.check_output("systemctl restart haproxy")
    states = host.check_output("lb-status")
    answers = {curl(host, "--cookie", "SERVERID=api1", "https://app.molecule.test/api/v1/server") for _ in range(4)}
    host.check_output("lb-ready api1")
    assert "api1 drained 0" in states
    assert {json.loads(answer)["server"] for answer in answers} == {"api2"}
    assert "api1 ready" in host.check_output("lb-status")


def test_a_wrong_name_is_refused(host):
    result = host.run("lb-drain nobody")
    assert result.rc == 1
    assert result.stderr.strip() == "nobody is no server of this load balancer; it has api1, api2, web1"


def test_a_new_certificate_is_served_without_a_run(host):
    """The old one is put back afterwards: the run leaves the host as it was."""
    before = certificate(host)
    host.check_output("cp -p /etc/freeagentics/tls/site.pem /root/old.pem")
    host.check_output(
        "cd /root && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 9"
        " -subj /CN=app.molecule.test"
        " -keyout new.key -out new.crt && cat new.crt new.key > new.pem && chmod 600 new.pem"
        " && mv new.pem /etc/freeagentics/tls/site.pem"
    )
    changed = until_certificate(host, lambda served: served != before)
    host.check_output("mv /root/old.pem /etc/freeagentics/tls/site.pem && rm /root/new.key /root/new.crt")
    restored = until_certificate(host, lambda served: served == before)
    assert changed
    assert restored


def certificate(host):
    """Return the certificate that is served."""
    name = host.backend.get_pytest_id().rpartition("/")[2]
    command = ["nsenter", f"--net=/run/netns/{LAB}-client", "openssl", "s_client", "-connect", f"{PUBLIC[name]}:443"]
    done = subprocess.run(command, capture_output=True, text=True, input="", check=False, timeout=20)
    return done.stdout.partition("-----BEGIN CERTIFICATE-----")[2].partition("-----END")[0]


def until_certificate(host, condition):
    """Tell whether a condition holds for the served certificate within 15 s."""
    for _ in range(15):
        if condition(certificate(host)):
            return True
        time.sleep(1)
    return False
