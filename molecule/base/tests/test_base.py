# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the hosts' users, daemons and neighbours see after the role has run."""

import json
import shutil
import subprocess
import time
import uuid
from pathlib import Path

import pytest
import scenario

testinfra_hosts = scenario.hosts()

ADDRESSES = {"bastion1": "10.9.0.10", "api1": "10.9.10.10"}
OPERATOR = ["nsenter", "--net=/run/netns/mol_base-operator"]
LAB = Path(__file__).parents[3] / ".lab" / "mol_base"


def name_of(host):
    return host.check_output("hostname")


def from_outside(*command):
    return subprocess.run([*OPERATOR, *command], capture_output=True, text=True, check=False, timeout=60)


def test_a_user_logs_in_with_the_key_and_may_do_everything(host):
    name = name_of(host)
    command = ["ssh", "-F", str(LAB / "ssh.cfg"), "-o", "User=ada", "-o", "ControlPath=none", name, "sudo -n id -un"]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert run.stdout == "root\n", run.stderr


def test_accounts_are_as_declared(host):
    assert host.user("ada").gecos == "Ada Lovelace"
    assert host.user("ada").groups == ["ada", "adm"]
    assert not host.user("bob").exists
    keys = host.file("/etc/ssh/authorized_keys.d/ada")
    assert (keys.user, keys.mode) == ("root", 0o644)


def test_sshd_refuses_passwords_and_root(host):
    settings = host.check_output("/usr/sbin/sshd -T").splitlines()
    forwarding = "local" if name_of(host) == "bastion1" else "no"
    for line in (
        "passwordauthentication no",
        "kbdinteractiveauthentication no",
        "permitrootlogin no",
        "x11forwarding no",
        "maxsessions 10",
        f"allowtcpforwarding {forwarding}",
    ):
        assert line in settings


def test_ssh_audit_finds_nothing(host):
    audit = shutil.which("ssh-audit")
    assert audit, "ssh-audit is missing: install requirements-dev.txt"
    run = from_outside(audit, "--json", ADDRESSES[name_of(host)])
    found = json.loads(run.stdout)
    notes = {
        f"{kind} {entry['algorithm']}: {level}: {text}"
        for kind in ("kex", "key", "enc", "mac")
        for entry in found[kind]
        for level in ("fail", "warn")
        for text in entry.get("notes", {}).get(level, [])
    }
    assert notes == set()
    assert {entry["algorithm"] for entry in found["kex"]} >= {"sntrup761x25519-sha512@openssh.com"}
    assert run.returncode == 0


def test_the_clock_follows_the_time_server(host):
    for _ in range(30):
        source = host.run("chronyc -c tracking").stdout.strip().split(",")
        if source[-1] == "Normal":
            break
        time.sleep(1)
    assert (source[1], source[-1]) == ("192.0.2.53", "Normal")


def test_the_time_zone_is_utc(host):
    assert host.check_output("date +%Z") == "UTC"


def test_a_message_to_the_syslog_port_reaches_its_file(host):
    word = uuid.uuid4().hex
    host.check_output("logger -n 127.0.0.1 -P 514 -d -p local0.info %s", word)
    for _ in range(20):
        if host.run("grep -c %s /var/log/local0.log", word).stdout.strip() == "1":
            break
        time.sleep(0.5)
    log = host.file("/var/log/local0.log")
    assert word in log.content_string
    assert log.mode == 0o640


def test_only_loopback_hears_syslog(host):
    sockets = host.check_output("ss -Hlnu sport = :514").split()
    assert sockets[3] == "127.0.0.1:514"


def test_logs_are_rotated_and_kept_as_long_as_declared(host):
    host.check_output("logger -p local0.info before-the-rotation")
    host.check_output("logrotate --force /etc/logrotate.d/rsyslog")
    assert host.file("/var/log/local0.log.1").exists
    word = uuid.uuid4().hex
    host.check_output("logger -p local0.info %s", word)
    for _ in range(20):
        if host.run("grep -c %s /var/log/local0.log", word).stdout.strip() == "1":
            break
        time.sleep(0.5)
    assert word in host.file("/var/log/local0.log").content_string
    assert "rotate 30" in host.file("/etc/logrotate.d/rsyslog").content_string


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("net/core/somaxconn", "4096"),
        ("net/ipv4/conf/all/accept_redirects", "0"),
        ("net/ipv4/ip_local_port_range", "20000\t60999"),
        ("net/ipv6/conf/all/accept_ra", "0"),
    ],
)
def test_kernel_settings_are_in_force(host, setting, value):
    assert host.check_output("cat /proc/sys/%s", setting).strip() == value


@pytest.mark.parametrize(("name", "address"), ADDRESSES.items())
def test_hosts_know_each_other_by_name(host, name, address):
    assert host.check_output("getent ahostsv4 %s", name).split()[0] == address
    assert host.check_output("getent ahostsv4 %s.molecule.lab", name).split()[0] == address


def test_the_name_server_answers(host):
    assert host.check_output("getent ahostsv4 www.molecule.test").split()[0] == "198.51.100.11"


def test_security_updates_come_by_themselves(host):
    settings = host.check_output("apt-config dump")
    assert 'APT::Periodic::Unattended-Upgrade "1";' in settings
    assert 'Unattended-Upgrade::Automatic-Reboot "false";' in settings
    assert host.service("apt-daily-upgrade.timer").is_running


def test_the_journal_is_limited(host):
    limits = host.check_output("systemd-analyze cat-config systemd/journald.conf")
    assert "SystemMaxUse=500M" in limits.splitlines()


def test_every_daemon_runs_and_starts_at_boot(host):
    for name in ("chrony", "rsyslog", "logrotate.timer"):
        assert host.service(name).is_running
        assert host.service(name).is_enabled
    assert host.check_output("systemctl --failed --no-legend") == ""
