#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keep aside what a server committed that the one which leads now does not have."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgres_divergence
short_description: Keep aside what a server committed that the one which leads now does not have
version_added: 0.1.0
description:
  - Compares the history of a server that was stopped with that of the server that leads now. Where its log goes on
    beyond the point at which the ways part, it lists the transactions that were committed there, with their moments.
  - Fails where the log from that point on is not there any more, as nobody can tell then what is in it.
  - Then it starts the server alone, read-only, on a private socket, without archiving and without a network, and writes
    every row that those transactions left into a file for each table; copies the segments of the log from there on; and
    stops the server again.
  - Rows that were deleted there are counted; what they were is in the leader, and in the log that is kept.
  - After that the server may be rewound without losing anything that somebody may want back.
  - Run it as the user of PostgreSQL. Can be run again at any time; what was kept once is not written again.
author:
  - FreeAgentics (@freeagentics)
attributes:
  check_mode:
    support: partial
    description: Whether it tells what would be done.
    details: Lists the transactions, and writes no row.
  diff_mode:
    support: none
    description: Rows are not shown.
options:
  directory:
    description: The data directory of the server, which is stopped.
    type: path
    required: true
  bin_directory:
    description: Where PostgreSQL's programs are.
    type: path
    required: true
  leader_timeline:
    description: The timeline of the server that leads now.
    type: int
    required: true
  leader_history:
    description: The history file of that timeline; empty for the first one.
    type: str
    default: ""
  destination:
    description: The folder in which a folder is made for what is kept, with mode 0700.
    type: path
    required: true
  timeout:
    description: Seconds that the server may take to start.
    type: int
    default: 600
"""

EXAMPLES = r"""
- name: Keep aside what only this server has
  freeagentics.platform.postgres_divergence:
    directory: /var/lib/postgresql/15/main
    bin_directory: /usr/lib/postgresql/15/bin
    leader_timeline: 5
    leader_history: "{{ seen.history }}"
    destination: /var/lib/postgresql/kept
  become: true
  become_user: postgres
"""

RETURN = r"""
transactions:
  description: How many transactions were committed that the leader does not have.
  returned: always
  type: int
first:
  description: When the first of them was committed; empty if there is none.
  returned: always
  type: str
  sample: 2026-11-26 23:11:05.183402 UTC
last:
  description: When the last of them was committed.
  returned: always
  type: str
rows:
  description: How many rows they left, by database and table.
  returned: always
  type: dict
  sample: {app.public.records: 12}
deleted:
  description: How many rows they deleted, in tables and catalogs.
  returned: always
  type: int
position:
  description: Where the ways part; empty where they do not.
  returned: always
  type: str
  sample: 0/5F3A1C8
path:
  description: The folder with all of it; empty where nothing was kept.
  returned: always
  type: str
"""

import json
import os
import re
import shutil
import tempfile
from functools import partial
from typing import Any, Dict, Iterator, List, Mapping, Tuple

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.divergence import (
    Found,
    Stretch,
    beyond,
    is_end,
    read,
    segments_of,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.failover.seen import parse_control
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_io import sql
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_io.waldump import ENVIRONMENT, read_log
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.lsn import show_lsn
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.timeline import (
    History,
    parse_history,
)

#: What is written at the end, so that a folder without it is known to be of a run that died.
SUMMARY = "summary.json"
#: The port of the private socket, in a folder that nobody else may enter.
PORT = 5499
#: Settings that a server which follows must not have less of than its primary had, as pg_controldata names them.
#: https://www.postgresql.org/docs/15/hot-standby.html#HOT-STANDBY-ADMIN
AT_LEAST = {
    "max_connections": "max_connections setting",
    "max_worker_processes": "max_worker_processes setting",
    "max_wal_senders": "max_wal_senders setting",
    "max_prepared_transactions": "max_prepared_xacts setting",
    "max_locks_per_transaction": "max_locks_per_xact setting",
}
TABLES = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
  AND n.nspname !~ '^pg_toast' ORDER BY 1, 2
"""
ROWS = "SELECT * FROM ONLY {table} WHERE xmin::text::bigint = ANY (%s::bigint[])"


class Failed(Exception):
    """It cannot be kept; the text says why."""


class Server:
    """A server that is stopped, and is started alone."""

    def __init__(self, module: AnsibleModule) -> None:
        self._module, self._params = module, module.params
        self._directory = module.params["directory"]
        self._log = os.path.join(self._directory, "pg_wal")

    def _run(self, program: str, *words: str) -> Tuple[int, str, str]:
        path = os.path.join(self._params["bin_directory"], program)
        code, out, err = self._module.run_command([path, *words], environ_update=ENVIRONMENT)
        return code, str(out), str(err or out).strip().rstrip(".")

    def _said(self, program: str, *words: str) -> str:
        code, out, error = self._run(program, *words)
        if code:
            raise Failed(f"{program} failed: {error}")
        return out

    def control(self) -> Tuple[int, int, Dict[str, str]]:
        """Return the timeline, the bytes of a segment, and the settings that a follower must not have less of."""
        text = self._said("pg_controldata", "-D", self._directory)
        least = {}
        for name, label in AT_LEAST.items():
            match = re.search(rf"^{label}:\s*(\d+)$", text, re.MULTILINE)
            if match:
                least[name] = match.group(1)
        control = parse_control(text)
        return int(control.get("timeline") or 1), int(control.get("segment") or 16 * 1024 * 1024), least

    def history(self, timeline: int) -> History:
        """Return the history of a timeline, by its file."""
        path = os.path.join(self._log, f"{timeline:08X}.history")
        try:
            with open(path, encoding="utf-8") as file:
                return parse_history(timeline, file.read())
        except FileNotFoundError:
            return History(timeline)

    def committed(self, stretches: Tuple[Stretch, ...], own: History, size: int) -> Found:
        """Return what was committed on stretches of the log.

        :param own: the server's history.
        :param size: bytes of a segment.
        :raises Failed: a part of it is not there.
        """
        found = Found()
        for stretch in stretches:
            if stretch.start == stretch.end:
                continue
            segments = segments_of(stretch, own, os.listdir(self._log), size)
            if not segments:
                # It ends before the ways part. pg_control does not say how far a log goes that was not shut down.
                continue
            with tempfile.TemporaryDirectory(prefix="divergence.") as folder:
                for name, file in segments.items():
                    os.symlink(os.path.join(self._log, file), os.path.join(folder, name))
                words = ["--path", folder, "--timeline", str(stretch.timeline), "--start", show_lsn(stretch.start)]
                if stretch.end is not None:
                    words += ["--end", show_lsn(stretch.end)]
                program = os.path.join(self._params["bin_directory"], "pg_waldump")
                found, code, error = read_log([program, *words], partial(read, found=found))
            # A timeline that was left has a log up to there.
            if code and (stretch.end is not None or not is_end(error, segments)):
                raise Failed(
                    f"what was committed from {show_lsn(stretch.start)} on cannot be seen: {error.rstrip('.')}"
                )
        return found

    def files(self, stretches: Tuple[Stretch, ...], own: History, size: int) -> List[str]:
        """Return the paths of the files that have the stretches."""
        names = os.listdir(self._log)
        found = {file for stretch in stretches for file in segments_of(stretch, own, names, size).values()}
        return [os.path.join(self._log, name) for name in sorted(found)]

    def start(self, folder: str, log: str, least: Dict[str, str]) -> None:
        """Start it alone: no network, no archive, no changes, and nobody to follow.

        :param folder: where its socket is.
        :param log: where it writes what it says.
        :raises Failed: it did not come up in time.
        """
        settings = {
            **least,
            "listen_addresses": "",
            "unix_socket_directories": folder,
            "port": str(PORT),
            "hot_standby": "on",
            "archive_mode": "off",
            "autovacuum": "off",
            "default_transaction_read_only": "on",
            "primary_conninfo": "",
            "primary_slot_name": "",
            "restore_command": "/bin/false",
            "synchronous_standby_names": "",
            "shared_preload_libraries": "",
            "logging_collector": "off",
        }
        words = " ".join(f"-c {name}='{value}'" for name, value in settings.items())
        limit = str(self._params["timeout"])
        code, _out, error = self._run(
            "pg_ctl", "start", "-w", "-t", limit, "-s", "-D", self._directory, "-l", log, "-o", words
        )
        if code:
            raise Failed(f"the server did not start alone: {error}. What it said is in {log}")

    def stop(self) -> None:
        """Stop it again.

        :raises Failed: it goes on.
        """
        self._run("pg_ctl", "stop", "-m", "fast", "-w", "-s", "-D", self._directory)
        if self._run("pg_ctl", "status", "-D", self._directory)[0] == 0:
            raise Failed("the server that was started alone does not stop")


def copied(folder: str, socket: str, transactions: List[int]) -> Dict[str, int]:
    """Write the rows that transactions left into files; return how many there are, by database and table."""
    found = {}
    for database in _databases(socket):
        connection = _connected(socket, database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(TABLES)
                for schema, table in cursor.fetchall():
                    rows = _copy(cursor, folder, (database, schema, table), transactions)
                    if rows:
                        found[f"{database}.{schema}.{table}"] = rows
        finally:
            connection.close()
    return found


def _connected(socket: str, database: str) -> Any:
    server = sql.Server(host=socket, port=PORT, user="postgres")
    return sql.connect(server, database, 10, "postgres_divergence")


def _databases(socket: str) -> Iterator[str]:
    connection = _connected(socket, "postgres")
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT datname FROM pg_database WHERE datallowconn AND datname <> 'template1' ORDER BY 1")
            yield from [name for (name,) in cursor.fetchall()]
    finally:
        connection.close()


def _copy(cursor: Any, folder: str, names: Tuple[str, str, str], transactions: List[int]) -> int:
    quoted = ".".join('"' + name.replace('"', '""') + '"' for name in names[1:])
    query = cursor.mogrify(ROWS.format(table=quoted.replace("%", "%%")), (transactions,)).decode()
    path = os.path.join(folder, ".".join(names).replace("/", "_") + ".csv")
    with open(path, "w", encoding="utf-8", newline="") as file:
        cursor.copy_expert(f"COPY ({query}) TO STDOUT WITH (FORMAT csv, HEADER)", file)
    rows = int(cursor.rowcount)
    if rows < 1:
        os.unlink(path)
    return max(rows, 0)


def keep(server: Server, folder: str, files: List[str], found: Found, least: Dict[str, str]) -> Dict[str, int]:
    """Write everything that is kept into a folder; return how many rows there are.

    :param files: the segments of the log.
    :raises Failed: the server did not start, or did not answer as it should, or nothing can be written.
    """
    socket = tempfile.mkdtemp(prefix="divergence.")
    try:
        os.makedirs(os.path.join(folder, "wal"), mode=0o700, exist_ok=True)
        for path in files:
            shutil.copy2(path, os.path.join(folder, "wal"))
        with open(os.path.join(folder, "commits.csv"), "w", encoding="utf-8") as file:
            file.write("transaction,committed\n")
            file.writelines(f"{one},{moment}\n" for one, moment in sorted(found.commits.items()))
        try:
            server.start(socket, os.path.join(folder, "server.log"), least)
            return copied(folder, socket, found.transactions)
        finally:
            # One that did not come up in time may still be on its way.
            server.stop()
    except OSError as error:
        raise Failed(f"it cannot be kept: {error}") from error
    except sql.ERRORS as error:
        raise Failed(f"the rows cannot be read: {str(error).strip()}") from error
    finally:
        shutil.rmtree(socket, ignore_errors=True)


def found_there(module: AnsibleModule, server: Server, result: Dict[str, Any]) -> None:
    """Compare, list and keep; complete the result.

    :raises Failed: what the server has cannot be seen or kept.
    :raises ValueError: it has the data of another cluster.
    """
    params = module.params
    timeline, size, least = server.control()
    own = server.history(timeline)
    stretches = beyond(own, parse_history(params["leader_timeline"], params["leader_history"]))
    found = server.committed(stretches, own, size)
    if not stretches or not found.commits:
        return
    where, moments = stretches[0], sorted(found.commits.values())
    result.update(transactions=len(found.commits), first=moments[0], last=moments[-1], changed=True)
    result.update(deleted=sum(found.deleted.values()), position=show_lsn(where.start))
    name = f"{where.timeline:08X}-{show_lsn(where.start).replace('/', '-')}"
    folder, kept = _folder(os.path.join(params["destination"], name), result)
    summary = os.path.join(folder, SUMMARY)
    if kept:
        result.update(kept, changed=False)
    elif not module.check_mode:
        result.update(path=folder, rows=keep(server, folder, server.files(stretches, own, size), found, least))
        with open(f"{summary}.new", "w", encoding="utf-8") as file:
            json.dump({key: value for key, value in result.items() if key != "changed"}, file, indent=2)
        os.replace(f"{summary}.new", summary)


def _folder(first: str, found: Mapping[str, Any]) -> Tuple[str, Dict[str, Any]]:
    """Return the folder for what was found, and the summary in it where that was kept already.

    A server that was let write again after it was kept has more by now, from the same point on: that is kept beside it.
    """
    number, folder = 1, first
    while True:
        summary = os.path.join(folder, SUMMARY)
        if not os.path.exists(summary):
            return folder, {}
        with open(summary, encoding="utf-8") as file:
            kept = json.load(file)
        if all(kept[key] == found[key] for key in ("transactions", "last")):
            return folder, kept
        number += 1
        folder = f"{first}-{number}"


def main() -> None:
    """Compare, list, keep."""
    module = AnsibleModule(
        argument_spec={
            "directory": {"type": "path", "required": True},
            "bin_directory": {"type": "path", "required": True},
            "leader_timeline": {"type": "int", "required": True},
            "leader_history": {"type": "str", "default": ""},
            "destination": {"type": "path", "required": True},
            "timeout": {"type": "int", "default": 600},
        },
        supports_check_mode=True,
    )
    params, server = module.params, Server(module)
    os.umask(0o077)
    result = {"changed": False, "transactions": 0, "first": "", "last": "", "rows": {}, "deleted": 0}
    result.update(position="", path="")
    if not os.path.exists(os.path.join(params["directory"], "PG_VERSION")):
        module.exit_json(**result)
    try:
        found_there(module, server, result)
    except (Failed, ValueError, OSError) as error:
        module.fail_json(msg=f"{error}. Nothing of the server was changed; let it not be rewound before it is clear")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
