# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The options of modules that ask endpoints, as the documentation fragment ``endpoints`` has them."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping

from ansible_collections.freeagentics.platform.plugins.module_utils.endpoint.probe import Endpoint

ENDPOINTS: Dict[str, Any] = {
    "endpoints": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": {
            "url": {"type": "str", "required": True},
            "address": {"type": "str", "default": ""},
            "statuses": {"type": "list", "elements": "int", "default": [200]},
            "contains": {"type": "str", "default": ""},
        },
    },
    "ca": {"type": "str"},
}


def endpoints_of(params: Mapping[str, Any], days: float = 0.0) -> List[Endpoint]:
    """Return what the parameters name.

    :param params: of the module, with ``timeout`` in seconds.
    :param days: how many days certificates must still be valid for.
    """
    return [
        Endpoint(
            one["url"],
            one["address"],
            tuple(one["statuses"]),
            one["contains"],
            params["ca"] or "",
            days,
            params["timeout"],
        )
        for one in params["endpoints"]
    ]
