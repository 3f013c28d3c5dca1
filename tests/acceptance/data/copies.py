# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Copies of a database of some size: as the platform makes them, and as the plain tools do."""

from __future__ import annotations

import time
from functools import partial
from typing import Callable, Dict

from tests.acceptance.data.cluster import Cluster
from tests.acceptance.data.hosts import Hosts

MEGABYTE = 1_000_000
DATABASE, ROWS = "bench", 10_000_000
FILL = f"""
CREATE TABLE orders (id bigserial PRIMARY KEY, account int NOT NULL, amount numeric(12, 2), status text, note text,
    created timestamptz);
INSERT INTO orders (account, amount, status, note, created)
    SELECT i % 100000, i / 7.0, (ARRAY['new', 'paid', 'sent'])[1 + i % 3],
        md5(i::text) || md5((i + 1)::text) || repeat('-', 60),
        '2026-01-01 00:00:00+00'::timestamptz + i * interval '1 second'
    FROM generate_series(1, {ROWS}) AS i;
VACUUM ANALYZE orders;
"""
SCRATCH = "/var/tmp/bench"
#: The job that cron starts.
DUMP = "backup-job --name dump --timeout 1h --user backup -- backup-dump run"
#: Everything that takes long, in seconds.
PATIENCE = 1800.0


class Copies:
    """A filled database while the context lasts."""

    def __init__(self, hosts: Hosts, cluster: Cluster, backup: str) -> None:
        """Keep what is known.

        :param backup: the host of the first repository.
        """
        self._hosts = hosts
        self._cluster = cluster
        self._backup = backup
        #: Bytes of a server's data without its log, which the copies leave out or have little of.
        self.size = 0
        #: The standby that copies are made from and on.
        self.standby = ""
        self._directory = ""
        #: Which plain tool each way is compared with.
        self.references = {
            "`pgbackrest backup`": "`pg_basebackup`",
            "`pgbackrest restore`": "`cp -a`",
            "`backup-dump run`, read again and sent to S3": "`pg_dump --format=custom`",
        }

    def __enter__(self) -> Copies:
        primary = self._cluster.primary()
        self.standby = next(member for member in self._cluster.members if member != primary)
        self._cluster.ask(primary, f"DROP DATABASE IF EXISTS {DATABASE}")
        self._cluster.ask(primary, f"CREATE DATABASE {DATABASE}")
        self._cluster.ask(primary, f"\\c {DATABASE}\n{FILL}", timeout=PATIENCE)
        self._cluster.wait_until_level()
        self._directory = self._cluster.ask(self.standby, "SHOW data_directory")[0][0]
        for server in (primary, self.standby):
            self._cluster.ask(server, "CHECKPOINT", timeout=PATIENCE)
        self.size = int(self._on(self.standby, f"du -sb --exclude=pg_wal {self._directory}").split()[0])
        return self

    def __exit__(self, *_: object) -> None:
        self._cluster.ask(self._cluster.primary(), f"DROP DATABASE {DATABASE}", timeout=PATIENCE)
        for host in (self.standby, self._backup):
            self._on(host, f"rm -rf {SCRATCH}")

    def ways(self) -> Dict[str, Callable[[], float]]:
        """Return by the name of each way what copies once and returns the seconds that it took."""
        stanza = "pgbackrest --stanza=$(sed -n 's/^\\[\\(.*\\)\\]$/\\1/p' /etc/pgbackrest/pgbackrest.conf | tail -n 1)"
        restore = f"{stanza} --repo=1 --no-delta --pg1-path={SCRATCH}/restored --log-level-console=warn restore"
        written = f"find {SCRATCH}/copied -type f -exec sync {{}} +"
        return {
            "`pgbackrest backup`": partial(self._timed, self._backup, "pgbackrest-job full 1"),
            "`pg_basebackup`": partial(
                self._timed,
                self.standby,
                f"pg_basebackup --username=replicator --checkpoint=fast --wal-method=none -D {SCRATCH}/copied",
            ),
            "`pgbackrest restore`": partial(self._timed, self.standby, restore),
            "`cp -a`": partial(self._timed, self.standby, f"cp -a {SCRATCH}/restored {SCRATCH}/copied && {written}"),
            "`backup-dump run`, read again and sent to S3": partial(self._timed, self._backup, DUMP, "root"),
            "`pg_dump --format=custom`": partial(
                self._timed, self.standby, f"pg_dump --format=custom --file={SCRATCH}/dump {DATABASE}"
            ),
        }

    def _timed(self, host: str, command: str, user: str = "postgres") -> float:
        """Run a command beside the copies of before, which the next one of its kind replaces."""
        kept = "restored" if f"cp -a {SCRATCH}/restored" in command else "nothing"
        prepare = f"install -d -m 0700 -o postgres {SCRATCH} && find {SCRATCH} -mindepth 1 -maxdepth 1 ! -name {kept}"
        self._on(host, f"{prepare} -exec rm -rf {{}} +")
        begun = time.monotonic()
        self._on(host, f"cd {SCRATCH} && {command}", user)
        return time.monotonic() - begun

    def _on(self, host: str, command: str, user: str = "root") -> str:
        return self._hosts.on(host, "runuser", "-u", user, "--", "sh", "-c", command, timeout=PATIENCE)
