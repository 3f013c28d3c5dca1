"""Every kind of damage and difference is planted in a scratch copy of a server, and must be named in the result."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
import scenario

testinfra_hosts = scenario.hosts("postgres")

BIN = "/usr/lib/postgresql/15/bin"
FOLDER, PORT = "/var/lib/postgresql/scratch", 5500
SOCKETS = "/var/run/postgresql"
SERVER = {"name": "main", "host": SOCKETS}
SCRATCH = {"name": "scratch", "host": SOCKETS, "port": PORT}


def look(**arguments):
    """Run the module on the host as postgres and return what it tells."""
    topology = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"]) / "topology.yml"
    command = ["ansible", "-i", topology, "db1", "--become", "--become-user", "postgres"]
    command += ["-m", "freeagentics.platform.postgres_integrity", "-a", json.dumps({"databases": ["app"], **arguments})]
    environment = {**os.environ, "ANSIBLE_FORCE_COLOR": "false", "ANSIBLE_NOCOLOR": "true"}
    run = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert " => " in run.stdout, run.stdout + run.stderr
    return json.loads(run.stdout.split(" => ", 1)[1])


def named(done):
    """What was found, in short."""
    return {(finding["kind"], finding["object"], finding["where"]) for finding in done["findings"]}


class Copy:
    """A copy of the server's data with a server of its own."""

    def __init__(self, host):
        self.host = host

    def run(self, command):
        """Run a command as postgres and return what it prints."""
        quoted = command.replace("'", "'\\''")
        return self.host.check_output(f"cd / && runuser -u postgres -- bash -c '{quoted}'")

    def make(self, *options, start=True):
        self.run(f"{BIN}/pg_basebackup --pgdata {FOLDER} --checkpoint fast --no-sync {' '.join(options)}")
        settings = f"port={PORT}\nlisten_addresses=''\nfsync=off\nautovacuum=off\nunix_socket_directories='{SOCKETS}'"
        self.run(f'echo "{settings}" > {FOLDER}/postgresql.conf; echo "local all all peer" > {FOLDER}/pg_hba.conf')
        if start:
            self.start()

    def start(self):
        self.run(f"{BIN}/pg_ctl --pgdata {FOLDER} --log {FOLDER}/log --wait start")

    def stop(self):
        self.run(f"{BIN}/pg_ctl --pgdata {FOLDER} --mode fast --wait stop")

    def sql(self, statement, port=PORT):
        return self.run(f'psql --no-psqlrc --tuples-only --no-align --port {port} --command "{statement}" app')

    def remove(self):
        self.host.run(f"runuser -u postgres -- {BIN}/pg_ctl --pgdata {FOLDER} --mode immediate --wait stop")
        self.host.check_output(f"rm -rf {FOLDER}")

    def flip(self, relation, block, offset=8000, of_first_tuple=False):
        """Stop the server and flip the bits of a byte, counted from the page's beginning or from its first tuple."""
        path = f"{FOLDER}/" + self.sql(f"SELECT pg_relation_filepath('{relation}')")
        self.stop()
        page = block * 8192
        program = [
            f"f = open('{path}', 'r+b')",
            f"f.seek({page} + 24)",
            "tuple = int.from_bytes(f.read(2), 'little') % 32768",
        ]
        program += [f"place = {page} + {offset}" + (" + tuple" if of_first_tuple else ""), "f.seek(place)"]
        program += ["byte = f.read(1)[0]", "f.seek(place)", "f.write(bytes([byte ^ 255]))", "f.close()"]
        self.run(f'python3 -c "{"; ".join(program)}"')


@pytest.fixture
def copy(host):
    """A copy that serves for itself, as a restored backup does."""
    made = Copy(host)
    made.remove()
    made.make()
    yield made
    made.remove()


@pytest.fixture
def standby(host):
    """A copy that follows the server."""
    made = Copy(host)
    made.remove()
    made.make("--write-recovery-conf")
    yield made
    made.remove()


def test_a_standby_is_the_same_as_of_one_moment(standby):
    done = look(server=SERVER, copy=SCRATCH)
    assert (done["findings"], done["not_checked"], done["healthy"]) == ([], [], True)
    assert done["as_of"]["app"]["exact"] is True
    assert done["state"]["databases"]["app"]["tables"]["public.accounts"]["rows"] == 5000


def test_a_standby_is_the_same_as_of_one_moment_while_rows_are_written(standby):
    writes = "CREATE TABLE IF NOT EXISTS ledger (n int); INSERT INTO ledger VALUES (1)"
    loop = f'for i in $(seq 400); do psql --quiet --command "{writes}" app; sleep 0.05; done'
    standby.run(f"({loop}) >/dev/null 2>&1 & echo $! > /tmp/writer")
    try:
        done = look(server=SERVER, copy=SCRATCH)
    finally:
        standby.run("kill $(cat /tmp/writer)")
    rows = int(standby.sql("SELECT count(*) FROM ledger", port=5432))
    standby.sql("DROP TABLE ledger", port=5432)
    assert (done["findings"], done["as_of"]["app"]["exact"]) == ([], True)
    assert 0 < done["state"]["databases"]["app"]["tables"]["public.ledger"]["rows"] < rows


def test_a_restored_copy_is_compared_with_what_was_told_earlier_and_what_cannot_be_checked_is_named(copy):
    told = look(server=SERVER, checks=["fingerprints", "sequences", "catalog"])["state"]
    done = look(server=SCRATCH, baseline=told)
    assert (done["findings"], done["healthy"]) == ([], True)
    assert done["as_of"]["app"]["reason"].startswith("the copy has left recovery")
    copy.sql("DROP EXTENSION amcheck")
    done = look(server=SCRATCH)
    assert (done["healthy"], done["findings"]) == (False, [])
    assert [(entry["check"], entry["where"]) for entry in done["not_checked"]] == [
        ("heaps", "scratch/app"),
        ("indexes", "scratch/app"),
    ]


def test_a_copy_that_was_recovered_to_a_position_shows_that_moment(host):
    restored = Copy(host)
    restored.remove()
    restored.make("--write-recovery-conf", start=False)
    told = look(server=SERVER)["state"]
    target = told["databases"]["app"]["as_of"]["lsn"]
    restored.sql("UPDATE accounts SET owner = upper(owner) WHERE id = 1", port=5432)
    settings = f"recovery_target_lsn='{target}'\nrecovery_target_inclusive=off\nrecovery_target_action=pause"
    restored.run(f'echo "{settings}" >> {FOLDER}/postgresql.conf')
    restored.start()
    try:
        restored.run(
            f"until psql -Atp {PORT} -c 'SELECT pg_get_wal_replay_pause_state()' | grep paused; do sleep .1; done"
        )
        done = look(server=SCRATCH, baseline=told)
        now = look(server=SERVER, copy=SCRATCH, settle=1)
    finally:
        restored.sql("UPDATE accounts SET owner = lower(owner) WHERE id = 1", port=5432)
        restored.remove()
    assert (done["findings"], done["as_of"]["app"]["exact"]) == ([], True)
    assert named(now) == {("table_content", "public.accounts", "scratch/app")}
    assert now["as_of"]["app"]["reason"].startswith("the copy was 1 transactions behind")


def test_a_row_changed_on_one_side_and_rows_that_swap_values_are_named(copy):
    copy.sql("UPDATE accounts SET balance = balance + 1 WHERE id = 4711")
    copy.sql('UPDATE \\"Odd name\\" SET \\"select\\" = 3 - \\"select\\" WHERE \\"select\\" < 3')
    done = look(server=SERVER, copy=SCRATCH)
    assert named(done) == {
        ("table_content", "public.accounts", "scratch/app"),
        ("table_content", 'public."Odd name"', "scratch/app"),
    }
    same = "the same number of rows as main/app, 5000, with other content"
    assert done["findings"][1]["detail"] == f"{same}: (4711) has other content"


def test_a_byte_flipped_in_a_table_is_named(copy):
    copy.flip("accounts", block=3)
    copy.start()
    done = look(server=SERVER, copy=SCRATCH)
    assert named(done) == {
        ("damaged_page", "public.accounts", "scratch/app"),
        ("checksum_failures", "app", "scratch"),
    }
    assert {finding["severity"] for finding in done["findings"]} == {"damage"}
    (page,) = [finding for finding in done["findings"] if finding["kind"] == "damaged_page"]
    assert page["detail"].startswith("invalid page in block 3 of relation base/")


def test_a_byte_flipped_in_an_index_is_named(copy):
    copy.flip("accounts_pkey", block=2)
    copy.start()
    done = look(server=SERVER, copy=SCRATCH)
    assert named(done) == {
        ("damaged_index", "public.accounts_pkey", "scratch/app"),
        ("checksum_failures", "app", "scratch"),
    }
    (index,) = [finding for finding in done["findings"] if finding["kind"] == "damaged_index"]
    assert index["detail"].startswith("invalid page in block 2 of relation base/")


def test_damage_that_checksums_do_not_see_is_named(copy):
    copy.flip("accounts", block=3, offset=22, of_first_tuple=True)
    copy.run(f"{BIN}/pg_checksums --disable {FOLDER}")
    copy.start()
    done = look(server=SERVER, copy=SCRATCH)
    assert named(done) == {
        ("damaged_table", "public.accounts", "scratch/app"),
        ("checksums_off", "data_checksums", "scratch"),
    }
    (table,) = [finding for finding in done["findings"] if finding["kind"] == "damaged_table"]
    assert table["detail"].startswith("block 3, tuple 1: ")


def test_a_row_that_an_index_lacks_is_named(copy):
    where = "WHERE indexrelid = 'accounts_pkey'::regclass"
    copy.sql(f"UPDATE pg_index SET indisready = false {where}")
    copy.sql("INSERT INTO accounts (owner) VALUES ('nobody')")
    copy.sql(f"UPDATE pg_index SET indisready = true {where}")
    done = look(server=SCRATCH)
    assert named(done) == {("damaged_index", "public.accounts_pkey", "scratch/app")}
    assert "lacks matching index tuple" in done["findings"][0]["detail"]
    assert done["findings"][0]["remedy"].startswith("REINDEX INDEX CONCURRENTLY public.accounts_pkey on the leader")


def test_a_failed_index_and_what_is_on_one_side_only_are_named(copy):
    copy.host.run(
        f"cd / && runuser -u postgres -- psql --port {PORT} app "
        "--command 'CREATE UNIQUE INDEX CONCURRENTLY twice ON accounts ((1))'"
    )
    copy.sql("DELETE FROM accounts WHERE id = 1")
    copy.sql("SELECT setval('accounts_id_seq', 10)")
    copy.sql("CREATE TABLE more (a int)")
    copy.sql("CREATE EXTENSION pgcrypto")
    done = look(server=SERVER, copy=SCRATCH)
    assert named(done) == {
        ("invalid_index", "public.twice", "scratch/app"),
        ("table_rows", "public.accounts", "scratch/app"),
        ("sequence_behind", "public.accounts_id_seq", "scratch/app"),
        ("table_missing", "public.more", "scratch/app"),
        ("extension_differs", "pgcrypto", "scratch/app"),
    }
    details = {finding["object"]: finding["detail"] for finding in done["findings"]}
    assert details["public.accounts"] == "4999 rows, 1 fewer than the 5000 of main/app: (1) is only on main/app"
