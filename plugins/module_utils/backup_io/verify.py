# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The program backup-verify: restores the newest base backup, compares it with the database, and reads it all.

Where there is a database to compare with, it is looked at on a replica first, and the backup is restored up to exactly
that moment; otherwise, and where no replica can be read, up to the end of the archive. Each run leaves a report.

The restored server is in a folder of its own, answers on a socket there and nowhere else, archives nothing, and ends
with this program, which then removes the folder. It runs as the user that PostgreSQL runs as.

This file is also read on the hosts: standard library only, and psycopg2 where there is a database to compare with.
"""

# A program of hosts, no module: it prints, starts others and ends by itself.
# pylint: disable=ansible-bad-function
from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any, Dict, Iterator, List, Mapping, Optional, Tuple

from ..backup.retention import name_at
from ..backup.verification import Seen, page, show_time
from ..pgbackrest.info import Backup, Info, InfoError, newest, parse
from ..postgres_observe.lsn import first_byte, parse_lsn, show_lsn
from ..report.page import html, markdown
from ..restore.server_log import Outcome, parse_log, parse_server_time, short_of, shortfall
from ..restore.settings import parse_control, settings
from ..restore.target import parse_target
from .command import BackupError, run
from .comparison import compare, look
from .reported import report
from .reports import keep
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
        self.directory = directory
        self._data = os.path.join(directory, "data")
        self._log = os.path.join(directory, "server.log")
        self._stanza = stanza
        self._jobs = jobs
        self._server: Optional[subprocess.Popen[bytes]] = None

    def prepare(self) -> None:
        """Make the folder; what an earlier run left there goes.

        :raises BackupError: there is something that is not of this program.
        """
        os.makedirs(self.directory, mode=0o700, exist_ok=True)
        if os.listdir(self.directory) and not os.path.exists(os.path.join(self.directory, MARK)):
            raise BackupError(f"{self.directory} has files that are not of backup-verify: name another folder for it")
        self.remove()
        os.makedirs(self.directory, mode=0o700)
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
            f"--lock-path={self.directory}",
        ]
        get = " ".join(["pgbackrest", *common, f"--spool-path={self.directory}", 'archive-get %f "%p"'])
        target = ["--type=lsn", f"--target={position}", "--target-exclusive", "--target-action=pause"]
        options = [
            "--no-delta",
            f"--set={backup.label}",
            f"--process-max={self._jobs}",
            *(target if position else ["--type=default"]),
        ]
        options += [f"--tablespace-map-all={self.directory}/tablespaces", f"--recovery-option=restore_command={get}"]
        os.mkdir(self._data, 0o700)
        run(["pgbackrest", *common, *options, "restore"])

    def recover(self, at_least: Optional[int] = None) -> Outcome:
        """Start the server, and wait until it has replayed everything that is in the archive; return what its log says.

        :param at_least: the position at which the last segment of the archive begins.
        :raises BackupError: the log does not say so.
        """
        self._start({})
        outcome = self._serving()
        lacks = shortfall(parse_target("latest", ""), outcome)
        if not lacks and at_least is not None:
            lacks = short_of(at_least, outcome)
        if lacks:
            raise BackupError(f"{lacks}. The end of its log:\n{self._end_of_log()}")
        return outcome

    def recover_and_pause(self, stays: bool = False) -> None:
        """Start the server, and wait until it has paused where it shall, to be read.

        :param stays: it outlives this program.
        :raises BackupError: it ended before.
        """
        server = self._start({"hot_standby": "on"}, stays)
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

    def go_on(self, position: str) -> Outcome:
        """Let the server that has paused at a position go on as one that can be written to; return what its log says.

        :raises BackupError: the log does not say that it was recovered up to there.
        """
        self.promote()
        outcome = self._serving()
        if self._server and self._server.poll() is None:
            # It serves, so what ended was a session: whoever asks before it is consistent is refused in these words.
            outcome = replace(outcome, failure="")
        lacks = shortfall(parse_target("lsn", position), outcome)
        if lacks:
            raise BackupError(f"{lacks}. The end of its log:\n{self._end_of_log()}")
        return outcome

    def _serving(self) -> Outcome:
        """Wait until the server takes statements, or ends; return what its log says."""
        while self._server and self._server.poll() is None and not self._said().ready:
            time.sleep(PAUSE)
        return self._said()

    def _start(self, extra: Dict[str, str], stays: bool = False) -> subprocess.Popen[bytes]:
        control = parse_control(self._run("pg_controldata", self._data))
        values = settings(control, self.directory, PORT, "", {**SPEED, **extra})
        for name, text in (("postgresql.conf", ""), ("pg_hba.conf", "local all all peer\n"), ("pg_ident.conf", "")):
            self._write(name, text)
        options = [part for name, value in values.items() for part in ("-c", f"{name}={value}")]
        with open(self._log, "wb") as log:
            self._server = subprocess.Popen(
                [self._program("postgres"), "-D", self._data, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment(),
                start_new_session=stays,
            )
        return self._server

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
        for name in sorted(os.listdir(self.directory), key=lambda one: one == MARK):
            path = os.path.join(self.directory, name)
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path)
            else:
                os.unlink(path)
        os.rmdir(self.directory)

    def _stop(self, mode: str) -> None:
        self._run("pg_ctl", "stop", "-D", self._data, "-m", mode, "-w", "-t", "600")

    def _version(self) -> str:
        with open(os.path.join(self._data, "PG_VERSION"), encoding="ascii") as file:
            return file.read().strip()

    def _program(self, name: str) -> str:
        return f"/usr/lib/postgresql/{self._version()}/bin/{name}"

    def _environment(self, database: str = "postgres") -> Dict[str, str]:
        own = {"LC_ALL": "C", "PGHOST": self.directory, "PGPORT": str(PORT), "PGDATABASE": database}
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
        with open(os.path.join(self.directory, name), "w", encoding="utf-8") as file:
            file.write(text)

    def _said(self) -> Outcome:
        return parse_log(self._log_text())

    def _log_text(self) -> str:
        with open(self._log, encoding="utf-8", errors="replace") as file:
            return file.read()

    def _end_of_log(self) -> str:
        return "\n".join(self._log_text().splitlines()[-LOG_SHOWN:])


@contextmanager
def phase(seen: Seen, name: str) -> Iterator[None]:
    """Note what happens meanwhile as a phase of the run."""
    begin = time.monotonic()
    start = round(time.time() - seen.begun, 3)
    entry: Dict[str, Any] = {"phase": name, "from": start, "seconds": 0.0, "failed": True, "steps": []}
    seen.timeline.append(entry)
    try:
        yield
        entry["failed"] = False
    finally:
        entry["seconds"] = round(time.monotonic() - begin, 3)


LOOK, ARCHIVE = "Look at the database on a replica", "Bring the log up to then into the archive"
RESTORE, RECOVER, COMPARE, GO_ON = "Restore the backup", "Recover", "Compare", "Go on"
READ, PAGES = "Read everything", "Compare every page with its checksum"


def look_at_database(options: Mapping[str, Any], seen: Seen, at_least: Optional[int]) -> str:
    """Look at the database, and see to it that the backup can be restored up to then; return the position.

    Where that is not possible, it is noted, and there is no position.

    :param at_least: the position at which the last segment of the archive begins. Nothing that is archived is left out.
    """
    try:
        with phase(seen, LOOK):
            original, server = look(options["databases"], options["compare"], options["jobs"])
            position = str(original["state"]["databases"][seen.database]["as_of"]["lsn"])
            if at_least is not None and parse_lsn(position) < at_least:
                raise BackupError(
                    f"{server} is at {position}, behind the archive, whose end is at {show_lsn(at_least)}"
                )
        with phase(seen, ARCHIVE):
            run(["pgbackrest", f"--stanza={options['stanza']}", "check"])
    except BackupError as error:
        seen.not_compared = str(error)
        print(f"the backup will not be compared: {error}", flush=True)
        return ""
    seen.original, seen.server = original, server
    return position


def recover(
    scratch: Scratch, options: Mapping[str, Any], seen: Seen, position: str, at_least: Optional[int]
) -> Outcome:
    """Recover what was restored, and compare it at the position where there is one; return what its log says."""
    if not position:
        with phase(seen, RECOVER):
            return scratch.recover(at_least)
    with phase(seen, RECOVER):
        scratch.recover_and_pause()
    with phase(seen, COMPARE):
        seen.copy = compare(scratch.directory, PORT, seen.original or {}, seen.database, options["jobs"])
    with phase(seen, GO_ON):
        return scratch.go_on(position)


def verify(scratch: Scratch, options: Mapping[str, Any], seen: Seen, stack: ExitStack) -> Dict[str, float]:
    """Restore the newest backup, compare it and read everything; return the figures.

    :param stack: what is to be removed in the end.
    """
    scratch.prepare()
    stack.callback(scratch.remove)
    backup, at_least = newest_backup(options["stanza"])
    seen.backup = {"label": backup.label, "repository": backup.repository, "completed": show_time(backup.stop)}
    position = look_at_database(options, seen, at_least) if seen.wanted else ""
    with phase(seen, RESTORE):
        scratch.restore(backup, position)
    outcome = recover(scratch, options, seen, position, at_least)
    last = outcome.last_transaction
    seen.recovered_to = ", ".join(filter(None, (position, last))) or "the end of the backup"
    with phase(seen, READ):
        tables, rows = scratch.check()
    with phase(seen, PAGES):
        scratch.check_pages()
    seen.read = {"tables": tables, "rows": rows}
    seen.failure = ""
    figures: Dict[str, float] = {
        "verified_timestamp_seconds": time.time(),
        "verified_backup_timestamp_seconds": backup.stop,
        "verified_repository": backup.repository,
        "verified_tables": tables,
        "verified_rows": rows,
    }
    moment = parse_server_time(last)
    return figures if moment is None else {**figures, "verified_last_transaction_timestamp_seconds": moment}


def durations(seen: Seen) -> Dict[str, float]:
    """Return how long the parts of a run took."""
    found = {
        "restore_seconds": seen.seconds(RESTORE),
        "recovery_seconds": seen.seconds(RECOVER) + seen.seconds(GO_ON),
        "check_seconds": seen.seconds(READ) + seen.seconds(PAGES),
    }
    compared = {"look_seconds": seen.seconds(LOOK), "compare_seconds": seen.seconds(COMPARE)} if seen.copy else {}
    return {**found, **compared}


def comparison(seen: Seen) -> Dict[str, float]:
    """Return the figures of a comparison, if there was one."""
    if seen.copy is None:
        return {}
    found: Dict[str, float] = {"findings": len(seen.findings), "not_checked": len(seen.not_checked)}
    found.update(compared_tables=seen.tables, compared_rows=seen.rows)
    return {**found, "compared_timestamp_seconds": time.time()} if seen.compared else found


def words(seen: Seen) -> str:
    """Return what a run found that is good."""
    took = durations(seen)
    backup, read = seen.backup or {}, seen.read or {}
    same = ""
    if seen.copy:
        lsn = (seen.moment or {}).get("lsn")
        same = f"; the same as {seen.database} on {seen.server} as of {lsn}: {seen.tables} tables, {seen.rows} rows"
    return (
        f"backup {backup['label']} of repository {backup['repository']}: restored in {took['restore_seconds']:.0f} s,"
        f" recovered in {took['recovery_seconds']:.0f} s up to {seen.recovered_to}, checked in"
        f" {took['check_seconds']:.0f} s: {read['tables']} tables, {read['rows']} rows, nothing damaged{same}"
    )


def write_report(options: Mapping[str, Any], seen: Seen) -> None:
    """Write the report of a run, and say where it is.

    :raises BackupError: it cannot be written, and nothing else was wrong, which would be more important.
    """
    record = seen.record()
    shown = page(record)
    files = {
        "report.json": json.dumps(record, indent=2, sort_keys=True) + "\n",
        "report.md": markdown(shown),
        "report.html": html(shown),
    }
    reports = options["reports"]
    name = name_at(datetime.fromtimestamp(seen.begun, timezone.utc))
    try:
        folder = keep(reports["directory"], name, files, reports["keep"])
    except BackupError as error:
        if not seen.problem():
            raise
        print(error, flush=True)
    else:
        print(f"the report is in {folder}", flush=True)


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


def run_job(scratch: Scratch, options: Mapping[str, Any]) -> None:
    """Restore the newest backup, compare it, read everything, and leave nothing behind but a report.

    :raises BackupError: the backup does not count as good.
    """
    wanted = bool(options["databases"]["members"])
    seen = Seen(time.time(), options["compare"]["database"], wanted)
    if not wanted:
        seen.not_compared = "this host knows of no database to compare with"
    figures: Dict[str, float] = {}
    # What was restored is removed after the report, as that may take longer than there is time.
    with ExitStack() as stack:
        try:
            figures = verify(scratch, options, seen, stack)
        except BackupError as error:
            seen.failure = str(error)
            raise
        finally:
            write_report(options, seen)
    report(**comparison(seen))
    if not seen.verified:
        raise BackupError(seen.problem())
    report(**figures, **durations(seen))
    print(words(seen), flush=True)


def hold(scratch: Scratch, stanza: str, position: str) -> None:
    """Restore the newest backup, recover up to a position, and leave the server there for others to read."""
    backup, _at_least = newest_backup(stanza)
    scratch.prepare()
    try:
        scratch.restore(backup, position)
        scratch.recover_and_pause(stays=True)
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
            run_job(scratch, options)
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
