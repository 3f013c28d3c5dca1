"""What further runs do: roll a setting, change a password, refuse foreign data, begin again after a death half-way."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from lab import image

SCENARIO = Path(os.environ["MOLECULE_SCENARIO_DIRECTORY"])
VERSION = image.POSTGRES[image.SUITE]
DATA = f"/var/lib/postgresql/{VERSION}/main"
BIN = f"/usr/lib/postgresql/{VERSION}/bin"
MEMBERS = ("db1", "db2", "db3")

testinfra_hosts = ["ssh://db1"]


def play(limit="db*", **variables):
    """Run the playbook, as an operator does."""
    command = ["ansible-playbook", f"--inventory={SCENARIO}/topology.yml", f"--limit={limit}"]
    command += [f"--extra-vars={json.dumps(variables)}", str(SCENARIO / "converge.yml")]
    environment = {**os.environ, "ANSIBLE_FORCE_COLOR": "false", "ANSIBLE_NOCOLOR": "true"}
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def sql(host, statement):
    return host.check_output(f'cd / && runuser -u postgres -- psql --no-psqlrc -Atc "{statement}" postgres')


def test_a_setting_that_needs_a_restart_is_rolled_replicas_first(host):
    members = [host.get_host(f"ssh://{name}", ssh_config=host.backend.ssh_config, sudo=True) for name in MEMBERS]
    led = [sql(member, "SELECT pg_is_in_recovery()") for member in members].index("f")
    done = play(database_parameters={"shared_buffers": "96MB"}, secret_postgres_app="another of the scenario")
    assert done.returncode == 0, done.stdout
    assert [sql(member, "SHOW shared_buffers") for member in members] == ["96MB"] * 3
    # The others restarted first, one of them leads now, and who led before restarted as the last one.
    begun = [float(sql(member, "SELECT extract(epoch FROM pg_postmaster_start_time())")) for member in members]
    assert begun.index(max(begun)) == led
    assert sql(members[led], "SELECT pg_is_in_recovery()") == "t"
    login = "PGPASSWORD='another of the scenario' psql -Atc 'SELECT 1' 'host=%s user=app dbname=app sslmode=require'"
    api = host.get_host("ssh://api1", ssh_config=host.backend.ssh_config, sudo=True)
    assert api.check_output(login % "10.9.20.10") == "1"
    assert play().returncode == 0


@pytest.fixture
def replica(host):
    """A replica without its data; a run brings it back."""
    leader = sql(host, "SELECT pg_is_in_recovery()")
    name = "db1" if leader == "t" else "db2"
    member = host.get_host(f"ssh://{name}", ssh_config=host.backend.ssh_config, sudo=True)
    member.check_output(f"systemctl stop patroni && mv {DATA} {DATA}.aside")
    yield member
    member.check_output(f"systemctl stop patroni; rm -rf {DATA}.aside")


def test_data_that_is_not_the_clusters_is_refused_and_what_died_half_way_begins_again(replica):
    host = replica
    host.check_output(f"runuser -u postgres -- {BIN}/initdb --pgdata {DATA} --no-sync")
    foreign = host.check_output(f"{BIN}/pg_controldata {DATA} | sed -n 's/Database system identifier: *//p'")
    ours = host.check_output(f"{BIN}/pg_controldata {DATA}.aside | sed -n 's/Database system identifier: *//p'")
    done = play()
    assert done.returncode != 0
    refusal = (
        f"{DATA} holds a database cluster with the system identifier {foreign}; cluster molecule-test-1 has the "
        f"identifier {ours}. Nothing was changed. If its data is not needed, move the directory away and run again: "
        "the host gets a copy of molecule-test-1. If it is the data of molecule-test-1, run again with -e "
        f"postgres_adopt_system_identifier={foreign}"
    )
    assert refusal in " ".join(done.stdout.split())
    assert host.run("systemctl is-active patroni").stdout.strip() == "inactive"

    # A first start that died while it copied: a mark, and data without an identifier.
    host.check_output(f"rm -r {DATA}/global && echo molecule-test-1 > {DATA}.first-start")
    done = play()
    assert done.returncode == 0, done.stdout
    assert host.file(f"{DATA}.leftover-1").is_directory
    assert not host.file(f"{DATA}.first-start").exists
    identifier = host.check_output(f"{BIN}/pg_controldata {DATA} | sed -n 's/Database system identifier: *//p'")
    assert identifier == ours
    host.check_output(f"rm -r {DATA}.leftover-1")
