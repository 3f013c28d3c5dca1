# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a server committed behind a position is counted only where all of its log is there."""

from __future__ import annotations

import pytest

CONTROL = """\
Database system identifier:           7712636949877045939
Database cluster state:               in production
Latest checkpoint location:           {checkpoint}
Latest checkpoint's TimeLineID:       {timeline}
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

    def run(
        after="0/5000150",
        log=LOG,
        end=END,
        segments=(SEGMENT,),
        checkpoint="0/5000060",
        control=None,
        known=5,
        dump=True,
    ):
        if segments is not None:
            (tmp_path / "main" / "pg_wal").mkdir(parents=True)
        for name in segments or ():
            (tmp_path / "main" / "pg_wal" / name).touch()
        said = control or (0, CONTROL.format(checkpoint=checkpoint, timeline=known), "")
        stand_in("pg_controldata", {"-D": said})
        if dump:
            stand_in("pg_waldump", {"--start": (1, log, end)})
        where = {"directory": str(tmp_path / "main"), "bin_directory": str(tmp_path / "bin")}
        return run_module("postgres_commits_info", **where, after=after, timeline=5)

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
    switch = "rmgr: XLOG  len (rec/tot):  24/  24, tx:  0, lsn: 0/05000150, prev 0/05000128, desc: SWITCH \n"
    assert look("0/6000000", log=LOG + switch)["commits"] == 0


def test_pg_control_may_be_older_than_the_timeline(look):
    """That of a standby, until it has a restartpoint."""
    assert look(known=4)["commits"] == 0


def test_no_more_than_1000_are_counted(look):
    """The rest of a long log is not read, whatever is there."""
    done = look("0/5000100", log=LOG * 600, end="pg_waldump: error: could not read from log segment")
    assert done["commits"] == 1000


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"segments": ()}, "its segment is not in {log} any more"),
        ({"after": "0/4000150"}, "its segment is not in {log} any more"),
        ({"segments": None}, "[Errno 2] No such file or directory: '{log}'"),
        ({"known": 6}, "the server is on timeline 6, and not on 5"),
        # A disk that lied, or was put back: what was behind its end may have been acknowledged.
        ({"after": "0/5000158"}, f"the log ends at 0/5000150, before 0/5000158: {END.strip()}"),
        (
            {"end": "pg_waldump: error: could not read from log segment\n"},
            "pg_waldump: error: could not read from log segment",
        ),
        # A part in the middle that cannot be read looks like the end.
        ({"checkpoint": "0/5000200"}, f"the log ends at 0/5000150, before 0/5000201: {END.strip()}"),
        ({"dump": False}, "[Errno 2] No such file or directory: '{programs}/pg_waldump'"),
        ({"control": (1, "", "no such directory\n")}, "pg_controldata failed: no such directory"),
        # It may be of a version that says it in other words.
        ({"control": (0, "WAL block size: 8192\n", "")}, "pg_controldata failed: WAL block size: 8192"),
        ({"after": "nowhere"}, "'nowhere' is no position in the log; one looks like 0/3000060"),
    ],
)
def test_where_it_cannot_be_known_it_fails(look, tmp_path, changes, said):
    done = look(**changes)
    unseen = f"what was committed from {changes.get('after', '0/5000150')} on cannot be seen"
    log = tmp_path / "main" / "pg_wal"
    assert (done["failed"], done["msg"]) == (True, f"{unseen}: {said.format(log=log, programs=tmp_path / 'bin')}")
