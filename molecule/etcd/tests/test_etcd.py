# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The cluster as its clients see it, with all members and without one."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from pathlib import Path

import pytest
import scenario

SCENARIO = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])
MEMBERS = {"etcd1": "10.9.20.10", "etcd2": "10.9.21.10", "etcd3": "10.9.22.10"}
ROOT = ("root", 'the superuser\'s "password"')
PATRONI = ("patroni", "Patroni's $password")
DATA = "/var/lib/etcd/molecule-test-1"

testinfra_hosts = scenario.hosts("etcd")[:1]


def play(*arguments, **variables):
    """Run the playbook, as an operator does."""
    command = ["ansible-playbook", f"--inventory={SCENARIO}/topology.yml", *arguments]
    command += [f"--extra-vars={json.dumps(variables)}", str(SCENARIO / "converge.yml")]
    environment = {**os.environ, "ANSIBLE_FORCE_COLOR": "false", "ANSIBLE_NOCOLOR": "true"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def etcdctl(host, *arguments, user=None, members=MEMBERS):
    """Run etcd's own client on the first host. Where the leader changes meanwhile, it warns and tries again."""
    endpoints = ",".join(f"https://{MEMBERS[name]}:2379" for name in members)
    settings = {"ETCDCTL_API": "3", "ETCDCTL_ENDPOINTS": endpoints, "ETCDCTL_CACERT": "/etc/freeagentics/tls/ca.crt"}
    if user:
        settings["ETCDCTL_USER"] = ":".join(user)
    words = [*(f"{key}={value}" for key, value in settings.items()), "etcdctl", "--command-timeout=8s", *arguments]
    return host.run("env " + " ".join(map(shlex.quote, words)) + " 2>&1")


def on(host, name, command):
    """Run a command as root on another host of the scenario."""
    other = host.get_host(
        f"ssh://{name}?sudo=true", ssh_config=str(SCENARIO.parents[1] / ".lab" / "mol_etcd" / "ssh.cfg")
    )
    return other.check_output(command)


def members(host):
    """Return the members that the cluster lists, by name, with their numbers."""
    done = etcdctl(host, "member", "list", "--write-out=json", user=ROOT)
    assert done.rc == 0, done.stdout
    return {member["name"]: member["ID"] for member in json.loads(done.stdout)["members"]}


def test_every_member_is_healthy_over_tls(host):
    done = etcdctl(host, "endpoint", "health", user=ROOT)
    assert done.rc == 0, done.stdout
    assert done.stdout.count("is healthy") == 3
    assert sorted(members(host)) == sorted(MEMBERS)


def test_a_client_without_tls_gets_nothing(host):
    done = host.run("curl -sS --max-time 5 http://10.9.20.10:2379/version")
    assert "etcdserver" not in done.stdout


def test_a_member_must_show_a_certificate(host):
    tls, place = "--cacert /etc/freeagentics/tls/ca.crt", "https://10.9.21.10:2380/members"
    own = "--cert /etc/freeagentics/tls/etcd.crt --key /etc/freeagentics/tls/etcd.key"
    assert len(json.loads(host.check_output(f"curl -sS --http1.1 --max-time 5 {tls} {own} {place}"))) == 3
    done = host.run(f"curl -sS --http1.1 --max-time 5 {tls} {place}")
    assert (done.rc != 0, done.stdout) == (True, "")


@pytest.mark.parametrize("user", [("patroni", "another password"), ("root", "another password"), ("nobody", "any")])
def test_a_wrong_password_is_refused(host, user):
    done = etcdctl(host, "get", "/service/x", user=user)
    assert done.rc != 0
    assert "authentication failed, invalid user ID or password" in done.stdout


def test_nobody_gets_in_without_a_password(host):
    for command in (
        ["get", "/service/x"],
        ["put", "/service/x", "1"],
        ["member", "add", "x", "--peer-urls=https://x:1"],
    ):
        done = etcdctl(host, *command)
        assert done.rc != 0
        assert "user name is empty" in done.stdout


def test_patroni_reads_and_writes_its_own_keys_and_no_others(host):
    assert etcdctl(host, "put", "/service/molecule/test", "kept", user=PATRONI).stdout.endswith("OK\n")
    assert etcdctl(host, "get", "/service/molecule/test", user=PATRONI).stdout.endswith(
        "/service/molecule/test\nkept\n"
    )
    for command in (
        ["get", "/other"],
        ["put", "/other", "1"],
        ["get", "/service0"],
        ["get", "", "--prefix"],
        ["user", "list"],
    ):
        done = etcdctl(host, *command, user=PATRONI)
        assert done.rc != 0
        assert "permission denied" in done.stdout


def test_patroni_gets_in_through_the_json_gateway(host):
    body = json.dumps({"name": PATRONI[0], "password": PATRONI[1]})
    command = "curl -sS --cacert /etc/freeagentics/tls/ca.crt https://10.9.22.10:2379/v3/auth/authenticate"
    assert json.loads(host.check_output(f"{command} -d {shlex.quote(body)}"))["token"]


def test_metrics_come_over_tls(host):
    text = host.check_output("curl -sS --cacert /etc/freeagentics/tls/ca.crt https://10.9.20.10:2379/metrics")
    assert "\netcd_server_has_leader 1\n" in text


def test_data_and_keys_are_etcds_alone(host):
    assert (host.file(DATA).mode, host.file(DATA).user) == (0o700, "etcd")
    assert (host.file("/etc/freeagentics/tls/etcd.key").mode, host.file("/etc/freeagentics/tls/etcd.key").group) == (
        0o640,
        "etcd",
    )
    for secret in (ROOT[1], PATRONI[1]):
        assert host.run("grep -rqF -- %s /etc /run/systemd", secret).rc == 1
    assert host.check_output("ps -o args= -C etcd") == "/usr/bin/etcd"


def test_with_one_member_dead_the_cluster_serves(host):
    on(host, "etcd2", "systemctl kill --signal=KILL etcd.service && systemctl stop etcd.service")
    try:
        left = ["etcd1", "etcd3"]
        assert etcdctl(host, "put", "/service/molecule/dead", "written", user=PATRONI, members=left).stdout.endswith(
            "OK\n"
        )
        assert etcdctl(host, "endpoint", "health", user=ROOT, members=left).rc == 0
    finally:
        on(host, "etcd2", "systemctl start etcd.service")
    done = etcdctl(host, "get", "/service/molecule/dead", "--print-value-only", user=PATRONI, members=["etcd2"])
    assert done.stdout.endswith("written\n")


def test_a_host_that_lost_its_data_is_put_back(host):
    before = members(host)
    etcdctl(host, "put", "/service/molecule/lost", "still here", user=PATRONI)
    on(host, "etcd3", f"systemctl stop etcd.service && rm -r {DATA}")
    # A run that ended after the member was removed, before anything else.
    done = etcdctl(host, "member", "remove", f"{before['etcd3']:x}", user=ROOT, members=["etcd1", "etcd2"])
    assert done.rc == 0, done.stdout

    done = play()
    assert done.returncode == 0, done.stdout
    after = members(host)
    assert sorted(after) == sorted(before)
    assert after["etcd3"] != before["etcd3"]
    assert {name: after[name] for name in ("etcd1", "etcd2")} == {name: before[name] for name in ("etcd1", "etcd2")}
    done = etcdctl(host, "get", "/service/molecule/lost", "--print-value-only", user=PATRONI, members=["etcd3"])
    assert done.stdout.endswith("still here\n")


def test_a_rebuilt_host_is_put_back_in_a_run_of_its_own_which_changes_passwords_too(host):
    before = members(host)
    on(host, "etcd2", f"systemctl stop etcd.service && rm -r {DATA}")
    new = {"secret_etcd_root": "another one", "secret_etcd_patroni": "and another"}
    done = play("--limit=etcd2", **new, etcd_root_password_previous=ROOT[1])
    try:
        assert done.returncode == 0, done.stdout
        assert not any(password in done.stdout + done.stderr for password in (*new.values(), ROOT[1]))
        assert etcdctl(host, "get", "/service/x", user=("patroni", "and another")).rc == 0
        assert etcdctl(host, "get", "/service/x", user=PATRONI).rc != 0
    finally:
        done = play("--limit=etcd1", etcd_root_password_previous="another one")
    assert done.returncode == 0, done.stdout
    assert etcdctl(host, "get", "/service/x", user=PATRONI).rc == 0
    assert members(host)["etcd2"] != before["etcd2"]


def test_what_is_not_etcds_in_the_data_directory_is_left_alone(host):
    on(host, "etcd3", f"touch {DATA}/notes")
    try:
        done = play("--limit=etcd3", "--tags=etcd_preflight")
    finally:
        on(host, "etcd3", f"rm {DATA}/notes")
    assert done.returncode != 0
    refusal = f"etcd3: {DATA}: here is notes, which is not etcd's; move it away, or choose another directory"
    assert refusal in " ".join(done.stdout.split())
