# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks for damage in a server, and for differences between two of them, with several connections at once.

Reads only. What is looked at and what it means is in :mod:`..postgres_integrity`.

This file is also read on the backup host: standard library only, and psycopg2.
"""

from __future__ import annotations

import queue
import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ..observe.findings import NotChecked, grouped
from ..postgres_integrity import plan, rows
from ..postgres_integrity.compare import as_of, compare, not_compared
from ..postgres_integrity.findings import Finding, judge
from ..postgres_integrity.moment import Moment, same
from . import sql

SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
CONNECT_SECONDS = 10
#: In so many tables rows that differ are looked for.
TABLES_LOCATED = 5
#: PostgreSQL's code for a statement that took too long.
TOOK_TOO_LONG = "57014"


@dataclass(frozen=True)
class Options:
    """What is looked at, and for how long.

    ``databases``: all that can be connected to if there is none. ``workers``: connections that work at once on each
    server. ``job_timeout``: seconds that one statement may take. ``settle``: seconds to wait for a moment at which
    nothing is being written. ``snapshot_seconds``: how long contents are read through one snapshot; what is not read by
    then is told as not checked. 0 is without end.
    """

    databases: Tuple[str, ...] = ()
    checks: Tuple[str, ...] = plan.CHECKS
    workers: int = 2
    job_timeout: float = 3600
    settle: float = 10
    snapshot_seconds: float = 0


class Done(NamedTuple):
    """A job, and its rows or PostgreSQL's code and words."""

    job: plan.Job
    rows: List[Any]
    sqlstate: str = ""
    message: str = ""


def rows_of(connection: Any, statement: str, arguments: Sequence[Any] = ()) -> List[Any]:
    """Run a statement and return its rows, none for a command."""
    with connection.cursor() as cursor:
        cursor.execute(statement, arguments or None)
        return cursor.fetchall() if cursor.description else []


class Workers:
    """Connections that take jobs from one queue until it is empty."""

    def __init__(
        self, open_session: Callable[[], Any], jobs: Sequence[plan.Job], count: int, seconds: float = 0
    ) -> None:
        self.open_session = open_session
        self.seconds = seconds
        self.deadline = time.monotonic() + seconds if seconds else float("inf")
        self.waiting: queue.SimpleQueue[plan.Job] = queue.SimpleQueue()
        self.done: List[Done] = []
        self.count = len(jobs)
        for job in jobs:
            self.waiting.put(job)
        self.threads = [threading.Thread(target=self._work) for dummy in range(min(count, len(jobs)))]

    def run(self) -> List[Done]:
        """Do all jobs; a job that fails does not keep the others from being done."""
        for thread in self.threads:
            thread.start()
        for thread in self.threads:
            thread.join()
        if len(self.done) < self.count:
            raise RuntimeError(f"{self.count - len(self.done)} of {self.count} jobs were not done")
        return self.done

    def _work(self) -> None:
        session = None
        while True:
            try:
                job = self.waiting.get_nowait()
            except queue.Empty:
                break
            if time.monotonic() > self.deadline:
                self.done.append(Done(job, [], TOOK_TOO_LONG, f"the snapshot was given back after {self.seconds:g} s"))
                continue
            try:
                session = session if session and not session.closed else self.open_session()
                self.done.append(Done(job, self._do(session, job)))
            except sql.ERRORS as error:
                message = str(error) or type(error).__name__
                self.done.append(Done(job, [], getattr(error, "pgcode", None) or "", message))
        if session:
            session.close()

    @staticmethod
    def _do(session: Any, job: plan.Job) -> List[Any]:
        rows_of(session, "SAVEPOINT job")
        try:
            return rows_of(session, job.statement, job.arguments)
        finally:
            if not session.closed:
                rows_of(session, "ROLLBACK TO SAVEPOINT job")


class Database:
    """A database of a server, seen through one snapshot."""

    def __init__(self, name: str, server: sql.Server, database: str, options: Options) -> None:
        self.where = f"{name}/{database}"
        self.server, self.database, self.options = server, database, options
        self.main = self._connect()
        self.moment = Moment("", 0, "", "0:0:", False)
        self.quiet = False
        self.files: Dict[str, Any] = {}
        self.tables: List[plan.Table] = []
        self.sequences: Optional[Dict[str, Any]] = None
        self.extensions: Optional[Dict[str, str]] = None
        self.found: List[Finding] = []
        self.left: List[NotChecked] = []
        self.rows, self.seconds = 0, 0.0

    def _connect(self) -> Any:
        settings = {**plan.SETTINGS, "statement_timeout": f"{self.options.job_timeout:.0f}s"}
        return sql.connect(self.server, self.database, CONNECT_SECONDS, "postgres_integrity", settings)

    def look(self) -> Moment:
        """Take a new snapshot and return its moment; note whether nothing was logged while it was taken."""
        rows_of(self.main, "ROLLBACK")
        before = rows_of(self.main, plan.POSITION)[0][0]
        rows_of(self.main, SNAPSHOT)
        snapshot, lsn, identifier, timeline, in_recovery = rows_of(self.main, plan.MOMENT)[0]
        self.moment = Moment(identifier, timeline, lsn, snapshot, in_recovery)
        self.quiet = before == lsn
        return self.moment

    def look_at_sequences(self) -> None:
        """Read the sequences, which know no snapshots."""
        if "sequences" in self.options.checks:
            found = rows_of(self.main, plan.SEQUENCES)
            self.sequences = {name: {"last": last, "increment": increment} for name, last, increment in found}

    def look_at_structure(self) -> None:
        """Look at what needs no snapshot, so that none is held for long."""
        checks = self.options.checks
        self.tables = [plan.Table(*row) for row in rows_of(self.main, plan.TABLES)]
        indexes = [plan.Index(*row) for row in rows_of(self.main, plan.INDEXES)]
        extensions = {name: (version, schema) for name, version, schema in rows_of(self.main, plan.EXTENSIONS)}
        self.files = {table.file: (table.name, False) for table in self.tables}
        self.files.update({index.file: (index.name, True) for index in indexes})
        if "catalog" in checks:
            self._look_at_catalog(indexes)
            self.extensions = {name: entry[0] for name, entry in extensions.items()}
        self._run_amcheck(indexes, extensions)

    def look_at_contents(self) -> Dict[str, Any]:
        """Read all tables through the snapshot, which stays, and return the state of the database.

        A damaged table is not read: that has been found, and reading it may end the server.
        """
        tables = [plan.Table(*row) for row in rows_of(self.main, plan.TABLES)]
        damaged = {finding.object for finding in self.found}
        readable = [table for table in tables if table.name not in damaged]
        contents = {table.name: {"rows": None, "fingerprint": None} for table in tables if table.compared}
        if "fingerprints" in self.options.checks:
            contents.update(self._read(readable))
        return {
            "as_of": self.moment.record(),
            "tables": contents,
            "sequences": self.sequences,
            "extensions": self.extensions,
        }

    def _read(self, tables: List[plan.Table]) -> Dict[str, Any]:
        jobs = plan.fingerprint_jobs(tables)
        snapshot = rows_of(self.main, "SELECT pg_export_snapshot()")[0][0]

        def open_session() -> Any:
            session = self._connect()
            rows_of(session, SNAPSHOT)
            rows_of(session, "SET TRANSACTION SNAPSHOT %s", (snapshot,))
            return session

        started = time.monotonic()
        done = Workers(open_session, jobs, self.options.workers, self.options.snapshot_seconds).run()
        self.seconds = time.monotonic() - started
        self._judge(done)
        contents = {}
        for name in {job.name for job in jobs}:
            parts = [entry for entry in done if entry.job.name == name]
            if all(entry.rows for entry in parts):
                contents[name] = plan.combine([entry.rows[0] for entry in parts])
                self.rows += contents[name]["rows"]
        return contents

    def _look_at_catalog(self, indexes: List[plan.Index]) -> None:
        for index in indexes:
            if not index.valid and not index.building:
                detail = "its making failed: no query uses it, and writes may still keep it up"
                self.found.append(Finding("invalid_index", index.name, self.where, detail))
        collation = rows_of(self.main, plan.COLLATION) if self.main.server_version >= 150000 else []
        for name, recorded, actual in collation:
            detail = f"indexes were made with version {recorded}, the host has {actual}"
            self.found.append(Finding("collation_changed", name, self.where, detail))

    def _run_amcheck(self, indexes: List[plan.Index], extensions: Dict[str, Any]) -> None:
        wanted = [check for check in ("heaps", "indexes") if check in self.options.checks]
        if "amcheck" not in extensions:
            reason = "the extension amcheck is not there: CREATE EXTENSION amcheck in this database of the leader"
            self.left += [NotChecked(check, "all", self.where, reason) for check in wanted]
            return
        schema = extensions["amcheck"][1]
        if "heaps" in wanted:
            self._run_on_heaps(plan.heap_jobs(self.tables, schema))
        if "indexes" in wanted:
            names = {finding.object for finding in self.found}
            damaged = {table.oid for table in self.tables if table.name in names}
            self._judge(self._run_jobs(plan.index_jobs(indexes, schema, damaged)))

    def _run_on_heaps(self, jobs: List[plan.Job]) -> None:
        done = self._run_jobs(jobs)
        self._judge(done)
        for entry in done:
            if entry.rows:
                self.found.append(Finding("damaged_table", entry.job.name, self.where, plan.damages(entry.rows)))

    def _run_jobs(self, jobs: List[plan.Job]) -> List[Done]:
        def open_session() -> Any:
            session = self._connect()
            rows_of(session, "BEGIN READ ONLY")
            return session

        return Workers(open_session, jobs, self.options.workers).run()

    def _judge(self, done: List[Done]) -> None:
        for entry in done:
            if entry.message:
                job = entry.job
                result = judge(job.check, job.name, self.where, entry.sqlstate, entry.message, self.files)
                if isinstance(result, Finding):
                    self.found.append(result)
                else:
                    self.left.append(result)


class Side:
    """A server with what is found on it."""

    def __init__(self, name: str, server: sql.Server, options: Options) -> None:
        self.name, self.server, self.options = name, server, options
        self.found: List[Finding] = []
        self.left: List[NotChecked] = []
        self.figures: List[Dict[str, Any]] = []
        self.databases: Dict[str, Any] = {}

    def names(self) -> List[str]:
        """Return the databases to look at, as far as they are there."""
        connection = sql.connect(self.server, "postgres", CONNECT_SECONDS, "postgres_integrity")
        try:
            there = [row[0] for row in rows_of(connection, plan.DATABASES)]
        finally:
            connection.close()
        return [name for name in there if name in self.options.databases or not self.options.databases]

    def open(self, database: str) -> Database:
        """Connect to a database."""
        return Database(self.name, self.server, database, self.options)

    def look_at_contents(self, view: Database) -> None:
        """Make the last checks of a database, and keep what all of them brought."""
        self.databases[view.database] = view.look_at_contents()
        self.found += view.found
        self.left += view.left
        self.figures.append({"where": view.where, "rows": view.rows, "seconds": round(view.seconds, 3)})

    def look_at_checksums(self) -> None:
        """Read the counters at the end, when everything else has been read."""
        if "checksums" not in self.options.checks:
            return
        connection = sql.connect(self.server, "postgres", CONNECT_SECONDS, "postgres_integrity")
        try:
            if rows_of(connection, "SHOW data_checksums")[0][0] != "on":
                self.found.append(Finding("checksums_off", "data_checksums", self.name, "its pages have no checksums"))
            for database, count, last in rows_of(connection, plan.FAILURES):
                detail = f"{count} pages were read with a wrong checksum, the last at {last}"
                self.found.append(Finding("checksum_failures", database, self.name, detail))
        finally:
            connection.close()

    def state(self) -> Dict[str, Any]:
        """Return what was seen, for a comparison."""
        return {"name": self.name, "databases": self.databases}


def settle(original: Database, copy: Database, seconds: float) -> None:
    """Take snapshots on both servers, of the same moment if there is one within some seconds.

    The original is looked at first; then the copy, again and again until it has come as far or further.
    """
    deadline = time.monotonic() + seconds
    while True:
        original.look_at_sequences()
        first = original.look()
        while True:
            second = copy.look()
            late = time.monotonic() > deadline
            exact = same(first, second)[0]
            apart = first.system_identifier != second.system_identifier
            if exact or apart or late:
                copy.look_at_sequences()
                return
            if not first.still or second.horizon > first.horizon:
                break
            time.sleep(0.002)


def inspect_pair(original: Side, copy: Side) -> None:
    """Look at all databases of two servers, at both servers at once."""
    ours, theirs = original.names(), copy.names()
    for name in sorted({*ours, *theirs}):
        sides = [side for side, names in ((original, ours), (copy, theirs)) if name in names]
        views = [side.open(name) for side in sides]
        at_once([view.look_at_structure for view in views])
        if len(views) == 2:
            settle(views[0], views[1], original.options.settle)
        else:
            settle_alone(views[0], 0)
        at_once([partial(side.look_at_contents, view) for side, view in zip(sides, views)])
        if len(views) == 2:
            locate(views[0], views[1], original.databases[name]["tables"], copy.databases[name]["tables"])
        for view in views:
            view.main.close()


def locate(original: Database, copy: Database, ours: Dict[str, Any], theirs: Dict[str, Any]) -> None:
    """Find the rows that differ in the first tables that do, and note them in the copy's."""
    keys = {table.name: table.key for table in original.tables if table.key}
    differing = [name for name in sorted(keys) if name in ours and name in theirs and ours[name] != theirs[name]]
    readable = [name for name in differing if ours[name]["fingerprint"] and theirs[name]["fingerprint"]]
    for name in readable[:TABLES_LOCATED]:
        try:
            theirs[name]["differ"] = rows_that_differ(original, copy, name, keys[name], ours[name]["rows"])
        except sql.ERRORS as error:
            theirs[name]["differ"] = f"its rows were not compared one by one: {' '.join(str(error).split())}"
            return


def rows_that_differ(original: Database, copy: Database, name: str, key: str, count: int) -> str:
    """Return which rows of a table differ, in words.

    :param count: how many rows there are, about.
    """
    buckets = rows.buckets_for(count)
    statement = rows.buckets_statement(name, key, buckets)
    found = rows.differing(rows_of(original.main, statement), rows_of(copy.main, statement))
    shown = found[: rows.BUCKETS_SHOWN]
    statement = rows.rows_statement(name, key, buckets)
    ours, theirs = (rows_of(view.main, statement, (shown,)) for view in (original, copy))
    return rows.describe(ours, theirs, (original.where, copy.where), shown == found)


def at_once(tasks: Sequence[Callable[[], object]]) -> None:
    """Run tasks at once, and raise the first error of any."""
    errors: List[Exception] = []

    def run(task: Callable[[], object]) -> None:
        try:
            task()
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(task,)) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def settle_alone(view: Database, seconds: float) -> None:
    """Take a snapshot while no transaction is under way, if there is such a moment within some seconds.

    Nothing is logged meanwhile either, so that a copy that is recovered up to the position shows the same.
    """
    deadline = time.monotonic() + seconds
    while True:
        view.look_at_sequences()
        if (view.look().still and view.quiet) or time.monotonic() > deadline:
            return
        time.sleep(0.002)


def inspect_one(side: Side) -> None:
    """Look at all databases of a server."""
    for name in side.names():
        view = side.open(name)
        view.look_at_structure()
        settle_alone(view, side.options.settle)
        side.look_at_contents(view)
        view.main.close()


def restricted(baseline: Optional[Dict[str, Any]], databases: Sequence[str]) -> Optional[Dict[str, Any]]:
    """Return an earlier state with the databases that are looked at now."""
    if not baseline or not databases or not isinstance(baseline.get("databases"), dict):
        return baseline
    kept = {name: entry for name, entry in baseline["databases"].items() if name in databases}
    return {**baseline, "databases": kept}


def inspect(side: Side, copy: Optional[Side] = None, baseline: Optional[Dict[str, Any]] = None) -> Dict[str, Any]:
    """Make all checks, compare, and return what was seen.

    :param copy: a second server, with the same options, that is compared with the first.
    :param baseline: the state of an earlier run on another server; the first one is the copy that is compared with it.
    :raises StateError: the earlier state has another form.
    """
    if copy:
        inspect_pair(side, copy)
    else:
        inspect_one(side)
    sides = [entry for entry in (side, copy) if entry]
    for entry in sides:
        entry.look_at_checksums()
    state = side.state()
    findings = {finding for entry in sides for finding in entry.found}
    original, other = (state, copy.state()) if copy else (restricted(baseline, side.options.databases), state)
    result: Dict[str, Any] = {"state": state, "figures": [figure for entry in sides for figure in entry.figures]}
    left = [entry for one in sides for entry in one.left]
    if original:
        findings.update(compare(original, other))
        left += not_compared(original, other) if "fingerprints" in side.options.checks else []
        result["as_of"] = as_of(original, other)
    left = grouped(left)
    ordered = sorted(findings, key=lambda finding: (finding.where, finding.object, finding.kind, finding.detail))
    return {
        **result,
        "healthy": not ordered and not left,
        "findings": [finding.record() for finding in ordered],
        "not_checked": [entry.record() for entry in left],
    }
