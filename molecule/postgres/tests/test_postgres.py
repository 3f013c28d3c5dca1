"""What a cluster promises, seen from its hosts and from others, and what it does when its server is killed."""

from __future__ import annotations

import json
import shlex
import time

MEMBERS = {"db1": "10.9.20.10", "db2": "10.9.21.10", "db3": "10.9.21.11"}
CA = "/etc/freeagentics/tls/ca.crt"
REST = f"curl --silent --max-time 5 --cacert {CA}"

testinfra_hosts = ["ssh://db1"]


def sql(host, statement, database="app"):
    """Ask the server on the host through its socket, as its superuser."""
    command = f"psql --no-psqlrc --tuples-only --no-align --dbname {database} --command {shlex.quote(statement)}"
    return host.check_output(f"cd / && runuser -u postgres -- {command}")


def connect(host, address, user, password, **parameters):
    """Connect over the network as a client does, and return how that ended."""
    wanted = {"host": address, "user": user, "dbname": "app", "connect_timeout": "4", **parameters}
    text = " ".join(f"{key}={value}" for key, value in wanted.items())
    return host.run(
        f"PGPASSWORD={shlex.quote(password)} psql --no-psqlrc -Atc 'SELECT current_user' {shlex.quote(text)}"
    )


def cluster(host):
    """Return the members by role, as Patroni tells."""
    shown = json.loads(host.check_output(f"{REST} https://{MEMBERS['db1']}:8008/cluster"))
    return {member["name"]: (member["role"], member["state"]) for member in shown["members"]}


def leader(host):
    """Return the name of the leader, empty while there is none."""
    return next((name for name, (role, _state) in cluster(host).items() if role == "leader"), "")


def of(name, host):
    """Return another host of the scenario."""
    return host.get_host(f"ssh://{name}", ssh_config=host.backend.ssh_config, sudo=True)


def test_one_member_leads_and_the_others_are_synchronous(host):
    states = sorted(cluster(host).values())
    assert states == [("leader", "running"), ("quorum_standby", "streaming"), ("quorum_standby", "streaming")]
    first = of(leader(host), host)
    others = sorted(set(MEMBERS) - {leader(host)})
    assert sql(first, "SHOW synchronous_standby_names") == f"ANY 1 ({','.join(others)})"


def test_pages_have_checksums(host):
    assert sql(host, "SHOW data_checksums") == "on"


def test_passwords_are_kept_as_scram(host):
    kinds = sql(host, "SELECT DISTINCT split_part(rolpassword, '$', 1) FROM pg_authid WHERE rolcanlogin")
    assert kinds == "SCRAM-SHA-256"


def test_replicas_verify_whom_they_follow(host):
    replica = of(min(set(MEMBERS) - {leader(host)}), host)
    conninfo = sql(replica, "SHOW primary_conninfo").split()
    assert {"sslmode=verify-full", f"sslrootcert={CA}", "channel_binding=require"} <= set(conninfo)


def test_an_application_gets_in_over_tls_alone(host):
    api, address = of("api1", host), MEMBERS[leader(host)]
    assert connect(api, address, "app", "app of the scenario", sslmode="require").stdout.strip() == "app"
    refused = connect(api, address, "app", "app of the scenario", sslmode="disable")
    assert refused.rc == 2
    assert 'no pg_hba.conf entry for host "10.9.10.10", user "app", database "app", no encryption' in refused.stderr


def test_a_wrong_password_gets_nobody_in(host):
    refused = connect(of("api1", host), MEMBERS["db1"], "app", "another", sslmode="require")
    assert 'password authentication failed for user "app"' in refused.stderr


def test_users_get_in_from_where_they_are_declared_alone(host):
    refused = connect(of("api1", host), MEMBERS["db1"], "monitor", "monitor of the scenario", sslmode="require")
    assert 'no pg_hba.conf entry for host "10.9.10.10", user "monitor"' in refused.stderr
    password = "monitor of the scenario"
    admitted = connect(host, MEMBERS["db2"], "monitor", password, sslmode="verify-full", sslrootcert=CA)
    assert admitted.stdout.strip() == "monitor"


def test_users_have_the_least_rights(host):
    first = of(leader(host), host)
    assert sql(first, "SELECT string_agg(rolname, ' ') FROM pg_roles WHERE rolsuper") == "postgres"
    assert sql(first, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'app'") == "app"
    acl = "SELECT has_database_privilege('public', 'app', 'CONNECT'), has_schema_privilege('public', 'public', 'USAGE')"
    assert sql(first, acl) == "f|f"
    member = "SELECT pg_has_role('monitor', 'pg_monitor', 'USAGE'), pg_has_role('backup', 'pg_read_all_data', 'USAGE')"
    assert sql(first, member) == "t|t"


def test_the_rest_api_changes_nothing_without_its_password(host):
    url = f"https://{MEMBERS['db1']}:8008/config"
    command = f"{REST} --output /dev/null --write-out '%{{http_code}}' --request PATCH --data '{{\"ttl\": 60}}'"
    assert host.check_output(f"{command} {url}") == "401"
    assert host.check_output(f"{REST} --output /dev/null --write-out '%{{http_code}}' {url}") == "200"


def test_passwords_are_in_no_file_that_others_can_read(host):
    config = host.file("/etc/patroni/patroni.yml")
    assert (config.user, config.group, config.mode) == ("root", "postgres", 0o640)
    assert "of the scenario" not in host.check_output("journalctl --no-pager --unit patroni.service")


def test_systemd_finds_little_exposed(host):
    shown = host.check_output("systemd-analyze security --no-pager patroni.service").splitlines()[-1]
    assert float(shown.split(":")[1].split()[0]) < 3.0


def test_the_other_region_follows(host):
    first, west = of(leader(host), host), of("west-db1", host)
    sql(first, "CREATE TABLE IF NOT EXISTS seen (at timestamptz); INSERT INTO seen VALUES (now())")
    wait_for(lambda: sql(west, "SELECT count(*) > 0 FROM pg_class WHERE relname = 'seen'") == "t", 5)
    assert sql(west, "SELECT pg_is_in_recovery()") == "t"
    slot = "SELECT active FROM pg_replication_slots WHERE slot_name = 'test_2'"
    assert sql(first, slot) == "t"


def wait_for(condition, seconds):
    """Wait until a condition holds, and return how long that took."""
    started = time.monotonic()
    while not condition():
        assert time.monotonic() - started < seconds, f"it did not become so within {seconds} s"
        time.sleep(0.2)
    return time.monotonic() - started


def test_a_killed_server_is_succeeded_within_seconds(host):
    before = leader(host)
    of(before, host).check_output("kill -9 $(head -1 /var/lib/postgresql/15/main/postmaster.pid)")

    def written():
        targets = ",".join(MEMBERS.values())
        done = host.run(
            f"PGPASSWORD='app of the scenario' psql -qAtc 'CREATE TABLE IF NOT EXISTS written ()' "
            f"'host={targets} user=app dbname=app sslmode=require target_session_attrs=read-write connect_timeout=2'"
        )
        return done.rc == 0

    of("api1", host)
    host = of("api1", host)
    wait_for(written, 20)
    first = of("db1", host)
    wait_for(lambda: len([state for role, state in cluster(first).values() if state == "streaming"]) == 2, 30)
