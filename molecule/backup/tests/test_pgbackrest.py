"""Base backups and the log of the server that leads, as the two repositories have them."""

from __future__ import annotations

import json
import re
import time

import pytest
import scenario

testinfra_hosts = scenario.hosts("backup")

PGBACKREST = "cd / && runuser -u postgres -- pgbackrest --stanza=molecule"


def other(host, name):
    """Return another host of the scenario."""
    return type(host).get_host(f"ssh://{name}", ssh_config=host.backend.ssh_config, sudo=True)


@pytest.fixture(scope="module")
def database(host):
    """The host of the server that leads, whose log is saved."""
    servers = [other(host, name) for name in ("db1", "db2")]
    return next(one for one in servers if sql(one, "select pg_is_in_recovery()") == "f")


def sql(database, statement):
    """Run a statement on the server."""
    return database.check_output(f'cd / && runuser -u postgres -- psql -XAtc "{statement}"')


def archived(host, repository, segment):
    """Tell whether a segment is in a repository."""
    folder = f"archive/molecule/15-1/{segment[:16]}"
    return segment in host.check_output(f"{PGBACKREST} --repo={repository} repo-ls {folder}")


def look_at_the_archive():
    """What the module tells of the first repository."""
    module, user = "freeagentics.platform.wal_archive_info", ("--become-user", "postgres")
    return scenario.ansible("backup1", module, *user, stanza="molecule", repositories=[1])


def gaps_of(looked):
    """The first segment of each gap."""
    return [gap["first"] for repository in looked["repositories"] for gap in repository["gaps"]]


def until(condition, seconds=30):
    """Tell whether a condition holds within some time."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(1)
    return condition()


def test_both_repositories_are_well_and_have_a_full_backup(host):
    info = json.loads(host.check_output(f"{PGBACKREST} --output=json info"))[0]
    assert [(one["key"], one["cipher"], one["status"]["message"]) for one in info["repo"]] == [
        (1, "aes-256-cbc", "ok"),
        (2, "aes-256-cbc", "ok"),
    ]
    assert {one["database"]["repo-key"] for one in info["backup"] if one["type"] == "full"} == {1, 2}


def test_a_segment_that_is_full_gets_into_both(host, database):
    segment = sql(database, "select pg_walfile_name(pg_switch_wal()) from pg_create_restore_point('full')")
    assert until(lambda: all(archived(host, repository, segment) for repository in (1, 2)))


def test_a_backup_waits_for_one_that_runs(host):
    """As a scheduled one does for that of an operator."""
    both = host.run("pgbackrest-job incr 1 & pgbackrest-job incr 1; second=$?; wait $! && exit $second")
    assert both.rc == 0, both.stdout
    assert "another backup runs, and is waited for" in both.stdout


def test_nothing_can_be_read_at_rest(host, database):
    sql(
        database,
        "create table if not exists secret as select 'a secret that nobody reads' || x from generate_series(1, 9) x",
    )
    host.check_output("pgbackrest-job incr")
    assert host.run("grep -rl 'a secret that nobody reads' /var/lib/pgbackrest").stdout == ""
    labels = host.check_output("find /var/lib/pgbackrest -name '*.zst' -o -name backup.manifest | head -50").split()
    assert labels
    # OpenSSL's salted format: https://docs.openssl.org/3.0/man1/openssl-enc/
    assert {host.check_output(f"head -c 8 {label}") for label in labels} == {"Salted__"}
    store = other(host, "s3")
    assert store.run("grep -rl 'a secret that nobody reads' /var/lib/object-store").stdout == ""


def test_passphrases_and_keys_are_for_the_database_user_alone(host, database):
    for one in (host, database):
        file = one.file("/etc/pgbackrest/pgbackrest.conf")
        assert (file.user, file.group, file.mode) == ("root", "postgres", 0o640)
    assert "a passphrase of repository 1" not in database.file("/etc/pgbackrest/pgbackrest.conf").content_string


def test_only_the_declared_peers_are_let_in(database):
    ask = f"{PGBACKREST} --repo=1 repo-ls"
    assert database.run(ask).rc == 0
    place = "/etc/freeagentics/tls/stranger"
    refused = database.run(f"{ask} --repo1-host-cert-file={place}.crt --repo1-host-key-file={place}.key")
    assert refused.rc != 0
    assert "access denied" in refused.stderr + refused.stdout


def test_what_is_in_a_repository_is_verified(host):
    assert host.run("pgbackrest-job verify 1").rc == 0
    segment = host.check_output("find /var/lib/pgbackrest/archive -name '*.zst' | sort | head -1")
    host.check_output(f"cp -p {segment} /root/kept && dd if=/dev/zero of={segment} bs=1 seek=200 count=8 conv=notrunc")
    try:
        damaged = host.run("pgbackrest-job verify 1")
    finally:
        host.check_output(f"cp -p /root/kept {segment}")
    assert damaged.rc == 1
    assert "repository 1: verify failed" in damaged.stderr


def test_while_the_object_store_is_away_nothing_is_lost_and_it_is_told(host, database):
    store = other(host, "s3")
    store.check_output("systemctl stop object-store")
    try:
        failed = int(sql(database, "select failed_count from pg_stat_archiver"))
        segment = sql(database, "select pg_walfile_name(pg_switch_wal()) from pg_create_restore_point('away')")
        assert until(lambda: int(sql(database, "select failed_count from pg_stat_archiver")) > failed, 90)
        assert sql(database, f"select count(*) from pg_ls_archive_statusdir() where name = '{segment}.ready'") == "1"
        status = json.loads(host.check_output(f"{PGBACKREST} --output=json info"))[0]["repo"]
        assert [one["status"]["code"] for one in status] == [0, 99]
    finally:
        store.check_output("systemctl start object-store")
    assert until(lambda: archived(host, 2, segment), 90)
    assert archived(host, 1, segment)


def test_backups_are_counted_for_the_node_exporter(host):
    host.check_output("pgbackrest-metrics")
    metrics = host.file("/var/lib/prometheus/node-exporter/pgbackrest.prom")
    assert metrics.mode == 0o644
    assert 'pgbackrest_repository_status{repository="2"} 0' in metrics.content_string
    assert 'pgbackrest_backup_stored_bytes{repository="1",type="full"}' in metrics.content_string


def test_segments_that_lack_are_named_and_counted_for_the_node_exporter(host, database):
    for _number in range(3):
        sql(database, "select pg_switch_wal() from pg_create_restore_point('a segment with content')")
    last = sql(database, "select pg_walfile_name(pg_switch_wal()) from pg_create_restore_point('the last one')")
    assert until(lambda: archived(host, 1, last), 90)
    # As if they had come long ago: segments that arrive just now may be out of order.
    host.check_output("find /var/lib/pgbackrest/archive -name '*.zst' -exec touch -d '1 hour ago' {} +")
    segment = host.check_output("find /var/lib/pgbackrest/archive -name '*.zst' | sort | tail -2 | head -1")
    host.check_output(f"mv {segment} /root/lost")
    try:
        host.check_output("pgbackrest-metrics archives")
        lacking = host.file("/var/lib/prometheus/node-exporter/pgbackrest_archives.prom").content_string
        looked = look_at_the_archive()
    finally:
        host.check_output(f"mv /root/lost {segment}")
    counts = re.findall(r'archive_missing_segments{repository="(\d)",timeline="\d+"} (\d+)', lacking)
    assert sum(int(count) for repository, count in counts if repository == "1") == 1
    assert sum(int(count) for repository, count in counts if repository == "2") == 0
    name = segment.rpartition("/")[2][:24]
    assert (looked["healthy"], name in gaps_of(looked)) == (False, True), looked
    assert name not in gaps_of(look_at_the_archive())
    host.check_output("pgbackrest-metrics archives")
    whole = host.file("/var/lib/prometheus/node-exporter/pgbackrest_archives.prom").content_string
    assert re.findall(r"archive_missing_segments{[^}]*} [1-9]", whole) == []


def test_jobs_are_scheduled_and_run_by_the_runner(host):
    lines = [
        line for line in host.file("/etc/cron.d/pgbackrest").content_string.splitlines() if "pgbackrest-job" in line
    ]
    assert lines[:2] == [
        "0 2 * * * root backup-job --name pgbackrest-full --timeout 6h -- pgbackrest-job full",
        "0 8,14,20 * * * root backup-job --name pgbackrest-incremental --timeout 5h -- pgbackrest-job incr",
    ]
