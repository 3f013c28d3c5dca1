# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Looks at the nodes of a Redis Cluster, all at once."""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Dict, Iterable, List, Mapping, NamedTuple, Set

from ansible_collections.freeagentics.platform.plugins.module_utils.observe.parallel import ask_all
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.members import Observed, View
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.observe import (
    own,
    parse_info,
    parse_nodes,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.client import (
    Client,
    Server,
    ServerError,
    as_text,
    usable,
)

LOOK = (("CLUSTER", "NODES"), ("CLUSTER", "INFO"), ("INFO", "replication"), ("DBSIZE",))


class Access(NamedTuple):
    """How to log in to every node."""

    user: str
    password: str
    ca_file: str
    #: Seconds for each answer.
    timeout: float
    #: The password that nodes may still have, or nothing.
    previous_password: str = ""
    #: The place whose certificate is not verified, or nothing.
    unverified: str = ""


class Nodes:
    """Connections to the nodes of a cluster by place, which stay open."""

    def __init__(self, access: Access) -> None:
        self.access = access
        self._clients: Dict[str, Client] = {}

    def __enter__(self) -> Nodes:
        return self

    def __exit__(self, *error: object) -> None:
        for client in self._clients.values():
            client.close()

    def client(self, place: str) -> Client:
        """Return the connection to a place, written as address:port."""
        if place not in self._clients:
            self._clients[place] = self.new_client(place)
        return self._clients[place]

    def new_client(self, place: str) -> Client:
        """Return a further connection to a place, which the caller closes."""
        address, _colon, port = place.rpartition(":")
        user, password, ca_file, timeout, previous, unverified = self.access
        server = Server(address, int(port), user, password, ca_file, previous, verified=place != unverified)
        return Client(server, timeout)

    def each(self, places: Iterable[str], question: Callable[[Client], Any]) -> Dict[str, Any]:
        """Return what a question to each place brought, asked of all at once: a value, or a ServerError."""
        questions = {(place, ""): partial(question, self.client(place)) for place in places}
        outcomes = ask_all(questions, 3 * self.access.timeout)
        return {
            place: ServerError(outcome.error) if outcome.error else outcome.value
            for (place, _question), outcome in outcomes.items()
        }

    def observe(self, places: Iterable[str]) -> Observed:
        """Return what all places say, and all other members that they know and that answer."""
        views: Dict[str, View] = {}
        silent: Dict[str, str] = {}
        ahead: List[str] = list(places)
        if not usable():
            return Observed({}, dict.fromkeys(ahead, "python3-redis is not installed here"))
        while ahead:
            for place, answer in self.each(ahead, look).items():
                if isinstance(answer, ServerError):
                    silent[place] = _why(place, answer)
                else:
                    views[place] = answer
            ahead = sorted(_mentioned(views) - set(views) - set(silent))
        return Observed(views, silent)


def look(client: Client) -> View:
    """Return what a node says.

    :raises ServerError: it does not answer, or refuses.
    """
    answers = client.ask_all(LOOK)
    for answer in answers:
        if isinstance(answer, ServerError):
            raise answer
    nodes = parse_nodes(as_text(answers[0]))
    replication = parse_info(as_text(answers[2]))
    me = own(nodes)
    return View(
        nodes=nodes,
        keys=answers[3],
        link_up=replication.get("master_link_status", "up") == "up",
        state=parse_info(as_text(answers[1])).get("cluster_state", "unknown"),
        good_replicas=int(replication.get("min_slaves_good_slaves", -1)),
        open_keys=_open_keys(client, sorted({slot for slot, _other in (*me.migrating, *me.importing)})),
    )


def _open_keys(client: Client, slots: List[int]) -> Mapping[int, int]:
    if not slots:
        return {}
    return dict(zip(slots, client.ask_all([("CLUSTER", "COUNTKEYSINSLOT", slot) for slot in slots])))


def _mentioned(views: Mapping[str, View]) -> Set[str]:
    """Return where all members are that anybody knows and that did not fail."""
    nodes = (node for view in views.values() for node in view.nodes)
    return {node.place for node in nodes if node.is_known and not node.is_gone and not node.myself and node.address}


def _why(place: str, error: ServerError) -> str:
    """Return why a place does not answer, without saying again where."""
    text = str(error)
    return text[len(place) + 2 :] if text.startswith(f"{place}: ") else text
