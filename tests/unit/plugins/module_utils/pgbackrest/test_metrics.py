# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The metrics of a stanza, as a whole file."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.freeagentics.platform.plugins.module_utils.pgbackrest.archive import Archive, Gap, Segment
from ansible_collections.freeagentics.platform.plugins.module_utils.pgbackrest.info import Backup, Info, Repository
from ansible_collections.freeagentics.platform.plugins.module_utils.pgbackrest.metrics import render, render_archives

FULL = Backup(
    label="20261126-113416F",
    kind="full",
    repository=1,
    database=1,
    start=1795692856,
    stop=1795692859,
    start_lsn="0/2000028",
    stop_lsn="0/3000050",
    first_segment="000000010000000000000002",
    last_segment="000000010000000000000003",
    content=23259502,
    changed=23259502,
    stored=2839632,
    prior="",
    damaged=False,
)
OLDER = replace(FULL, label="20261125-113416F", start=1795606456, stop=1795606460, stored=1, damaged=True)
INCREMENTAL = replace(FULL, label="20261126-113416F_20261126-113435I", kind="incr", start=1795692875, stop=1795692877)
INFO = Info(
    stanza="freeagentics",
    running=False,
    repositories=(Repository(1, "aes-256-cbc", 0, "ok"), Repository(2, "aes-256-cbc", 99, "other")),
    backups=(OLDER, FULL, INCREMENTAL),
    systems=("7712441638903445401",),
)

TEXT = """\
# HELP pgbackrest_repository_status 0 where the repository is well.
# TYPE pgbackrest_repository_status gauge
pgbackrest_repository_status{repository="1"} 0
pgbackrest_repository_status{repository="2"} 99
# HELP pgbackrest_backups How many backups there are.
# TYPE pgbackrest_backups gauge
pgbackrest_backups{repository="1",type="full"} 2
pgbackrest_backups{repository="1",type="diff"} 0
pgbackrest_backups{repository="1",type="incr"} 1
pgbackrest_backups{repository="2",type="full"} 0
pgbackrest_backups{repository="2",type="diff"} 0
pgbackrest_backups{repository="2",type="incr"} 0
# HELP pgbackrest_backups_damaged How many backups have pages with wrong checksums.
# TYPE pgbackrest_backups_damaged gauge
pgbackrest_backups_damaged{repository="1"} 1
pgbackrest_backups_damaged{repository="2"} 0
# HELP pgbackrest_restorable_since_timestamp_seconds The first moment that can be restored.
# TYPE pgbackrest_restorable_since_timestamp_seconds gauge
pgbackrest_restorable_since_timestamp_seconds{repository="1"} 1795606460
# HELP pgbackrest_backup_completed_timestamp_seconds When the newest backup ended.
# TYPE pgbackrest_backup_completed_timestamp_seconds gauge
pgbackrest_backup_completed_timestamp_seconds{repository="1",type="full"} 1795692859
pgbackrest_backup_completed_timestamp_seconds{repository="1",type="incr"} 1795692877
# HELP pgbackrest_backup_duration_seconds How long the newest backup took.
# TYPE pgbackrest_backup_duration_seconds gauge
pgbackrest_backup_duration_seconds{repository="1",type="full"} 3
pgbackrest_backup_duration_seconds{repository="1",type="incr"} 2
# HELP pgbackrest_backup_content_bytes The size of the database in the newest backup.
# TYPE pgbackrest_backup_content_bytes gauge
pgbackrest_backup_content_bytes{repository="1",type="full"} 23259502
pgbackrest_backup_content_bytes{repository="1",type="incr"} 23259502
# HELP pgbackrest_backup_stored_bytes What the newest backup takes in its repository.
# TYPE pgbackrest_backup_stored_bytes gauge
pgbackrest_backup_stored_bytes{repository="1",type="full"} 2839632
pgbackrest_backup_stored_bytes{repository="1",type="incr"} 2839632
"""


def test_every_repository_is_counted_and_only_backups_that_are_there_have_values():
    assert render(INFO) == TEXT


ARCHIVES = """\
# HELP pgbackrest_archive_listed_timestamp_seconds When the archive was last looked at for gaps.
# TYPE pgbackrest_archive_listed_timestamp_seconds gauge
pgbackrest_archive_listed_timestamp_seconds{repository="1"} 1795692919
pgbackrest_archive_listed_timestamp_seconds{repository="2"} 1795692919
# HELP pgbackrest_archive_missing_segments How many segments lack that a restore needs.
# TYPE pgbackrest_archive_missing_segments gauge
pgbackrest_archive_missing_segments{repository="1",timeline="1"} 3
pgbackrest_archive_missing_segments{repository="1",timeline="2"} 0
pgbackrest_archive_missing_segments{repository="1",timeline="4"} 10
"""


def test_what_lacks_is_counted_by_timeline_where_there_is_any_log_of_it_or_all_of_it_lacks():
    segments = (Segment(1, 2, 100, 10), Segment(1, 7, 100, 70), Segment(2, 7, 100, 80))
    found = [
        (1, Archive("15-1", segments, (2, 3, 4)), (Gap(1, 3, 4), Gap(1, 6, 6), Gap(4, 10, 19))),
        (2, Archive("15-1", (), ()), ()),
    ]
    assert render_archives(found, 1795692919.4) == ARCHIVES
