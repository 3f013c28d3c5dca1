# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How long production keeps its backups. That it takes these settings is shown in molecule/backup."""

from __future__ import annotations

from tests.unit.playbooks import roles

#: What stands in the vault of production.
VAULT = {
    f"vault_{name}": f"{name}-0123456789"
    for name in ("pgbackrest_repo1", "pgbackrest_repo2", "s3_access_key", "s3_secret_key")
}
FIRST, SECOND = (
    {f"repo{number}-retention-full-type": "time", f"repo{number}-retention-full": "7"} for number in (1, 2)
)


def test_backups_are_kept_for_seven_days_by_time_in_both_repositories(production_with):
    """By the backup host, which has both; a host of the database has the second one itself."""
    path = "etc/pgbackrest/pgbackrest.conf.j2"
    texts = roles.template(production_with(VAULT), "playbooks/pgbackrest.yml", "pgbackrest", path)
    kept = {
        host: dict(line.split("=") for line in text.splitlines() if "-retention-" in line)
        for host, text in texts.items()
    }
    databases = dict.fromkeys(("db1", "db2", "db3", "west-db1"), SECOND)
    assert kept == {"backup1": {**FIRST, **SECOND}, **databases}
