# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The packages that the roles of a host's groups install."""

from __future__ import annotations

DOCUMENTATION = r"""
name: role_packages
short_description: The packages that the roles of this collection install
version_added: 0.1.0
description:
  - Reads the package lists (variables whose names end in C(_packages)) from the C(defaults/main.yml) of roles of this
    collection, so that a playbook can install everything that a host needs in one transaction.
  - A list that the inventory or a play gives counts instead of the role's.
author:
  - FreeAgentics (@freeagentics)
options:
  _terms:
    description: The groups that the host is in.
    type: list
    elements: str
    required: true
  roles_by_group:
    description: The roles that hosts of each group get.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Install what the host needs
  ansible.builtin.apt:
    name: "{{ query('freeagentics.platform.role_packages', *group_names, roles_by_group={'vpn': ['vpn']}) }}"
"""

RETURN = r"""
_raw:
  description: Package names, sorted, each once.
  type: list
  elements: str
"""

from pathlib import Path

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ansible_collections.freeagentics.platform.plugins.plugin_utils.role_packages import (
    RolePackagesError,
    packages_of_roles,
    roles_of_groups,
)

ROLES = Path(__file__).resolve().parents[2] / "roles"


class LookupModule(LookupBase):
    """Translate group names into package names."""

    def run(self, terms, variables=None, **kwargs):
        """Return the packages of the roles of the groups in ``terms``."""
        self.set_options(var_options=variables, direct=kwargs)
        known = variables or {}

        def given(name):
            return self._templar.template(known[name]) if name in known else None

        try:
            return list(packages_of_roles(ROLES, roles_of_groups(self.get_option("roles_by_group"), terms), given))
        except RolePackagesError as error:
            raise AnsibleLookupError(str(error)) from error
