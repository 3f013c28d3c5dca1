# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The settings of a server that recovers alone."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.restore.settings import (
    parse_control,
    settings,
)

#: Some lines of what pg_controldata of PostgreSQL 15 prints.
CONTROL = """\
pg_control version number:            1300
Database system identifier:           7712465794200653318
Database cluster state:               in archive recovery
Time of latest checkpoint:            Thu Nov 26 13:06:28 2026
wal_level setting:                    logical
wal_log_hints setting:                on
max_connections setting:              400
max_worker_processes setting:         16
max_wal_senders setting:              20
max_prepared_xacts setting:           5
max_locks_per_xact setting:           128
track_commit_timestamp setting:       off
WAL block size:                       8192
"""
#: What a backup's log may need as high as it was.
FROM_CONTROL = {
    "wal_level": "logical",
    "wal_log_hints": "on",
    "max_connections": "400",
    "max_worker_processes": "16",
    "max_wal_senders": "20",
    "max_prepared_transactions": "5",
    "max_locks_per_transaction": "128",
    "track_commit_timestamp": "off",
}


def test_control_data_are_read_up_to_the_first_colon():
    control = parse_control(f"{CONTROL}no pair\n")
    assert control["Time of latest checkpoint"] == "Thu Nov 26 13:06:28 2026"
    assert control["max_prepared_xacts setting"] == "5"
    assert len(control) == 13


def test_a_server_has_the_limits_of_the_one_that_wrote_the_log():
    found = settings(parse_control(CONTROL), "/scratch", 55432, "", {})
    assert {name: found[name] for name in FROM_CONTROL} == FROM_CONTROL


def test_a_copy_is_out_of_everybody_s_way():
    assert settings({}, "/scratch", 55432, "", {}) == {
        "config_file": "/scratch/postgresql.conf",
        "hba_file": "/scratch/pg_hba.conf",
        "ident_file": "/scratch/pg_ident.conf",
        "listen_addresses": "",
        "port": "55432",
        "unix_socket_directories": "/scratch",
        "unix_socket_permissions": "0700",
        "ssl": "off",
        "hot_standby": "off",
        "archive_mode": "off",
        "archive_command": "",
        "archive_library": "",
        "primary_conninfo": "",
        "primary_slot_name": "",
        "shared_preload_libraries": "",
        "synchronous_standby_names": "",
        "logging_collector": "off",
        "log_destination": "stderr",
        "log_line_prefix": "%m [%p] ",
        "log_timezone": "UTC",
        "timezone": "UTC",
        "lc_messages": "C",
    }


def test_a_server_that_goes_into_service_archives():
    found = settings({}, "/scratch", 55432, "pgbackrest archive-push %p", {})
    assert (found["archive_mode"], found["archive_command"]) == ("on", "pgbackrest archive-push %p")


def test_further_settings_win():
    found = settings(parse_control(CONTROL), "/scratch", 55432, "", {"max_connections": "500", "fsync": "off"})
    assert (found["max_connections"], found["fsync"]) == ("500", "off")


@pytest.mark.parametrize(("catalog", "known"), [("202107181", False), ("202209061", True), ("202307071", True)])
def test_a_version_gets_only_settings_that_it_knows(catalog, known):
    found = settings({"Catalog version number": catalog}, "/scratch", 55432, "", {})
    assert ("archive_library" in found) is known
