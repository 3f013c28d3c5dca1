"""What a private host sends out passes the gateway."""

import os

import pytest

from lab.connect import connect
from lab.state import existing_lab

testinfra_hosts = ["ssh://nat1"]

LAB = existing_lab(f"mol_{os.environ['MOLECULE_SCENARIO_NAME']}")
CLIENT = "192.0.2.10"


def gets_out():
    """Whether the private host reaches a host outside."""
    try:
        with connect(LAB.namespace("api1"), CLIENT, 22, timeout=3.0):
            return True
    except OSError:
        return False


@pytest.mark.parametrize("setting", ["net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding"])
def test_the_kernel_forwards(host, setting):
    assert host.file(f"/proc/sys/{setting}").content_string == "1\n"


def test_idle_connections_are_forgotten_after_an_hour(host):
    setting = host.file("/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established")
    assert setting.content_string == "3600\n"


def test_a_private_host_gets_out_through_the_gateway_only(host):
    masquerade = "POSTROUTING -s 10.9.10.0/24 -o eth0 -j MASQUERADE"
    host.check_output(f"iptables -t nat -A {masquerade}")
    try:
        assert gets_out()
        host.check_output("sysctl -qw net.ipv4.ip_forward=0")
        assert not gets_out()
    finally:
        host.check_output("sysctl -qw net.ipv4.ip_forward=1")
        host.check_output(f"iptables -t nat -D {masquerade}")
