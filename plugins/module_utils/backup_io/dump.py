# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The program backup-dump: dumps of all databases, read from a replica.

This file is also read on the hosts: standard library only.
"""

# A program of hosts, no module: it prints, starts others and ends by itself.
# pylint: disable=ansible-bad-function
from __future__ import annotations

import argparse
import os
import sys
import time
from typing import Any, Dict, List, Mapping, Optional, Tuple
from urllib.parse import quote

from ..backup import manifest
from ..backup.retention import Policy
from ..backup.source import Member, Source, sources
from ..patroni_io.rest import Endpoint, RestError, call
from .command import BackupError, run
from .copies import Copies, check
from .reported import report
from .storage import Storage, configuration

FOLDER = "dumps"
#: Seconds that a dump waits for a lock that somebody holds on a table.
LOCK_WAIT = 300
#: Where the server stands, and what it is. Fields are divided by tabs.
ABOUT = """
SELECT current_setting('server_version'), s.system_identifier, c.timeline_id, pg_is_in_recovery(),
       CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END
  FROM pg_control_system() AS s, pg_control_checkpoint() AS c
"""
DATABASES = "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname"


def ask_cluster(members: List[Member], ca: str) -> Tuple[Source, ...]:
    """Return the servers to read from, as the first member says that answers.

    :raises BackupError: none answers, or none serves.
    """
    silent = []
    for member in members:
        try:
            status, answer = call(Endpoint(member.host, member.rest_port, ca), "GET", "/cluster")
        except RestError as error:
            silent.append(str(error))
            continue
        if status == 200 and isinstance(answer, dict):
            found = sources(answer, members)
            if found:
                return found
        silent.append(f"{member.name} knows of no member that serves: {answer}")
    raise BackupError("no database server can be read from:\n" + "\n".join(silent))


class Server:
    """The programs of PostgreSQL, with a server to talk to."""

    def __init__(self, source: Source, login: Mapping[str, str]) -> None:
        self._environment = {
            **os.environ,
            "PGHOST": source.member.host,
            "PGPORT": str(source.member.port),
            "PGUSER": login["user"],
            "PGPASSFILE": login["passfile"],
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": login["ca"],
            "PGCONNECT_TIMEOUT": "10",
            "PGAPPNAME": "backup-dump",
        }

    def run(self, *command: str, database: str = "postgres") -> str:
        """Run a program in a database and return what it printed."""
        return run(command, {**self._environment, "PGDATABASE": database})

    def rows(self, statement: str) -> List[List[str]]:
        """Return the rows of a query."""
        printed = self.run(
            "psql",
            "--no-psqlrc",
            "--no-password",
            "--tuples-only",
            "--no-align",
            "--field-separator=\t",
            "-c",
            statement,
        )
        return [line.split("\t") for line in printed.splitlines()]


def dump_from(server: Server, directory: str, options: Mapping[str, Any]) -> Dict[str, Any]:
    """Dump everything into a folder; return what is to know of the server and of its databases."""
    version, system, timeline, in_recovery, lsn = server.rows(ABOUT)[0]
    names = [name for (name,) in server.rows(DATABASES)]
    server.run(
        "pg_dumpall", "--no-password", "--globals-only", "--no-role-passwords", f"--file={directory}/globals.sql"
    )
    os.mkdir(os.path.join(directory, "databases"), 0o700)
    folders = {name: os.path.join("databases", quote(name, safe="")) for name in names}
    for name, folder in folders.items():
        begin, path = time.monotonic(), os.path.join(directory, folder)
        server.run(
            "pg_dump",
            "--no-password",
            "--format=directory",
            f"--jobs={options['jobs']}",
            f"--compress={options['compress_level']}",
            f"--lock-wait-timeout={LOCK_WAIT}s",
            f"--file={path}",
            database=name,
        )
        # Reads every file of the dump, which is what a restore would do.
        run(["pg_restore", "--file=/dev/null", path])
        print(f"{name}: dumped and read again in {time.monotonic() - begin:.0f} s", flush=True)
    about = {
        "version": version,
        "system_identifier": system,
        "timeline": int(timeline),
        "in_recovery": in_recovery == "t",
    }
    return {"server": {**about, "lsn": lsn}, "databases": folders}


def dump(copies: Copies, settings: Mapping[str, Any]) -> Tuple[manifest.Manifest, Source]:
    """Make a dump from the best server from which one can be made; return its manifest and the server.

    :raises BackupError: no server gave one.
    """
    databases = settings["databases"]
    members = [Member(**entry) for entry in databases["members"]]
    failed = []
    for source in ask_cluster(members, databases["ca"]):
        name = copies.begin()
        print(
            f"{name}: from {source.member.name}{', which leads: no replica gave one' if source.leader else ''}",
            flush=True,
        )
        try:
            about = dump_from(Server(source, databases), copies.partial(name), settings["dump"])
        except BackupError as error:
            copies.discard(name)
            failed.append(f"{source.member.name}: {error}")
            print(failed[-1], flush=True)
            continue
        about["server"]["member"] = source.member.name
        return copies.complete(name, about), source
    raise BackupError("no server gave a complete dump:\n" + "\n".join(failed))


def run_job(copies: Copies, settings: Mapping[str, Any]) -> None:
    """Make a dump, bring it to the storage, and remove those that have served their time."""
    options = settings["dump"]
    made, source = dump(copies, settings)
    report(bytes=made.size, from_leader=source.leader, databases=len(made.about["databases"]))
    # What is not in the storage yet stays here.
    sent = copies.send()
    removed = copies.remove_here(Policy(options["keep_days"]))
    report(copies=len(copies.here()[0]))
    removed_there = copies.remove_there(Policy(options["keep_days_stored"], options["keep_months_stored"]))
    report(copies_stored=len(copies.there()[0]))
    for what, names in (("sent", sent), ("removed here", removed), ("removed there", removed_there)):
        for name in names:
            print(f"{name}: {what}", flush=True)


def show(copies: Copies) -> None:
    """Print the copies."""
    here, there = copies.here()[0], copies.there()[0]
    for name in sorted({*here, *there}):
        places = [place for place, names in (("here", here), ("stored", there)) if name in names]
        print(f"{name}  {', '.join(places)}")


def parse_arguments(arguments: List[str]) -> argparse.Namespace:
    """Read the command line; end the program where it is wrong."""
    parser = argparse.ArgumentParser(prog="backup-dump", description="Dumps of all databases.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("run", help="make a dump, send it, and remove those that have served their time")
    commands.add_parser("list", help="print the dumps of this host and of the storage")
    one = commands.add_parser("check", help="read a dump and compare it with its manifest")
    one.add_argument("directory")
    two = commands.add_parser("fetch", help="bring a dump from the storage into a new folder, and check it")
    two.add_argument("name")
    two.add_argument("directory")
    return parser.parse_args(arguments)


def main(arguments: Optional[List[str]] = None) -> int:
    """Do what the command line says; return the exit status."""
    options = parse_arguments(sys.argv[1:] if arguments is None else arguments)
    os.umask(0o077)
    try:
        if options.command == "check":
            print(f"{options.directory}: as its manifest says, {check(options.directory).size} bytes")
            return 0
        settings = configuration()
        storage = Storage(settings["s3"]) if settings["s3"] else None
        copies = Copies(settings["dump"]["directory"], storage, FOLDER)
        if options.command == "run":
            run_job(copies, settings)
        elif options.command == "list":
            show(copies)
        else:
            size = copies.fetch(options.name, options.directory).size
            print(f"{options.directory}: as its manifest says, {size} bytes")
    except BackupError as error:
        print(error, file=sys.stderr)
        return 1
    return 0
