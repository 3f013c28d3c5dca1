"""What a cluster promises, seen from its hosts and from others, and what it does when its server is killed."""

from __future__ import annotations

import json
import shlex
import time

import pytest

MEMBERS = {"db1": "10.9.20.10", "db2": "10.9.21.10", "db3": "10.9.21.11"}
CA = "/etc/freeagentics/tls/ca.crt"
CURL = f"curl --silent --max-time 5 --cacert {CA}"
APP = "app of the scenario"

testinfra_hosts = ["ssh://db1"]


def of(name, host):
    """Return another host of the scenario."""
    return host.get_host(f"ssh://{name}", ssh_config=host.backend.ssh_config, sudo=True)


def sql(host, statement, database="app"):
    """Ask the server on a host through its socket, as its superuser."""
    command = f"psql --no-psqlrc --tuples-only --no-align --dbname {database} --command {shlex.quote(statement)}"
    return host.check_output(f"cd / && runuser -u postgres -- {command}")


def connect(host, address, user, password, statement="SELECT current_user", **parameters):
    """Connect over the network as a client does, and return how that ended."""
    wanted = {"host": address, "user": user, "dbname": "app", "connect_timeout": "4", **parameters}
    text = " ".join(f"{key}={value}" for key, value in wanted.items())
    command = f"psql --no-psqlrc -qAtc {shlex.quote(statement)} {shlex.quote(text)}"
    return host.run(f"PGPASSWORD={shlex.quote(password)} {command}")


def members(host, address=MEMBERS["db1"]):
    """Return the members' roles and states, as Patroni tells."""
    shown = json.loads(host.check_output(f"{CURL} https://{address}:8008/cluster"))
    return {member["name"]: (member["role"], member["state"]) for member in shown["members"]}


def wait_for(condition, seconds):
    """Wait until a condition holds, and return how long that took."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, f"it did not become so within {seconds} s"
        time.sleep(0.2)
    return time.monotonic() - started


@pytest.fixture
def leader(host):
    """The name of the leader."""
    return next(name for name, (role, _state) in members(host).items() if role == "leader")


def test_one_member_leads_and_the_others_are_synchronous(host, leader):
    states = sorted(members(host).values())
    assert states == [("leader", "running"), ("quorum_standby", "streaming"), ("quorum_standby", "streaming")]
    others = ",".join(sorted(set(MEMBERS) - {leader}))
    assert sql(of(leader, host), "SHOW synchronous_standby_names") == f"ANY 1 ({others})"


def test_pages_have_checksums_and_passwords_are_kept_as_scram(host):
    kinds = "SELECT DISTINCT current_setting('data_checksums'), split_part(rolpassword, '$', 1) FROM pg_authid"
    assert sql(host, f"{kinds} WHERE rolcanlogin") == "on|SCRAM-SHA-256"


def test_replicas_verify_whom_they_follow(host, leader):
    conninfo = sql(of(min(set(MEMBERS) - {leader}), host), "SHOW primary_conninfo").split()
    assert {"sslmode=verify-full", f"sslrootcert={CA}"} <= set(conninfo)


def test_an_application_gets_in_over_tls_with_its_password_alone(host):
    api, address = of("api1", host), MEMBERS["db1"]
    assert connect(api, address, "app", APP, sslmode="require").stdout.strip() == "app"
    plain = connect(api, address, "app", APP, sslmode="disable").stderr
    assert 'no pg_hba.conf entry for host "10.9.10.10", user "app", database "app", no encryption' in plain
    wrong = connect(api, address, "app", "another", sslmode="require").stderr
    assert 'password authentication failed for user "app"' in wrong


def test_users_get_in_from_where_they_are_declared_alone(host):
    password = "monitor of the scenario"
    refused = connect(of("api1", host), MEMBERS["db1"], "monitor", password, sslmode="require")
    assert 'no pg_hba.conf entry for host "10.9.10.10", user "monitor"' in refused.stderr
    admitted = connect(host, MEMBERS["db2"], "monitor", password, sslmode="verify-full", sslrootcert=CA)
    assert admitted.stdout.strip() == "monitor"


def test_users_have_the_least_rights(host):
    rights = [
        "(SELECT string_agg(rolname, ' ') FROM pg_roles WHERE rolsuper)",
        "(SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'app')",
        "has_database_privilege('public', 'app', 'CONNECT,TEMPORARY')",
        "has_schema_privilege('public', 'public', 'USAGE,CREATE')",
        "pg_has_role('monitor', 'pg_monitor', 'USAGE')",
        "pg_has_role('backup', 'pg_read_all_data', 'USAGE')",
    ]
    assert sql(host, f"SELECT {', '.join(rights)}") == "postgres|app|f|f|t|t"
    extensions = "SELECT string_agg(extname, ' ' ORDER BY extname) FROM pg_extension"
    assert sql(host, extensions) == "amcheck btree_gin pg_stat_statements pg_trgm pgcrypto plpgsql uuid-ossp"


def test_the_rest_api_changes_nothing_without_its_password(host):
    url, status = f"https://{MEMBERS['db1']}:8008/config", "--output /dev/null --write-out '%{http_code}'"
    assert host.check_output(f"{CURL} {status} --request PATCH --data '{{\"ttl\": 60}}' {url}") == "401"
    assert host.check_output(f"{CURL} {status} {url}") == "200"


def test_passwords_are_in_nothing_that_others_can_read(host):
    config = host.file("/etc/patroni/patroni.yml")
    assert (config.user, config.group, config.mode) == ("root", "postgres", 0o640)
    assert host.run("journalctl --no-pager --unit patroni.service | grep 'of the scenario'").rc == 1
    assert sql(host, "SELECT count(*) FROM pg_stat_statements WHERE query ~ 'of the scenario'") == "0"


def test_systemd_finds_little_exposed(host):
    shown = host.check_output("systemd-analyze security --no-pager patroni.service").splitlines()[-1]
    assert float(shown.split(":")[1].split()[0]) < 3.0


def test_the_other_region_follows(host, leader):
    first, west = of(leader, host), of("west-db1", host)
    written = sql(first, "CREATE TABLE IF NOT EXISTS seen (); SELECT pg_current_wal_lsn()").splitlines()[-1]
    wait_for(lambda: sql(west, f"SELECT pg_last_wal_replay_lsn() >= '{written}'") == "t", 10)
    assert sql(west, "SELECT pg_is_in_recovery()") == "t"
    assert sql(first, "SELECT active FROM pg_replication_slots WHERE slot_name = 'test_2'") == "t"


def test_a_killed_server_is_succeeded_within_seconds(host, leader):
    api, addresses = of("api1", host), ",".join(MEMBERS.values())
    assert connect(api, addresses, "app", APP, target_session_attrs="read-write", sslmode="require").rc == 0
    of(leader, host).check_output("kill -9 $(head -1 /var/lib/postgresql/*/main/postmaster.pid)")
    write = "CREATE TABLE IF NOT EXISTS written ()"
    parameters = {"target_session_attrs": "read-write", "sslmode": "require", "connect_timeout": 2}
    wait_for(lambda: connect(api, addresses, "app", APP, write, **parameters).rc == 0, 20)
    other = of(min(set(MEMBERS) - {leader}), host)
    whole = [("leader", "running"), ("quorum_standby", "streaming"), ("quorum_standby", "streaming")]
    wait_for(lambda: sorted(members(host, MEMBERS[other.backend.hostname]).values()) == whole, 60)
