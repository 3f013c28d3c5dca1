# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A cluster in memory: nodes that say what they are, and on which the steps of a plan can be carried out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Set

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.members import (
    Declared,
    Observed,
    View,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.observe import Node
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.steps import (
    Assign,
    Close,
    Detach,
    Failover,
    Forget,
    Meet,
    Move,
    Remove,
    Replicate,
)


def declared(zones: str, first: int = 1) -> List[Declared]:
    """Return a node r1, r2, ... for each letter, which names its zone."""
    return [Declared(f"r{n}", f"10.0.0.{n}", 6379, 16379, zone) for n, zone in enumerate(zones, first)]


@dataclass
class Member:
    """A node: its id is its name, so that texts are easily read."""

    id: str
    address: str
    slots: Set[int] = field(default_factory=set)
    master: str = ""
    keys: int = 0
    alive: bool = True
    link_up: bool = True
    migrating: Dict[int, str] = field(default_factory=dict)
    importing: Dict[int, str] = field(default_factory=dict)
    open_keys: Dict[int, int] = field(default_factory=dict)
    joined: bool = False


class Model:
    """Nodes by id; those that joined know each other."""

    def __init__(self, nodes: List[Declared]) -> None:
        self.members = {node.name: Member(node.name, node.address) for node in nodes}
        self.leaving: Set[str] = set()

    def add(self, nodes: List[Declared]) -> None:
        """Start further nodes."""
        self.members.update(Model(nodes).members)

    def lines(self, asked: Member) -> List[Node]:
        """Return what a node shows."""
        known = [one for one in self.members.values() if one is asked or (asked.joined and one.joined)]
        return [self._line(one, one is asked) for one in known]

    @staticmethod
    def _line(one: Member, myself: bool) -> Node:
        flags = {"slave" if one.master else "master"} | ({"myself"} if myself else set())
        return Node(
            id=one.id,
            address=one.address,
            port=6379,
            bus_port=16379,
            hostname="",
            flags=frozenset(flags | (set() if one.alive else {"fail"})),
            master_id=one.master,
            config_epoch=1,
            linked=one.alive,
            slots=frozenset(one.slots),
            migrating=tuple(one.migrating.items()) if myself else (),
            importing=tuple(one.importing.items()) if myself else (),
        )

    def observe(self) -> Observed:
        """Return what all living nodes say."""
        views = {
            f"{one.address}:6379": View(
                nodes=tuple(self.lines(one)), keys=one.keys, link_up=one.link_up, open_keys=dict(one.open_keys)
            )
            for one in self.members.values()
            if one.alive
        }
        silent = {f"{one.address}:6379": "connection refused" for one in self.members.values() if not one.alive}
        return Observed(views, silent)

    def carry_out(self, steps) -> None:
        """Do what the steps say."""
        actions = {
            Forget: lambda step: self.members.pop(step.node),
            Meet: lambda step: setattr(self.members[step.node], "joined", True),
            Close: self._close,
            Move: self._move,
            Failover: self._fail_over,
            Detach: lambda step: setattr(self.members[step.node], "master", ""),
            Assign: lambda step: self.members[step.node].slots.update(step.slots),
            Replicate: self._replicate,
            Remove: self._remove,
        }
        self.leaving = {step.node for step in steps if isinstance(step, Remove)}
        for step in steps:
            actions[type(step)](step)

    def _close(self, step: Close) -> None:
        for slot in step.slots:
            self.members[step.node].migrating.pop(slot, None)
            self.members[step.node].importing.pop(slot, None)

    def _move(self, step: Move) -> None:
        source, target = self.members[step.source], self.members[step.target]
        assert set(step.slots) <= source.slots
        assert not target.master
        source.slots -= set(step.slots)
        target.slots |= set(step.slots)
        for slot in step.slots:
            source.migrating.pop(slot, None)
            target.importing.pop(slot, None)
            target.open_keys.pop(slot, None)

    def _fail_over(self, step: Failover) -> None:
        replica, master = self.members[step.replica], self.members[step.master]
        assert replica.master == master.id
        replica.slots, master.slots = master.slots, set()
        for one in self.members.values():
            if one.master == master.id:
                one.master = replica.id
        replica.master, master.master = "", replica.id

    def _replicate(self, step: Replicate) -> None:
        assert not self.members[step.node].slots
        assert not self.members[step.master].master
        self.members[step.node].master = step.master

    def _remove(self, step: Remove) -> None:
        assert not self.members[step.node].slots
        assert not [one.id for one in self.members.values() if one.master == step.node and one.id not in self.leaving]
        del self.members[step.node]
