"""What every load balancer does on its host; what a client sees is in tests/acceptance/test_public_site.py."""

import json
import os

import scenario
from entrance import certificate, curl, until_certificate

testinfra_hosts = scenario.hosts("load_balancer")
ENGINE = os.environ["MOLECULE_SCENARIO_NAME"]


def test_the_daemon_runs_and_starts_at_boot(host):
    service = host.service(ENGINE)
    assert service.is_running
    assert service.is_enabled


def test_the_key_is_for_root_alone(host):
    pem = host.file("/etc/freeagentics/tls/site.pem")
    assert (pem.user, pem.mode) == ("root", 0o600)


def test_a_drained_server_stays_drained_over_a_restart(host):
    host.check_output("lb-drain api1 5")
    host.check_output(f"systemctl restart {ENGINE}")
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
