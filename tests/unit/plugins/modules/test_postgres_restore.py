# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is moved, kept and refused; programs of the same names note how they are called, and log as the true ones do."""

from __future__ import annotations

import os
import sys

import pytest

PGBACKREST = """#!/bin/sh
echo "pgbackrest $*" >> {place}/calls
for option in "$@"; do case $option in --pg1-path=*) directory=${{option#*=}} ;; esac; done
echo 15 > $directory/PG_VERSION
echo 'P00   INFO: restore size = 29.5MB, file total = 1259'
"""
CONTROL = """#!/bin/sh
echo 'max_connections setting:              300'
"""
#: Logs what the test wants, and goes on running where it says that it is ready.
POSTGRES = """#!{python}
import os, sys, time
directory = sys.argv[sys.argv.index("-D") + 1]
open("{place}/calls", "a").write("postgres " + " ".join(sys.argv[3:]) + chr(10))
text = open("{place}/log").read()
if "is ready to accept" in text:
    open(directory + "/postmaster.pid", "w").write(str(os.getpid()) + chr(10))
sys.stdout.write(text)
sys.stdout.flush()
if "is ready to accept" in text:
    time.sleep(60)
"""
CONTROLLER = """#!/bin/sh
echo "pg_ctl $*" >> {place}/calls
kill $(cat $3/postmaster.pid); rm $3/postmaster.pid
"""
CLIENT = """#!/bin/sh
echo "psql $*" >> {place}/calls
"""
GOOD = """2026-11-26 12:40:00.000 UTC [7] LOG:  starting PostgreSQL 15.20 on x86_64
2026-11-26 12:40:01.000 UTC [8] LOG:  starting point-in-time recovery to 2026-11-26 12:36:28+00
12:40:01.000 UTC [8] LOG:  recovery stopping before commit of transaction 750, time 2026-11-26 12:36:29.307545+00
2026-11-26 12:40:01.000 UTC [8] LOG:  redo done at 0/E022B78 system usage: CPU: user: 0.00 s
2026-11-26 12:40:01.000 UTC [8] LOG:  last completed transaction was at log time 2026-11-26 12:36:27.788707+00
2026-11-26 12:40:01.000 UTC [8] LOG:  selected new timeline ID: 4
2026-11-26 12:40:01.000 UTC [8] LOG:  archive recovery complete
2026-11-26 12:40:02.000 UTC [7] LOG:  database system is ready to accept connections
"""
BAD = """2026-11-26 12:40:00.000 UTC [7] LOG:  starting PostgreSQL 15.20 on x86_64
2026-11-26 12:40:01.000 UTC [8] LOG:  starting point-in-time recovery to 2026-11-26 12:36:28+00
2026-11-26 12:40:01.000 UTC [8] LOG:  last completed transaction was at log time 2026-11-26 12:30:00+00
2026-11-26 12:40:01.000 UTC [8] FATAL:  recovery ended before configured recovery target was reached
"""


class Host:
    """A host with a data directory, and the module that restores there."""

    def __init__(self, place, run_module):
        self.place, self._run_module = place, run_module
        self.directory, self.workspace = place / "main", place / "restore"
        self.aside = place / "main.before"
        self.log(GOOD)

    def log(self, text):
        """Say what the server will log."""
        (self.place / "log").write_text(text, encoding="utf-8")

    def calls(self):
        """Return how programs were called."""
        path = self.place / "calls"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def fill(self):
        """Put a database into the data directory."""
        self.directory.mkdir()
        (self.directory / "precious").write_text("data", encoding="utf-8")

    def restore(self, **changes):
        """Run the module."""
        arguments = {
            "stanza": "app",
            "repository": 2,
            "backup": "20261126-113416F",
            "target": "time",
            "target_value": "2026-11-26 12:36:28+00",
            "directory": str(self.directory),
            "workspace": str(self.workspace),
            "bin_directory": str(self.place / "bin"),
            "archive_command": "push %p",
            "timeout": 20,
        }
        return self._run_module("postgres_restore", **{**arguments, **changes})


@pytest.fixture
def host(tmp_path, run_module, monkeypatch):
    programs = tmp_path / "bin"
    programs.mkdir()
    texts = {
        "pgbackrest": PGBACKREST,
        "pg_controldata": CONTROL,
        "postgres": POSTGRES,
        "pg_ctl": CONTROLLER,
        "psql": CLIENT,
    }
    for name, text in texts.items():
        (programs / name).write_text(text.format(place=tmp_path, python=sys.executable), encoding="utf-8")
        (programs / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")
    made = Host(tmp_path, run_module)
    yield made
    pid = made.directory / "postmaster.pid"
    if pid.exists():
        os.kill(int(pid.read_text(encoding="utf-8")), 9)


def test_what_goes_into_service_is_restored_proved_and_stopped(host):
    done = host.restore()
    assert (done["changed"], done["moved"], done["timeline"]) == (True, "", 4)
    assert done["beginning"] == "point-in-time recovery to 2026-11-26 12:36:28+00"
    assert done["stopping"] == "stopping before commit of transaction 750, time 2026-11-26 12:36:29.307545+00"
    assert done["last_transaction"] == "2026-11-26 12:36:27.788707+00"
    assert (done["redo_done"], done["content"]) == ("0/E022B78", 30932992)
    assert [call.split()[0] for call in host.calls()] == ["pgbackrest", "postgres", "psql", "pg_ctl"]
    assert not (host.workspace / "restored.json").exists()


def test_pgbackrest_is_told_the_backup_the_target_and_a_spool_of_its_own(host):
    host.restore(timeline=3)
    command = host.calls()[0]
    common = f"--stanza=app --repo=2 --reset-pg1-host --pg1-path={host.directory}"
    assert command.startswith(f"pgbackrest {common} --lock-path={host.workspace} --log-level-console=info ")
    assert "--set=20261126-113416F --process-max=2 --type=time --target=2026-11-26 12:36:28+00" in command
    assert "--target-action=promote" in command
    assert "--target-timeline=3" in command
    apart = f"--spool-path={host.workspace} --lock-path={host.workspace}"
    assert f'--recovery-option=restore_command=pgbackrest {common} {apart} archive-get %f "%p"' in command
    assert "--tablespace-map-all" not in command


def test_the_server_recovers_by_itself_and_leaves_no_setting_behind(host):
    host.restore()
    _, server, client, _ = host.calls()
    assert "-c listen_addresses= " in server
    assert "-c max_connections=300 " in server
    assert "-c archive_command=push %p" in server
    assert "-c ALTER SYSTEM RESET restore_command" in client
    assert "-c ALTER SYSTEM RESET recovery_target_time" in client


def test_the_old_content_is_moved_aside_and_kept(host):
    host.fill()
    done = host.restore(aside=str(host.aside))
    assert done["moved"] == str(host.aside)
    assert (host.aside / "precious").read_text(encoding="utf-8") == "data"
    assert (host.directory / "PG_VERSION").exists()


@pytest.mark.parametrize("check_mode", [False, True])
def test_content_is_refused_where_no_place_for_it_is_named(host, check_mode):
    host.fill()
    done = host.restore(check_mode=check_mode)
    assert done["msg"] == f"{host.directory} is not empty: name with aside where its content is moved to"
    assert (host.directory / "precious").exists()


def test_no_place_is_used_twice(host):
    host.fill()
    host.aside.mkdir()
    done = host.restore(aside=str(host.aside))
    assert done["msg"] == f"{host.aside} is there already: name another place for the content of {host.directory}"


def test_a_server_that_runs_is_left_alone(host):
    host.fill()
    (host.directory / "postmaster.pid").write_text("1\n", encoding="utf-8")
    done = host.restore(aside=str(host.aside))
    (host.directory / "postmaster.pid").unlink()
    assert done["msg"] == f"a server runs in {host.directory} (process 1): stop it first, and what starts it"


def test_check_mode_says_what_would_be_moved_and_touches_nothing(host):
    host.fill()
    done = host.restore(check_mode=True, aside=str(host.aside))
    assert (done["changed"], done["moved"]) == (True, str(host.aside))
    assert host.calls() == []
    assert (host.directory / "precious").exists()


def test_a_target_that_the_log_does_not_prove_fails_and_says_where_the_old_data_are(host):
    host.fill()
    host.log(BAD)
    done = host.restore(aside=str(host.aside))
    assert done["msg"] == (
        "the server ended: recovery ended before configured recovery target was reached. The last transaction that was "
        f"replayed is of 2026-11-26 12:30:00+00. See {host.workspace}/server.log. The old content is in {host.aside}"
    )
    assert (host.aside / "precious").exists()


def test_a_run_that_died_is_finished_by_the_next_one_without_moving_its_leftover(host):
    host.log(BAD)
    host.restore()
    assert (host.workspace / "restored.json").exists()
    host.log(GOOD)
    done = host.restore()
    assert (done["changed"], done["moved"]) == (True, "")
    assert not host.aside.exists()


def test_a_copy_goes_on_running_without_an_archive(host):
    done = host.restore(archive_command="", keep_running=True)
    assert done["socket"] == str(host.workspace)
    command, server = host.calls()[:2]
    assert f"--tablespace-map-all={host.workspace}/tablespaces" in command
    assert "-c archive_mode=off " in server
    assert (host.directory / "postmaster.pid").exists()
    assert (host.workspace / "restored.json").exists()


def test_a_copy_can_be_removed_and_nothing_else(host):
    host.restore(archive_command="", keep_running=True)
    assert host.restore(state="absent", check_mode=True)["changed"] is True
    assert host.directory.exists()
    assert host.restore(state="absent")["changed"] is True
    assert not host.directory.exists()
    assert not host.workspace.exists()
    assert host.restore(state="absent")["changed"] is False
    host.fill()
    done = host.restore(state="absent")
    assert done["msg"] == f"{host.directory} is no copy that this module restored, so it is not removed"
    assert (host.directory / "precious").exists()


def test_what_pgbackrest_says_is_shown(host):
    (host.place / "bin" / "pgbackrest").write_text("#!/bin/sh\necho 'ERROR: [037]: no'\nexit 37\n", encoding="utf-8")
    assert host.restore()["msg"] == "pgbackrest ended with 37: ERROR: [037]: no"
