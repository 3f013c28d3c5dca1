"""What the firewall promises: it heals a lock-out, finds what was added by hand, and leaves alone what is right."""

import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from lab.hosts import process_ids
from lab.state import existing_lab

testinfra_hosts = ["ssh://api1"]

SCENARIO = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])
PROJECT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
LAB = existing_lab(f"mol_{os.environ['MOLECULE_SCENARIO_NAME']}")
SECONDS = 8
HARMLESS = "-A INPUT -p tcp -m tcp --dport 7777 -j ACCEPT"
LOCK_OUT = "-A INPUT -p tcp -m tcp --dport 22 -m conntrack --ctstate NEW -j DROP"
LOCK_OUT_WITH_ALL = "-A INPUT -j DROP"
MESSAGE = (
    f"api1: the new firewall rules were not confirmed through a new SSH connection within {SECONDS} s, so the host "
    "restored the old rules by itself; they are in force again and at the next boot. Most likely the new rules do not "
    "let SSH in from where this run connects: look at the flow to port 22 with --check --diff. If the host was only "
    "slow, raise rollback_seconds. See docs/firewall.md."
)


def playbook(name, *options, **variables):
    """Runs a playbook of the scenario; its whole output."""
    return subprocess.run(
        command(name, *options, **variables),
        capture_output=True,
        text=True,
        check=False,
        env=environment(),
        timeout=180,
    )


def command(name, *options, **variables):
    extra = ["--extra-vars", json.dumps(variables)] if variables else []
    return ["ansible-playbook", f"--inventory={SCENARIO}/topology.yml", *extra, *options, str(SCENARIO / name)]


def environment(**more):
    return {**os.environ, "ANSIBLE_FORCE_COLOR": "false", "ANSIBLE_NOCOLOR": "true", **more}


def rules(host):
    """The rules of the kernel without counters, and the files."""
    saved = host.check_output("iptables-save; ip6tables-save; cat /etc/iptables/rules.v4 /etc/iptables/rules.v6")
    return [re.sub(r"\[\d+:\d+\]", "", line) for line in saved.splitlines() if not line.startswith("#")]


def kernel(host):
    return host.check_output("iptables-save")


def pending_file():
    """The state of the change on api1, seen from the machine past every firewall."""
    return Path(f"/proc/{process_ids(LAB)['api1']}/root/run/iptables-ruleset/pending.json")


def wait_until(condition, seconds, what):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.01)


def loaded(path):
    """Whether new rules are loaded and wait for their confirmation."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))["changed_at"] is not None
    except (FileNotFoundError, json.JSONDecodeError):
        return False


def tree(pid):
    """A process and all below it: Ansible's workers are in sessions of their own."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return [pid, *(below for child in children for below in tree(int(child)))]


def start_and_kill(rule, seconds=SECONDS):
    """Starts a change and kills the run, with all its processes, between apply and confirm; the change's token."""
    path = pending_file()
    run = subprocess.Popen(
        command("change.yml", first_rule=rule, seconds=seconds),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment(),
    )
    wait_until(lambda: loaded(path), 60, "new rules are loaded")
    for pid in tree(run.pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    run.wait()
    return json.loads(path.read_text(encoding="utf-8"))["token"]


@pytest.fixture(autouse=True)
def as_converged(host):
    """Every test begins and ends with the scenario's rules, in the kernel and in the files."""
    before = rules(host)
    yield
    assert rules(host) == before


def test_the_rules_are_loaded_and_will_be_at_the_next_boot(host):
    assert ":INPUT DROP" in kernel(host)
    assert ":INPUT DROP" in host.check_output("ip6tables-save")
    assert host.service("netfilter-persistent").is_enabled
    assert "network-pre.target" in host.check_output("systemctl show -p Before netfilter-persistent")
    for name in ("rules.v4", "rules.v6"):
        assert host.file(f"/etc/iptables/{name}").mode == 0o640


@pytest.mark.parametrize("rule", [LOCK_OUT, LOCK_OUT_WITH_ALL])
def test_a_lock_out_heals_itself(host, rule):
    begin = time.monotonic()
    run = playbook("change.yml", first_rule=rule, seconds=SECONDS)
    assert run.returncode == 2, run.stdout
    assert MESSAGE in run.stdout
    assert time.monotonic() - begin < SECONDS + 30
    assert rule not in kernel(host)
    assert playbook("converge.yml").returncode == 0


def test_a_run_that_is_killed_before_the_confirmation_heals(host):
    start_and_kill(HARMLESS)
    assert HARMLESS in kernel(host)
    wait_until(lambda: not pending_file().exists(), SECONDS + 5, "the timer has restored the old rules")
    assert HARMLESS not in kernel(host)


def test_the_next_run_takes_an_unconfirmed_change_back(host):
    start_and_kill(HARMLESS, seconds=600)
    run = playbook("converge.yml", "--limit=api1", "--verbose")
    assert run.returncode == 0, run.stdout
    assert re.search(r"changed: \[api1\] => .*\"recovered\": true", run.stdout), run.stdout
    assert HARMLESS not in kernel(host)
    assert "iptables-ruleset-rollback" not in host.check_output("systemctl list-timers --all")


def test_a_reboot_before_the_confirmation_heals(host):
    start_and_kill(HARMLESS, seconds=600)
    reboot()
    assert HARMLESS not in kernel(host)


def test_a_connection_from_before_the_change_does_not_confirm_it(host):
    with tempfile.TemporaryDirectory(prefix="cp-") as sockets:
        shared = f"-o ControlMaster=auto -o ControlPersist=60 -o ControlPath={sockets}/%h"
        assert "state=unknown" in confirmation("none", shared)
        token = start_and_kill(HARMLESS)
        assert "state=old_connection" in confirmation(token, shared)
        subprocess.run(["ssh", "-o", f"ControlPath={sockets}/10.9.10.10", "-O", "exit", "api1"], check=True)
        wait_until(lambda: not pending_file().exists(), SECONDS + 5, "the timer has restored the old rules")
        assert "state=rolled_back" in confirmation(token, shared)
        subprocess.run(["ssh", "-o", f"ControlPath={sockets}/10.9.10.10", "-O", "exit", "api1"], check=True)


def confirmation(token, ssh_arguments):
    """What a confirmation through a connection of its own says."""
    run = subprocess.run(
        command("confirm.yml", token=token),
        capture_output=True,
        text=True,
        check=False,
        env=environment(ANSIBLE_SSH_ARGS=ssh_arguments),
    )
    return run.stdout


def test_a_rule_added_by_hand_is_found_and_removed(host):
    host.check_output("iptables -I INPUT 1 -p tcp -m tcp --dport 4444 -j ACCEPT")
    check = playbook("converge.yml", "--check", "--diff")
    assert "\n--A INPUT -p tcp -m tcp --dport 4444 -j ACCEPT\n" in check.stdout
    assert "--dport 4444" in kernel(host)
    run = playbook("converge.yml", "--diff")
    assert "\n--A INPUT -p tcp -m tcp --dport 4444 -j ACCEPT\n" in run.stdout
    assert "--dport 4444" not in kernel(host)


def test_rules_that_would_not_be_loaded_at_boot_are_found(host):
    host.check_output("systemctl disable netfilter-persistent")
    run = playbook("converge.yml", "--verbose")
    assert re.search(r"changed: \[api1\] => .*\"enabled\": true", run.stdout), run.stdout
    assert host.service("netfilter-persistent").is_enabled


def test_a_rule_added_to_the_file_is_found_and_removed(host):
    host.check_output(
        "sed -i '0,/^-A INPUT/s//-A INPUT -p udp -m udp --dport 4444 -j ACCEPT\\n&/' /etc/iptables/rules.v4"
    )
    run = playbook("converge.yml", "--diff")
    assert "\n--A INPUT -p udp -m udp --dport 4444 -j ACCEPT\n" in run.stdout


def test_counters_and_a_live_connection_survive_a_run_without_a_change(host):
    with live_connection() as ask:
        before = packets(host)
        run = playbook("converge.yml")
        assert re.search(r"api1 .* changed=0 .* failed=0", run.stdout), run.stdout
        after = packets(host)
        assert ask("still there") == "still there"
    assert sum(before) > 0
    assert all(later >= earlier for earlier, later in zip(before, after))


def test_a_live_connection_survives_a_change(host):
    with live_connection() as ask:
        host.check_output("iptables -I INPUT 1 -p tcp -m tcp --dport 4444 -j ACCEPT")
        assert playbook("converge.yml").returncode == 0
        assert ask("still there") == "still there"


def test_the_rules_are_there_after_a_reboot(host):
    before = rules(host)
    reboot()
    assert rules(host) == before


def test_a_host_with_another_manager_of_rules_is_refused(host):
    host.check_output("mkdir -p /etc/ufw && echo ENABLED=yes > /etc/ufw/ufw.conf")
    try:
        run = playbook("converge.yml")
        assert run.returncode == 2
        assert (
            "ufw manages the rules of this host, and two managers undo each other's work: see which of its rules you "
            "need, declare them as flows, then end it ('ufw disable', 'systemctl disable --now firewalld nftables') "
            "and run this again"
        ) in run.stdout
    finally:
        host.check_output("rm -r /etc/ufw")


def packets(host):
    """The packet counters of all rules of the chain INPUT."""
    return [int(line.split()[0]) for line in host.check_output("iptables -L INPUT -v -n -x").splitlines()[2:]]


@contextmanager
def live_connection():
    """An SSH connection of its own that stays open: a function that sends a line and returns the echo."""
    alone = ["-o", "ControlPath=none", "-F", str(LAB.ssh_config)]
    process = subprocess.Popen(
        ["ssh", *alone, "api1", "cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )

    def ask(line):
        process.stdin.write(f"{line}\n")
        process.stdin.flush()
        ready, _, _ = select.select([process.stdout], [], [], 15)
        assert ready, "the connection is dead"
        return process.stdout.readline().rstrip("\n")

    try:
        assert ask("hello") == "hello"
        yield ask
    finally:
        process.stdin.close()
        process.wait(timeout=15)


def reboot():
    """Takes the host's power away and gives it back."""
    for verb in ("kill", "start"):
        run = subprocess.run(
            [sys.executable, "-m", "lab", verb, "api1", "--name", LAB.name],
            cwd=PROJECT,
            check=False,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert run.returncode == 0, f"{verb}: {run.stdout}{run.stderr}"
