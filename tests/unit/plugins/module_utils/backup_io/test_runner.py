"""The runner with real processes, locks and files."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.backup import job
from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io import runner

PROGRAM = (
    "import sys; from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io.runner import main;"
    "sys.exit(main())"
)


@pytest.fixture
def start(tmp_path):
    """Start the program with a command; everything that is left ends with the test."""
    started = []

    def begin(*command, name="dump", timeout="1m"):
        options = ["--name", name, "--timeout", timeout, "--metrics", str(tmp_path), "--locks", str(tmp_path / "locks")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *options, "--", *command],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate()


def record(path, name="dump"):
    return job.parse((path / f"backup_{name}.prom").read_text())


def said(process):
    """Return what a program told of a failure, with N for the seconds that it took."""
    return re.sub(r"after \d+ s", "after N s", process.communicate()[1])


def until(condition):
    """Wait until a condition holds, 20 s at most."""
    for _attempt in range(400):
        if condition():
            return
        time.sleep(0.05)
    raise AssertionError("it never came true")


def alive(number):
    """Tell whether a process runs; one that ended and that nobody took note of does not."""
    try:
        with open(f"/proc/{number}/stat", encoding="utf-8") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_job_that_is_done(start, tmp_path):
    before = time.time()
    process = start("sh", "-c", "echo hello; echo 'bytes 1024' > $BACKUP_JOB_REPORT")
    assert process.communicate() == ("", "")
    assert process.returncode == 0
    found = record(tmp_path)
    assert before <= found.last_start_timestamp_seconds <= found.last_end_timestamp_seconds <= time.time()
    assert found.last_success_timestamp_seconds == found.last_end_timestamp_seconds
    assert (found.last_exit_status, found.time_limit_seconds, found.reported) == (0, 60, {"bytes": 1024})
    assert (tmp_path / "backup_dump.prom").stat().st_mode & 0o777 == 0o644
    assert sorted(os.listdir(tmp_path)) == ["backup_dump.prom", "locks"]


def test_a_job_that_fails_keeps_what_is_known_of_its_last_success(start, tmp_path):
    start("true").wait()
    good = record(tmp_path).last_success_timestamp_seconds
    process = start("sh", "-c", "for n in $(seq 30); do echo line $n; done; exit 3")
    lines = "".join(f"line {number}\n" for number in range(11, 31))
    assert said(process) == f"dump: failed with status 3 after N s; its last lines:\n{lines}"
    assert process.returncode == 3
    assert record(tmp_path).last_exit_status == 3
    assert record(tmp_path).last_success_timestamp_seconds == good < record(tmp_path).last_end_timestamp_seconds


def test_output_without_an_end_of_line_and_from_what_stays_behind(start, tmp_path):
    process = start("sh", "-c", "sleep 60 & printf 'no end'; echo $! > %s; exit 1" % (tmp_path / "left"))
    assert said(process) == "dump: failed with status 1 after N s; its last lines:\nno end\n"
    os.kill(int((tmp_path / "left").read_text()), signal.SIGKILL)


def test_a_second_start_is_refused(start, tmp_path):
    first = start("sleep", "60")
    until((tmp_path / "backup_dump.prom").exists)
    before = (tmp_path / "backup_dump.prom").read_text()
    second = start("touch", str(tmp_path / "touched"))
    assert second.communicate()[1] == "dump: not started, because it is running already\n"
    assert second.returncode == 75
    assert not (tmp_path / "touched").exists()
    assert (tmp_path / "backup_dump.prom").read_text() == before
    assert "last_refused_timestamp_seconds" in (tmp_path / "backup_dump_refused.prom").read_text()
    assert start("true", name="other").wait() == 0
    first.terminate()
    assert first.wait() == 128 + signal.SIGTERM
    assert start("true").wait() == 0


def test_a_time_limit_ends_everything_that_the_job_started(start, tmp_path):
    process = start("sh", "-c", f"sleep 60 & echo $! > {tmp_path}/child; wait", timeout="1s")
    assert said(process) == "dump: stopped after N s, because its time limit is 1 s, and said nothing\n"
    assert process.returncode == 124
    assert record(tmp_path).last_exit_status == 124
    until(lambda: not alive(int((tmp_path / "child").read_text())))


def test_who_does_not_listen_is_ended_by_force(monkeypatch):
    monkeypatch.setattr(runner, "PATIENCE", 0.2)
    command = [
        sys.executable,
        "-c",
        "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(60)",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as process:
        process.stdout.read(2)
        os.set_blocking(process.stdout.fileno(), False)
        runner.end(process, runner.Lines())
        assert process.returncode == -signal.SIGKILL


def test_a_job_that_closed_its_output_is_waited_for(start):
    process = start("sh", "-c", "exec >&- 2>&-; sleep 0.5; exit 4")
    assert process.wait() == 4


def test_the_signal_that_asks_for_the_end_is_told(start, tmp_path):
    process = start("sleep", "60")
    until((tmp_path / "backup_dump.prom").exists)
    process.send_signal(signal.SIGINT)
    assert said(process) == "dump: ended by signal 2 after N s, and said nothing\n"
    assert record(tmp_path).last_exit_status == 130


def test_a_runner_that_was_killed_leaves_the_lock_to_its_job_alone(start, tmp_path):
    first = start("sh", "-c", f"echo $$ > {tmp_path}/job; exec sleep 60")
    until(lambda: (tmp_path / "job").exists() and (tmp_path / "job").read_text().strip())
    number = int((tmp_path / "job").read_text())
    first.kill()
    first.wait()
    found = record(tmp_path)
    assert found.last_start_timestamp_seconds is not None
    assert found.last_end_timestamp_seconds is None
    assert start("true").wait() == 75
    os.kill(number, signal.SIGKILL)
    until(lambda: start("true").wait() == 0)
    assert record(tmp_path).last_end_timestamp_seconds >= record(tmp_path).last_start_timestamp_seconds


@pytest.mark.parametrize(
    ("command", "status", "words"),
    [("/nowhere/at/all", 127, "No such file or directory"), ("/etc", 126, "Permission denied")],
)
def test_a_program_that_cannot_be_run(start, tmp_path, command, status, words):
    process = start(command)
    assert said(process) == f"dump: failed with status {status} after N s; its last lines:\n{command}: {words}\n"
    assert process.returncode == status == record(tmp_path).last_exit_status


def test_a_report_that_is_none_is_told_and_changes_nothing(start, tmp_path):
    process = start("sh", "-c", "echo 'Bytes: 7' > $BACKUP_JOB_REPORT")
    assert said(process) == (
        "the job's report has the line 'Bytes: 7': write a name of its own and a number, as in 'bytes 1024'\n"
    )
    assert process.returncode == 0
    assert record(tmp_path).reported == {}


def test_metrics_that_cannot_be_written_do_not_keep_the_job_from_running(capsys, tmp_path):
    arguments = ["--name", "dump", "--timeout", "1m", "--metrics", str(tmp_path / "none"), "--locks", str(tmp_path)]
    assert runner.main([*arguments, "--", "touch", str(tmp_path / "touched")]) == 0
    assert (tmp_path / "touched").exists()
    message = f"{tmp_path}/none/backup_dump.prom: the job's metrics cannot be written: No such file or directory\n"
    assert capsys.readouterr().err == message * 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--name", "A b", "--timeout", "1m", "--", "true"], "'A b' is no name of a job: use lower-case letters"),
        (["--name", "a", "--timeout", "1", "--", "true"], "'1' is no time limit: write a number and s, m, h or d"),
        (
            ["--name", "a", "--timeout", "1m", "--user", "nobody-at-all", "--", "true"],
            "--user: there is no user nobody-at-all",
        ),
        (["--name", "a", "--timeout", "1m"], "the following arguments are required: command"),
    ],
)
def test_arguments_that_are_refused(capsys, arguments, message):
    with pytest.raises(SystemExit) as error:
        runner.main(arguments)
    assert error.value.code == 2
    assert message in capsys.readouterr().err


def test_the_identity_of_a_user_with_its_groups():
    found = runner.identity("root")
    assert (found["user"], found["group"], found["cwd"]) == (0, 0, "/")
    assert runner.identity(None) == {}


def test_the_environment_of_a_user():
    found = runner.environment("root", "/report")
    assert (found["HOME"], found["USER"], found["BACKUP_JOB_REPORT"]) == ("/root", "root", "/report")
    assert runner.environment(None, "/report")["HOME"] == os.environ["HOME"]
