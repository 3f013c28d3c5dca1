# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What an application host needs to reach the database and the cache."""

from __future__ import annotations

from dataclasses import asdict

from ansible.errors import AnsibleFilterError

from ansible_collections.freeagentics.platform.plugins.filter.topology import of_file
from ansible_collections.freeagentics.platform.plugins.module_utils.database_route import environment, pools


def database_pools(hosts, max_connections, reserved=20):
    """Return the sizes of one host's pools."""
    try:
        return asdict(pools.pools(int(hosts), int(max_connections), int(reserved)))
    except ValueError as error:
        raise AnsibleFilterError(f"database_pools: {error}") from error


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {
            "application_environment": of_file(environment.application_environment),
            "database_pools": database_pools,
        }
