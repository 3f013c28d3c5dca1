# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is refused, moved and noted, with programs that answer as pgBackRest's and PostgreSQL's do.

molecule/backup restores with the real ones.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
from types import SimpleNamespace

import pytest

#: What a server of PostgreSQL 15 logs; the module asks for a time between the two transactions.
REACHED = """\
2026-11-26 13:07:06.789 UTC [26385] LOG:  starting PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu
2026-11-26 13:07:07.045 UTC [26405] LOG:  starting point-in-time recovery to 2026-11-26 13:06:54+00
2026-11-26 13:07:09.117 UTC [26405] LOG:  consistent recovery state reached at 0/2000138
2026-11-26 13:07:09.118 UTC [26405] LOG:  recovery stopping before commit of transaction 725, \\
time 2026-11-26 13:06:54.14443+00
2026-11-26 13:07:09.118 UTC [26405] LOG:  redo done at 0/6000068 system usage: CPU: user: 0.00 s, elapsed: 1.89 s
2026-11-26 13:07:09.118 UTC [26405] LOG:  last completed transaction was at log time 2026-11-26 13:06:52.885163+00
2026-11-26 13:07:09.652 UTC [26405] LOG:  selected new timeline ID: 2
2026-11-26 13:07:09.868 UTC [26405] LOG:  archive recovery complete
2026-11-26 13:07:09.899 UTC [26385] LOG:  database system is ready to accept connections
""".replace("\\\n", "")
MISSED = """\
2026-11-26 13:08:13.516 UTC [28263] LOG:  starting PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu
2026-11-26 13:08:13.620 UTC [28266] LOG:  starting point-in-time recovery to 2026-11-26 13:06:54+00
2026-11-26 13:08:13.908 UTC [28266] LOG:  consistent recovery state reached at 0/8000088
2026-11-26 13:08:13.969 UTC [28266] FATAL:  recovery ended before configured recovery target was reached
"""
TO_THE_END = """\
2026-11-26 13:07:51.500 UTC [27666] LOG:  starting PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu
2026-11-26 13:07:51.919 UTC [27674] LOG:  starting archive recovery
2026-11-26 13:07:52.612 UTC [27674] LOG:  consistent recovery state reached at 0/8000088
2026-11-26 13:07:52.735 UTC [27674] LOG:  redo done at 0/8000088 system usage: CPU: user: 0.00 s, elapsed: 0.53 s
2026-11-26 13:07:53.184 UTC [27674] LOG:  selected new timeline ID: 2
2026-11-26 13:07:53.313 UTC [27674] LOG:  archive recovery complete
2026-11-26 13:07:53.362 UTC [27666] LOG:  database system is ready to accept connections
"""
#: After the host was lost: the timeline has begun, and nothing is recovered from the archive any more.
AFTER_A_CRASH = """\
2026-11-26 13:20:51.500 UTC [27666] LOG:  starting PostgreSQL 15.18 (Debian 15.18-0+deb12u1) on x86_64-pc-linux-gnu
2026-11-26 13:20:51.919 UTC [27674] LOG:  database system was not properly shut down; automatic recovery in progress
2026-11-26 13:20:52.735 UTC [27674] LOG:  redo done at 0/6000170 system usage: CPU: user: 0.00 s, elapsed: 0.00 s
2026-11-26 13:20:53.362 UTC [27666] LOG:  database system is ready to accept connections
"""
RESTORED = (
    "P00   INFO: restore size = 29.5MB, file total = 1259\nP00   INFO: restore command end: completed successfully\n"
)

#: A server that logs and waits, and what stops it: pg_ctl stop -D <directory>.
#: It notes its command as PostgreSQL does.
SERVER = """#!/bin/sh
echo $$ > "$2/postmaster.pid"
echo "$0 $*" > "$2/postmaster.opts"
cat "{log}"
exec sleep 60
"""
SERVER_THAT_ENDS = '#!/bin/sh\ncat "{log}"\nexit 1\n'
STOP = '#!/bin/sh\nkill "$(cat "$3/postmaster.pid")" && rm "$3/postmaster.pid" && echo stop >> "{stopped}"\n'


@pytest.fixture
def host(run_module, stand_in, tmp_path):
    """A host with a directory to restore into: ``run`` runs the module, ``pgbackrest`` tells how it was called."""
    programs, log, stopped = tmp_path / "bin", tmp_path / "log", tmp_path / "stopped"
    stopped.touch()

    def serve(text, script=SERVER):
        log.write_text(text)
        for name, content in (("postgres", script.format(log=log)), ("pg_ctl", STOP.format(stopped=stopped))):
            (programs / name).write_text(content)
            (programs / name).chmod(0o755)

    def run(check_mode=False, **changes):
        arguments = {
            "stanza": "freeagentics",
            "repository": 1,
            "backup": "20261126-113416F",
            "target": "time",
            "target_value": "2026-11-26 13:06:54+00",
            "directory": str(tmp_path / "main"),
            "workspace": str(tmp_path / "recovery"),
            "bin_directory": str(programs),
        }
        return run_module("postgres_restore", check_mode, **{**arguments, **changes})

    serve(REACHED)
    stand_in("pg_controldata", {"": (0, "max_connections setting:              400\n", "")})
    return SimpleNamespace(
        run=run,
        serve=serve,
        pgbackrest=stand_in("pgbackrest", {"restore": (0, RESTORED, "")}),
        psql=stand_in("psql", {"": (0, "", "")}),
        stand_in=stand_in,
        main=tmp_path / "main",
        workspace=tmp_path / "recovery",
        mark=tmp_path / "recovery" / "restored.json",
        stops=lambda: stopped.read_text().count("stop"),
    )


def mark_of(main, purpose, **changes):
    """Return the mark of a directory as it is now."""
    found = main.stat()
    noted = {"directory": str(main), "device": found.st_dev, "inode": found.st_ino, "purpose": purpose}
    return json.dumps({**noted, **changes})


def warnings(done):
    """Return what a module warned of; newer versions of Ansible wrap it."""
    return [one if isinstance(one, str) else one["event"]["msg"] for one in done["warnings"]]


def remove(host, check_mode=False):
    """Remove a copy."""
    return host.run(check_mode, state="absent")


def test_a_copy_is_restored_recovered_and_stopped(host):
    done = host.run()
    assert {name: value for name, value in done.items() if name not in ("invocation", "seconds")} == {
        "changed": True,
        "moved": "",
        "content": 30932992,
        "beginning": "point-in-time recovery to 2026-11-26 13:06:54+00",
        "stopping": "stopping before commit of transaction 725, time 2026-11-26 13:06:54.14443+00",
        "last_transaction": "2026-11-26 13:06:52.885163+00",
        "redo_done": "0/6000068",
        "timeline": 2,
        "socket": str(host.workspace),
    }
    common = ["--stanza=freeagentics", "--repo=1", "--reset-pg1-host", f"--pg1-path={host.main}"]
    get = ["pgbackrest", *common, f"--spool-path={host.workspace}", f"--lock-path={host.workspace}"]
    get = f'{" ".join(get)} archive-get %f "%p"'
    assert host.pgbackrest() == [
        [
            *common,
            f"--lock-path={host.workspace}",
            "--log-level-console=info",
            "--delta",
            "--set=20261126-113416F",
            "--process-max=2",
            "--type=time",
            "--target=2026-11-26 13:06:54+00",
            "--target-action=promote",
            # What failed for another reason than that the archive has no such segment is tried once more.
            f"--recovery-option=restore_command={get}; said=$?; [ $said -gt 1 ] || exit $said; {get}",
            f"--tablespace-map-all={host.workspace}/tablespaces",
            "restore",
        ]
    ]
    request = "time 2026-11-26 13:06:54+00 timeline newest"
    assert json.loads(host.mark.read_text()) == json.loads(
        mark_of(host.main, "copy", request=request, phase="recovered", timeline=2)
    )
    assert host.main.stat().st_mode & 0o777 == 0o700
    assert host.stops() == 1


def test_settings_of_the_recovery_do_not_stay(host):
    host.run()
    (arguments,) = host.psql()
    assert arguments[:6] == ["-X", "-q", "-h", str(host.workspace), "-p", "55432"]
    assert "ALTER SYSTEM RESET restore_command" in arguments
    assert "ALTER SYSTEM RESET recovery_target_time" in arguments
    assert arguments[-1] == "postgres"


def test_what_goes_into_service_archives_keeps_its_tablespaces_and_is_marked_as_recovered(host):
    done = host.run(archive_command="pgbackrest archive-push %p", timeline=3)
    assert done["changed"] is True
    (arguments,) = host.pgbackrest()
    assert "--target-timeline=3" in arguments
    assert not [one for one in arguments if one.startswith("--tablespace-map-all")]
    request = "time 2026-11-26 13:06:54+00 timeline 3"
    assert json.loads(host.mark.read_text()) == json.loads(
        mark_of(host.main, "in_service", request=request, phase="recovered", timeline=2)
    )


def archives(host):
    """Run the archive_command of the server that was started last, and return its exit code."""
    command = (host.main / "postmaster.opts").read_text().partition("archive_command=")[2].partition(" -c ")[0]
    return subprocess.run(["sh", "-c", command], check=False).returncode


def test_a_timeline_gets_into_the_archive_only_when_the_target_was_reached(host):
    host.serve(TO_THE_END)
    short = host.run(target="latest", target_value="", at_least="0/9000000", archive_command="true")
    assert short["failed"] is True
    assert archives(host) == 1
    assert host.run(target="latest", target_value="", at_least="0/8000000", archive_command="true")["changed"] is True
    assert archives(host) == 0
    host.serve(MISSED, SERVER)
    host.mark.write_text(mark_of(host.main, "in_service"))
    assert host.run(archive_command="true", timeout=1)["failed"] is True
    assert archives(host) == 1


def test_an_archive_that_could_not_be_read_to_its_end_is_a_failure(host):
    host.serve(TO_THE_END)
    done = host.run(target="latest", target_value="", at_least="0/9000000")
    assert done["msg"] == (
        "the archive could not be read to its end: the log was replayed up to 0/8000088, and the last segment of the "
        "archive begins at 0/9000000. It was consistent at 0/8000088. Run it again when the repository can be read, "
        "or read another one with -e repository=<number>, or take what there is with -e target=lsn "
        f"-e target_lsn=0/8000088. See {host.workspace}/server.log"
    )
    assert host.stops() == 1


def test_a_server_may_go_on_running_until_its_copy_is_removed(host):
    assert host.run(keep_running=True)["changed"] is True
    process = int((host.main / "postmaster.pid").read_text())
    os.kill(process, 0)
    assert host.stops() == 0
    assert remove(host, check_mode=True)["changed"] is True
    assert host.main.exists()
    assert remove(host)["changed"] is True
    assert host.stops() == 1
    assert not host.main.exists()
    assert not host.workspace.exists()
    assert remove(host)["changed"] is False


def test_check_mode_looks_and_changes_nothing(host):
    assert host.run(check_mode=True)["changed"] is True
    assert not host.main.exists()
    assert not host.workspace.exists()
    assert host.pgbackrest() == []


@pytest.mark.parametrize("check_mode", [False, True])
def test_content_is_not_replaced_without_a_place_for_it(host, check_mode):
    host.main.mkdir()
    (host.main / "PG_VERSION").write_text("15\n")
    done = host.run(check_mode)
    assert done["failed"] is True
    assert done["msg"] == f"{host.main} is not empty: name with aside where its content is moved to"
    assert (host.main / "PG_VERSION").read_text() == "15\n"


@pytest.mark.parametrize("check_mode", [False, True])
def test_old_content_does_not_displace_older_content(host, tmp_path, check_mode):
    for folder in (host.main, tmp_path / "aside"):
        folder.mkdir()
        (folder / "PG_VERSION").write_text("15\n")
    done = host.run(check_mode, aside=str(tmp_path / "aside"))
    assert done["msg"] == f"{tmp_path}/aside is there already: name another place for the content of {host.main}"


def test_old_content_is_moved_aside(host, tmp_path):
    host.main.mkdir()
    (host.main / "PG_VERSION").write_text("old\n")
    aside = str(tmp_path / "aside")
    assert host.run(check_mode=True, aside=aside)["moved"] == aside
    assert (host.main / "PG_VERSION").exists()
    assert host.run(aside=aside)["moved"] == aside
    assert (tmp_path / "aside" / "PG_VERSION").read_text() == "old\n"
    assert not (host.main / "PG_VERSION").exists()


@pytest.mark.parametrize("check_mode", [False, True])
def test_a_server_that_somebody_else_runs_is_left_alone(host, tmp_path, check_mode):
    host.main.mkdir()
    (host.main / "postmaster.pid").write_text(f"{os.getpid()}\n{host.main}\n")
    done = host.run(check_mode, aside=str(tmp_path / "aside"))
    assert done["msg"] == (f"a server runs in {host.main} (process {os.getpid()}): stop it first, and what starts it")
    assert host.stops() == 0


def test_a_run_that_died_is_finished_by_the_next_one(host, tmp_path):
    host.stand_in("pgbackrest", {"restore": (82, "", "ERROR: [082]: WAL segment was not archived\n")})
    host.main.mkdir()
    (host.main / "PG_VERSION").write_text("old\n")
    aside = str(tmp_path / "aside")
    done = host.run(aside=aside, archive_command="true")
    assert done["msg"] == (
        f"pgbackrest ended with 82: ERROR: [082]: WAL segment was not archived. The old content is in {aside}"
    )
    assert json.loads(host.mark.read_text())["purpose"] == "in_service"
    (host.main / "half").write_text("restored\n")
    host.stand_in("pgbackrest", {"restore": (0, RESTORED, "")})
    done = host.run(aside=aside, archive_command="true")
    assert (done["changed"], done["moved"]) == (True, "")
    assert (tmp_path / "aside" / "PG_VERSION").read_text() == "old\n"


def died(host, lost):
    """Let a run reach its target and die there, and let the host be lost or not."""
    host.stand_in("psql", {"": (2, "", "psql: error: gone\n")})
    assert host.run(archive_command="true")["msg"] == "psql ended with 2: psql: error: gone"
    host.stand_in("psql", {"": (0, "", "")})
    process = int((host.main / "postmaster.pid").read_text())
    if lost:
        os.kill(process, signal.SIGKILL)
        (host.main / "postmaster.pid").unlink()
    return process


@pytest.mark.parametrize("lost", [False, True])
def test_a_run_that_died_after_the_target_was_reached_restores_nothing_again(host, lost):
    """Along the timeline that it began, which may be in the archive by now, nothing leads to the target."""
    died(host, lost)
    request = "time 2026-11-26 13:06:54+00 timeline newest"
    noted = {"request": request, "timeline": 2}
    assert json.loads(host.mark.read_text()) == json.loads(mark_of(host.main, "in_service", phase="reached", **noted))
    assert archives(host) == 0
    host.serve(AFTER_A_CRASH)
    assert host.run(check_mode=True, archive_command="true")["moved"] == ""
    done = host.run(archive_command="true")
    assert {
        name: done[name] for name in ("changed", "moved", "content", "stopping", "last_transaction", "timeline")
    } == {
        "changed": True,
        "moved": "",
        "content": 0,
        "stopping": "stopping before commit of transaction 725, time 2026-11-26 13:06:54.14443+00",
        "last_transaction": "2026-11-26 13:06:52.885163+00",
        "timeline": 2,
    }
    assert len(host.pgbackrest()) == 1
    assert archives(host) == 0
    assert host.stops() == 1
    assert json.loads(host.mark.read_text()) == json.loads(mark_of(host.main, "in_service", phase="recovered", **noted))


def test_where_its_log_is_lost_too_the_mark_tells_the_timeline(host):
    died(host, lost=True)
    (host.workspace / "server.log").unlink()
    host.serve(AFTER_A_CRASH)
    done = host.run(archive_command="true")
    assert (done["changed"], done["stopping"], done["timeline"]) == (True, "", 2)


def test_a_server_that_does_not_start_again_is_told(host):
    died(host, lost=True)
    host.serve("2026-11-26 13:20:51.919 UTC [1] PANIC:  could not locate a valid checkpoint record\n", SERVER_THAT_ENDS)
    done = host.run(archive_command="true")
    assert done["msg"] == (
        "the target was reached by an earlier run, and its server ended: could not locate a valid checkpoint record. "
        f"See {host.workspace}/server.log. To restore again, use -e restore_again=true -e target_timeline=<number>, as "
        "what was wanted may not be along timeline 2, which that run began"
    )
    assert len(host.pgbackrest()) == 1


@pytest.mark.parametrize(
    "changes",
    [{"target": "latest", "target_value": ""}, {"timeline": 1}, {"archive_command": "", "keep_running": True}],
)
def test_what_was_restored_for_something_else_is_restored_again(host, changes):
    died(host, lost=True)
    host.serve(TO_THE_END if "target" in changes else REACHED)
    assert host.run(**{"archive_command": "true", **changes})["content"] == 30932992
    assert len(host.pgbackrest()) == 2


def test_a_copy_that_reached_its_target_is_made_anew(host):
    host.stand_in("psql", {"": (2, "", "")})
    assert host.run()["failed"] is True
    host.stand_in("psql", {"": (0, "", "")})
    assert host.run()["content"] == 30932992


@pytest.mark.parametrize(
    "changes", [{"directory": "/somewhere/else"}, {"device": 1}, {"inode": 1}, {"phase": "recovered"}]
)
def test_a_mark_of_another_directory_or_of_one_in_service_does_not_count(host, changes):
    host.workspace.mkdir()
    host.main.mkdir()
    host.mark.write_text(mark_of(host.main, "in_service", **changes))
    (host.main / "PG_VERSION").write_text("15\n")
    assert host.run()["msg"] == f"{host.main} is not empty: name with aside where its content is moved to"


def test_data_that_were_renamed_back_are_moved_aside_again_after_a_restore_was_given_up(host, tmp_path):
    host.stand_in("pgbackrest", {"restore": (82, "", "ERROR: [082]: WAL segment was not archived\n")})
    host.main.mkdir()
    (host.main / "PG_VERSION").write_text("old\n")
    first, second = tmp_path / "first", tmp_path / "second"
    assert host.run(aside=str(first), archive_command="true")["failed"] is True
    host.main.rename(tmp_path / "given_up")
    first.rename(host.main)
    host.stand_in("pgbackrest", {"restore": (0, RESTORED, "")})
    checked = host.run(check_mode=True, aside=str(second), archive_command="true")
    assert checked["moved"] == str(second)
    assert warnings(checked) == [f"{host.mark} is not of what is in {host.main} now: it counts for nothing"]
    assert host.run(aside=str(second), archive_command="true")["moved"] == str(second)
    assert (second / "PG_VERSION").read_text() == "old\n"


def test_a_directory_that_another_server_used_since_is_moved_aside(host, tmp_path):
    host.main.mkdir()
    host.workspace.mkdir()
    host.mark.write_text(mark_of(host.main, "in_service"))
    (host.main / "postmaster.opts").write_text(f"postgres --config_file={host.main}/postgresql.conf\n")
    done = host.run(aside=str(tmp_path / "aside"), archive_command="true")
    assert done["moved"] == str(tmp_path / "aside")
    assert warnings(done) == [f"{host.main} was restored, and another server used it since: it counts as data"]


def test_what_went_into_service_is_moved_aside_by_the_next_restore(host, tmp_path):
    assert host.run(archive_command="true")["moved"] == ""
    aside = str(tmp_path / "aside")
    assert host.run(archive_command="true", aside=aside)["moved"] == aside


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("mark", [None, "", "in_service"])
def test_what_is_no_copy_is_not_removed(host, mark, check_mode):
    host.main.mkdir()
    host.workspace.mkdir()
    if mark is not None:
        host.mark.write_text(mark and mark_of(host.main, mark))
    done = remove(host, check_mode)
    assert done["failed"] is True
    assert done["msg"] == f"{host.main} is no copy that this module restored, so it is not removed"
    assert host.main.is_dir()


def test_a_target_that_was_not_reached_is_a_failure(host):
    host.serve(MISSED, SERVER_THAT_ENDS)
    assert host.run()["msg"] == (
        "the server ended: recovery ended before configured recovery target was reached. "
        f"It was consistent at 0/8000088. See {host.workspace}/server.log"
    )


def test_a_server_that_stopped_elsewhere_is_stopped(host):
    done = host.run(target="xid", target_value="800")
    assert done["msg"] == (
        "the server's log does not say that transaction 800 was reached; it says: recovery stopping before commit of "
        "transaction 725, time 2026-11-26 13:06:54.14443+00. The last transaction that was replayed is of "
        f"2026-11-26 13:06:52.885163+00. See {host.workspace}/server.log"
    )
    assert host.stops() == 1


def test_a_recovery_that_takes_too_long_is_stopped(host):
    host.serve(REACHED.partition("2026-11-26 13:07:09.652")[0])
    done = host.run(timeout=1)
    assert done["msg"] == (f"the recovery took more than 1 s; {host.workspace}/server.log tells how far it got")
    assert host.stops() == 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target_value": ""}, "target=time needs target_time"),
        (
            {"target": "lsn", "target_value": "3000060"},
            "target_lsn: '3000060' is no position in the log; one looks like 0/3000060",
        ),
        (
            {"target": "immediate"},
            "value of target must be one of: latest, time, xid, name, lsn, got: immediate",
        ),
        (
            {"at_least": "3000060"},
            "at_least: '3000060' is no position in the log; one looks like 0/3000060",
        ),
    ],
)
def test_a_target_is_looked_at_before_anything_is_touched(host, changes, message):
    done = host.run(**changes)
    assert (done["failed"], done["msg"]) == (True, message)
    assert not host.workspace.exists()


def test_a_restore_needs_a_backup(run_module, tmp_path):
    done = run_module("postgres_restore", directory=str(tmp_path / "main"), workspace=str(tmp_path / "recovery"))
    assert done["msg"] == "state is restored but all of the following are missing: stanza, repository, backup"
