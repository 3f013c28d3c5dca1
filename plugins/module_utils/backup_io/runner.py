# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The program backup-job: runs a job once at a time and within a time limit, and tells how it ended.

The lock is one of the kernel on a file that the job itself keeps open, so it is held exactly as long as the job runs:
nobody has to remove it, and a job that outlives this program, because that was killed, is not started a second time.

This file is also read on the hosts: standard library only.
"""

# A program of hosts, no module: it prints, starts others and ends by itself.
# pylint: disable=ansible-bad-function
from __future__ import annotations

import argparse
import fcntl
import os
import pwd
import selectors
import signal
import subprocess
import sys
import syslog
import tempfile
import time
from collections import deque
from typing import Any, Callable, Deque, Dict, List, Optional, Sequence, Tuple

from ..backup import job

METRICS = "/var/lib/prometheus/node-exporter"
LOCKS = "/run/backup-job"
#: The environment variable that tells the job where to leave its report.
REPORT = "BACKUP_JOB_REPORT"
LAST_LINES = 20
#: Seconds between the request to end and the end by force.
PATIENCE = 10.0
#: The most that is read at once, in bytes, and the longest wait for it, in seconds.
CHUNK, INTERVAL = 65536, 0.2


#: Tells the status with which a job has to be ended now, or None while it may go on.
Due = Callable[[], Optional[int]]


class Limit:
    """Why a job has to end before it does by itself: its time is over, or this program was asked to end."""

    def __init__(self, seconds: float) -> None:
        self._deadline = time.monotonic() + seconds
        self._signal: Optional[int] = None

    def stop(self, number: int, _frame: object) -> None:
        """Note that a signal asked for the end; this is a signal's handler."""
        self._signal = number

    def __call__(self) -> Optional[int]:
        """Return the status of the job that has to be ended now, or None while it may go on."""
        if self._signal is not None:
            return job.SIGNALLED + self._signal
        return job.TIMED_OUT if time.monotonic() >= self._deadline else None


class Busy(Exception):
    """The job is running."""


def take_lock(directory: str, name: str) -> int:
    """Return an open file that holds the lock of a job.

    :raises Busy: somebody else holds it.
    """
    os.makedirs(directory, exist_ok=True)
    handle = os.open(os.path.join(directory, f"{name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise Busy from None
    return handle


def write_metrics(path: str, text: str) -> None:
    """Put metrics in place so that the node exporter never reads half of them; where that fails, say so and go on."""
    try:
        handle, temporary = tempfile.mkstemp(prefix=".backup-job-", dir=os.path.dirname(path))
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), 0o644)
        os.replace(temporary, path)
    except OSError as error:
        say(syslog.LOG_ERR, f"{path}: the job's metrics cannot be written: {error.strerror}")


def read_text(path: str) -> str:
    """Return a file's text, or nothing where it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return ""


def say(priority: int, text: str) -> None:
    """Tell the system's log, and who started the program if that is a failure."""
    for line in text.splitlines():
        syslog.syslog(priority, line)
    if priority <= syslog.LOG_ERR:
        print(text, file=sys.stderr, flush=True)


class Lines:
    """Takes what a job prints: every line goes to the log, the last ones are kept."""

    def __init__(self) -> None:
        self._rest = b""
        self._kept: Deque[str] = deque(maxlen=LAST_LINES)

    def take(self, chunk: bytes) -> None:
        """Take the next bytes."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        for line in lines:
            self._line(line)

    def end(self) -> Tuple[str, ...]:
        """Take the end, and return the last lines."""
        if self._rest:
            self._line(self._rest)
            self._rest = b""
        return tuple(self._kept)

    def _line(self, line: bytes) -> None:
        text = line.decode(errors="replace").rstrip()
        self._kept.append(text)
        syslog.syslog(syslog.LOG_INFO, text)
        if sys.stdout.isatty():
            print(text, flush=True)


def identity(user: Optional[str]) -> Dict[str, Any]:
    """Return what :class:`subprocess.Popen` needs to run a command as a user.

    :raises job.JobError: there is no such user.
    """
    if user is None:
        return {}
    try:
        entry = pwd.getpwnam(user)
    except KeyError:
        raise job.JobError(f"--user: there is no user {user} on this host") from None
    groups = os.getgrouplist(user, entry.pw_gid)
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": groups, "cwd": "/"}


def environment(user: Optional[str], report: str) -> Dict[str, str]:
    """Return the environment of the job."""
    own = {REPORT: report}
    if user is not None:
        own.update(USER=user, LOGNAME=user, HOME=pwd.getpwnam(user).pw_dir)
    return {**os.environ, **own}


def signal_group(process: subprocess.Popen[bytes], number: int) -> None:
    """Send a signal to the job and to everything that it started, if there is anything left."""
    try:
        os.killpg(process.pid, number)
    except ProcessLookupError:
        pass


def follow(process: subprocess.Popen[bytes], lines: Lines, due: Due) -> Optional[int]:
    """Take what a job prints until it ends by itself, which is None, or has to be ended with a status."""
    with selectors.DefaultSelector() as selector:
        selector.register(output(process), selectors.EVENT_READ)
        while process.poll() is None:
            status = due()
            if status is not None:
                return status
            if not selector.get_map():
                wait(process)
            elif selector.select(INTERVAL) and not read(process, lines):
                selector.unregister(output(process))
    while read(process, lines):
        pass
    return None


def output(process: subprocess.Popen[bytes]) -> int:
    """Return the descriptor on which a job's output arrives."""
    if process.stdout is None:
        raise ValueError("the job was started without a pipe")
    return process.stdout.fileno()


def read(process: subprocess.Popen[bytes], lines: Lines) -> bool:
    """Take what a job has printed; False where there is nothing, or will never be."""
    try:
        chunk = os.read(output(process), CHUNK)
    except BlockingIOError:
        return False
    lines.take(chunk)
    return bool(chunk)


def wait(process: subprocess.Popen[bytes]) -> None:
    """Wait for a job that prints no more."""
    try:
        process.wait(INTERVAL)
    except subprocess.TimeoutExpired:
        pass


def end(process: subprocess.Popen[bytes], lines: Lines) -> None:
    """End a job and everything that it started: ask for it, then force it."""
    signal_group(process, signal.SIGTERM)
    follow(process, lines, Limit(PATIENCE))
    signal_group(process, signal.SIGKILL)
    process.wait()


def run(options: argparse.Namespace, lock: int, report: str, lines: Lines, due: Due) -> int:
    """Start the job and follow it; return its status."""
    try:
        process = subprocess.Popen(
            options.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment(options.user, report),
            pass_fds=(lock,),
            start_new_session=True,
            umask=0o077,
            **options.identity,
        )
    except OSError as error:
        lines.take(f"{options.command[0]}: {error.strerror}\n".encode())
        return job.NOT_FOUND if isinstance(error, FileNotFoundError) else job.NOT_RUNNABLE
    with process:
        os.set_blocking(output(process), False)
        status = follow(process, lines, due)
        if status is None:
            return job.exit_status(process.returncode)
        end(process, lines)
        return status


def run_and_tell(options: argparse.Namespace, lock: int, due: Due) -> int:
    """Run the job, and tell its start and its end in metrics and in the log."""
    path = os.path.join(options.metrics, f"backup_{options.name}.prom")
    record = job.parse(read_text(path)).started(time.time(), options.limit)
    write_metrics(path, job.render(options.name, record))
    lines, begin = Lines(), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="backup-job-") as directory:
        report = os.path.join(directory, "report")
        with open(report, "w", encoding="utf-8"):
            pass
        for created in (directory, report) if options.identity else ():
            os.chown(created, options.identity["user"], options.identity["group"])
        status = run(options, lock, report, lines, due)
        reported = read_report(report)
    write_metrics(path, job.render(options.name, record.ended(time.time(), status, reported)))
    words = job.verdict(options.name, status, time.monotonic() - begin, options.limit, lines.end())
    say(syslog.LOG_ERR if status else syslog.LOG_INFO, words)
    return status


def read_report(path: str) -> Dict[str, float]:
    """Return what a job reported; nothing, and a message, where that cannot be read."""
    try:
        return job.report(read_text(path))
    except job.JobError as error:
        say(syslog.LOG_ERR, str(error))
        return {}


def parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; end the program where it is wrong."""
    parser = argparse.ArgumentParser(
        prog="backup-job",
        usage="%(prog)s --name NAME --timeout 6h [--user USER] -- COMMAND ...",
        description="Run a job once at a time and within a time limit, and tell how it ended.",
        epilog=f"The job may leave lines such as 'bytes 1024' in the file that ${REPORT} names: they become metrics.",
    )
    parser.add_argument("--name", required=True, help="the job's name, which is the one of its lock and its metrics")
    parser.add_argument("--timeout", required=True, help="a number and s, m, h or d")
    parser.add_argument("--user", help="who runs the command; without it who runs this program")
    parser.add_argument("--metrics", default=METRICS, help="the node exporter's folder (%(default)s)")
    parser.add_argument("--locks", default=LOCKS, help="the folder of locks (%(default)s)")
    parser.add_argument("command", nargs="+", help="the command and its arguments")
    options = parser.parse_args(arguments)
    try:
        job.checked_name(options.name)
        options.limit = job.duration(options.timeout)
        options.identity = identity(options.user)
    except job.JobError as error:
        parser.error(str(error))
    return options


def main(arguments: Optional[List[str]] = None) -> int:
    """Run a job; return its status."""
    options = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    syslog.openlog(f"backup-{options.name}", syslog.LOG_PID, syslog.LOG_DAEMON)
    try:
        lock = take_lock(options.locks, options.name)
    except Busy:
        refusal = os.path.join(options.metrics, f"backup_{options.name}_refused.prom")
        write_metrics(refusal, job.render_refusal(options.name, time.time()))
        say(syslog.LOG_ERR, f"{options.name}: not started, because it is running already")
        return job.REFUSED
    limit = Limit(options.limit)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, limit.stop)
    return run_and_tell(options, lock, limit)
