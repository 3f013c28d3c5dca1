# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who forgot a password is told so, and nobody reads the others in what is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.unit.playbooks import roles

ROOT = Path(__file__).resolve().parents[3]
REFUSALS = {"ansible.builtin.assert", "ansible.builtin.fail"}
#: A part of every secret in the cases.
SECRET = "few-know"
S3 = {
    "endpoint": "s3.example.com",
    "bucket": "b",
    "region": "r",
    "path": "/p",
    "access_key": f"access-{SECRET}",
    "secret_key": f"secret-{SECRET}",
}
REDIS = (
    "redis_address must be the address of the node; redis_maxmemory must be a number of bytes, as nothing is known of"
    " the host's memory; and redis_admin_password, redis_replication_password, redis_app_password and"
    " redis_monitor_password must be four different passwords of 16 characters or more without spaces"
)
PGBACKREST = (
    "pgbackrest_repository_passphrase (on the backup host) and pgbackrest_s3.passphrase must have 16 characters or"
    " more: without them whoever reads a repository reads the database"
)
BACKUP_S3 = (
    "backup_s3 must have endpoint, bucket, region, path, access_key, secret_key, passphrase, a passphrase of 16"
    " characters or more, and a path such as /backups; it lacks {}"
)
BACKUP_JOBS = (
    "backup_members needs backup_database_password, backup_uploads_directory needs backup_s3, backup_git_ssh_key needs"
    " backup_git_known_hosts, and the names of backup_git_repositories have letters, digits, dots, - and _ only, and"
    " appear once; their URLs must hold no password and no token, which the list of processes would show: log in with"
    " backup_git_ssh_key"
)
#: The role, what it is given, and what it says.
CASES = {
    "redis, one lacks": (
        "redis",
        {
            "redis_address": "10.0.0.1",
            "redis_maxmemory": 1000000,
            **{f"redis_{user}_password": f"{user}-{SECRET}-0123" for user in ("replication", "app", "monitor")},
        },
        REDIS,
    ),
    "redis, two are the same": (
        "redis",
        {
            "redis_address": "10.0.0.1",
            "redis_maxmemory": 1000000,
            **{f"redis_{user}_password": f"the-same-{SECRET}" for user in ("admin", "replication", "app", "monitor")},
        },
        REDIS,
    ),
    "pgbackrest, one is short": (
        "pgbackrest",
        {
            "pgbackrest_stanza": "s",
            "pgbackrest_address": "10.0.0.1",
            "pgbackrest_databases": [{"host": "db1", "port": 8432}],
            "pgbackrest_repository_passphrase": f"{SECRET}-0123456789",
            "pgbackrest_s3": {**S3, "passphrase": SECRET},
        },
        PGBACKREST,
    ),
    "backup, one lacks": ("backup", {"backup_s3": S3}, BACKUP_S3.format("passphrase")),
    "backup, one is short": (
        "backup",
        {"backup_s3": {**S3, "passphrase": SECRET}},
        BACKUP_S3.format("nothing, so look at passphrase and path"),
    ),
    "backup, a URL has one": (
        "backup",
        {"backup_git_repositories": [{"name": "code", "url": f"https://user:{SECRET}@git.example.com/code"}]},
        BACKUP_JOBS,
    ),
    "alertmanager, one lacks": (
        "alertmanager",
        {
            "alertmanager_address": "10.0.0.1",
            "alertmanager_peers": [{"name": "localhost"}],
            "alertmanager_pager_key": SECRET,
            "alertmanager_slack_url": "",
        },
        "alertmanager_address must be the host's own address, alertmanager_peers must have localhost, and the pager,"
        " Slack and email must be set (R52): alertmanager_pager_key, alertmanager_slack_url, alertmanager_email_to,"
        " alertmanager_email_from and alertmanager_email_server",
    ),
    "grafana, one is short": (
        "grafana",
        {"grafana_address": "10.0.0.1", "grafana_admin_password": SECRET},
        "grafana_address must be the host's own address, grafana_admin_password must have 12 characters or more,"
        " grafana_prometheus must not be empty, and grafana_source (repository) must be repository, deb (grafana_deb is"
        " then a file on the control host) or none",
    ),
}


def hidden(part, by_what_it_is_in=False):
    """Yield the names of tasks that refuse and are not heard: no_log is theirs, their block's or their play's."""
    if isinstance(part, list):
        for one in part:
            yield from hidden(one, by_what_it_is_in)
    elif isinstance(part, dict):
        silent = by_what_it_is_in or part.get("no_log", False) is not False
        if silent and REFUSALS & set(part):
            yield part["name"]
        for one in part.values():
            yield from hidden(one, silent)


def test_no_task_that_refuses_hides_why():
    files = [path for folder in ("roles", "playbooks") for path in (ROOT / folder).rglob("*.yml")]
    found = {path: list(hidden(yaml.safe_load(path.read_text(encoding="utf-8")))) for path in files}
    assert len(found) > 100
    assert {str(path): names for path, names in found.items() if names} == {}


def test_no_log_of_a_block_is_seen():
    inner = {"name": "Refuse", "ansible.builtin.assert": {"that": "false"}}
    assert list(hidden([{"hosts": "all", "tasks": [{"block": [inner], "no_log": True}, inner]}])) == ["Refuse"]


@pytest.fixture(scope="module", name="said")
def run_all(tmp_path_factory):
    """What was printed, most talkative, and what each case was told."""
    folder = tmp_path_factory.mktemp("preflights")
    return roles.refused(folder, {name: (role, given) for name, (role, given, _told) in CASES.items()}, "-vvv")


@pytest.mark.parametrize("name", CASES)
def test_what_lacks_is_told(said, name):
    _printed, told = said
    assert told.get(name) == CASES[name][2]


def test_no_secret_is_told(said):
    printed, _told = said
    assert "Refuse an incomplete object storage" in printed
    assert [line for line in printed.splitlines() if SECRET in line] == []
