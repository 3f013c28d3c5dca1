"""Operators reach the bastion through the tunnel and not without it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from lab.connect import connect
from lab.state import existing_lab

testinfra_hosts = ["ssh://vpn1"]

LAB = existing_lab("mol_vpn")
PROJECT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
BASTION = ["10.9.0.10", "fd00:10:9::10"]


def tunnel(verb):
    run = [sys.executable, "-m", "lab.tunnel", verb, "--name", LAB.name]
    return subprocess.run(run, cwd=PROJECT, check=True, capture_output=True, text=True, timeout=60).stdout


def answers(address, timeout=3.0):
    """Whether SSH answers the operator at an address."""
    try:
        with connect(LAB.namespace("operator"), address, 22, timeout) as connection:
            connection.settimeout(timeout)
            return connection.recv(4) == b"SSH-"
    except OSError:
        return False


@pytest.mark.parametrize("address", BASTION)
def test_the_bastion_answers_through_the_tunnel_only(address):
    assert answers(address)
    tunnel("down")
    try:
        assert not answers(address)
    finally:
        assert "is up" in tunnel("up")
    assert answers(address)


def test_other_hosts_do_not_answer_operators():
    assert not answers("10.9.0.20")


def test_a_second_call_finds_the_tunnel_as_it_should_be():
    assert tunnel("up") == ""


def test_the_key_was_made_on_the_host_and_stays_there(host):
    key = host.file("/etc/wireguard/wg0.key")
    assert (key.user, key.mode) == ("root", 0o600)
    configuration = host.file("/etc/wireguard/wg0.conf")
    assert configuration.mode == 0o600
    assert "PrivateKey" not in configuration.content_string
    written = [path.read_text(encoding="utf-8") for path in (LAB.directory / "wireguard").iterdir() if path.is_file()]
    assert all(key.content_string.strip() not in text for text in written)


def test_the_files_of_the_clients():
    folder = LAB.directory / "wireguard"
    complete = folder / "vpn1-operator.conf"
    assert complete.stat().st_mode & 0o777 == 0o600
    assert (folder / "operator.key").read_text(encoding="utf-8").strip() in complete.read_text(encoding="utf-8")
    other = (folder / "vpn1-anna.conf").read_text(encoding="utf-8")
    assert "\nPrivateKey" not in other
    assert "Endpoint = 198.51.100.20:51820\nAllowedIPs = 10.9.0.0/16, fd00:10:9::/48\n" in other


def test_it_runs_at_every_boot_and_forwards(host):
    assert host.service("wg-quick@wg0").is_enabled
    assert host.check_output("cat /proc/sys/net/ipv4/ip_forward /proc/sys/net/ipv6/conf/all/forwarding") == "1\n1"


def test_tunnels_live_on_when_the_clients_change(host):
    """The received bytes of the operator's peer go on from where they were: its session was not ended."""
    started = host.check_output("systemctl show -p ActiveEnterTimestampMonotonic wg-quick@wg0")
    assert "mGOnlT0xzVgtyBgoDUSrk" in host.check_output("wg show wg0 peers")
    before = received(host)
    host.check_output("cp -p /etc/wireguard/wg0.conf /etc/wireguard/wg0.conf.kept")
    try:
        host.check_output("sed -i '/^# anna$/,$d' /etc/wireguard/wg0.conf")
        host.check_output("wireguard-apply wg0")
        assert "mGOnlT0xzVgtyBgoDUSrk" not in host.check_output("wg show wg0 peers")
        assert received(host) >= before > 0
        assert answers(BASTION[0])
    finally:
        host.check_output("mv /etc/wireguard/wg0.conf.kept /etc/wireguard/wg0.conf")
        host.check_output("wireguard-apply wg0")
    assert host.check_output("systemctl show -p ActiveEnterTimestampMonotonic wg-quick@wg0") == started
    assert answers(BASTION[0])


def received(host):
    """The bytes that the gateway has received from all clients."""
    return sum(int(line.split()[1]) for line in host.check_output("wg show wg0 transfer").splitlines())
