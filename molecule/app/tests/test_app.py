"""What a deployed release looks like from the host, and what a second release and a broken one do."""

from __future__ import annotations

import json

import pytest
import scenario

testinfra_hosts = scenario.hosts("api")

URL = "http://10.9.10.10:8000"


def get(host, path):
    return json.loads(host.check_output(f"curl --silent --show-error --fail {URL}{path}"))


def test_the_api_is_healthy(host):
    assert get(host, "/api/v1/health") == {"status": "ok", "store": "ok"}


def test_a_record_is_kept_over_a_restart(host):
    data = '\'{"key": "one", "value": "first"}\''
    host.check_output(f"curl --silent --fail --data {data} {URL}/api/v1/records")
    host.check_output("systemctl restart api")
    host.check_output(f"curl --silent --fail --retry 20 --retry-connrefused --retry-delay 1 {URL}/health")
    assert get(host, "/api/v1/records/one") == {"key": "one", "value": "first"}


def test_metrics_have_a_port_of_their_own(host):
    shown = host.check_output("curl --silent --fail http://10.9.10.10:9090/metrics")
    application = ("agent_spawn_total", "freeagentics_system_active_agents_total")
    for name in ("http_requests_total", "http_request_duration_seconds", *application):
        assert f"# TYPE {name}" in shown


def test_nobody_but_root_reads_the_environment(host):
    environment = host.file("/etc/api/environment")
    assert (environment.user, environment.mode) == ("root", 0o600)


def test_the_application_gets_its_environment_whole(host):
    pid = host.check_output("systemctl show --property MainPID --value api")
    assert 'TOKEN=a "quoted" secret' in host.check_output(f"tr '\\0' '\\n' < /proc/{pid}/environ").splitlines()


def test_the_service_runs_without_privileges(host):
    pid = host.check_output("systemctl show --property MainPID --value api")
    assert host.check_output(f"stat --format %U /proc/{pid}") == "api"
    status = host.check_output(f"cat /proc/{pid}/status")
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status


def test_systemd_finds_little_exposed(host):
    shown = host.check_output("systemd-analyze security --no-pager api.service").splitlines()[-1]
    assert float(shown.split(":")[1].split()[0]) < 3.0


@pytest.mark.parametrize("link", ["current"])
def test_the_release_is_named_after_its_content(host, link):
    target = host.check_output(f"readlink /opt/api/{link}")
    assert get(host, "/api/v1/server")["version"] == target.rsplit("/", 1)[1]
