# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The parameters by which modules are told a cluster's nodes, and what is made of them."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_info.ask import Declared
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.client import Client, Server, ServerError

#: The nodes as the filter ``redis_cluster_nodes`` has them.
NODES_SPEC: Dict[str, Any] = {
    "type": "list",
    "elements": "dict",
    "required": True,
    "options": {
        "name": {"type": "str", "required": True},
        "address": {"type": "str", "required": True},
        "port": {"type": "int", "default": 6379},
        "bus_port": {"type": "int", "default": 16379},
        "zone": {"type": "str", "default": ""},
    },
}
#: How to be let in.
LOGIN_SPEC: Dict[str, Any] = {
    "login_user": {"type": "str", "default": "default"},
    "login_password": {"type": "str", "no_log": True},
    "ca_file": {"type": "path"},
}


def declared(nodes: Sequence[Mapping[str, Any]]) -> Tuple[Declared, ...]:
    """Return the nodes of a parameter."""
    return tuple(Declared(node["name"], node["address"], node["port"], node["zone"]) for node in nodes)


def client(address: str, port: int, login: Mapping[str, Any], timeout: float) -> Client:
    """Return a connection to a server, which is made with the first command."""
    server = Server(address, port, login["login_user"], login["login_password"] or "", login["ca_file"] or "")
    return Client(server, timeout)


def ask_once(
    node: Declared, commands: Sequence[Tuple[str, ...]], login: Mapping[str, Any], timeout: float
) -> List[Any]:
    """Send commands to a node over a connection of their own, and return an answer or an error for each.

    :raises ServerError: no connection.
    """
    with client(node.address, node.port, login, timeout) as connection:
        answers = connection.ask_all(commands)
    return [_in_its_words(answer) for answer in answers]


def _in_its_words(answer: Any) -> Any:
    """Return the server's own words of an error; which server it is is told beside it."""
    return ServerError(answer.said) if isinstance(answer, ServerError) else answer
