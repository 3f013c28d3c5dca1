# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What only a server has is kept aside once, and nothing is written where it has nothing of its own."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

COLLECTIONS = Path(__file__).resolve().parents[4] / "collections"
#: Runs the module with a stand-in for what asks the server: it writes one table's rows, and keeps what it was asked.
PROGRAM = """
import json, os
from ansible_collections.freeagentics.platform.plugins.modules import postgres_divergence as module

def copied(folder, socket, transactions):
    with open({asked!r}, "a", encoding="utf-8") as file:
        file.write(json.dumps([socket, os.stat(socket).st_mode & 0o777, transactions]) + "\\n")
    if {broken!r}:
        raise {error}("the server went away\\n")
    with open(os.path.join(folder, "app.public.records.csv"), "w", encoding="utf-8") as file:
        file.write("id\\n4\\n5\\n")
    return {{"app.public.records": 2}}

module.copied = copied
module.main()
"""
CONTROL = """\
pg_control version number:            1300
Database system identifier:           7712636949877045939
Database cluster state:               {state}
Latest checkpoint location:           {checkpoint}
Latest checkpoint's TimeLineID:       {timeline}
Minimum recovery ending location:     0/0
Min recovery ending loc's timeline:   0
Bytes per WAL segment:                {segment}
max_connections setting:              200
max_worker_processes setting:         8
max_wal_senders setting:              12
max_prepared_xacts setting:           0
max_locks_per_xact setting:           64
"""
LOG = """\
rmgr: Heap        len (rec/tot):     54/    54, tx:        729, lsn: 0/050000D8, prev 0/050000A0, desc: DELETE off 1 \
flags 0x00 KEYS_UPDATED , blkref #0: rel 1663/5/16384 blk 0
rmgr: Transaction len (rec/tot):     34/    34, tx:        729, lsn: 0/05000110, prev 0/050000D8, desc: ABORT \
2026-11-27 00:10:32.751494 UTC
rmgr: Heap        len (rec/tot):     54/    54, tx:        731, lsn: 0/05000138, prev 0/05000110, desc: DELETE off 2 \
flags 0x00 KEYS_UPDATED , blkref #0: rel 1663/5/16384 blk 0
rmgr: Transaction len (rec/tot):     46/    46, tx:        730, lsn: 0/05000170, prev 0/05000138, desc: COMMIT \
2026-11-27 00:10:32.751788 UTC; subxacts: 731
rmgr: Transaction len (rec/tot):     34/    34, tx:        725, lsn: 0/05000EF8, prev 0/05000EB8, desc: COMMIT \
2026-11-27 00:10:31.729408 UTC
"""
END = "pg_waldump: error: error in WAL record at 0/5000BC0: invalid record length at 0/5000C38: wanted 24, got 0\n"
MISSING = 'pg_waldump: error: could not find file "000000050000000000000005": No such file or directory\n'
MB = 1024 * 1024
#: What pg_ctl says of a server that has stopped.
GONE = (3, "pg_ctl: no server is running\n", "")
#: What notes the files that a program is given, where they lead, before it asks the stand-in for its answer.
DUMP = """#!{python}
import json, os, sys
folder = sys.argv[sys.argv.index("--path") + 1]
given = {{name: os.path.realpath(os.path.join(folder, name)) for name in sorted(os.listdir(folder))}}
with open({given!r}, "a", encoding="utf-8") as file:
    file.write(json.dumps(given) + "\\n")
os.execv(sys.argv[0] + ".said", sys.argv)
"""
#: How each refusal ends.
CLEAR = ". Nothing of the server was changed; let it not be rewound before it is clear"
#: Histories: the server left timeline 4 and is on 5; the leader left 5, too, and is on 6.
OWN, LEADER = "4\t0/3000060\tno recovery target specified\n", "4\t0/3000060\tx\n5\t0/5000100\tx\n"
#: The server's one, where its region failed over by itself after that.
WENT_ON = "4\t0/3000060\tx\n5\t0/6000200\tx\n"
NOTHING = {
    "changed": False,
    "transactions": 0,
    "first": "",
    "last": "",
    "rows": {},
    "deleted": 0,
    "position": "",
    "path": "",
}
FOUND = {
    "transactions": 2,
    "first": "2026-11-27 00:10:31.729408 UTC",
    "last": "2026-11-27 00:10:32.751788 UTC",
    "deleted": 1,
    "position": "0/5000100",
}


@pytest.fixture
def server(tmp_path, stand_in):
    """A server that is stopped, with its programs; ``compare`` runs the module, ``asked`` is by program."""
    directory, kept = tmp_path / "main", tmp_path / "kept"
    (directory / "pg_wal").mkdir(parents=True)
    (directory / "PG_VERSION").write_text("15\n")
    (directory / "pg_wal" / "00000005.history").write_text(OWN)
    (directory / "pg_wal" / "000000050000000000000005").touch(0o600)
    (tmp_path / "tmp").mkdir()
    (tmp_path / "given").touch()
    state = SimpleNamespace(directory=directory, kept=kept, asked={}, left=lambda: os.listdir(tmp_path / "tmp"))

    def put(log=LOG, control=None, start=(0, "", ""), stop=(0, "", ""), status=GONE, **values):
        said = {"timeline": 5, "checkpoint": "0/6000060", "state": "shut down", "segment": 16 * MB, **values}
        programs = {
            "pg_controldata": {"-D": control or (0, CONTROL.format(**said), "")},
            "pg_waldump": log if isinstance(log, dict) else {"--start": (1, log, END)},
            # With an option each, as the folder's name has the name of the test.
            "pg_ctl": {"start -w": start, "stop -m": stop, "status -D": status},
        }
        state.asked.update({name: stand_in(name, answers) for name, answers in programs.items()})
        os.replace(tmp_path / "bin" / "pg_waldump", tmp_path / "bin" / "pg_waldump.said")
        dump = tmp_path / "bin" / "pg_waldump"
        dump.write_text(DUMP.format(python=sys.executable, given=str(tmp_path / "given")), encoding="utf-8")
        dump.chmod(0o755)

    def compare(check_mode=False, broken="", **changes):
        arguments = {
            "directory": str(directory),
            "bin_directory": str(tmp_path / "bin"),
            "leader_timeline": 6,
            "leader_history": LEADER,
            "destination": str(kept),
            "timeout": 60,
            **changes,
        }
        document = {"ANSIBLE_MODULE_ARGS": {**arguments, "_ansible_check_mode": check_mode}}
        (tmp_path / "arguments.json").write_text(json.dumps(document), encoding="utf-8")
        (tmp_path / "copied").touch()
        program = PROGRAM.format(asked=str(tmp_path / "copied"), broken=bool(broken), error=broken or "OSError")
        done = subprocess.run(
            [sys.executable, "-c", program, str(tmp_path / "arguments.json")],
            capture_output=True,
            text=True,
            check=False,
            env={**os.environ, "PYTHONPATH": str(COLLECTIONS), "TMPDIR": str(tmp_path / "tmp")},
        )
        state.errors = done.stderr
        found = json.loads(done.stdout) if done.stdout else {}
        # Ansible adds owner and mode by itself where a result has a path.
        return {key: value for key, value in found.items() if key in (*NOTHING, "failed", "msg")}

    state.put, state.compare = put, compare
    state.given = lambda: [json.loads(line) for line in (tmp_path / "given").read_text().splitlines()]
    state.copied = lambda: [json.loads(line) for line in (tmp_path / "copied").read_text().splitlines()]
    state.did = lambda name: [
        re.sub(re.escape(f"{tmp_path}/tmp/divergence.") + r"\w+", "FOLDER", " ".join(words))
        for words in state.asked[name]()
    ]
    put()
    return state


def segments(server, *names):
    for name in names:
        (server.directory / "pg_wal" / name).write_text(name)
        (server.directory / "pg_wal" / name).chmod(0o600)


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


# Where there is nothing to keep


def test_a_server_that_went_the_same_way_has_nothing_to_keep(server):
    assert server.compare(leader_timeline=5, leader_history=OWN) == NOTHING
    assert (server.did("pg_waldump"), server.did("pg_ctl"), server.kept.exists()) == ([], [], False)


@pytest.mark.parametrize("log", ["", "".join(LOG.splitlines(keepends=True)[:2])])
def test_a_server_that_committed_nothing_beyond_has_nothing_to_keep(server, log):
    """It followed, or what it began was rolled back."""
    server.put(log=log)
    assert server.compare() == NOTHING
    assert server.did("pg_waldump") == ["--path FOLDER --timeline 5 --start 0/5000100"]
    assert (server.did("pg_ctl"), server.kept.exists()) == ([], False)


@pytest.mark.parametrize(
    "names",
    [
        (),
        ("000000050000000000000004",),
        # Those of other timelines have nothing of this one.
        ("000000040000000000000005", "000000060000000000000005"),
    ],
)
def test_a_server_whose_log_ends_before_the_ways_part_is_not_looked_into(server, names):
    """It followed, and is behind: pg_waldump would find no beginning."""
    (server.directory / "pg_wal" / "000000050000000000000005").unlink()
    segments(server, *names)
    server.put(log={"--start": (1, "", MISSING)})
    assert server.compare() == NOTHING
    assert (server.did("pg_waldump"), server.did("pg_ctl"), server.kept.exists()) == ([], [], False)


@pytest.mark.parametrize(
    ("state", "checkpoint"),
    [("in production", "0/4000028"), ("in production", "0/6000060"), ("shut down in recovery", "0/5000060")],
)
def test_how_far_the_log_goes_is_not_for_the_control_file_to_say(server, state, checkpoint):
    """The last checkpoint of a server that lost its power may be long before the place where the ways part."""
    server.put(state=state, checkpoint=checkpoint)
    assert server.compare()["transactions"] == 2


def test_a_directory_without_a_database_has_nothing_to_keep(server, tmp_path):
    assert server.compare(directory=str(tmp_path / "nowhere")) == NOTHING
    (server.directory / "PG_VERSION").unlink()
    assert server.compare() == NOTHING
    assert server.did("pg_controldata") == []


# What is kept


def test_what_only_this_server_has_is_kept(server):
    segments(server, "000000050000000000000004", "000000050000000000000005", "000000050000000000000006")
    folder = server.kept / "00000005-0-5000100"
    found = {**FOUND, "path": str(folder), "rows": {"app.public.records": 2}}
    assert server.compare() == {**found, "changed": True}
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*")) == [
        "app.public.records.csv",
        "commits.csv",
        "summary.json",
        "wal",
        "wal/000000050000000000000005",
        "wal/000000050000000000000006",
    ]
    assert (folder / "commits.csv").read_text() == (
        "transaction,committed\n725,2026-11-27 00:10:31.729408 UTC\n730,2026-11-27 00:10:32.751788 UTC\n"
    )
    assert (folder / "wal" / "000000050000000000000005").read_text() == "000000050000000000000005"
    assert json.loads((folder / "summary.json").read_text()) == found


def test_nobody_else_reads_what_is_kept(server):
    segments(server, "000000050000000000000005")
    server.compare()
    for path in (server.kept, *server.kept.rglob("*")):
        assert (path.name, mode(path)) == (path.name, 0o700 if path.is_dir() else 0o600)


def test_rows_are_looked_for_of_all_transactions_those_within_others_included(server):
    server.compare()
    ((socket, permissions, transactions),) = server.copied()
    assert (permissions, transactions, Path(socket).exists()) == (0o700, [725, 730, 731], False)


def test_the_server_is_started_alone_and_stopped_again(server):
    server.compare()
    start, *stop = server.did("pg_ctl")
    ((socket, _permissions, _transactions),) = server.copied()
    assert start == (
        f"start -w -t 60 -s -D {server.directory} -l {server.kept}/00000005-0-5000100/server.log "
        "-o -c max_connections='200' -c max_worker_processes='8' -c max_wal_senders='12' "
        "-c max_prepared_transactions='0' "
        f"-c max_locks_per_transaction='64' -c listen_addresses='' -c unix_socket_directories='FOLDER' "
        "-c port='5499' -c hot_standby='on' -c archive_mode='off' -c autovacuum='off' "
        "-c default_transaction_read_only='on' -c primary_conninfo='' -c primary_slot_name='' "
        "-c restore_command='/bin/false' -c synchronous_standby_names='' -c shared_preload_libraries='' "
        "-c logging_collector='off'"
    )
    assert Path(socket).name.startswith("divergence.")
    assert stop == [f"stop -m fast -w -s -D {server.directory}", f"status -D {server.directory}"]
    assert server.left() == []


def given(server, *files):
    """Names of segments with the files in which they are, by their names or by pairs."""
    pairs = [(one, one) if isinstance(one, str) else one for one in files]
    return {name: str(server.directory / "pg_wal" / file) for name, file in pairs}


def test_each_timeline_is_looked_at_that_the_leader_has_not(server):
    """The server's region failed over by itself after the ways had parted, and reached the leader's number."""
    commits = LOG.splitlines(keepends=True)
    log = {"--timeline 5": (0, "".join(commits[:4]), ""), "--timeline 6": (1, commits[4], END)}
    server.put(log=log, timeline=6)
    (server.directory / "pg_wal" / "00000006.history").write_text(WENT_ON)
    names = [f"{timeline:08X}00000000{number:08X}" for timeline in (4, 5, 6) for number in (4, 5, 6, 7)]
    segments(server, *names, "000000060000000000000008.partial")
    done = server.compare()
    assert server.did("pg_waldump") == [
        "--path FOLDER --timeline 5 --start 0/5000100 --end 0/6000200",
        "--path FOLDER --timeline 6 --start 0/6000200",
    ]
    assert server.given() == [
        given(server, "000000050000000000000005", "000000050000000000000006"),
        given(
            server,
            "000000060000000000000006",
            "000000060000000000000007",
            ("000000060000000000000008", "000000060000000000000008.partial"),
        ),
    ]
    assert {key: done[key] for key in FOUND} == FOUND
    assert kept(server) == [
        "000000050000000000000005",
        "000000050000000000000006",
        "000000060000000000000006",
        "000000060000000000000007",
        "000000060000000000000008.partial",
    ]
    assert server.left() == []


def kept(server):
    return sorted(path.name for path in (server.kept / "00000005-0-5000100" / "wal").iterdir())


@pytest.mark.parametrize("there", ["000000050000000000000006.partial", "000000060000000000000006"])
def test_a_segment_in_which_a_timeline_was_left_may_be_there_as_another_file(server, there):
    """A server that was promoted archives it under a name of its own, and goes on in a copy of it."""
    commits = LOG.splitlines(keepends=True)
    server.put(log={"--timeline 5": (0, "".join(commits), ""), "--timeline 6": (1, "", END)}, timeline=6)
    (server.directory / "pg_wal" / "00000006.history").write_text(WENT_ON)
    segments(server, there, "000000060000000000000006")
    done = server.compare()
    assert server.given() == [
        given(server, "000000050000000000000005", ("000000050000000000000006", there)),
        given(server, "000000060000000000000006"),
    ]
    assert (done["transactions"], done["rows"]) == (2, {"app.public.records": 2})
    assert kept(server) == sorted({"000000050000000000000005", there, "000000060000000000000006"})
    assert (server.kept / "00000005-0-5000100" / "wal" / there).read_text() == there


@pytest.mark.parametrize(
    ("size", "names"),
    [
        (MB, ["000000050000000000000050", "000000050000000000000FFF", "000000050000000100000000"]),
        (16 * MB, ["000000050000000000000005", "0000000500000000000000FF", "000000050000000100000000"]),
        (64 * MB, ["000000050000000000000001", "00000005000000000000003F", "000000050000000100000000"]),
        (1024 * MB, ["000000050000000000000000", "000000050000000000000003", "000000050000000100000000"]),
    ],
)
def test_how_long_a_segment_is_says_the_control_file(server, size, names):
    (server.directory / "pg_wal" / "000000050000000000000005").unlink()
    server.put(segment=size)
    segments(server, *names)
    server.compare()
    assert (server.given(), kept(server)) == ([given(server, *names)], names)


def test_where_the_control_file_does_not_say_it_segments_have_16_mb(server):
    text = CONTROL.format(timeline=5, checkpoint="0/6000060", state="shut down", segment=1).replace("Bytes per", "Of")
    server.put(control=(0, text, ""))
    server.compare()
    assert server.given() == [given(server, "000000050000000000000005")]


def test_a_log_may_end_with_a_whole_segment(server):
    """The next one is not there then, which is no part that is missing."""
    segments(server, "000000050000000000000006")
    server.put(log={"--start": (1, LOG, MISSING.replace('05"', '07"'))})
    done = server.compare()
    assert (done["transactions"], done["rows"]) == (2, {"app.public.records": 2})


def test_a_server_that_left_the_timeline_first_keeps_its_own_timeline(server):
    done = server.compare(leader_timeline=4, leader_history="")
    assert (done["position"], Path(done["path"]).name) == ("0/3000060", "00000005-0-3000060")


def test_two_that_left_a_timeline_at_the_same_place_part_there(server):
    """The archive of the leader's region knew the number that the server took."""
    done = server.compare(leader_history="4\t0/3000060\tx\n")
    assert server.did("pg_waldump") == ["--path FOLDER --timeline 5 --start 0/3000060"]
    assert (done["transactions"], done["position"]) == (2, "0/3000060")
    assert Path(done["path"]).name == "00000005-0-3000060"


# Once


def test_what_was_kept_once_is_not_written_again(server):
    first = server.compare()
    before = {path: path.stat().st_mtime_ns for path in server.kept.rglob("*")}
    assert server.compare() == {**first, "changed": False}
    assert {path: path.stat().st_mtime_ns for path in server.kept.rglob("*")} == before
    assert (len(server.did("pg_ctl")), len(server.copied())) == (3, 1)


def test_what_a_server_wrote_since_it_was_kept_is_kept_beside_it(server):
    first = server.compare()
    summary = server.kept / "00000005-0-5000100" / "summary.json"
    earlier = {**json.loads(summary.read_text()), "transactions": 1}
    summary.write_text(json.dumps(earlier))
    second = server.compare()
    assert second == {**first, "path": f"{first['path']}-2"}
    assert (json.loads(summary.read_text()), len(server.copied())) == (earlier, 2)
    assert server.compare() == {**second, "changed": False}


def test_a_folder_without_a_summary_is_of_a_run_that_died(server):
    first = server.compare()
    (server.kept / "00000005-0-5000100" / "summary.json").unlink()
    assert server.compare() == first
    assert len(server.copied()) == 2


def test_check_mode_lists_and_writes_nothing(server):
    assert server.compare(check_mode=True) == {**FOUND, "rows": {}, "path": "", "changed": True}
    assert (server.did("pg_ctl"), server.copied(), server.kept.exists()) == ([], [], False)


def test_check_mode_tells_of_what_was_kept(server):
    first = server.compare()
    assert server.compare(check_mode=True) == {**first, "changed": False}


# What goes wrong


def test_a_server_is_stopped_although_its_rows_cannot_be_read(server):
    assert server.compare(broken="RuntimeError") == {}
    assert server.errors.endswith("RuntimeError: the server went away\n\n")
    assert_stopped_again(server)


def test_what_the_server_says_against_a_query_is_told(server):
    assert server.compare(broken="module.sql.ERRORS[0]") == {
        "failed": True,
        "msg": f"the rows cannot be read: the server went away{CLEAR}",
    }
    assert_stopped_again(server)


def assert_stopped_again(server):
    """Nothing of the server is left running, and the next run does it all."""
    assert [words.split()[0] for words in server.did("pg_ctl")] == ["start", "stop", "status"]
    assert server.left() == []
    assert not (server.kept / "00000005-0-5000100" / "summary.json").exists()
    assert server.compare()["rows"] == {"app.public.records": 2}


@pytest.mark.parametrize("stop", [(0, "", ""), (1, "", "pg_ctl: PID file does not exist\n")])
def test_a_server_that_does_not_start_is_told_and_stopped_all_the_same(server, stop):
    """One that was too slow is still on its way."""
    server.put(start=(1, "", "pg_ctl: could not start server\nExamine the log output.\n"), stop=stop)
    folder = server.kept / "00000005-0-5000100"
    assert server.compare() == {
        "failed": True,
        "msg": "the server did not start alone: pg_ctl: could not start server\nExamine the log output. What it said "
        f"is in {folder}/server.log{CLEAR}",
    }
    _start, *stopped = server.did("pg_ctl")
    assert stopped == [f"stop -m fast -w -s -D {server.directory}", f"status -D {server.directory}"]
    assert server.left() == []
    assert sorted(path.name for path in folder.iterdir()) == ["commits.csv", "wal"]
    assert server.copied() == []


@pytest.mark.parametrize(
    ("start", "broken"),
    [((0, "", ""), ""), ((0, "", ""), "module.sql.ERRORS[0]"), ((1, "", "pg_ctl: could not start server\n"), "")],
)
def test_a_server_that_does_not_stop_is_told(server, start, broken):
    """Whatever became of its rows: nothing may be done with its data while it runs."""
    server.put(start=start, stop=(1, "", "pg_ctl: server does not shut down\n"), status=(0, "server is running\n", ""))
    assert server.compare(broken=broken) == {
        "failed": True,
        "msg": f"the server that was started alone does not stop{CLEAR}",
    }
    assert [words.split()[0] for words in server.did("pg_ctl")] == ["start", "stop", "status"]
    assert not (server.kept / "00000005-0-5000100" / "summary.json").exists()
    server.put()
    assert server.compare()["rows"] == {"app.public.records": 2}


def test_where_nothing_can_be_written_that_is_told(server):
    server.kept.write_text("a file\n")
    assert server.compare() == {
        "failed": True,
        "msg": f"it cannot be kept: [Errno 20] Not a directory: '{server.kept}/00000005-0-5000100'{CLEAR}",
    }
    assert (server.did("pg_ctl"), server.left()) == ([], [])


def test_a_segment_that_goes_away_meanwhile_is_told(server):
    """It is there by its name, and leads nowhere."""
    (server.directory / "pg_wal" / "000000050000000000000006").symlink_to("nowhere")
    assert server.compare() == {
        "failed": True,
        "msg": "it cannot be kept: [Errno 2] No such file or directory: "
        f"'{server.directory}/pg_wal/000000050000000000000006'{CLEAR}",
    }
    assert (server.did("pg_ctl"), server.left()) == ([], [])


def test_rows_that_cannot_be_written_are_told_and_the_server_is_stopped(server):
    assert server.compare(broken="OSError") == {
        "failed": True,
        "msg": f"it cannot be kept: the server went away\n{CLEAR}",
    }
    assert_stopped_again(server)


def test_what_a_server_said_that_did_not_start_stays(server):
    folder = server.kept / "00000005-0-5000100"
    folder.mkdir(parents=True)
    (folder / "server.log").write_text("FATAL:  recovery aborted\n")
    server.put(start=(1, "", "pg_ctl: could not start server\n"))
    assert server.compare()["failed"]
    assert (folder / "server.log").read_text() == "FATAL:  recovery aborted\n"


def test_a_control_file_that_cannot_be_read_is_told(server):
    server.put(control=(1, "", 'pg_controldata: error: could not open file "global/pg_control" for reading\n'))
    assert server.compare() == {
        "failed": True,
        "msg": 'pg_controldata failed: pg_controldata: error: could not open file "global/pg_control" for '
        f"reading{CLEAR}",
    }
    assert server.did("pg_waldump") == []


@pytest.mark.parametrize("check_mode", [False, True])
@pytest.mark.parametrize("out", ["", LOG])
def test_a_log_of_which_a_part_is_missing_is_told(server, check_mode, out):
    """What was committed on that part nobody can tell, whatever is seen of the others."""
    (server.directory / "pg_wal" / "000000050000000000000005").unlink()
    segments(server, "000000050000000000000006")
    server.put(log={"--start": (1, out, MISSING)})
    assert server.compare(check_mode=check_mode) == {
        "failed": True,
        "msg": f"what was committed from 0/5000100 on cannot be seen: {MISSING.strip()}{CLEAR}",
    }
    assert (server.did("pg_ctl"), server.kept.exists()) == ([], False)


def test_a_timeline_in_between_that_is_missing_is_told(server):
    log = {"--timeline 5": (0, LOG, ""), "--timeline 6": (1, "", MISSING.replace('05"', '06"'))}
    server.put(log=log, timeline=6)
    (server.directory / "pg_wal" / "00000006.history").write_text(WENT_ON)
    segments(server, "000000060000000000000007")
    assert server.compare()["msg"] == (
        "what was committed from 0/6000200 on cannot be seen: pg_waldump: error: could not find file "
        f'"000000050000000000000006": No such file or directory{CLEAR}'
    )
    assert (server.did("pg_ctl"), server.kept.exists()) == ([], False)


@pytest.mark.parametrize(
    "complaint", [END, MISSING.replace('05"', '07"'), "pg_waldump: error: could not read from log segment\n"]
)
@pytest.mark.parametrize("out", ["", LOG])
def test_a_timeline_that_was_left_has_a_log_up_to_there(server, complaint, out):
    """What would be the end of the last timeline is a tail that is missing there, whatever is seen before it."""
    server.put(log={"--timeline 5": (1, out, complaint), "--timeline 6": (1, LOG, END)}, timeline=6)
    (server.directory / "pg_wal" / "00000006.history").write_text(WENT_ON)
    segments(server, "000000050000000000000006", "000000060000000000000006")
    assert server.compare() == {
        "failed": True,
        "msg": f"what was committed from 0/5000100 on cannot be seen: {complaint.strip()}{CLEAR}",
    }
    assert (len(server.did("pg_waldump")), server.did("pg_ctl"), server.kept.exists()) == (1, [], False)


def test_a_timeline_that_was_left_where_it_began_has_nothing(server):
    """Two failovers without a record in between: pg_waldump would find no record up to there."""
    server.put(log={"--timeline 5": (1, "", MISSING), "--timeline 6": (1, LOG, END)}, timeline=6)
    (server.directory / "pg_wal" / "00000006.history").write_text("4\t0/5000100\tx\n5\t0/5000100\tx\n")
    segments(server, "000000060000000000000005")
    done = server.compare(leader_timeline=7, leader_history="4\t0/5000100\tx\n")
    assert server.did("pg_waldump") == ["--path FOLDER --timeline 6 --start 0/5000100"]
    assert (done["transactions"], done["position"]) == (2, "0/5000100")


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("main/pg_wal/00000005.history", "[Errno 21] Is a directory"),
        ("kept/00000005-0-5000100/summary.json", "[Errno 21] Is a directory"),
        ("kept/00000005-0-5000100/summary.json.new", "[Errno 21] Is a directory"),
    ],
)
def test_a_file_that_cannot_be_read_or_written_is_told(server, tmp_path, path, reason):
    (tmp_path / path).unlink(missing_ok=True)
    (tmp_path / path).mkdir(parents=True)
    assert server.compare() == {"failed": True, "msg": f"{reason}: '{tmp_path / path}'{CLEAR}"}
    assert server.left() == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"leader_history": "3\t0/3000060\tx\n"}, "timeline 4 has no beginning in common with timeline 6"),
        ({"leader_timeline": 3}, "timelines must rise, and these do not: 4, 5, 3"),
        (
            {"leader_history": "4\tnowhere\tx\n"},
            "'nowhere' is no position in the log; one looks like 0/3000060",
        ),
    ],
)
def test_the_data_of_another_cluster_is_left_alone(server, changes, message):
    assert server.compare(**changes) == {"failed": True, "msg": f"{message}{CLEAR}"}
    assert (server.did("pg_waldump"), server.did("pg_ctl"), server.kept.exists()) == ([], [], False)


def test_a_timeline_whose_history_is_missing_is_not_taken_for_the_same(server):
    (server.directory / "pg_wal" / "00000005.history").unlink()
    assert server.compare()["msg"] == f"timeline 5 has no beginning in common with timeline 6{CLEAR}"
