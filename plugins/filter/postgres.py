# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the declaration implies for PostgreSQL and its store, and the timings and settings of servers."""

from __future__ import annotations

from dataclasses import asdict

from ansible.errors import AnsibleFilterError

from ansible_collections.freeagentics.platform.plugins.filter.topology import of_file
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres import failover_profile as profiles
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres import settings as tuning
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive import postgres


def postgres_cluster(topology, host):
    """Return the PostgreSQL cluster of a host's region."""
    return asdict(postgres.cluster(topology, host))


def etcd_cluster(topology, host):
    """Return the etcd cluster of a host's region."""
    return asdict(postgres.store(topology, host))


def postgres_hba(topology, host, users=None, database="app"):
    """Return who may log in to a database host."""
    return [asdict(record) for record in postgres.hba(topology, host, users, database)]


def failover_profile(name, patroni=None):
    """Return the timings of a failover profile."""
    try:
        return asdict(profiles.profile(str(name), patroni))
    except ValueError as error:
        raise AnsibleFilterError(f"failover_profile: {error}") from error


def postgres_settings(memory_mb, vcpus, disk="ssd", max_connections=200, overrides=None):
    """Return the settings of a server."""
    try:
        found = tuning.settings(int(memory_mb), int(vcpus), str(disk), int(max_connections), overrides)
    except ValueError as error:
        raise AnsibleFilterError(f"postgres_settings: {error}") from error
    return {
        "parameters": {setting.name: setting.value for setting in found},
        "settings": [asdict(setting) for setting in found],
    }


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {
            "postgres_cluster": of_file(postgres_cluster),
            "etcd_cluster": of_file(etcd_cluster),
            "postgres_hba": of_file(postgres_hba),
            "failover_profile": failover_profile,
            "postgres_settings": postgres_settings,
        }
