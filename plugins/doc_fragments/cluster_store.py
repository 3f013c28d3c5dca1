# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Options of modules that ask the cluster store."""

from __future__ import annotations


class ModuleDocFragment:
    """Where the cluster store is, and as whom it is asked."""

    DOCUMENTATION = r"""
options:
  scope:
    description: Patroni's name of the cluster.
    type: str
    required: true
  store:
    description: The members of the cluster store.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The member's name.
        type: str
      address:
        description: The address, for which its certificate must be.
        type: str
        required: true
      port:
        description: The port for clients.
        type: int
        required: true
  store_user:
    description: The user of the cluster store.
    type: str
    default: ""
  store_password:
    description: The user's password.
    type: str
    default: ""
  ca_file:
    description: The CA that vouches for the certificates, on the host where the module runs.
    type: path
    required: true
  namespace:
    description: Patroni's folder in the cluster store.
    type: str
    default: /service/
"""

    MEMBERS = r"""
options:
  members:
    description: The members of the cluster.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: The member's name in Patroni.
        type: str
        required: true
      host:
        description: Its address, for which its certificate must be.
        type: str
        required: true
      rest_port:
        description: The port of Patroni's REST API.
        type: int
        default: 8008
"""
