# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which segments a member that follows takes from the archive."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "roles/pgbackrest/files/usr/local/sbin/pgbackrest-get"
HISTORY = "97\t0/670B5448\tno recovery target specified\n\n98\t1/671104A0\tno recovery target specified\n"


@pytest.fixture
def ask(tmp_path):
    """Ask for a file in a data directory with some histories; return the status and what was said or called."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "pgbackrest"
    program.touch(0o755)
    (tmp_path / "pg_wal").mkdir()

    def run(file, repositories="repo1-path=/var/lib/pgbackrest\n", path="pg_wal/RECOVERYXLOG", status=0, **histories):
        program.write_text(f'#!/bin/sh\necho "$@"\nexit {status}\n')
        (tmp_path / "pgbackrest.conf").write_text(repositories)
        for name, text in histories.items():
            (tmp_path / "pg_wal" / f"{name.lstrip('h')}.history").write_text(text)
        environment = {**os.environ, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
        environment["PGBACKREST_CONFIG"] = str(tmp_path / "pgbackrest.conf")
        environment["PGBACKREST_ABSENT"] = str(tmp_path / "absent")
        done = subprocess.run(
            ["bash", str(SCRIPT), "platform", file, path],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, (done.stdout + done.stderr).strip()

    return run


@pytest.mark.parametrize(
    "file",
    [
        "000000630000000100000067",
        "000000620000000100000066",
        "0000006200000000000000FF",
        "000000610000000000000066",
        "00000062.history",
        "000000620000000100000067.00000028.backup",
    ],
)
def test_what_the_new_timeline_shares_is_taken(ask, file):
    wanted = f"--stanza=platform --no-archive-async --io-timeout=10 archive-get {file} pg_wal/RECOVERYXLOG"
    assert ask(file, h00000061="97\t0/670B5448\tx\n", h00000063=HISTORY) == (0, wanted)


@pytest.mark.parametrize("file", ["000000620000000100000067", "0000006200000001000000FF", "000000620000000200000000"])
def test_what_a_left_timeline_has_from_there_on_is_not_taken(ask, file):
    said = f"{file} is not taken from the archive: pg_wal/00000063.history left timeline 98 at 1/671104A0"
    assert ask(file, h00000062="97\t0/670B5448\tx\n", h00000063=HISTORY) == (1, said)


BEGINS = "000000630000000100000067"


def aged(path, seconds):
    """Let a file be some seconds old; a negative number means one that is newer than now."""
    then = time.time() - seconds
    os.utime(path, (then, then))


def test_a_standby_streams_the_segment_in_which_a_new_timeline_begins(ask, tmp_path):
    """Where it cannot, it asks again, and by then the archive is looked at."""
    (tmp_path / "standby.signal").touch()
    assert ask(BEGINS, h00000063=HISTORY) == (1, "")
    for other in ("000000630000000100000068", "000000620000000100000066", "00000064.history"):
        assert ask(other, h00000063=HISTORY)[0] == 0
    for seconds in (3, -1800):
        aged(tmp_path / "pg_wal" / "00000063.history", seconds)
        assert ask(BEGINS)[0] == 0


def test_a_standby_is_not_told_about_what_was_streamed_just_now(ask, tmp_path):
    """The archive has nothing more of it; where it has, it is asked again."""
    segment = tmp_path / "pg_wal" / "000000630000000100000069"
    segment.touch()
    assert ask(segment.name)[0] == 0, "who does not follow takes everything from the archive"
    (tmp_path / "standby.signal").touch()
    assert ask(segment.name) == (1, "")
    assert ask("00000063000000010000006A")[0] == 0
    for seconds in (3, -1800):
        aged(segment, seconds)
        assert ask(segment.name)[0] == 0


def test_a_timeline_is_new_once(ask, tmp_path):
    """A standby that starts reads its history, and keeps what it was given instead of what it had."""
    (tmp_path / "standby.signal").touch()
    history = tmp_path / "pg_wal" / "00000063.history"
    history.write_text(HISTORY)
    aged(history, 3)
    assert ask("00000063.history")[0] == 0
    (tmp_path / "pg_wal" / "RECOVERYXLOG").rename(history)
    assert ask(BEGINS)[0] == 0


def test_a_timeline_whose_history_waits_for_the_archive_is_not_new(ask, tmp_path):
    """It is fetched before each attempt."""
    (tmp_path / "standby.signal").touch()
    (tmp_path / "pg_wal" / "archive_status").mkdir()
    (tmp_path / "pg_wal" / "archive_status" / "00000063.history.ready").touch()
    assert ask(BEGINS, h00000063=HISTORY)[0] == 0


def test_a_server_that_does_not_follow_takes_what_begins_a_new_timeline(ask):
    """A restore to a moment would end too early."""
    assert ask(BEGINS, h00000063=HISTORY)[0] == 0


def test_without_a_history_everything_is_taken(ask):
    assert ask("000000620000000100000067")[0] == 0


def test_a_history_that_is_here_is_not_fetched_again(ask, tmp_path):
    assert ask("00000063.history", h00000063=HISTORY) == (0, "")
    assert (tmp_path / "pg_wal" / "RECOVERYXLOG").read_text() == HISTORY


def test_a_history_that_waits_for_the_archive_is_asked_for_there(ask, tmp_path):
    """PostgreSQL would take what it gets for archived, and nobody would archive it any more."""
    (tmp_path / "pg_wal" / "archive_status").mkdir()
    (tmp_path / "pg_wal" / "archive_status" / "00000063.history.ready").touch()
    code, said = ask("00000063.history", h00000063=HISTORY)
    assert (code, said.split()[-2:]) == (0, ["00000063.history", "pg_wal/RECOVERYXLOG"])
    assert not (tmp_path / "pg_wal" / "RECOVERYXLOG").exists()


def test_all_repositories_are_asked_at_once_where_all_answer(ask):
    """pgBackRest asks one after the other, in one process; the port may stand with the host, or by itself."""
    with socket.create_server(("127.0.0.1", 0)) as first, socket.create_server(("127.0.0.1", 0)) as second:
        repositories = (
            f"[global]\nrepo1-host=127.0.0.1\nrepo1-host-port={first.getsockname()[1]}\nrepo1-host-type=tls\n"
            f"repo2-path=/pgbackrest\nrepo2-s3-endpoint=127.0.0.1\nrepo2-storage-port={second.getsockname()[1]}\n"
        )
        assert ask("0000000A.history", repositories) == (
            0,
            "--stanza=platform --no-archive-async --io-timeout=10 archive-get 0000000A.history pg_wal/RECOVERYXLOG",
        )


def test_a_repository_whose_host_is_dead_is_not_waited_for(ask):
    with socket.create_server(("127.0.0.1", 0)) as alive, socket.create_server(("127.0.0.1", 0)) as dead:
        ports = alive.getsockname()[1], dead.getsockname()[1]
        dead.close()
        repositories = (
            f"repo1-host=127.0.0.1\nrepo1-host-port={ports[1]}\n"
            f"repo2-path=/pgbackrest\nrepo2-s3-endpoint=127.0.0.1:{ports[0]}\n"
        )
        code, said = ask("0000000A.history", repositories)
    assert (code, said.splitlines()) == (
        0,
        [
            "--stanza=platform --no-archive-async --repo=2 --io-timeout=10 archive-get 0000000A.history "
            "pg_wal/RECOVERYXLOG",
            f"0000000A.history is not asked for in repository 1: nothing listens at 127.0.0.1:{ports[1]}",
        ],
    )


def test_a_repository_that_does_not_answer_at_all_is_waited_for_a_second(ask):
    """Its packets are dropped, so that nobody refuses; the others are asked meanwhile."""
    with socket.create_server(("127.0.0.1", 0)) as alive, socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        ports = alive.getsockname()[1], full.getsockname()[1]
        waiting = [socket.socket() for _number in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", ports[1]))
        repositories = (
            f"repo1-host=127.0.0.1\nrepo1-host-port={ports[1]}\n"
            f"repo2-path=/pgbackrest\nrepo2-s3-endpoint=127.0.0.1:{ports[0]}\n"
        )
        begun = time.monotonic()
        code, said = ask("0000000A.history", repositories)
        seconds = time.monotonic() - begun
        for one in waiting:
            one.close()
    assert code == 0
    assert said.splitlines()[1].startswith("0000000A.history is not asked for in repository 1")
    assert seconds > 0.9


def test_where_no_repository_answers_the_file_is_not_there(ask):
    with socket.create_server(("127.0.0.1", 0)) as dead:
        port = dead.getsockname()[1]
    code, said = ask("0000000A.history", f"repo1-host=127.0.0.1\nrepo1-host-port={port}\n")
    assert (code, said) == (
        1,
        f"0000000A.history is not asked for in repository 1: nothing listens at 127.0.0.1:{port}",
    )


CALL = "--stanza=platform --no-archive-async --io-timeout=10 archive-get"


def test_what_no_repository_had_beforehand_is_not_asked_for_again_for_a_while(ask, tmp_path):
    note = tmp_path / "absent"
    call = CALL.replace("--io", "--repo=1 --io")
    assert ask("00000064.history", path="--ahead", status=1) == (0, f"{call} 00000064.history {note}.found")
    assert ask("00000064.history", status=9) == (1, "")
    assert ask("00000065.history") == (0, f"{CALL} 00000065.history pg_wal/RECOVERYXLOG")
    # What came meanwhile is taken all the same.
    assert ask("00000064.history", h00000064=HISTORY) == (0, "")
    assert (tmp_path / "pg_wal" / "RECOVERYXLOG").read_text() == HISTORY
    (tmp_path / "pg_wal" / "00000064.history").unlink()
    for seconds in (16, -1800):
        aged(note, seconds)
        assert ask("00000064.history") == (0, f"{CALL} 00000064.history pg_wal/RECOVERYXLOG")


@pytest.mark.parametrize("status", [0, 2, 124])
def test_what_a_repository_has_or_may_have_is_asked_for_again(ask, tmp_path, status):
    """What was known before counts no more, either."""
    (tmp_path / "absent").write_text("00000064.history\n")
    assert ask("00000064.history", path="--ahead", status=status)[0] == 0
    assert not (tmp_path / "absent").exists()
    assert ask("00000064.history") == (0, f"{CALL} 00000064.history pg_wal/RECOVERYXLOG")


def test_a_repository_that_is_away_may_have_it(ask, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as dead:
        port = dead.getsockname()[1]
    repositories = f"repo1-path=/var/lib/pgbackrest\nrepo2-host=127.0.0.1\nrepo2-host-port={port}\n"
    code, said = ask("00000064.history", repositories, path="--ahead", status=1)
    assert (code, "nothing listens" in said, (tmp_path / "absent").exists()) == (0, True, False)
