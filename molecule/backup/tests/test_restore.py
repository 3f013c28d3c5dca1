"""An operator restores the database of a small cluster, and a ledger tells what is there afterwards."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import scenario

testinfra_hosts = scenario.hosts("backup")

PROJECT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
SCENARIO = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])


def play(name, **variables):
    """Run a playbook as an operator does."""
    command = ["ansible-playbook", f"--inventory={SCENARIO}/topology.yml", f"--extra-vars={json.dumps(variables)}"]
    environment = {**os.environ, "ANSIBLE_FORCE_COLOR": "false", "ANSIBLE_NOCOLOR": "true"}
    return subprocess.run(
        [*command, str(PROJECT / "playbooks" / name)], capture_output=True, text=True, check=False, env=environment
    )


def restore(**variables):
    """Restore, and return what the operator saw."""
    done = play("restore.yml", **variables)
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


def on(name, command, user="postgres"):
    """Run a command on a host, as the database's user unless told otherwise, and return what it printed."""
    console = ["python3", "-m", "lab", "console", "--name", "mol_backup", name, "runuser", "-u", user, "--"]
    done = subprocess.run([*console, *command], capture_output=True, text=True, check=True, cwd=PROJECT)
    return done.stdout


def leader():
    """Return the name of the member that leads."""
    members = json.loads(on("db1", ["patronictl", "list", "--format", "json"]))
    return next(member["Member"] for member in members if member["Role"] == "Leader")


def sql(statement, name=None):
    """Run a statement on a member, the leader unless told otherwise."""
    return on(name or leader(), ["psql", "-XAtc", statement]).strip()


@pytest.fixture(scope="module")
def ledger():
    """Three entries; between the second and the third a moment, which is returned, and then a named point."""
    sql("drop table if exists ledger")
    sql("create table ledger (id int primary key)")
    sql("insert into ledger values (1)")
    sql("insert into ledger values (2)")
    moment = sql(
        "select to_char(clock_timestamp() + interval '0.2 s', 'YYYY-MM-DD HH24:MI:SS.US') || '+00' from pg_sleep(0.5)"
    )
    sql("select pg_create_restore_point('before_the_accident') from pg_sleep(1)")
    sql("insert into ledger values (3)")
    return moment


def entries_of_copy():
    """Return the entries that a copy on the backup host has."""
    directory = "/var/lib/postgresql/scratch/copy"
    return on("backup1", ["psql", "-h", directory, "-p", "55432", "-XAtc", "select id from ledger order by id"]).split()


def test_a_copy_of_the_newest_state_comes_from_the_object_store_alone(ledger):
    said = restore(repository=2)
    assert "of repository 2: the youngest one that ended before the target" in said
    assert entries_of_copy() == ["1", "2", "3"]


def test_a_copy_of_a_named_point_lacks_what_came_after(ledger):
    said = restore(target="name", target_name="before_the_accident")
    assert 'recovery stopping at restore point "before_the_accident"' in said.replace('\\"', '"')
    assert entries_of_copy() == ["1", "2"]


def test_a_time_outside_of_the_window_is_refused_with_the_window(ledger):
    done = play("restore.yml", target="time", target_time="2001-01-01 00:00:00+00")
    assert done.returncode != 0
    moments = r"from \d{4}-\S+ \S+ to \d{4}-\S+ \S+"
    refusal = r"the state at 2001-01-01 00:00:00\+00 cannot be restored\. "
    windows = rf"repository 1 restores every moment {moments}; repository 2 restores every moment {moments}"
    assert re.search(refusal + windows, done.stdout)


def test_the_database_is_not_replaced_without_its_name(ledger):
    done = play("restore.yml", scope="in_place")
    assert done.returncode != 0
    assert "the database of molecule would be replaced: confirm it with -e confirm=molecule" in done.stdout
    assert sql("select count(*) from ledger") == "3"


def test_the_database_returns_to_a_time_between_two_entries_and_the_cluster_is_whole(ledger):
    before = int(sql("select timeline_id from pg_control_checkpoint()"))
    said = restore(scope="in_place", target="time", target_time=ledger, confirm="molecule")
    assert "recovery stopping before commit of transaction" in said
    # A region that took over with the timeline before got three times its number; it must not be ahead when it is back.
    number = re.search(r"^region_epoch: (\d+)$", on("db1", ["patronictl", "show-config"]), re.MULTILINE)
    assert int(number[1]) > 3 * before
    assert sql("select string_agg(id::text, ',' order by id) from ledger") == "1,2"

    sql("insert into ledger values (4)")
    follower = "db2" if leader() == "db1" else "db1"
    assert sql("select pg_is_in_recovery(), count(*) from ledger", follower) in ("t|3", "t|2")
    for name in ("db1", "db2"):
        assert on(name, ["sh", "-c", "ls -d /var/lib/postgresql/15/main.before-*"]).strip()
    newest = json.loads(on("backup1", ["pgbackrest", "--stanza=molecule", "--output=json", "info"]))[0]["backup"][-2:]
    timeline = int(sql("select timeline_id from pg_control_checkpoint()"))
    assert {(one["type"], int(one["archive"]["start"][:8], 16), one["database"]["repo-key"]) for one in newest} == {
        ("full", timeline, 1),
        ("full", timeline, 2),
    }


def test_a_run_that_died_after_the_leader_was_in_service_is_gone_on_with(ledger):
    first = leader()
    follower = "db2" if first == "db1" else "db1"
    timeline = int(sql("select timeline_id from pg_control_checkpoint()"))
    device, inode = on(first, ["stat", "--format=%d %i", "/var/lib/postgresql/15/main"]).split()
    mark = {
        "directory": "/var/lib/postgresql/15/main",
        "device": int(device),
        "inode": int(inode),
        "purpose": "in_service",
        "request": f"time {ledger} timeline newest",
        "phase": "recovered",
        # Patroni began another one when it led with it.
        "timeline": timeline - 1,
    }
    assert on(first, ["sh", "-c", "ls /var/lib/postgresql/restore | grep -c restored.json || true"]).strip() == "0"
    on(first, ["sh", "-c", 'printf %s "$1" > /var/lib/postgresql/restore/restored.json', "sh", json.dumps(mark)])
    on(follower, ["systemctl", "stop", "patroni"], user="root")

    said = restore(scope="in_place", target="time", target_time=ledger, confirm="molecule")
    assert "it is not restored again" in said
    assert (leader(), int(sql("select timeline_id from pg_control_checkpoint()"))) == (first, timeline)
    assert sql("select string_agg(id::text, ',' order by id) from ledger") == "1,2,4"
    assert sql("select pg_is_in_recovery()", follower) == "t"
    assert on(first, ["sh", "-c", "ls /var/lib/postgresql/restore | grep -c restored.json || true"]).strip() == "0"


def test_data_that_were_renamed_back_are_kept_by_the_next_restore(ledger):
    first = leader()
    stale = {"directory": "/var/lib/postgresql/15/main", "device": 1, "inode": 1, "purpose": "in_service"}
    on(first, ["sh", "-c", 'printf %s "$1" > /var/lib/postgresql/restore/restored.json', "sh", json.dumps(stale)])
    kept = len(on(first, ["sh", "-c", "ls -d /var/lib/postgresql/15/main.before-*"]).split())
    restore(scope="in_place", confirm="molecule")
    assert sql("select string_agg(id::text, ',' order by id) from ledger") == "1,2,4"
    assert len(on(first, ["sh", "-c", "ls -d /var/lib/postgresql/15/main.before-*"]).split()) == kept + 1
