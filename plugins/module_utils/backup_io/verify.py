# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The program backup-verify: restores the newest base backup and everything that was archived since, and reads it all.

The restored server is in a folder of its own, answers on a socket there and nowhere else, archives nothing, and ends
with this program, which then removes the folder. It runs as the user that PostgreSQL runs as.

This file is also read on the hosts: standard library only.
"""

# A program of hosts, no module: it prints, starts others and ends by itself.
# pylint: disable=ansible-bad-function
from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import Any, Dict, List, Optional, Tuple

from ..pgbackrest.info import Backup, Info, InfoError, newest, parse
from ..postgres_observe.lsn import first_byte
from ..restore.server_log import Outcome, parse_log, parse_server_time, short_of, shortfall
from ..restore.settings import parse_control, settings
from ..restore.target import parse_target
from .command import BackupError, run
from .reported import report
from .storage import configuration

CONFIGURATION = "/etc/backup/verify.json"
#: What says that a folder is this program's own, so that it may be removed.
MARK = "backup-verify"
PORT = 55433
#: Seconds between two looks at the server's log.
PAUSE = 0.5
WEEK = 7 * 86400
LOG_SHOWN = 20
#: Nobody misses what a power cut takes from a scratch instance.
SPEED = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "128MB", "maintenance_work_mem": "256MB"}
DATABASES = "SELECT datname FROM pg_database WHERE datallowconn ORDER BY datname"
#: How many tables a database has, and how many rows they have, each counted.
COUNT = """
SELECT count(*), coalesce(sum((xpath('//c/text()', query_to_xml(
         format('SELECT count(*) AS c FROM ONLY %I.%I', schemaname, tablename), false, true, '')))[1]::text::bigint), 0)
  FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')
"""


def choose(info: Info, now: float) -> Backup:
    """Return the backup to restore: the newest one of a repository, of each repository in turn from week to week.

    :param now: seconds since 1970.
    :raises BackupError: there is no backup.
    """
    found = [backup for backup in (newest(info.of(one.number)) for one in info.repositories) if backup]
    if not found:
        stanza = info.stanza
        raise BackupError(f"no repository has a backup of {stanza}: pgbackrest --stanza={stanza} backup makes one")
    return found[int(now // WEEK) % len(found)]


def end_of_archive(info: Info, backup: Backup) -> Optional[int]:
    """Return the position at which the last segment of a backup's archive begins, None where there is no archive."""
    last = info.archived.get((backup.repository, backup.database))
    return first_byte(last) if last else None


class Scratch:
    """A restored server in a folder of its own."""

    def __init__(self, directory: str, stanza: str, jobs: int) -> None:
        self._directory = directory
        self._data = os.path.join(directory, "data")
        self._log = os.path.join(directory, "server.log")
        self._stanza = stanza
        self._jobs = jobs

    def prepare(self) -> None:
        """Make the folder; what an earlier run left there goes.

        :raises BackupError: there is something that is not of this program.
        """
        os.makedirs(self._directory, mode=0o700, exist_ok=True)
        if os.listdir(self._directory) and not os.path.exists(os.path.join(self._directory, MARK)):
            raise BackupError(f"{self._directory} has files that are not of backup-verify: name another folder for it")
        self.remove()
        os.makedirs(self._directory, mode=0o700)
        self._write(MARK, "")

    def restore(self, backup: Backup, position: str = "") -> None:
        """Bring a backup into the data directory.

        :param position: where in the log the recovery pauses; without it, it goes to the end of the archive.
        """
        common = [
            f"--stanza={self._stanza}",
            f"--repo={backup.repository}",
            "--reset-pg1-host",
            f"--pg1-path={self._data}",
            f"--lock-path={self._directory}",
        ]
        get = " ".join(["pgbackrest", *common, f"--spool-path={self._directory}", 'archive-get %f "%p"'])
        target = ["--type=lsn", f"--target={position}", "--target-exclusive", "--target-action=pause"]
        options = [
            "--no-delta",
            f"--set={backup.label}",
            f"--process-max={self._jobs}",
            *(target if position else ["--type=default"]),
        ]
        options += [f"--tablespace-map-all={self._directory}/tablespaces", f"--recovery-option=restore_command={get}"]
        os.mkdir(self._data, 0o700)
        run(["pgbackrest", *common, *options, "restore"])

    def recover(self, at_least: Optional[int] = None) -> Outcome:
        """Start the server, and wait until it has replayed everything that is in the archive; return what its log says.

        :param at_least: the position at which the last segment of the archive begins.
        :raises BackupError: the log does not say so.
        """
        server = self._start({})
        while server.poll() is None and not self._said().ready:
            time.sleep(PAUSE)
        outcome = self._said()
        lacks = shortfall(parse_target("latest", ""), outcome)
        if not lacks and at_least is not None:
            lacks = short_of(at_least, outcome)
        if lacks:
            raise BackupError(f"{lacks}. The end of its log:\n{self._end_of_log()}")
        return outcome

    def recover_and_pause(self) -> None:
        """Start the server, which outlives this program, and wait until it has paused where it shall, to be read.

        :raises BackupError: it ended before.
        """
        server = self._start({"hot_standby": "on"}, stays=True)
        while server.poll() is None and not self._paused():
            time.sleep(PAUSE)
        if server.poll() is not None:
            raise BackupError(f"the server ended before the position. The end of its log:\n{self._end_of_log()}")

    def _paused(self) -> bool:
        try:
            return self._rows("SELECT pg_get_wal_replay_pause_state()", "postgres") == [["paused"]]
        except BackupError:
            return False

    def promote(self) -> None:
        """Let a server that has paused go on as one that can be written to."""
        self._run("pg_ctl", "promote", "-D", self._data, "-w", "-t", "600")

    def _start(self, extra: Dict[str, str], stays: bool = False) -> subprocess.Popen[bytes]:
        control = parse_control(self._run("pg_controldata", self._data))
        values = settings(control, self._directory, PORT, "", {**SPEED, **extra})
        for name, text in (("postgresql.conf", ""), ("pg_hba.conf", "local all all peer\n"), ("pg_ident.conf", "")):
            self._write(name, text)
        options = [part for name, value in values.items() for part in ("-c", f"{name}={value}")]
        with open(self._log, "wb") as log:
            return subprocess.Popen(
                [self._program("postgres"), "-D", self._data, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment(),
                start_new_session=stays,
            )

    def check(self) -> Tuple[int, int]:
        """Read everything in every way that there is; return how many tables and rows there are.

        :raises BackupError: something cannot be read, or is damaged.
        """
        amcheck = ["--all", "--install-missing", "--heapallindexed", "--parent-check", f"--jobs={self._jobs}"]
        self._run("pg_amcheck", *amcheck)
        tables = rows = 0
        for (name,) in self._rows(DATABASES, "postgres"):
            counted = self._rows(COUNT, name)[0]
            tables, rows = tables + int(counted[0]), rows + int(counted[1])
            self._run("pg_dump", "--format=plain", "--file=/dev/null", database=name)
        return tables, rows

    def check_pages(self) -> None:
        """Stop the server in order and compare every page with its checksum.

        :raises BackupError: one is wrong, or the cluster has none.
        """
        self._stop("fast")
        self._run("pg_checksums", "--check", "-D", self._data)

    def remove(self) -> None:
        """Stop the server, this run's or one that an earlier run left behind, and remove the folder."""
        if os.path.exists(os.path.join(self._data, "postmaster.pid")):
            try:
                self._stop("immediate")
            except BackupError as error:
                print(f"a file of a server was there, and no server: {error}", flush=True)
        # The mark goes last: what is left by an interrupt is still this program's own.
        for name in sorted(os.listdir(self._directory), key=lambda one: one == MARK):
            path = os.path.join(self._directory, name)
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
        os.rmdir(self._directory)

    def _stop(self, mode: str) -> None:
        self._run("pg_ctl", "stop", "-D", self._data, "-m", mode, "-w", "-t", "600")

    def _version(self) -> str:
        with open(os.path.join(self._data, "PG_VERSION"), encoding="ascii") as file:
            return file.read().strip()

    def _program(self, name: str) -> str:
        return f"/usr/lib/postgresql/{self._version()}/bin/{name}"

    def _environment(self, database: str = "postgres") -> Dict[str, str]:
        own = {"LC_ALL": "C", "PGHOST": self._directory, "PGPORT": str(PORT), "PGDATABASE": database}
        return {
            **os.environ,
            **own,
            "PGUSER": "postgres",
            "PGOPTIONS": "-c statement_timeout=0 -c client_min_messages=warning",
        }

    def _run(self, name: str, *arguments: str, database: str = "postgres") -> str:
        return run([self._program(name), *arguments], self._environment(database))

    def _rows(self, statement: str, database: str) -> List[List[str]]:
        printed = self._run("psql", "-X", "-A", "-t", "-F", "\t", "-c", statement, database=database)
        return [line.split("\t") for line in printed.splitlines()]

    def _write(self, name: str, text: str) -> None:
        with open(os.path.join(self._directory, name), "w", encoding="utf-8") as file:
            file.write(text)

    def _said(self) -> Outcome:
        return parse_log(self._log_text())

    def _log_text(self) -> str:
        with open(self._log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def _end_of_log(self) -> str:
        return "\n".join(self._log_text().splitlines()[-LOG_SHOWN:])


def verify(scratch: Scratch, backup: Backup, at_least: Optional[int]) -> None:
    """Restore a backup, read everything, and report."""
    begin = time.monotonic()
    scratch.restore(backup)
    restored = time.monotonic()
    outcome = scratch.recover(at_least)
    recovered = time.monotonic()
    tables, rows = scratch.check()
    scratch.check_pages()
    end = time.monotonic()
    figures: Dict[str, float] = {
        "verified_timestamp_seconds": time.time(),
        "verified_backup_timestamp_seconds": backup.stop,
        "verified_repository": backup.repository,
        "verified_tables": tables,
        "verified_rows": rows,
        "restore_seconds": restored - begin,
        "recovery_seconds": recovered - restored,
        "check_seconds": end - recovered,
    }
    last = parse_server_time(outcome.last_transaction)
    if last is not None:
        figures["verified_last_transaction_timestamp_seconds"] = last
    report(**figures)
    print(
        f"backup {backup.label} of repository {backup.repository}: restored in {restored - begin:.0f} s, recovered in"
        f" {recovered - restored:.0f} s up to {outcome.last_transaction or 'the end of the backup'}, checked in"
        f" {end - recovered:.0f} s: {tables} tables, {rows} rows, nothing damaged",
        flush=True,
    )


def end_in_order(number: int, _frame: object) -> None:
    """Leave through the end of the program, which removes the scratch instance."""
    sys.exit(128 + number)


def newest_backup(stanza: str) -> Tuple[Backup, Optional[int]]:
    """Return the backup to restore, and the position at which the last segment of its archive begins.

    :raises BackupError: there is none, or pgBackRest cannot say.
    """
    said = run(["pgbackrest", f"--stanza={stanza}", "--output=json", "info"])
    try:
        info = parse(said, stanza)
    except InfoError as error:
        raise BackupError(str(error)) from None
    backup = choose(info, time.time())
    return backup, end_of_archive(info, backup)


def run_job(scratch: Scratch, stanza: str) -> None:
    """Restore the newest backup, read everything, and leave nothing behind."""
    backup, at_least = newest_backup(stanza)
    scratch.prepare()
    try:
        verify(scratch, backup, at_least)
    finally:
        scratch.remove()


def hold(scratch: Scratch, stanza: str, position: str) -> None:
    """Restore the newest backup, recover up to a position, and leave the server there for others to read."""
    backup, _at_least = newest_backup(stanza)
    scratch.prepare()
    try:
        scratch.restore(backup, position)
        scratch.recover_and_pause()
    except BackupError:
        scratch.remove()
        raise
    print(f"backup {backup.label} of repository {backup.repository} is restored up to {position}", flush=True)


def finish(scratch: Scratch) -> None:
    """Read everything of a server that was held."""
    scratch.promote()
    tables, rows = scratch.check()
    scratch.check_pages()
    print(f"{tables} tables, {rows} rows, nothing damaged", flush=True)


def parse_arguments(arguments: List[str]) -> argparse.Namespace:
    """Read the command line; end the program where it is wrong."""
    parser = argparse.ArgumentParser(prog="backup-verify", description="Restores the newest base backup and reads it.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="restore it, read everything, remove it")
    held = commands.add_parser("hold", help="restore it up to a position in the log, and leave the server there")
    held.add_argument("position")
    commands.add_parser("finish", help="read everything of the server that was left")
    commands.add_parser("drop", help="remove the server that was left")
    return parser.parse_args(arguments)


def main(arguments: Optional[List[str]] = None) -> int:
    """Do what the command line says; return the exit status."""
    chosen = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    signal.signal(signal.SIGTERM, end_in_order)
    try:
        options: Dict[str, Any] = configuration(CONFIGURATION)
        stanza = options["stanza"]
        # What is held is apart from what a job makes, so that neither gets into the other's way.
        directory = options["directory"] if chosen.command == "run" else f"{options['directory']}-held"
        scratch = Scratch(directory, stanza, options["jobs"])
        if chosen.command == "run":
            run_job(scratch, stanza)
        elif chosen.command == "hold":
            hold(scratch, stanza, chosen.position)
        elif chosen.command == "finish":
            finish(scratch)
        else:
            scratch.prepare()
            scratch.remove()
    except BackupError as error:
        print(error, file=sys.stderr)
        return 1
    return 0
