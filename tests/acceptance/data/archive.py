# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The backups and the archive of the database's log in both repositories, and what keeps that from being written."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Iterator, List

from ansible_collections.freeagentics.platform.plugins.module_utils.pgbackrest.info import FULL, parse
from tests.acceptance.data.cluster import Cluster
from tests.acceptance.data.hosts import Hosts
from tests.acceptance.site_client import until

REPOSITORY = "/var/lib/pgbackrest"
SMALL = "/var/tmp/full-disk"
#: Puts a full disk over a folder: what is there can be read, and nothing is added; with the disk goes what it hid.
FILL = f"""
set -e
mkdir -p {SMALL}
mount -t tmpfs -o size=64k tmpfs {SMALL}
mkdir {SMALL}/upper {SMALL}/work
chown --reference={REPOSITORY} {SMALL}/upper
chmod --reference={REPOSITORY} {SMALL}/upper
mount -t overlay overlay -o lowerdir={REPOSITORY},upperdir={SMALL}/upper,workdir={SMALL}/work {REPOSITORY}
cat /dev/zero 2>/dev/null >{SMALL}/filled || true
"""
EMPTY = f"umount {REPOSITORY}; umount {SMALL}; rmdir {SMALL}"
#: Seconds that a backup may take.
BACKUP = 300.0


class Archive:
    """Where the primary's finished segments and the backups go."""

    def __init__(self, hosts: Hosts, cluster: Cluster, backup: str, s3: str, stanza: str) -> None:
        """Keep what is known.

        :param backup: the host of the first repository, which takes backups.
        :param s3: the host outside that serves the second one.
        """
        self._hosts = hosts
        self._cluster = cluster
        self.backup = backup
        self._s3 = s3
        #: The name of the platform, by which its backups go.
        self.stanza = stanza

    def finish_segment(self) -> str:
        """End the segment that is being written and return its name."""
        return self._cluster.ask(self._cluster.primary(), "SELECT pg_walfile_name(pg_switch_wal())")[0][0]

    @property
    def failures(self) -> int:
        """How often the server says that archiving failed."""
        return int(self._cluster.ask(self._cluster.primary(), "SELECT failed_count FROM pg_stat_archiver")[0][0])

    def holds(self, segments: List[str]) -> bool:
        """Return whether both repositories give some segments back."""
        return all(self._gives(segment, repository) for segment in segments for repository in (1, 2))

    def _gives(self, segment: str, repository: int) -> bool:
        command = f"pgbackrest --stanza={self.stanza} --repo={repository} --no-archive-async archive-get {segment}"
        try:
            primary = self._cluster.primary()
            self._hosts.on(primary, "runuser", "-u", "postgres", "--", *command.split(), "/var/tmp/segment", timeout=90)
            self._hosts.on(primary, "rm", "/var/tmp/segment")
        except AssertionError:
            return False
        return True

    def wait_until_nothing_is_saved(self, host: str) -> None:
        """Wait until no backup that a failover began runs on a host; another one cannot begin there meanwhile.

        :raises AssertionError: it runs still.
        """
        until("no failover's backup runs", lambda: not self._is_saving(host), BACKUP)

    def wait_until_saved_since(self, moment: float) -> None:
        """Wait until a repository has a full backup, whole, that began after a moment.

        :raises AssertionError: it has none.
        """
        until("a failover's backup is there", lambda: self._saved_since(moment), BACKUP)

    def _saved_since(self, moment: float) -> bool:
        command = f"pgbackrest --stanza={self.stanza} --output=json info"
        said = self._hosts.on(self.backup, "runuser", "-u", "postgres", "--", *command.split(), timeout=90)
        return any(one.kind == FULL and one.start > moment for one in parse(said, self.stanza).backups)

    def _is_saving(self, host: str) -> bool:
        # It says "inactive" of a unit that is not there any more, too.
        state = ("systemctl", "show", "--property=ActiveState", "--value", "pgbackrest-after-failover.service")
        return self._hosts.on(host, *state).strip() == "active"

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        """Let the disk of the first repository be full for a while."""
        self._hosts.on(self.backup, "sh", "-c", FILL)
        try:
            yield
        finally:
            self._hosts.on(self.backup, "sh", "-c", EMPTY)

    @contextmanager
    def without_object_store(self) -> Iterator[None]:
        """Cut the second repository off for a while."""
        with self._hosts.unplugged(self._s3):
            yield
