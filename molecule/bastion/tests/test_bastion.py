"""The jump host: many jumps at once, for its users only, each of them logged."""

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor

from lab.state import existing_lab

testinfra_hosts = ["ssh://bastion1"]

LAB = existing_lab(f"mol_{os.environ['MOLECULE_SCENARIO_NAME']}")
JUMPS = 30


ALONE = ("-o", "ControlPath=none")
#: A jump through a connection of its own, where ssh.cfg would share one.
JUMP_ALONE = (
    *ALONE,
    "-o",
    "ProxyUseFdpass=no",
    "-o",
    f"ProxyCommand=ssh -F {LAB.ssh_config} -o ControlPath=none -W %h:%p bastion1",
)


def ssh(*options, host="api1"):
    command = ["ssh", "-F", str(LAB.ssh_config), *options, host, "hostname"]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def test_sshd_takes_the_settings_of_the_bastion(host):
    settings = host.check_output("sshd -T").splitlines()
    for setting in (
        "allowtcpforwarding local",
        "allowagentforwarding no",
        "x11forwarding no",
        "permittunnel no",
        "maxstartups 100:30:200",
        "maxsessions 200",
        "allowusers platform",
        "loglevel VERBOSE",
    ):
        assert setting in settings


def test_many_operators_jump_at_the_same_time():
    assert at_once(*JUMP_ALONE) == ["api1\n"] * JUMPS


def test_many_jumps_share_a_connection():
    ssh("-O", "exit", host="bastion1")
    assert ssh(host="bastion1").returncode == 0
    assert at_once(*ALONE) == ["api1\n"] * JUMPS


def at_once(*options):
    """What many jumps print that are made together."""
    with ThreadPoolExecutor(JUMPS) as pool:
        return [run.stdout or run.stderr for run in pool.map(lambda _: ssh(*options), range(JUMPS))]


def test_another_user_is_refused(host):
    host.check_output(
        "useradd --create-home visitor && install -d -o visitor -m 0700 /home/visitor/.ssh"
        " && install -o visitor -m 0600 /home/platform/.ssh/authorized_keys /home/visitor/.ssh/"
    )
    try:
        run = ssh(*ALONE, "-l", "visitor", host="bastion1")
        assert run.returncode == 255
        assert "User visitor from" in host.check_output("journalctl -u ssh --no-pager -n 50")
    finally:
        host.check_output("userdel --remove visitor")


def test_a_jump_is_logged_with_its_user_key_and_target(host):
    assert ssh(*JUMP_ALONE).returncode == 0
    log = host.check_output("journalctl -u ssh --no-pager -n 200")
    assert re.search(r"Accepted publickey for platform from \S+ port \d+ ssh2: ED25519 SHA256:", log)
    assert re.search(r"target 10\.9\.10\.10 port 22", log)
