# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The settings with which a restored server recovers, by itself and out of everybody's way.

They are given on its command line, which wins against every file that came with the backup.
"""

from __future__ import annotations

from typing import Dict, Mapping, Tuple

#: Settings that a backup's log may need as high as they were where it was written; lower ones end a recovery.
#: https://www.postgresql.org/docs/15/hot-standby.html#HOT-STANDBY-ADMIN
_FROM_CONTROL: Mapping[str, str] = {
    "wal_level setting": "wal_level",
    "wal_log_hints setting": "wal_log_hints",
    "max_connections setting": "max_connections",
    "max_worker_processes setting": "max_worker_processes",
    "max_wal_senders setting": "max_wal_senders",
    "max_prepared_xacts setting": "max_prepared_transactions",
    "max_locks_per_xact setting": "max_locks_per_transaction",
    "track_commit_timestamp setting": "track_commit_timestamp",
}

#: The catalogue of PostgreSQL 15 (src/include/catalog/catversion.h), the first one with the setting archive_library.
CATALOG_OF_15 = 202209061

#: What a restore leaves in postgresql.auto.conf, and no server shall find there afterwards.
RECOVERY_SETTINGS: Tuple[str, ...] = (
    "restore_command",
    "recovery_target",
    "recovery_target_action",
    "recovery_target_inclusive",
    "recovery_target_lsn",
    "recovery_target_name",
    "recovery_target_time",
    "recovery_target_timeline",
    "recovery_target_xid",
)


def parse_control(text: str) -> Dict[str, str]:
    """Read what ``pg_controldata`` prints with ``LC_ALL=C``."""
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}


def settings(
    control: Mapping[str, str], workspace: str, port: int, archive_command: str, extra: Mapping[str, str]
) -> Dict[str, str]:
    """Return all settings of a recovering server.

    :param control: of the restored cluster, by :func:`parse_control`.
    :param workspace: the folder for its configuration and its socket.
    :param archive_command: empty for a copy, whose log nobody wants.
    :param extra: settings that win against all others.
    """
    known = {name: control[line] for line, name in _FROM_CONTROL.items() if line in control}
    own = {
        "config_file": f"{workspace}/postgresql.conf",
        "hba_file": f"{workspace}/pg_hba.conf",
        "ident_file": f"{workspace}/pg_ident.conf",
        "listen_addresses": "",
        "port": str(port),
        "unix_socket_directories": workspace,
        "unix_socket_permissions": "0700",
        "ssl": "off",
        "hot_standby": "off",
        "archive_mode": "on" if archive_command else "off",
        "archive_command": archive_command,
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
    own.update({"archive_library": ""} if _knows_libraries(control) else {})
    return {**known, **own, **extra}


def _knows_libraries(control: Mapping[str, str]) -> bool:
    """Return whether the cluster's version can archive with a library, too."""
    return int(control.get("Catalog version number", CATALOG_OF_15)) >= CATALOG_OF_15
