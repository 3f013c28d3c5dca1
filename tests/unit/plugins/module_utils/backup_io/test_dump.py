"""Dumps, with programs of PostgreSQL that tell what they were asked."""

from __future__ import annotations

import json
import os
import re

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.backup.source import Member, Source
from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io import dump
from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io.command import BackupError
from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io.copies import Copies, check
from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io.storage import Storage, configuration

LEADER = {"name": "db1", "role": "leader", "state": "running"}
REPLICA = {"name": "db2", "role": "replica", "state": "streaming", "lag": 0}
BEHIND = {"name": "db3", "role": "replica", "state": "streaming", "lag": 4096}
OLD = "2020-01-01T020000Z"

PSQL = r"""
if os.environ["PGPORT"] in os.environ.get("AWAY", "").split():
    sys.exit('psql: error: connection to server at "127.0.0.1" failed')
if "pg_control_system" in arguments[-1]:
    print("15.5", "7300000000000000001", "4", "f" if os.environ["PGPORT"] == "5431" else "t", "0/5000060", sep="\t")
else:
    print("app", "odd/name", sep="\n")
"""
PG_DUMPALL = r"""
open(arguments[-1].partition("=")[2], "w").write("CREATE ROLE app;")
"""
PG_DUMP = r"""
folder = arguments[-1].partition("=")[2]
os.mkdir(folder)
open(folder + "/toc.dat", "w").write(os.environ["PGDATABASE"])
"""


@pytest.fixture
def directory(tmp_path):
    folder = tmp_path / "dumps"
    folder.mkdir()
    return folder


@pytest.fixture
def settings(api, programs, directory, tmp_path):
    """The settings of the job, programs that do their work, and a cluster that says who leads."""
    for name, text in {"psql": PSQL, "pg_dumpall": PG_DUMPALL, "pg_dump": PG_DUMP, "pg_restore": ""}.items():
        programs.add(name, text)
    api.answers["/cluster"] = (200, json.dumps({"members": [LEADER, REPLICA, BEHIND]}))
    (tmp_path / "pgpass").write_text("*:*:*:backup:the password\n")
    members = [
        {"name": f"db{number}", "host": "127.0.0.1", "port": 5430 + number, "rest_port": api.port}
        for number in (1, 2, 3)
    ]
    keep = {"keep_days": 1, "keep_days_stored": 1, "keep_months_stored": 1}
    return {
        "s3": {},
        "databases": {
            "members": members,
            "user": "backup",
            "passfile": str(tmp_path / "pgpass"),
            "ca": api.ca_file,
        },
        "dump": {**keep, "directory": str(directory), "jobs": 2, "compress_level": 6},
    }


@pytest.fixture
def main(settings, configured, monkeypatch):
    """Run the program with the settings."""
    umask = os.umask(0o022)

    def run(*arguments):
        path = configured(settings)
        monkeypatch.setattr(dump, "configuration", lambda: configuration(path))
        return dump.main(list(arguments))

    yield run
    os.umask(umask)


def without_times(text):
    """Return what was printed with NAME for the dumps' names and N for seconds."""
    return re.sub(r"in \d+ s", "in N s", re.sub(r"20[2-9]\d-\d\d-\d\dT\d{6}Z", "NAME", text))


def members_of(settings):
    return [Member(**entry) for entry in settings["databases"]["members"]]


def test_the_members_that_do_not_answer_are_passed_over(settings, api):
    db1, db2, db3 = members_of(settings)
    api.answers["/cluster"] = [(503, "no"), (200, json.dumps({"members": [LEADER, REPLICA]}))]
    silent = Member("db0", "127.0.0.1", 5432, 1)
    assert dump.ask_cluster([silent, db1, db2, db3], api.ca_file) == (Source(db2, False, 0), Source(db1, True, 0))


def test_a_cluster_that_does_not_serve(settings, api):
    db1, db2, db3 = members_of(settings)
    api.answers["/cluster"] = [(503, "no"), (200, "[]"), (200, '{"members": []}')]
    silent = Member("db0", "127.0.0.1", 5432, 1)
    with pytest.raises(BackupError) as error:
        dump.ask_cluster([silent, db1, db2, db3], api.ca_file)
    assert str(error.value).splitlines() == [
        "no database server can be read from:",
        "https://127.0.0.1:1/cluster: [Errno 111] Connection refused",
        "db1 knows of no member that serves: no",
        "db2 knows of no member that serves: []",
        "db3 knows of no member that serves: {'members': []}",
    ]


def test_a_dump_of_the_best_replica(main, settings, programs, directory, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("BACKUP_JOB_REPORT", str(tmp_path / "report"))
    assert main("run") == 0
    (name,) = os.listdir(directory)
    made = check(str(directory / name))
    assert made.about == {
        "server": {
            "version": "15.5",
            "system_identifier": "7300000000000000001",
            "timeline": 4,
            "in_recovery": True,
            "lsn": "0/5000060",
            "member": "db2",
        },
        "databases": {"app": "databases/app", "odd/name": "databases/odd%2Fname"},
    }
    assert sorted(made.files) == ["databases/app/toc.dat", "databases/odd%2Fname/toc.dat", "globals.sql"]
    assert (directory / name / "databases" / "odd%2Fname" / "toc.dat").read_text() == "odd/name"
    assert not [path for path in directory.rglob("*") if path.stat().st_mode & 0o077]
    lines = "NAME: from db2\napp: dumped and read again in N s\nodd/name: dumped and read again in N s\n"
    assert (without_times(capsys.readouterr().out)) == lines
    assert (tmp_path / "report").read_text() == (
        f"bytes {made.size}\nfrom_leader 0\ndatabases 2\ncopies 1\ncopies_stored 0\n"
    )


def test_what_the_programs_of_the_server_are_told(main, settings, programs, directory, tmp_path):
    assert main("run") == 0
    (name,) = os.listdir(directory)
    partial = f"{directory}/.partial-{name}"
    options = "--no-password --format=directory --jobs=2 --compress=6 --lock-wait-timeout=300s"
    assert programs.lines("pg_dumpall", "pg_dump", "pg_restore") == [
        f"pg_dumpall --no-password --globals-only --no-role-passwords --file={partial}/globals.sql",
        f"pg_dump {options} --file={partial}/databases/app",
        f"pg_restore --file=/dev/null {partial}/databases/app",
        f"pg_dump {options} --file={partial}/databases/odd%2Fname",
        f"pg_restore --file=/dev/null {partial}/databases/odd%2Fname",
    ]
    asked = [call for call in programs.calls if call.words[0] != "pg_restore"]
    assert [call.environment["PGDATABASE"] for call in asked] == ["postgres", "postgres", "postgres", "app", "odd/name"]
    for call in asked:
        assert {name: call.environment[name] for name in call.environment if name.startswith("PG")} == {
            "PGHOST": "127.0.0.1",
            "PGPORT": "5432",
            "PGUSER": "backup",
            "PGPASSFILE": str(tmp_path / "pgpass"),
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": settings["databases"]["ca"],
            "PGCONNECT_TIMEOUT": "10",
            "PGAPPNAME": "backup-dump",
            "PGDATABASE": call.environment["PGDATABASE"],
        }


def test_where_no_replica_gives_a_dump_the_leader_does(main, directory, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("AWAY", "5432 5433")
    monkeypatch.setenv("BACKUP_JOB_REPORT", str(tmp_path / "report"))
    assert main("run") == 0
    (name,) = os.listdir(directory)
    server = check(str(directory / name)).about["server"]
    assert (server["member"], server["in_recovery"]) == ("db1", False)
    assert "from_leader 1\n" in (tmp_path / "report").read_text()
    failure = 'psql ended with status 1: psql: error: connection to server at "127.0.0.1" failed'
    assert without_times(capsys.readouterr().out).splitlines()[:5] == [
        "NAME: from db2",
        f"db2: {failure}",
        "NAME: from db3",
        f"db3: {failure}",
        "NAME: from db1, which leads: no replica gave one",
    ]


def test_a_dump_that_cannot_be_read_again_is_none(main, programs, directory, capsys):
    programs.add("pg_restore", "sys.exit('pg_restore: error: could not read from input file')")
    assert main("run") == 1
    assert os.listdir(directory) == []
    failure = "pg_restore ended with status 1: pg_restore: error: could not read from input file"
    assert capsys.readouterr().err.splitlines() == [
        "no server gave a complete dump:",
        f"db2: {failure}",
        f"db3: {failure}",
        f"db1: {failure}",
    ]


def test_dumps_are_sent_and_removed_in_both_places(main, settings, s3, store, directory, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("BACKUP_JOB_REPORT", str(tmp_path / "report"))
    settings["s3"] = s3
    for name in (OLD, "2020-01-02T020000Z"):
        (directory / f".partial-{name}").mkdir()
        Copies(str(directory), Storage(s3), dump.FOLDER).complete(name, {})
    Copies(str(directory), Storage(s3), dump.FOLDER).send()
    assert main("run") == 0
    (name,) = os.listdir(directory)
    assert sorted(os.listdir(store / "dumps")) == [name]
    assert capsys.readouterr().out.splitlines()[-5:] == [
        f"{name}: sent",
        f"{OLD}: removed here",
        "2020-01-02T020000Z: removed here",
        f"{OLD}: removed there",
        "2020-01-02T020000Z: removed there",
    ]
    assert (tmp_path / "report").read_text().endswith("copies 1\ncopies_stored 1\n")


def test_a_storage_that_fails_fails_the_job_and_leaves_the_dump(main, settings, s3, programs, directory, capsys):
    settings["s3"] = s3
    programs.add("rclone", "if arguments[0] != 'obscure':\n    sys.exit('no route to host')")
    assert main("run") == 1
    (name,) = os.listdir(directory)
    check(str(directory / name))
    assert capsys.readouterr().err == "rclone ended with status 1: no route to host\n"


def test_the_list_says_where_each_dump_is(main, settings, s3, directory, capsys):
    settings["s3"] = s3
    copies = Copies(str(directory), Storage(s3), dump.FOLDER)
    for name in (OLD, "2020-01-02T020000Z", "2020-01-03T020000Z"):
        (directory / f".partial-{name}").mkdir()
        copies.complete(name, {})
        if name != "2020-01-03T020000Z":
            copies.send()
    (directory / OLD).rename(directory / "away")
    assert main("list") == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{OLD}  stored",
        "2020-01-02T020000Z  here, stored",
        "2020-01-03T020000Z  here",
    ]


def test_a_dump_is_fetched_and_checked(main, settings, s3, directory, tmp_path, capsys):
    settings["s3"] = s3
    assert main("run") == 0
    (name,) = os.listdir(directory)
    size = check(str(directory / name)).size
    capsys.readouterr()
    assert main("fetch", name, str(tmp_path / "new")) == 0
    assert main("check", str(tmp_path / "new")) == 0
    assert capsys.readouterr().out == f"{tmp_path}/new: as its manifest says, {size} bytes\n" * 2
    (tmp_path / "new" / "globals.sql").unlink()
    assert main("check", str(tmp_path / "new")) == 1
    assert capsys.readouterr().err == f"{tmp_path}/new: globals.sql is not there\n"


def test_arguments_that_are_refused(capsys):
    with pytest.raises(SystemExit) as error:
        dump.main(["make"])
    assert error.value.code == 2
    assert "argument command: invalid choice: 'make'" in capsys.readouterr().err
