"""Which backup is restored, what the restored server is told, what is reported and removed; hosts restore real ones."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.backup import job
from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io import verify
from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io.command import BackupError
from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io.verify import WEEK, Scratch, choose
from ansible_collections.freeagentics.platform.plugins.module_utils.pgbackrest.info import parse

LOG = """\
2026-11-26 09:00:01.000 UTC [9] LOG:  starting PostgreSQL 15.14 on x86_64-pc-linux-gnu
2026-11-26 09:00:01.100 UTC [9] LOG:  starting archive recovery
2026-11-26 09:00:02.000 UTC [9] LOG:  consistent recovery state reached at 0/2000100
"""
RECOVERED = (
    LOG
    + """\
2026-11-26 09:00:03.000 UTC [9] LOG:  redo done at 0/5000060 system usage: CPU: user: 0.00 s, system: 0.00 s
2026-11-26 09:00:03.000 UTC [9] LOG:  last completed transaction was at log time 2026-11-26 08:59:30.25+00
2026-11-26 09:00:03.100 UTC [9] LOG:  archive recovery complete
2026-11-26 09:00:03.200 UTC [9] LOG:  database system is ready to accept connections
"""
)
STOPPED = RECOVERED.replace(
    "LOG:  redo done", 'LOG:  recovery stopping before WAL location (LSN) "0/5000060"\n2026 UTC [9] LOG:  redo done'
)
#: Whoever asks a server that is not consistent yet is refused, and the log says so in the words of an end.
STOPPED = STOPPED.replace(
    LOG, LOG + "2026-11-26 09:00:01.200 UTC [12] FATAL:  the database system is not yet accepting connections\n"
)
FAILED = LOG + "2026-11-26 09:00:03.000 UTC [9] FATAL:  could not locate required checkpoint record\n"

PGBACKREST = r"""
if arguments[-1] == "info":
    print(open(FOLDER + "/info").read())
else:
    data = [word.partition("=")[2] for word in arguments if word.startswith("--pg1-path=")][0]
    open(data + "/PG_VERSION", "w").write("15\n")
"""
POSTGRES = r"""
import time
log = open(FOLDER + "/log").read()
open(arguments[1] + "/postmaster.pid", "w").write(str(os.getpid()))
print(log, end="", flush=True)
if "could not locate required checkpoint" not in log:
    time.sleep(300)
os.unlink(arguments[1] + "/postmaster.pid")
sys.exit(1)
"""
PG_CTL = r"""
if arguments[0] == "stop":
    try:
        file = arguments[2] + "/postmaster.pid"
        os.kill(int(open(file).read()), 9)
        os.unlink(file)
    except (OSError, ValueError):
        sys.exit("pg_ctl: no server running")
"""
PSQL = r"""
# As a real server: nobody answers before its file is there.
if not os.path.exists(os.environ["PGHOST"] + "/data/postmaster.pid"):
    sys.exit("connection refused")
answers = {"pg_get_wal_replay_pause_state": "paused", "query_to_xml": "2\t10", "pg_database": "app\npostgres"}
print([answer for words, answer in answers.items() if words in arguments[-1]][0])
"""
CONTROL = "print('max_connections setting:              250')"
PROGRAMS = {
    "pgbackrest": PGBACKREST,
    "postgres": POSTGRES,
    "pg_ctl": PG_CTL,
    "psql": PSQL,
    "pg_controldata": CONTROL,
    **dict.fromkeys(("pg_amcheck", "pg_dump", "pg_checksums"), ""),
}
PROGRAM = (
    "import sys; from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io import verify;"
    "verify.CONFIGURATION = {path!r}; verify.Scratch._program = lambda self, name: name; sys.exit(verify.main(['run']))"
)


def backup(label, repository, stop):
    return {
        "label": label,
        "type": "full",
        "database": {"repo-key": repository, "id": 1},
        "timestamp": {"start": stop - 10, "stop": stop},
        "lsn": {"start": "0/1", "stop": "0/2"},
        "archive": {"start": "000000010000000000000001", "stop": "000000010000000000000001"},
        "info": {"size": 1, "delta": 1, "repository": {"delta": 1}},
        "prior": None,
    }


def info(*backups, archived=()):
    status = {"code": 0, "message": "ok"}
    entry = {
        "name": "platform",
        "db": [{"id": 1, "repo-key": key, "system-id": 7} for key in (1, 2)],
        "repo": [{"key": key, "cipher": "aes-256-cbc", "status": status} for key in (1, 2)],
        "status": {"lock": {"backup": {"held": False}}},
        "backup": list(backups),
        "archive": [{"database": {"id": 1, "repo-key": key}, "min": "", "max": last} for key, last in archived],
    }
    return json.dumps([entry])


ALL = info(backup("old", 1, 100), backup("here", 1, 200), backup("there", 2, 150))


@pytest.mark.parametrize(("week", "label"), [(0, "here"), (1, "there"), (2, "here")])
def test_each_week_the_newest_backup_of_the_next_repository(week, label):
    assert choose(parse(ALL, "platform"), week * WEEK + 5).label == label


def test_a_repository_without_backups_is_passed_over():
    assert choose(parse(info(backup("here", 1, 200)), "platform"), 1 * WEEK).label == "here"


def test_without_any_backup():
    with pytest.raises(BackupError) as error:
        choose(parse(info(), "platform"), 0)
    assert str(error.value) == "no repository has a backup of platform: pgbackrest --stanza=platform backup makes one"


def test_what_is_of_others_is_not_removed(tmp_path):
    folder = tmp_path / "scratch"
    folder.mkdir()
    (folder / "mine").touch()
    with pytest.raises(BackupError) as error:
        Scratch(str(folder), "platform", 1).prepare()
    assert str(error.value) == f"{folder} has files that are not of backup-verify: name another folder for it"
    assert os.listdir(folder) == ["mine"]


def test_what_an_earlier_run_left_goes(tmp_path):
    scratch = Scratch(str(tmp_path / "scratch"), "platform", 1)
    scratch.prepare()
    (tmp_path / "scratch" / "data").mkdir()
    (tmp_path / "scratch" / "data" / "file").touch()
    scratch.prepare()
    assert os.listdir(tmp_path / "scratch") == ["backup-verify"]
    scratch.remove()
    assert os.listdir(tmp_path) == []


CONFIGURATION = {"stanza": "platform", "jobs": 2, "databases": {"members": []}, "compare": {"database": "app"}}


def reports(tmp_path):
    return {"directory": f"{tmp_path}/reports", "keep": 2}


@pytest.fixture
def restored(programs, configured, monkeypatch, tmp_path):
    """The programs of pgBackRest and of PostgreSQL, and what the server writes into its log."""
    for name, text in PROGRAMS.items():
        programs.add(name, text)
    (programs.folder / "info").write_text(info(backup("old", 1, 100), backup("here", 1, 200)))
    (programs.folder / "log").write_text(RECOVERED)
    (tmp_path / "reports").mkdir()
    path = configured(CONFIGURATION | {"directory": f"{tmp_path}/verify", "reports": reports(tmp_path)})
    monkeypatch.setattr(verify, "CONFIGURATION", path)
    monkeypatch.setattr(Scratch, "_program", lambda self, name: name)
    handler = signal.getsignal(signal.SIGTERM)
    yield programs
    signal.signal(signal.SIGTERM, handler)


@pytest.fixture
def compared(restored, configured, monkeypatch, tmp_path):
    """A database to compare with, which a replica shows, and what the comparison finds."""
    settings = {"members": [{"name": "db2"}]}
    told = {
        "findings": [],
        "not_checked": [],
        "figures": [],
        "state": {"name": "db2", "databases": {"app": {"as_of": MOMENT}}},
    }
    tables = {"public.record": {"rows": 10, "fingerprint": "ab"}, "public.broken": {"rows": None, "fingerprint": None}}
    found = {
        "findings": [],
        "not_checked": [],
        "figures": [{"where": "the restored backup/app", "rows": 10, "seconds": 0.5}],
        "as_of": {"app": {"exact": True, "reason": "both show the same"}},
        "state": {"name": "the restored backup", "databases": {"app": {"tables": tables}}},
    }
    calls = []
    configured(CONFIGURATION | {"directory": f"{tmp_path}/verify", "reports": reports(tmp_path), "databases": settings})
    restored.add("pgbackrest", "if arguments[-1] != 'check':\n" + indented(PGBACKREST))
    (restored.folder / "log").write_text(STOPPED)
    monkeypatch.setattr(verify, "look", lambda *given: calls.append(given) or (told, "db2"))
    monkeypatch.setattr(verify, "compare", lambda *given: calls.append(given) or found)
    yield found
    assert calls[:1] == [(settings, {"database": "app"}, 2)]
    assert calls[1:] in ([], [(f"{tmp_path}/verify", verify.PORT, told, "app", 2)])


MOMENT = {
    "lsn": "0/5000060",
    "timeline": 1,
    "snapshot": "757:757:",
    "system_identifier": "7",
    "in_recovery": True,
}


def indented(text):
    return "\n".join(f"    {line}" for line in text.splitlines()) + "\n"


def read_report(tmp_path):
    """Return the newest report, for programs and for people."""
    folder = max((tmp_path / "reports").iterdir())
    assert sorted(path.name for path in folder.iterdir()) == ["report.html", "report.json", "report.md"]
    return json.loads((folder / "report.json").read_text()), (folder / "report.md").read_text()


def without_seconds(text):
    return re.sub(r" in \d+ s", "", re.sub(r"the report is in \S+\n", "", text))


def test_a_backup_is_restored_read_and_removed(restored, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("BACKUP_JOB_REPORT", str(tmp_path / "report"))
    before = time.time()
    assert verify.main(["run"]) == 0
    said = capsys.readouterr()
    assert said.err == ""
    assert without_seconds(said.out) == (
        "backup here of repository 1: restored, recovered up to 2026-11-26 08:59:30.25+00, checked:"
        " 4 tables, 20 rows, nothing damaged\n"
    )
    figures = job.report((tmp_path / "report").read_text())
    took = [figures.pop(f"{name}_seconds") for name in ("restore", "recovery", "check")]
    now = figures.pop("verified_timestamp_seconds")
    assert 0 < sum(took) <= now - before
    assert now <= time.time()
    assert figures == {
        "verified_backup_timestamp_seconds": 200,
        "verified_repository": 1,
        "verified_tables": 4,
        "verified_rows": 20,
        "verified_last_transaction_timestamp_seconds": 1795683570.25,
    }
    assert not (tmp_path / "verify").exists()
    record, page = read_report(tmp_path)
    assert record["verified"] is True
    assert record["not_compared"] == "this host knows of no database to compare with"
    assert record["read"] == {"tables": 4, "rows": 20}
    assert page.startswith("# The newest backup, restored and compared\n\nVerified. Begun ")


def test_a_backup_is_restored_up_to_a_moment_of_the_database_and_compared(
    restored, compared, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv("BACKUP_JOB_REPORT", str(tmp_path / "figures"))
    assert verify.main(["run"]) == 0
    assert without_seconds(capsys.readouterr().out) == (
        "backup here of repository 1: restored, recovered up to 0/5000060, 2026-11-26 08:59:30.25+00, checked:"
        " 4 tables, 20 rows, nothing damaged; the same as app on db2 as of 0/5000060: 1 tables, 10 rows\n"
    )
    told = restored.lines("pgbackrest")
    assert told[:2] == ["pgbackrest --stanza=platform --output=json info", "pgbackrest --stanza=platform check"]
    assert " --type=lsn --target=0/5000060 --target-exclusive --target-action=pause " in told[2]
    assert " -c hot_standby=on" in restored.lines("postgres")[0]
    assert restored.lines("pg_ctl")[0] == f"pg_ctl promote -D {tmp_path}/verify/data -w -t 600"
    figures = job.report((tmp_path / "figures").read_text())
    assert {name: figures[name] for name in ("findings", "not_checked", "compared_tables", "compared_rows")} == {
        "findings": 0,
        "not_checked": 0,
        "compared_tables": 1,
        "compared_rows": 10,
    }
    assert figures["compared_timestamp_seconds"] <= figures["verified_timestamp_seconds"] + 60
    record, page = read_report(tmp_path)
    assert (record["verified"], record["problem"], record["server"], record["moment"]) == (True, "", "db2", MOMENT)
    assert [phase["phase"] for phase in record["timeline"]] == [
        verify.LOOK,
        verify.ARCHIVE,
        verify.RESTORE,
        verify.RECOVER,
        verify.COMPARE,
        verify.GO_ON,
        verify.READ,
        verify.PAGES,
    ]
    assert "    database app as of 0/5000060, timeline 1, on db2\n" in page


def test_a_copy_that_differs_is_no_good_backup(restored, compared, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("BACKUP_JOB_REPORT", str(tmp_path / "figures"))
    compared["findings"].append(
        {
            "kind": "table_rows",
            "severity": "difference",
            "object": "public.record",
            "where": "the restored backup/app",
            "detail": "9 rows, 1 fewer than the 10 of db2/app",
            "remedy": "find the cause",
        }
    )
    assert verify.main(["run"]) == 1
    assert capsys.readouterr().err == (
        "the copy is not what the database was: table_rows public.record: 9 rows, 1 fewer than the 10 of db2/app\n"
    )
    figures = job.report((tmp_path / "figures").read_text())
    assert figures["findings"] == 1
    assert not {"verified_timestamp_seconds", "compared_timestamp_seconds"} & set(figures)
    record, page = read_report(tmp_path)
    assert record["verified"] is False
    assert "    difference table_rows: public.record on the restored backup/app: 9 rows, 1 fewer " in page


def test_a_table_that_could_not_be_compared_is_told(restored, compared, capsys):
    compared["not_checked"].append(
        {"check": "fingerprints", "object": "public.broken", "where": "db2/app", "reason": "it took too long"}
    )
    assert verify.main(["run"]) == 1
    assert capsys.readouterr().err == (
        "everything was restored and read, and nothing is damaged, but not all of it was compared:"
        " public.broken on db2/app: it took too long\n"
    )


def test_where_no_replica_can_be_read_the_backup_is_read_to_the_end_of_the_archive(
    restored, compared, tmp_path, monkeypatch, capsys
):
    (restored.folder / "log").write_text(RECOVERED)
    calls = verify.look

    def nobody(*given):
        calls(*given)
        raise BackupError("no replica can be read, and the leader is not asked")

    monkeypatch.setattr(verify, "look", nobody)
    assert verify.main(["run"]) == 1
    said = capsys.readouterr()
    assert said.err == (
        "everything was restored and read, and nothing is damaged, but it was not compared with the database:"
        " no replica can be read, and the leader is not asked\n"
    )
    assert " --type=default " in restored.lines("pgbackrest")[1]
    assert restored.lines("pg_amcheck", "pg_checksums")
    record, _page = read_report(tmp_path)
    assert (record["verified"], record["read"]) == (False, {"tables": 4, "rows": 20})
    assert not (tmp_path / "verify").exists()


def test_a_replica_that_is_behind_the_archive_is_not_compared_with(restored, compared, capsys):
    log = RECOVERED.replace("redo done at 0/5000060", "redo done at 0/7000060")
    (restored.folder / "log").write_text(log)
    archived = ((1, "000000010000000000000007"),)
    (restored.folder / "info").write_text(info(backup("here", 1, 200), archived=archived))
    assert verify.main(["run"]) == 1
    assert capsys.readouterr().err.endswith(
        "not compared with the database: db2 is at 0/5000060, behind the archive, whose end is at 0/7000000\n"
    )


def test_a_recovery_that_went_past_the_moment_is_told(restored, compared, tmp_path, capsys):
    (restored.folder / "log").write_text(RECOVERED)
    assert verify.main(["run"]) == 1
    assert capsys.readouterr().err.startswith(
        "the server's log does not say that the position 0/5000060 was reached; it tells of no stop."
    )


def test_a_report_that_cannot_be_written_is_told(restored, tmp_path, capsys):
    (tmp_path / "reports").rmdir()
    assert verify.main(["run"]) == 1
    assert capsys.readouterr().err.startswith("the report cannot be written: ")
    restored.add("pg_amcheck", "sys.exit('something is damaged')")
    assert verify.main(["run"]) == 1
    said = capsys.readouterr()
    assert "the report cannot be written: " in said.out
    assert said.err == "pg_amcheck ended with status 1: something is damaged\n"


def test_what_pgbackrest_is_told(restored, tmp_path):
    assert verify.main(["run"]) == 0
    folder = f"{tmp_path}/verify"
    own = f"--stanza=platform --repo=1 --reset-pg1-host --pg1-path={folder}/data --lock-path={folder}"
    get = f'restore_command=pgbackrest {own} --spool-path={folder} archive-get %f "%p"'
    assert restored.lines("pgbackrest") == [
        "pgbackrest --stanza=platform --output=json info",
        f"pgbackrest {own} --no-delta --set=here --process-max=2 --type=default"
        f" --tablespace-map-all={folder}/tablespaces --recovery-option={get} restore",
    ]


def test_the_server_is_alone_and_everything_of_it_is_read(restored, tmp_path):
    assert verify.main(["run"]) == 0
    folder = f"{tmp_path}/verify"
    (server,) = restored.lines("postgres")
    assert server.startswith(f"postgres -D {folder}/data -c ")
    for setting in (
        "listen_addresses=",
        f"unix_socket_directories={folder}",
        "port=55433",
        "archive_mode=off",
        "primary_conninfo=",
        "hot_standby=off",
        "max_connections=250",
    ):
        assert f" -c {setting} " in server
    assert restored.lines("pg_amcheck", "pg_dump", "pg_ctl", "pg_checksums") == [
        "pg_amcheck --all --install-missing --heapallindexed --parent-check --jobs=2",
        "pg_dump --format=plain --file=/dev/null",
        "pg_dump --format=plain --file=/dev/null",
        f"pg_ctl stop -D {folder}/data -m fast -w -t 600",
        f"pg_checksums --check -D {folder}/data",
    ]
    asked = [call for call in restored.calls if call.words[0] in ("pg_amcheck", "pg_dump")]
    assert [call.environment["PGDATABASE"] for call in asked] == ["postgres", "app", "postgres"]
    assert {(call.environment["PGHOST"], call.environment["PGPORT"]) for call in asked} == {(folder, "55433")}


def test_an_archive_that_could_not_be_read_to_its_end_is_told(restored, tmp_path, capsys):
    """To the server a segment that it does not get is the end of the log."""
    archived = ((1, "000000020000000000000007"), (2, "000000020000000000000005"))
    (restored.folder / "info").write_text(info(backup("here", 1, 200), archived=archived))
    assert verify.main(["run"]) == 1
    said = capsys.readouterr().err
    assert (
        "the archive could not be read to its end: the log was replayed up to 0/5000060, and the last segment of the "
        "archive begins at 0/7000000. The last transaction that was replayed is of 2026-11-26 08:59:30.25+00."
    ) in said
    assert not (tmp_path / "verify").exists()


@pytest.mark.parametrize("last", ["000000020000000000000005", None])
def test_an_archive_that_was_read_to_its_end_is_verified(restored, last, capsys):
    (restored.folder / "info").write_text(info(backup("here", 1, 200), archived=((1, last),)))
    assert verify.main(["run"]) == 0


def test_a_recovery_that_fails_is_told_with_the_end_of_the_log(restored, tmp_path, capsys):
    (restored.folder / "log").write_text(FAILED)
    assert verify.main(["run"]) == 1
    assert capsys.readouterr().err == (
        "the server ended: could not locate required checkpoint record. It was consistent at 0/2000100."
        f" The end of its log:\n{FAILED}"
    )
    assert not (tmp_path / "verify").exists()


@pytest.mark.parametrize("name", ["pg_amcheck", "pg_dump", "pg_checksums"])
def test_what_is_damaged_is_told(restored, tmp_path, capsys, name):
    restored.add(name, "sys.exit('something is damaged')")
    assert verify.main(["run"]) == 1
    assert capsys.readouterr().err == f"{name} ended with status 1: something is damaged\n"
    assert not (tmp_path / "verify").exists()


def test_a_restore_that_is_asked_to_end_leaves_nothing(restored, tmp_path):
    (restored.folder / "log").write_text(LOG)
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(path=f"{tmp_path}/backup.json")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        for _attempt in range(400):
            if (tmp_path / "verify" / "data" / "postmaster.pid").exists():
                break
            time.sleep(0.05)
        process.terminate()
        assert process.wait(20) == 128 + signal.SIGTERM
    finally:
        process.kill()
        process.wait()
    assert not (tmp_path / "verify").exists()
    assert read_report(tmp_path)[0]["problem"] == "the run ended before it was done"


def test_a_server_is_held_at_a_position_for_others_to_read(restored, tmp_path, capsys):
    folder = tmp_path / "verify-held"
    assert verify.main(["hold", "0/5000060"]) == 0
    assert capsys.readouterr().out == "backup here of repository 1 is restored up to 0/5000060\n"
    assert " --type=lsn --target=0/5000060 --target-exclusive --target-action=pause " in restored.lines("pgbackrest")[1]
    assert " -c hot_standby=on" in restored.lines("postgres")[0]
    assert (folder / "data" / "postmaster.pid").exists()
    restored.forget()
    assert verify.main(["finish"]) == 0
    assert capsys.readouterr().out == "4 tables, 20 rows, nothing damaged\n"
    assert restored.lines("pg_ctl", "pg_checksums") == [
        f"pg_ctl promote -D {folder}/data -w -t 600",
        f"pg_ctl stop -D {folder}/data -m fast -w -t 600",
        f"pg_checksums --check -D {folder}/data",
    ]
    assert verify.main(["drop"]) == 0
    assert not folder.exists()


def test_a_server_that_ends_before_the_position_is_not_held(restored, tmp_path, capsys):
    (restored.folder / "log").write_text(FAILED)
    restored.add("psql", "sys.exit('no server')")
    assert verify.main(["hold", "0/9000000"]) == 1
    assert capsys.readouterr().err == f"the server ended before the position. The end of its log:\n{FAILED}"
    assert not (tmp_path / "verify-held").exists()


def test_a_server_that_an_earlier_run_left_is_stopped_first(restored, tmp_path, capsys):
    assert verify.main(["hold", "0/5000060"]) == 0
    restored.forget()
    assert verify.main(["drop"]) == 0
    assert restored.lines("pg_ctl") == [f"pg_ctl stop -D {tmp_path}/verify-held/data -m immediate -w -t 600"]
    assert not (tmp_path / "verify-held").exists()


def test_what_a_server_left_that_is_gone_is_removed(restored, tmp_path, capsys):
    data = tmp_path / "verify" / "data"
    data.mkdir(parents=True)
    for path, text in (
        (data / "PG_VERSION", "15\n"),
        (data / "postmaster.pid", ""),
        (tmp_path / "verify" / verify.MARK, ""),
    ):
        path.write_text(text)
    assert verify.main(["run"]) == 0
    assert capsys.readouterr().out.splitlines()[0] == (
        "a file of a server was there, and no server: pg_ctl ended with status 1: pg_ctl: no server running"
    )
    assert not (tmp_path / "verify").exists()


def test_the_programs_are_those_of_the_version_that_was_restored(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "PG_VERSION").write_text("16\n")
    assert Scratch(str(tmp_path), "platform", 1)._program("pg_ctl") == "/usr/lib/postgresql/16/bin/pg_ctl"


def test_an_answer_of_pgbackrest_that_does_not_know_the_stanza(monkeypatch):
    monkeypatch.setattr(verify, "run", lambda _command: ALL)
    with pytest.raises(BackupError) as error:
        verify.newest_backup("other")
    assert str(error.value) == "pgbackrest info says nothing of other: does /etc/pgbackrest/pgbackrest.conf?"
