# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What differs in a server from what is declared."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError

from ansible_collections.freeagentics.platform.plugins.module_utils.patroni import users


def postgres_users_differing(wanted, found):
    """Return the users that a server lacks, or that have another password or other attributes there."""
    try:
        return users.differing(wanted, found)
    except (KeyError, TypeError) as error:
        message = f"postgres_users_differing: {error} is missing: records have name, password and attributes"
        raise AnsibleFilterError(message) from None


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {"postgres_users_differing": postgres_users_differing}
