# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of modules that ask the cluster store, as the documentation fragment ``cluster_store`` has them."""

from __future__ import annotations

from typing import Any, Dict, Mapping

from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.rest import Endpoint
from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.store import Store

#: Seconds for which the store is asked again: one on a busy machine needs some to elect a leader of its own.
PATIENCE = 9.0

STORE: Dict[str, Any] = {
    "scope": {"type": "str", "required": True},
    "store": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str"},
            "address": {"type": "str", "required": True},
            "port": {"type": "int", "required": True},
        },
    },
    "store_user": {"type": "str", "default": ""},
    "store_password": {"type": "str", "default": "", "no_log": True},
    "ca_file": {"type": "path", "required": True},
    "namespace": {"type": "str", "default": "/service/"},
}

#: The members of a cluster, by the fragment ``cluster_store.members``.
MEMBERS: Dict[str, Any] = {
    "members": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "name": {"type": "str", "required": True},
            "host": {"type": "str", "required": True},
            "rest_port": {"type": "int", "default": 8008},
        },
    },
}


def store_of(params: Mapping[str, Any], timeout: float = 5.0, patience: float = PATIENCE) -> Store:
    """Return the store that a module's parameters name.

    :param timeout: seconds for each step of a connection.
    :param patience: for how many seconds what only reads is asked again.
    """
    user, password = params["store_user"], params["store_password"]
    return Store(
        [
            Endpoint(member["address"], int(member["port"]), params["ca_file"], user, password, timeout)
            for member in params["store"]
        ],
        patience,
    )


def folder_of(params: Mapping[str, Any]) -> str:
    """Return the cluster's folder in the store, with a slash at its end."""
    return f"{params['namespace'].rstrip('/')}/{params['scope']}/"
