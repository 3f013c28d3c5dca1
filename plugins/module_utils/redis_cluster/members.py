# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Who belongs to a cluster, who may join it, who leaves it and who is gone."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Mapping, Sequence, Set, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.observe import (
    Node,
    own,
    slot_ranges,
)


class Refusal(Exception):
    """What is declared is not done; each reason says where, why and what to do."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = tuple(reasons)


@dataclass(frozen=True)
class Declared:
    """A node that shall be a member."""

    name: str
    address: str
    port: int
    bus_port: int
    zone: str

    @property
    def place(self) -> str:
        """The address by which nodes know each other."""
        return f"{self.address}:{self.port}"


@dataclass(frozen=True)
class View:
    """What a node says of the cluster and of itself."""

    nodes: Tuple[Node, ...]
    #: How many keys it has.
    keys: int = 0
    #: Whether a replica has its connection to its master; true of masters.
    link_up: bool = True
    #: What CLUSTER INFO calls cluster_state.
    state: str = "ok"
    #: How many replicas follow closely enough for min-replicas-to-write; none if that is off.
    good_replicas: int = -1
    #: How many keys it has in each slot that is open on it.
    open_keys: Mapping[int, int] = field(default_factory=dict)

    @property
    def me(self) -> Node:
        """The node's own line."""
        return own(self.nodes)

    @property
    def known(self) -> Set[str]:
        """The ids of all other members that it knows."""
        return {node.id for node in self.nodes if node.is_known and not node.myself}


@dataclass(frozen=True)
class Observed:
    """All answers by place, and why places gave none."""

    views: Mapping[str, View]
    silent: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Members:
    """All nodes by their ids, in the order of the declaration, undeclared ones last."""

    #: What is declared of a node, for those that are.
    declared: Mapping[str, Declared]
    #: What each living node says.
    views: Mapping[str, View]
    #: Declared nodes that are members, and those that belong to no cluster yet.
    core: Tuple[str, ...]
    fresh: Tuple[str, ...]
    #: Living members that are declared no more.
    leaving: Tuple[str, ...]
    #: Members that do not live and are declared no more, with their addresses.
    gone: Mapping[str, str]

    @property
    def alive(self) -> Tuple[str, ...]:
        """All living nodes."""
        joined = [node for node in self.declared if node in self.core or node in self.fresh]
        return (*joined, *self.leaving)

    def name(self, node: str) -> str:
        """Return what messages call a node: its declared name, or its address."""
        if node in self.declared:
            return self.declared[node].name
        if node in self.views:
            return self.views[node].me.place
        return f"{self.gone.get(node, '')} ({node[:8]})".lstrip()


def as_new(declared: Sequence[Declared]) -> Observed:
    """Return what the declared nodes would say if each of them had just been started for the first time."""
    flags = frozenset({"myself", "master"})
    return Observed(
        {
            node.place: View(
                (
                    Node(
                        id=node.name,
                        address=node.address,
                        port=node.port,
                        bus_port=node.bus_port,
                        hostname="",
                        flags=flags,
                        master_id="",
                        config_epoch=0,
                        linked=True,
                        slots=frozenset(),
                        migrating=(),
                        importing=(),
                    ),
                )
            )
            for node in declared
        }
    )


def sort_out(declared: Sequence[Declared], observed: Observed, give_up_lost_slots: bool) -> Members:
    """Return who is who.

    :param give_up_lost_slots: do not mind slots whose only owner is gone.
    :raises Refusal: a declared node does not answer, has data or belongs to another cluster, or slots would be lost.
    """
    silent = [
        f"{node.name} ({node.place}) does not answer: {observed.silent.get(node.place, 'not asked')}; "
        "start it, or take it out of the declaration"
        for node in declared
        if node.place not in observed.views
    ]
    if silent:
        raise Refusal(silent)
    views = {observed.views[node.place].me.id: observed.views[node.place] for node in declared}
    by_id = dict(zip(views, declared))
    core = core_of(views)
    fresh = tuple(node for node in views if node not in core)
    strangers = [reason for node in fresh for reason in _stranger(by_id[node], views[node])]
    if strangers:
        raise Refusal(strangers)
    others = {node.id: node for one in core for node in views[one].nodes if node.is_known and node.id not in views}
    leaving, gone = _undeclared(others, {node.place for node in declared}, observed)
    _refuse_loss(gone, views, core, give_up_lost_slots)
    living = {node: observed.views[others[node].place] for node in leaving}
    return Members(
        declared=by_id,
        views={**views, **living},
        core=core,
        fresh=fresh,
        leaving=tuple(leaving),
        gone={node.id: node.place for node in gone},
    )


def core_of(views: Mapping[str, View]) -> Tuple[str, ...]:
    """Return the nodes that form the cluster: of all sets that know each other the one with most slots, keys, nodes.

    Nodes that all stand alone, without slots and keys, are no cluster: none is returned.
    """
    sets: List[Set[str]] = []
    for node in views:
        if not any(node in known for known in sets):
            sets.append(_acquainted(node, views))

    def weight(nodes: Set[str]) -> Tuple[int, int, int]:
        return sum(len(views[n].me.slots) for n in nodes), len(nodes), sum(views[n].keys for n in nodes)

    best = max(sets, key=weight)
    if len(best) == 1 and not any(views[node].me.slots or views[node].known for node in best):
        return ()
    return tuple(node for node in views if node in best)


def _acquainted(start: str, views: Mapping[str, View]) -> Set[str]:
    found, ahead = {start}, [start]
    while ahead:
        node = ahead.pop()
        for other in views[node].known - found:
            if other in views and node in views[other].known:
                found.add(other)
                ahead.append(other)
    return found


def _stranger(node: Declared, view: View) -> List[str]:
    """Return why a node may not join."""
    reasons = []
    if view.known:
        reasons.append(f"belongs to another cluster, of {len(view.known) + 1} nodes")
    if view.me.slots:
        reasons.append(f"has slots ({slot_ranges(view.me.slots)})")
    if view.keys:
        reasons.append(f"holds {view.keys} keys")
    remedy = "save what it holds, then run FLUSHALL and CLUSTER RESET there, or take it out of the declaration"
    return [f"{node.name} ({node.place}) cannot join: it {' and '.join(reasons)}; {remedy}"] if reasons else []


def _undeclared(others: Mapping[str, Node], places: Set[str], observed: Observed) -> Tuple[List[str], List[Node]]:
    """Return the living and the dead among the nodes that are declared no more."""
    leaving: List[str] = []
    gone: List[Node] = []
    unclear: List[str] = []
    for node in sorted(others.values(), key=lambda one: (one.place, one.id)):
        view = observed.views.get(node.place)
        if view and view.me.id == node.id:
            leaving.append(node.id)
        elif node.is_gone or view or node.place in places:
            gone.append(node)
        else:
            why = observed.silent.get(node.place, "not asked")
            unclear.append(
                f"{node.place} ({node.id[:8]}) is not declared and does not answer: {why}; "
                "start it so that it can leave, or stop it and wait until the cluster finds that it failed"
            )
    if unclear:
        raise Refusal(unclear)
    return leaving, gone


def _refuse_loss(gone: Sequence[Node], views: Mapping[str, View], core: Sequence[str], give_up: bool) -> None:
    """Refuse to forget the owner of slots, as long as that is not wanted."""
    reasons = []
    for node in gone:
        replicas: Dict[str, View] = {one: views[one] for one in core if views[one].me.master_id == node.id}
        if replicas:
            alive = ", ".join(view.me.place for view in replicas.values())
            reasons.append(
                f"{node.place} ({node.id[:8]}) is gone and {alive} has a copy of what it had; "
                "run CLUSTER FAILOVER TAKEOVER there"
            )
        elif node.slots and not give_up:
            reasons.append(
                f"{node.place} ({node.id[:8]}) is gone with the only copy of slots {slot_ranges(node.slots)}; "
                "start it again, or set give_up_lost_slots to give these slots away empty"
            )
    if reasons:
        raise Refusal(reasons)
