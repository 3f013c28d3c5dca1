"""The zone and the time are served to others, not only to the server itself."""

from __future__ import annotations

import pytest
from testinfra.host import Host

testinfra_hosts = ["ssh://dns"]

SERVER = "192.0.2.53"


@pytest.mark.parametrize("name", ["molecule.test", "app.molecule.test", "api.molecule.test"])
def test_the_names_of_the_site_lead_to_the_load_balancer(host: Host, name: str) -> None:
    assert host.check_output(f"kdig +short @{SERVER} {name} A").split() == ["198.51.100.11"]


@pytest.mark.parametrize("transport", ["+notcp", "+tcp"])
def test_hosts_outside_have_names_over_udp_and_tcp(host: Host, transport: str) -> None:
    assert host.check_output(f"kdig {transport} +short @{SERVER} client.molecule.test A") == "192.0.2.10"


def test_a_name_that_nothing_declares_does_not_exist(host: Host) -> None:
    assert "NXDOMAIN" in host.check_output(f"kdig @{SERVER} nothing.molecule.test A")


def test_other_zones_are_refused(host: Host) -> None:
    assert "REFUSED" in host.check_output(f"kdig @{SERVER} example.org A")


def test_a_record_that_is_gone_from_the_file_is_gone_after_a_reload(host: Host) -> None:
    zone = "/var/lib/knot/molecule.test.zone"
    host.check_output(
        f"cp -p {zone} /root/zone.saved && sed -i '/^client/d' {zone} && systemctl reload knot && sleep 1"
    )
    try:
        assert "NXDOMAIN" in host.check_output(f"kdig @{SERVER} client.molecule.test A")
    finally:
        host.check_output(f"cp -p /root/zone.saved {zone} && systemctl reload knot && sleep 1")
    assert host.check_output(f"kdig +short @{SERVER} client.molecule.test A") == "192.0.2.10"


def test_the_time_is_served_to_the_platform_alone(host: Host) -> None:
    assert host.socket("udp://0.0.0.0:123").is_listening
    assert "208 Access allowed" in host.check_output("chronyc accheck 10.9.0.10")
    assert "209 Access denied" in host.check_output("chronyc accheck 192.0.2.10")


def test_the_daemons_start_with_the_host(host: Host) -> None:
    for name in ("knot", "chrony"):
        assert host.service(name).is_enabled
        assert host.service(name).is_running
