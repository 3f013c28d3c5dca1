# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The database as it was, in a copy beside the running one, and a backup that an operator takes (R55, R56)."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import Callable, Iterator

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.drill import ledger as ledger_book
from ansible_collections.freeagentics.platform.plugins.module_utils.drill.ledger import Attempt
from tests.acceptance.data.cluster import ASIDE, DATABASE, Cluster
from tests.acceptance.data.figures import Figures
from tests.acceptance.data.hosts import Hosts
from tests.acceptance.data.writers import HostWriters
from tests.acceptance.ledger import Client, prove, writing
from tests.acceptance.ledger_host import TABLE
from tests.acceptance.matrix.declaration import Node
from tests.drills.load import Outside
from tests.drills.words import with_variables

REPOSITORY = Path(__file__).resolve().parents[2]
#: How the playbook says that its copy is asked.
COPY = re.compile(r"on (?P<host>[\w-]+): sudo -u postgres psql -h (?P<socket>\S+) -p (?P<port>\d+)")
#: Seconds between the last write that is wanted and the mistake.
PAUSE = 2.0


class Copy:
    """A server with the database as it was at a moment."""

    def __init__(self, hosts: Hosts, host: str, socket: str, port: str) -> None:
        self._hosts = hosts
        self._host = host
        self._where = ("-h", socket, "-p", port, "-d", DATABASE)
        self._folder = socket

    def records(self, table: str, prefix: str) -> list[tuple[str, str]]:
        """Return key and value of a ledger's records in a table."""
        sql = f"SELECT key, value FROM {table} WHERE starts_with(key, '{prefix}')"
        rows = [
            line.split("\t") for line in self._on("psql", "-XAtq", "-F", "\t", *self._where, "-c", sql).splitlines()
        ]
        return [(row[0], row[1]) for row in rows]

    def dump(self, table: str) -> str:
        """Return what makes a table anew."""
        return self._on("pg_dump", "--table", table, *self._where)

    def remove(self) -> None:
        """Stop the server, where it runs, and remove its files."""
        control = f"/usr/lib/postgresql/15/bin/pg_ctl -D {self._folder}/data"
        self._on("sh", "-c", f"! {control} status || {control} --mode=immediate stop; rm -rf {self._folder}")

    def _on(self, *command: str) -> str:
        return self._hosts.on(self._host, "runuser", "-u", "postgres", "--", *command)


@pytest.fixture
def copy_of(play: Callable[..., str], hosts: Hosts) -> Iterator[Callable[..., Copy]]:
    """Restore a copy of the database, as an operator does; it takes the place of the one before."""
    copies: list[Copy] = []

    def restore(*target: str) -> Copy:
        said = play("restore", *target, limit=600)
        found = COPY.search(said)
        assert found is not None, said
        copies.append(Copy(hosts, found["host"], found["socket"], found["port"]))
        return copies[-1]

    yield restore
    for copy in copies[-1:]:
        copy.remove()


def test_a_dropped_table_comes_back(
    copy_of: Callable[..., Copy],
    cluster: Cluster,
    hosts: Hosts,
    serving: Callable[[str], list[Node]],
    outside: Outside,
    prefix: str,
    figures: Figures,
) -> None:
    """The copy ends between two entries of the public ledger; the clients do not notice that it is made."""
    cluster.wait_until_whole()
    with HostWriters(hosts, serving("api")[0].name, "database", prefix) as local:
        time.sleep(PAUSE)
    with outside() as public:
        time.sleep(PAUSE)
        moment = time.time()
        time.sleep(PAUSE)
        cluster.ask(cluster.primary(), f"DROP TABLE {TABLE}")
        begun = time.time()
        text = as_typed(moment)
        copy = copy_of("target=time", f"target_time='{text}'")
        cluster.ask(cluster.primary(), copy.dump(TABLE))
        figures.add("a dropped table: until it is back", [time.time() - begun])
    assert prove(local.attempts, prefix, cluster.records(TABLE)) == {}
    assert ledger_book.failed(public()) == []
    assert prove(public(), prefix, cluster.records("records")) == {}
    assert_ends_at(moment, public(), copy.records("records", f"{prefix}-"))
    cluster.ask(cluster.primary(), f"DROP TABLE {TABLE}")


def as_typed(moment: float) -> str:
    """Return a moment as operators write it."""
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%d %H:%M:%S.%f+00")


def assert_ends_at(moment: float, attempts: list[Attempt], found: list[tuple[str, str]]) -> None:
    """Check that a copy has what was acknowledged before a moment, and nothing that was sent after it."""
    before = [attempt for attempt in ledger_book.acknowledged(attempts) if (attempt.ended or 0.0) < moment]
    after = {attempt.key for attempt in attempts if attempt.sent > moment}
    assert before, "nothing was written before the moment"
    assert ledger_book.compare(before, found).lost == ()
    assert [key for key, _value in found if key in after] == []
    assert after, "nothing was written after the moment"


def test_a_copy_ends_with_a_transaction_at_a_named_point_or_at_a_quiet_moment(
    copy_of: Callable[..., Copy], cluster: Cluster, prefix: str
) -> None:
    """What was committed up to there is in the copy, and nothing of what came after."""
    table, point = "ends", f"before-{time.time_ns()}"
    primary = cluster.primary()
    cluster.ask(primary, f"CREATE TABLE {table} (key text, value text)")
    try:
        insert = f"INSERT INTO {table} VALUES ('{prefix}-%s', 'a') RETURNING pg_current_xact_id()"
        first = cluster.ask(primary, insert % "first")[0][0]
        cluster.ask(primary, insert % "second")
        cluster.ask(primary, f"SELECT pg_create_restore_point('{point}')")
        cluster.ask(primary, insert % "third")
        by_transaction = copy_of("target=xid", f"target_xid={first}").records(table, prefix)
        assert [key for key, _value in by_transaction] == [f"{prefix}-first"]
        by_name = copy_of("target=name", f"target_name={point}").records(table, prefix)
        assert sorted(key for key, _value in by_name) == [f"{prefix}-first", f"{prefix}-second"]
        # Nothing was committed since, and PostgreSQL waits for a commit after the moment.
        by_time = copy_of("target=time", f"target_time='{as_typed(time.time())}'").records(table, prefix)
        assert [key for key, _value in by_time] == [f"{prefix}-{one}" for one in ("first", "second", "third")]
    finally:
        cluster.ask(primary, f"DROP TABLE {table}")


def test_the_database_is_restored_in_its_place_in_both_regions(
    play: Callable[..., str],
    platform_name: str,
    cluster: Cluster,
    hosts: Hosts,
    clients: Callable[[], list[Client]],
    prefix: str,
    tmp_path: Path,
    figures: Figures,
) -> None:
    """Interrupted while it reads what it restored, and run again: what was written in between stays."""
    cluster.wait_until_whole()
    with writing(tmp_path / "first.jsonl", prefix, clients()) as first:
        time.sleep(PAUSE)
        moment = time.time()
        time.sleep(PAUSE)
    text = as_typed(moment)
    words = ("scope=in_place", "target=time", f"target_time='{text}'", f"confirm={platform_name}")
    begun = time.time()
    try:
        interrupt("TASK [Read the database that was brought back]", *words)
        figures.add("restored in place: until the report", [time.time() - begun])
        with writing(tmp_path / "second.jsonl", f"{prefix}-second", clients()) as second:
            time.sleep(PAUSE)
        said = play("restore", *words, limit=900)
        assert "leads with what an earlier run of this restore brought back" in said
        assert "every table and every index was read, and nothing is damaged" in said
        cluster.wait_until_whole()
        for server, read in cluster.records("records").items():
            found = [(row[0], row[1]) for row in read(f"{prefix}-")]
            assert_ends_at(moment, first(), found)
            assert {one.key for one in ledger_book.acknowledged(second())} <= {key for key, _value in found}, server
    finally:
        for server in cluster.servers:
            hosts.on(server, "sh", "-c", f"rm -rf {ASIDE}")


def interrupt(line: str, *variables: str) -> None:
    """Restore, and interrupt that as an operator does, as soon as it says a line."""
    command = with_variables(["ansible-playbook", "playbooks/restore.yml", "-i", "inventories/lab"], *variables)
    said = []
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True, start_new_session=True) as run:
        assert run.stdout is not None
        for text in run.stdout:
            said.append(text)
            if line in text:
                os.killpg(run.pid, signal.SIGINT)
    assert any(line in text for text in said), "".join(said)
    assert run.returncode != 0, "".join(said)


def test_a_backup_that_an_operator_takes(play: Callable[..., str]) -> None:
    """It is in both repositories, and can be begun from: the report says so."""
    said = play("backup", "type=diff", limit=600)
    assert "nothing is missing" in said
    newest = [re.findall(r"(\w+) (\d{8}-\d{6}F\S*): ", part)[-1] for part in said.split("repository ")[1:]]
    assert [kind for kind, _label in newest] == ["diff", "diff"], said


def test_the_newest_backup_is_what_the_database_was(
    play: Callable[..., str], hosts: Hosts, serving: Callable[[str], list[Node]]
) -> None:
    """Where it cannot be restored, there is a report that says so."""
    assert "the backup is what the database was" in play("verify", limit=600)
    keeper, configuration = serving("backup")[0].name, "/etc/backup/verify.json"
    hosts.on(keeper, "mv", configuration, f"{configuration}.away")
    try:
        said = play("verify", limit=600, refused=True)
    finally:
        hosts.on(keeper, "mv", f"{configuration}.away", configuration)
    found = re.search(r"the backup was not verified: (?P<why>.+?); (?P<folder>/\S+)/report.md says the same", said)
    assert found is not None, said
    assert found["why"].startswith("Restore the newest backup up to that moment: ")
    kept = json.loads((Path(found["folder"]) / "report.json").read_text())
    assert kept["verified"] is False
    assert kept["failed"].startswith("Restore the newest backup up to that moment: ")
