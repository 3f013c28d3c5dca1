# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a server committed behind a position is counted only where all of its log is there."""

from __future__ import annotations

import pytest

CONTROL = """\
Database system identifier:           7712636949877045939
Database cluster state:               in production
Latest checkpoint location:           {checkpoint}
Latest checkpoint's TimeLineID:       5
Bytes per WAL segment:                16777216
"""
LOG = """\
rmgr: Transaction len (rec/tot):     34/    34, tx:        730, lsn: 0/05000100, prev 0/050000D8, desc: COMMIT \
2026-11-27 00:10:31.729408 UTC
rmgr: Transaction len (rec/tot):     34/    34, tx:        731, lsn: 0/05000128, prev 0/05000100, desc: COMMIT \
2026-11-27 00:10:32.751788 UTC
"""
END = "pg_waldump: error: error in WAL record at 0/5000128: invalid record length at 0/5000150: wanted 24, got 0\n"
SEGMENT = "000000050000000000000005"


@pytest.fixture
def look(run_module, stand_in, tmp_path):
    """Run the module beside a log of one segment."""

    def run(after="0/5000150", log=LOG, end=END, segments=(SEGMENT,), checkpoint="0/5000060", control=0):
        (tmp_path / "main" / "pg_wal").mkdir(parents=True)
        for name in segments:
            (tmp_path / "main" / "pg_wal" / name).touch()
        said = (control, CONTROL.format(checkpoint=checkpoint) if not control else "", "no such directory")
        stand_in("pg_controldata", {"-D": said})
        run.asked = stand_in("pg_waldump", {"--start": (1, log, end)})
        where = {"directory": str(tmp_path / "main"), "bin_directory": str(tmp_path / "bin")}
        return run_module("postgres_commits_info", **where, after=after)

    return run


@pytest.mark.parametrize(
    ("after", "found"),
    [
        ("0/5000150", (0, "", "")),
        ("0/5000128", (1, "2026-11-27 00:10:32.751788 UTC", "2026-11-27 00:10:32.751788 UTC")),
        ("0/5000100", (2, "2026-11-27 00:10:31.729408 UTC", "2026-11-27 00:10:32.751788 UTC")),
    ],
)
def test_commits_behind_the_position_are_counted(look, after, found):
    done = look(after)
    assert (done["commits"], done["first"], done["last"], done["changed"]) == (*found, False)


def test_a_position_at_the_end_of_a_segment_is_found_in_that_one(look):
    assert look("0/6000000")["commits"] == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"segments": ()}, "does not go back to 0/5000150 any more"),
        ({"after": "0/4000150"}, "does not go back to 0/4000150 any more"),
        ({"end": "pg_waldump: error: could not read from log segment"}, "from 0/5000150 on cannot be seen: pg_waldump"),
        # A part in the middle that cannot be read looks like the end.
        ({"checkpoint": "0/5000200"}, "what was committed from 0/5000150 on cannot be seen"),
        ({"control": 1}, "pg_controldata failed: no such directory"),
        ({"after": "nowhere"}, "'nowhere' is no position in the log"),
    ],
)
def test_where_it_cannot_be_known_it_fails(look, changes, said):
    done = look(**changes)
    assert done["failed"]
    assert said in done["msg"]
