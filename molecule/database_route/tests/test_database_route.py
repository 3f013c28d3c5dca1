"""What an application on the host sees of its database, in good times and in bad ones."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path

import pytest
import scenario
import testinfra

testinfra_hosts = scenario.hosts("api")

PROJECT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
SCENARIO = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])
SSH = PROJECT / ".lab" / f"mol_{os.environ['MOLECULE_SCENARIO_NAME']}" / "ssh.cfg"
CLIENT = "/usr/bin/python3 /usr/local/lib/client.py"
MEMBERS = {"10.9.20.10": "db1", "10.9.20.11": "db2", "10.9.20.12": "db3"}
CA = "/etc/freeagentics/tls/ca.crt"
PATRONICTL = "/opt/patroni/bin/patronictl -c /etc/patroni/patroni.yml"


def member(name):
    """Return a host of the cluster."""
    return testinfra.get_host(f"ssh://{name}", ssh_config=str(SSH), sudo=True)


def replay(name, signal):
    """Stop (STOP) or continue (CONT) what replays the log on a replica; it goes on to receive it."""
    member(name).run(f"pkill --signal {signal} --full '^postgres: .*startup recovering'")


def server(host, database):
    """Return the name of the server that a client of the pool is led to, and whether it can be written to."""
    name, recovery = host.check_output(
        f"{CLIENT} ask {database} 'SELECT host(inet_server_addr()), pg_is_in_recovery()'"
    ).split()
    return MEMBERS[name], recovery == "False"


def leader(host):
    """Return the member that leads, as Patroni says."""
    cluster = json.loads(host.check_output(f"curl --silent --fail --cacert {CA} https://10.9.20.10:8008/cluster"))
    return next(one["name"] for one in cluster["members"] if one["role"] == "leader")


def read_route(host):
    """Return the servers that reads are led to."""
    return {MEMBERS[name] for name in host.check_output(f"{CLIENT} servers 8").split()}


def until(condition, seconds=30):
    """Return the value of a condition once it holds, with the seconds that took; it fails after a while."""
    started = time.monotonic()
    while True:
        value = condition()
        if value:
            return value, time.monotonic() - started
        assert time.monotonic() - started < seconds, "it did not happen in time"
        time.sleep(0.2)


def start(host, command):
    """Start a client on the host; its answer is read later."""
    name = host.backend.get_pytest_id().rpartition("/")[2]
    ssh = ["ssh", "-F", str(SSH), name, "sudo", *CLIENT.split(), *command.split()]
    return subprocess.Popen(ssh, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(client):
    """Return what a client said."""
    answer, errors = client.communicate(timeout=90)
    assert client.returncode == 0, errors
    return answer.strip()


@pytest.fixture
def whole():
    """After a test every member replays again."""
    yield
    for name in MEMBERS.values():
        replay(name, "CONT")


def test_writes_go_to_the_leader_and_reads_to_replicas(host):
    assert server(host, "app") == (leader(host), True)
    name, writable = server(host, "app_read")
    assert name != leader(host)
    assert not writable
    until(lambda: read_route(host) == set(MEMBERS.values()) - {leader(host)})


def test_the_application_uses_both(host):
    answer = host.check_output("curl --silent --fail http://10.9.10.10:8000/api/v1/health")
    assert json.loads(answer) == {"status": "ok", "store": "ok", "database": "read-write"}
    url = "http://10.9.10.10:8000/api/v1/records"
    host.check_output(f'curl --silent --fail --data \'{{"key": "one", "value": "first"}}\' {url}')
    shown, _seconds = until(
        lambda: [text for text in [host.check_output(f"curl -i --silent {url}/one")] if "x-store: replica" in text]
    )
    assert "x-cache: off" in shown[0]
    assert json.loads(shown[0].splitlines()[-1]) == {"key": "one", "value": "first"}


def test_a_release_can_be_migrated_again(host):
    done = host.check_output(
        "set -a; . /etc/api/environment; cd /opt/api/current; python3 -m reference_service.migrate"
    )
    assert done == "the table is there"


def test_only_loopback_listens_and_the_packages_own_services_do_not_run(host):
    listening = {line.split()[3] for line in host.check_output("ss --no-header -ltn").splitlines()}
    assert {f"127.0.0.1:{port}" for port in (5432, 5433, 6432, 8018)} <= listening
    assert not [
        one for one in listening if one.rpartition(":")[2] in ("5432", "5433", "6432", "8018") and "127" not in one
    ]
    for name in ("haproxy", "pgbouncer"):
        assert not host.service(name).is_running
        assert host.service(name).is_masked


def test_the_consoles_and_the_password_are_for_few(host):
    assert host.file("/run/database-route/admin.sock").mode & 0o077 == 0
    assert host.file("/run/database-pool").mode & 0o077 == 0
    passwords = host.file("/etc/database-route/userlist.txt")
    assert (passwords.user, passwords.group, passwords.mode) == ("root", "postgres", 0o640)


def test_a_wrong_password_is_refused_by_the_pool(host):
    access = "host=127.0.0.1 port=6432 dbname=app user=app password=wrong"
    done = host.run(f"python3 -c 'import psycopg2; psycopg2.connect(\"{access}\")'")
    assert "SASL authentication failed" in done.stderr


@pytest.fixture
def beside(host):
    """A folder for a copy of the route or the pool beside the one that runs, and a CA in it that nobody trusts."""
    host.check_output(
        "install -d -o postgres /tmp/other && cd /tmp/other && cp /etc/database-route/*.ini ."
        " && openssl req -x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 2 -subj /CN=other"
        " -keyout ca.key -out ca.crt"
    )
    yield "/tmp/other"
    host.run("systemctl stop other; rm -r /tmp/other")


def run_beside(host, command):
    """Start a program for the time of a test."""
    host.check_output(f"systemd-run --quiet --collect --unit=other {command}")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (f"s|{CA}|/tmp/other/ca.crt|", "certificate verify failed"),
        ("s|host=database.molecule.lab|host=127.0.0.1|", "name `127.0.0.1' not present in server certificate"),
    ],
)
def test_a_database_with_another_certificate_is_refused(host, beside, change, said):
    """The same pool with another CA, or another name for the server."""
    host.check_output(
        f"sed -i -e '{change}' -e 's|/etc/database-route/listen|/tmp/other/listen|' {beside}/pgbouncer.ini"
    )
    host.check_output(f"sed -i -e 's|6432|6499|' -e 's|/run/database-pool|{beside}|' {beside}/listen.ini")
    host.check_output(f"sed 's/:6432/:6499/' /etc/api/environment > {beside}/environment")
    host.check_output(f"sed 's|/etc/api/|{beside}/|' /usr/local/lib/client.py > {beside}/client.py")
    started = host.check_output("date +%s")
    run_beside(host, f"--uid=postgres pgbouncer {beside}/pgbouncer.ini")
    assert host.run(f"python3 {beside}/client.py ask app 'SELECT 1'").rc != 0
    log = host.check_output(f"journalctl --no-pager --output=cat --unit=other --since=@{started}")
    assert said in log


def test_a_member_with_a_certificate_of_another_ca_gets_nothing(host, beside):
    """The same route with another CA: no answer of Patroni counts."""
    change = f"-e 's|{CA}|{beside}/ca.crt|' -e 's|127.0.0.1:54|127.0.0.1:74|' -e 's|/run/database-route|{beside}|'"
    change += " -e 's|abns@|abns@other-|'"
    host.check_output(f"sed {change} /etc/database-route/haproxy.cfg > {beside}/haproxy.cfg")
    run_beside(host, f"haproxy -W -f {beside}/haproxy.cfg")
    show = "journalctl --no-pager --output=cat --unit=other"
    until(lambda: "'primary' has no server available" in host.check_output(show))
    assert "SSL handshake failure" in host.check_output(show)


def test_a_reload_cuts_no_transaction(host):
    client = start(host, "hold 4")
    time.sleep(1)
    host.check_output("systemctl reload database-route database-pool")
    assert server(host, "app") == (leader(host), True)
    assert finish(client) == "the same"


def test_a_replica_that_is_behind_gets_no_reads_and_without_replicas_the_leader_does(host, whole):
    primary = leader(host)
    slow, other = sorted(set(MEMBERS.values()) - {primary})
    until(lambda: read_route(host) == {slow, other})
    writer = start(host, "write pool lag 14")
    replay(slow, "STOP")
    _value, seconds = until(lambda: read_route(host) == {other})
    print(f"{slow} got no reads {seconds:.1f} s after it stopped to replay")
    assert server(host, "app_read")[0] == other
    replay(other, "STOP")
    until(lambda: read_route(host) == {primary})
    assert server(host, "app_read") == (primary, True)
    status = host.check_output("database-route status")
    assert " s behind" in status or "not known how far behind" in status
    replay(slow, "CONT")
    until(lambda: read_route(host) == {slow})
    ledger = json.loads(finish(writer))
    assert (ledger["missing"], ledger["errors"]) == ([], [])


@pytest.mark.parametrize("way", ["pool", "api"])
def test_a_switchover_loses_no_acknowledged_write(host, way):
    """A driver of its own may see errors and tries again; the application does that for its clients, who see none."""
    before = leader(host)
    after = sorted(set(MEMBERS.values()) - {before})[0]
    writer = start(host, f"write {way} {way}{time.time_ns()} 20")
    time.sleep(2)
    member(before).check_output(f"{PATRONICTL} switchover --leader {before} --candidate {after} --force")
    ledger = json.loads(finish(writer))
    print(
        f"through the {way}: {ledger['outage']} s without an acknowledgement, {ledger['acknowledged']} writes, "
        f"errors: {ledger['errors']}"
    )
    assert ledger["missing"] == []
    assert len(ledger["timelines"]) == 2
    assert ledger["outage"] < 10
    assert server(host, "app") == (after, True)
    if way == "api":
        assert ledger["errors"] == []
    until(lambda: read_route(host) == set(MEMBERS.values()) - {after})


def test_clients_that_wait_see_a_switchover_without_an_error(host):
    """They go on once another member takes writes, long before the pause is over."""
    before = leader(host)
    writer = start(host, f"write pool waiting{time.time_ns()} 30")
    time.sleep(2)
    host.check_output("database-route pause 60")
    member(before).check_output(f"{PATRONICTL} switchover --leader {before} --force")
    ledger = json.loads(finish(writer))
    print(f"{ledger['outage']} s without an acknowledgement")
    assert (ledger["missing"], ledger["errors"]) == ([], [])
    assert len(ledger["timelines"]) == 2
    assert ledger["outage"] < 25
    assert leader(host) != before


def test_a_planned_pause_ends_by_itself(host):
    host.check_output("database-route pause 3")
    writer = start(host, "write pool pause 6")
    ledger = json.loads(finish(writer))
    assert ledger["errors"] == []
    assert ledger["acknowledged"] > 10
    assert ledger["outage"] > 0.5


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"database_route_password": ""},
            "database_route_members must name a database server (it has 3), database_route_server_name the name in "
            "their certificates (it is 'database.molecule.lab'), database_route_password must not be empty, "
            "database_route_lag_interval_ms (500) be at most half of database_route_lag_limit_ms (1000), and "
            "database_route_server_connect_s (35) longer than database_route_hold_ms (30000)",
        ),
    ],
)
def test_what_cannot_work_is_refused(variables, message):
    command = ["ansible-playbook", f"--inventory={SCENARIO}/topology.yml", "--tags=database_route_preflight"]
    command += ["--limit=api", f"--extra-vars={json.dumps(variables)}", str(SCENARIO / "converge.yml")]
    environment = {**os.environ, "ANSIBLE_FORCE_COLOR": "false", "ANSIBLE_NOCOLOR": "true"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode != 0
    assert message in " ".join(done.stdout.split())
