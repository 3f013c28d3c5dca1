# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When a segment that pgBackRest refuses as another one than the archive's is in the archive all the same."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[3] / "roles/pgbackrest/files/usr/local/sbin/pgbackrest-push"
#: Timeline 11 was left at byte 0x7D of its segment 0x25, timeline 12 in the segment after it.
HISTORY = "10\t0/24000028\tx\n\n11\t0/2500007D\tno recovery target specified\n\n12\t0/26000030\tx\n"
LEFT, NEXT, LATER = (
    f"{timeline}00000000000000{number}" for timeline, number in (("0000000B", 25), ("0000000C", 26), ("0000000B", 26))
)
SHARED = b"w" * 0x7D
#: A pgBackRest that refuses to archive with a status, and gives what a repository has.
PROGRAM = """#!/bin/sh
echo "$@" >>called
case "$*" in
*archive-push*) exit $(cat status) ;;
*archive-get*) for path; do :; done; number=${3#--repo=}; [ -e "repo$number" ] && cp "repo$number" "$path" ;;
esac
"""


@pytest.fixture
def push(tmp_path):
    """Offer a segment; return the status, what was said, and the calls of pgBackRest."""
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "pgbackrest"
    program.write_text(PROGRAM)
    program.chmod(0o755)
    (tmp_path / "pg_wal").mkdir()
    (tmp_path / "spool").mkdir()
    (tmp_path / "pgbackrest.conf").write_text("[global]\nrepo1-host=backup1\nrepo1-host-port=8432\nrepo2-type=s3\n")

    def run(
        file=LEFT, status=45, own=SHARED + b"\0" * 9, archived=(SHARED + b"more", SHARED + b"more"), history=HISTORY
    ):
        (tmp_path / "status").write_text(str(status))
        (tmp_path / "pg_wal" / file).write_bytes(own)
        if history:
            (tmp_path / "pg_wal" / "0000000D.history").write_text(history)
            (tmp_path / "pg_wal" / "0000000B.history").write_text("10\t0/24000028\tx\n")
        for number, content in enumerate(archived, start=1):
            if content is not None:
                (tmp_path / f"repo{number}").write_bytes(content)
        environment = {
            **os.environ,
            "PATH": f"{tmp_path}/bin:{os.environ['PATH']}",
            "PGBACKREST_CONFIG": str(tmp_path / "pgbackrest.conf"),
            "TMPDIR": str(tmp_path / "spool"),
        }
        command = ["sh", str(SCRIPT), "platform", f"pg_wal/{file}"]
        done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
        assert list((tmp_path / "spool").iterdir()) == []
        return done.returncode, done.stderr.strip(), (tmp_path / "called").read_text().splitlines()

    return run


@pytest.mark.parametrize("status", [0, 1, 82])
def test_pgbackrest_archives_and_says_how_it_ended(push, status):
    assert push(status=status) == (status, "", [f"--stanza=platform archive-push pg_wal/{LEFT}"])


def test_what_is_the_same_up_to_where_its_timeline_was_left_is_archived(push):
    status, said, called = push()
    assert (status, said) == (
        0,
        f"{LEFT} is in the archive: the same up to 0/2500007D, where pg_wal/0000000D.history left timeline 11",
    )
    assert [line.rpartition(" ")[0] for line in called[1:]] == [
        f"--stanza=platform --no-archive-async --repo={number} archive-get {LEFT}" for number in (1, 2)
    ]


def waiting(tmp_path, *files):
    """Let files wait for the archive."""
    (tmp_path / "pg_wal" / "archive_status").mkdir(parents=True)
    for file in files:
        (tmp_path / "pg_wal" / "archive_status" / f"{file}.ready").touch()


def test_a_segment_that_waits_alone_is_sent_at_once(push, tmp_path):
    waiting(tmp_path, LEFT)
    assert push(status=0) == (0, "", [f"--stanza=platform --no-archive-async archive-push pg_wal/{LEFT}"])


def test_where_that_fails_it_is_sent_with_patience(push, tmp_path):
    waiting(tmp_path, LEFT)
    assert push(status=82) == (
        82,
        "",
        [f"--stanza=platform {way}archive-push pg_wal/{LEFT}" for way in ("--no-archive-async ", "")],
    )


def test_several_segments_that_wait_are_sent_beside_each_other(push, tmp_path):
    waiting(tmp_path, LEFT, LATER)
    assert push(status=0) == (0, "", [f"--stanza=platform archive-push pg_wal/{LEFT}"])


@pytest.mark.parametrize(
    "changes",
    [
        {"archived": (SHARED + b"more", b"x" * 0x7D)},
        {"archived": (b"w" * 0x7C + b"x", SHARED)},
        # One of the repositories does not have it at all.
        {"archived": (SHARED + b"more", None)},
        {"archived": (SHARED[:-1], SHARED)},
        # A segment of another timeline, one beyond, or no history that tells where it was left.
        {"file": NEXT.replace("26", "25")},
        {"file": LATER},
        {"history": ""},
        {"history": "10\t0/24000028\tx\n"},
        # Histories, and what PostgreSQL or pgBackRest call by more than a number.
        {"file": f"{LEFT}.partial"},
        {"file": "0000000B.history"},
    ],
)
def test_anything_else_that_the_archive_has_otherwise_is_refused(push, changes):
    assert push(**changes)[0] == 45
