# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the declaration implies for PostgreSQL and its store, and which timings a failover has."""

from __future__ import annotations

from dataclasses import asdict

from ansible.errors import AnsibleFilterError

from ansible_collections.freeagentics.platform.plugins.filter.topology import of_file
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres import failover_profile as profiles
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


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {
            "postgres_cluster": of_file(postgres_cluster),
            "etcd_cluster": of_file(etcd_cluster),
            "postgres_hba": of_file(postgres_hba),
            "failover_profile": failover_profile,
        }
