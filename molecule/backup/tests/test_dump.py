"""Dumps: made from a replica, kept here and in S3, where nobody can read them, and restored from both."""

from __future__ import annotations

import json

import pytest
import scenario
from test_jobs import metric

testinfra_hosts = scenario.hosts("backup")

DUMPS = "/var/lib/backup/dumps"
JOB = "backup-job --name dump --timeout 10m --user backup -- backup-dump run"


def names(host, place):
    """Return the dumps of a place, as the operator's command prints them."""
    lines = host.check_output("backup-dump list").splitlines()
    return [line.split()[0] for line in lines if place in line.split(maxsplit=1)[1]]


@pytest.fixture(scope="module")
def dump(host):
    """A dump that the job made; return its name."""
    before = names(host, "here")
    done = host.run(JOB)
    assert done.rc == 0, done.stderr
    (name,) = set(names(host, "here")) - set(before)
    return name


def test_it_is_read_from_a_replica_and_has_everything(host, dump):
    manifest = json.loads(host.file(f"{DUMPS}/{dump}/manifest.json").content_string)
    assert manifest["databases"] == {"app": "databases/app", "postgres": "databases/postgres"}
    assert manifest["server"]["in_recovery"] is True
    assert metric(host, "dump", "from_leader") == 0
    assert metric(host, "dump", "last_exit_status") == 0
    assert metric(host, "dump", "databases") == 2
    assert metric(host, "dump", "bytes") == sum(entry["size"] for entry in manifest["files"].values())
    roles = host.file(f"{DUMPS}/{dump}/globals.sql").content_string
    assert "CREATE ROLE app;" in roles
    assert "PASSWORD" not in roles


def test_what_was_changed_since_is_found(host, dump):
    assert host.run(f"backup-dump check {DUMPS}/{dump}").rc == 0
    host.check_output(f"rm -rf /tmp/damaged && cp -a {DUMPS}/{dump} /tmp/damaged")
    host.check_output("printf x >> /tmp/damaged/globals.sql")
    found = host.run("backup-dump check /tmp/damaged")
    assert found.rc == 1
    assert found.stderr.startswith("/tmp/damaged: globals.sql has ")


def test_it_is_in_s3_where_nobody_can_read_it(host, dump):
    assert dump in names(host, "stored")
    host.check_output("rm -rf /tmp/plain; backup-rclone copy plain:molecule-backups/backups /tmp/plain")
    stored = host.check_output("find /tmp/plain -type f").split()
    assert stored
    assert not [path for path in stored if dump in path or "dumps" in path or "manifest" in path]
    # Every file begins as rclone's encrypted ones do.
    heads = host.check_output("find /tmp/plain -type f -exec head -c 6 {} ';' -exec echo ';'").split()
    assert heads == ["RCLONE"] * len(stored)


def test_the_copy_in_s3_brings_every_row_back(host, dump):
    host.check_output("rm -rf /tmp/fetched")
    fetched = host.check_output(f"backup-dump fetch {dump} /tmp/fetched")
    assert fetched.startswith("/tmp/fetched: as its manifest says, ")
    script = """
        set -e
        cd /tmp && rm -rf /tmp/restored && install -d -o postgres -m 700 /tmp/restored
        chown -R postgres /tmp/fetched
        bin=/usr/lib/postgresql/15/bin
        run() { runuser -u postgres -- "$@"; }
        run $bin/initdb --no-sync -D /tmp/restored/data >/dev/null
        run $bin/pg_ctl start -w -D /tmp/restored/data -l /tmp/restored/log \
            -o "-c listen_addresses= -c unix_socket_directories=/tmp/restored" >/dev/null
        export PGHOST=/tmp/restored
        run psql -Xq -d postgres -f /tmp/fetched/globals.sql >/tmp/globals.log 2>&1
        run createdb app
        run pg_restore --dbname=app --jobs=2 /tmp/fetched/databases/app >&2
        run psql -XAt -d app -c "SELECT count(*), md5(string_agg(value, '' ORDER BY key)) FROM record"
        run $bin/pg_ctl stop -w -m immediate -D /tmp/restored/data >/dev/null
    """
    restored = host.check_output(script).splitlines()[-1]
    assert restored.startswith("5000|")
    sql = "SELECT md5(string_agg(md5(n::text), '' ORDER BY n)) FROM generate_series(1, 5000) AS n"
    expected = host.check_output(
        f'PGPASSFILE=/etc/backup/pgpass runuser -u backup -- psql -XAt -c "{sql}"'
        ' "host=db1.molecule.lab user=backup dbname=app sslmode=verify-full sslrootcert=/etc/freeagentics/tls/ca.crt"'
    )
    assert restored == f"5000|{expected}"


def test_old_dumps_go_and_what_is_not_a_dump_stays(host, dump):
    for day in range(1, 10):
        host.check_output(f"cp -a {DUMPS}/{dump} {DUMPS}/2020-01-{day:02}T020000Z")
    host.check_output(f"mkdir -p {DUMPS}/of-a-person {DUMPS}/.partial-2020-01-20T020000Z")
    done = host.run(JOB)
    assert done.rc == 0, done.stderr
    kept = names(host, "here")
    assert [name for name in kept if name.startswith("2020")] == [f"2020-01-{day:02}T020000Z" for day in range(4, 10)]
    found = host.check_output(f"ls -A {DUMPS}").split()
    assert "of-a-person" in found
    assert ".partial-2020-01-20T020000Z" not in found
    assert set(kept) <= set(names(host, "stored"))
    host.check_output(f"rm -rf {DUMPS}/2020-* {DUMPS}/of-a-person")


def test_a_dump_that_fails_leaves_none_under_a_good_name(host, dump):
    before = names(host, "here")
    host.check_output("mv /etc/backup/pgpass /etc/backup/pgpass.away")
    failed = host.run(JOB)
    host.check_output("mv /etc/backup/pgpass.away /etc/backup/pgpass")
    assert failed.rc == 1
    assert "no server gave a complete dump:" in failed.stderr
    assert names(host, "here") == before
    assert metric(host, "dump", "last_exit_status") == 1
    assert ".partial" not in host.check_output(f"ls -A {DUMPS}")
