# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A log is read as it comes, and no further than somebody wants to."""

from __future__ import annotations

import os
import sys
from itertools import islice

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_io.waldump import read_log

#: Writes lines for as long as somebody reads them, and more than a pipe or a memory takes.
ENDLESS = "while True: print('rmgr: XLOG')"


def dump(program):
    return [sys.executable, "-c", program]


@pytest.mark.parametrize(
    ("program", "found", "status", "complaint"),
    [
        ("print('a'); print('b')", ["a\n", "b\n"], 0, ""),
        ("", [], 0, ""),
        ("import sys; print('a'); print(' no more. ', file=sys.stderr); sys.exit(1)", ["a\n"], 1, "no more."),
        # It may complain of more than a pipe takes while nobody reads that.
        ("import sys; sys.stderr.write('x' * 200000); print('a')", ["a\n"], 0, "x" * 200000),
        ("import sys; sys.exit(3)", [], 3, f"{sys.executable} ended with status 3"),
        # Of what is no text as much as is one.
        ("import os; os.write(1, bytes([97, 255, 10]))", ["a\ufffd\n"], 0, ""),
    ],
)
def test_all_that_it_says_is_read(program, found, status, complaint):
    assert read_log(dump(program), list) == (found, status, complaint)


def test_a_program_of_which_no_more_is_wanted_is_ended():
    found, status, complaint = read_log(dump(ENDLESS), lambda lines: list(islice(lines, 3)))
    assert (found, status, complaint) == (["rmgr: XLOG\n"] * 3, 0, "")


def test_lines_are_read_while_the_program_writes(tmp_path):
    """It ends when the file is there that its reader makes at the first line."""
    seen = tmp_path / "seen"
    program = (
        "import os, time\n"
        "print('a', flush=True)\n"
        f"while not os.path.exists({str(seen)!r}): time.sleep(0.01)\n"
        "print('b')"
    )

    def read(lines):
        first = next(lines)
        seen.touch()
        return [first, *lines]

    assert read_log(dump(program), read) == (["a\n", "b\n"], 0, "")


def test_it_says_it_in_no_language_and_in_no_zone(monkeypatch):
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    monkeypatch.setenv("PGHOST", "db1")
    program = "import os; print(*(os.environ[name] for name in ('LC_ALL', 'TZ', 'PGHOST')))"
    assert read_log(dump(program), list)[0] == ["C UTC db1\n"]


def test_an_error_of_who_reads_ends_the_program():
    def read(lines):
        raise ValueError(next(lines))

    with pytest.raises(ValueError, match="rmgr: XLOG"):
        read_log(dump(ENDLESS), read)


def test_a_program_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(OSError, match="pg_waldump"):
        read_log([os.fspath(tmp_path / "pg_waldump")], list)
