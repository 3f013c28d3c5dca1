"""Which backup is restored, what the restored server is told, and what is removed; hosts restore real ones."""

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
if "FATAL" not in log:
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


@pytest.fixture
def restored(programs, configured, monkeypatch, tmp_path):
    """The programs of pgBackRest and of PostgreSQL, and what the server writes into its log."""
    for name, text in PROGRAMS.items():
        programs.add(name, text)
    (programs.folder / "info").write_text(info(backup("old", 1, 100), backup("here", 1, 200)))
    (programs.folder / "log").write_text(RECOVERED)
    path = configured({"stanza": "platform", "directory": f"{tmp_path}/verify", "jobs": 2})
    monkeypatch.setattr(verify, "CONFIGURATION", path)
    monkeypatch.setattr(Scratch, "_program", lambda self, name: name)
    handler = signal.getsignal(signal.SIGTERM)
    yield programs
    signal.signal(signal.SIGTERM, handler)


def without_seconds(text):
    return re.sub(r" in \d+ s", "", text)


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
