# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The steps from the cluster that is to the one that is declared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, List, Mapping, Sequence, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.members import (
    Declared,
    Members,
    Observed,
    Refusal,
    sort_out,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.observe import slot_ranges
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.placement import (
    Candidate,
    choose_masters,
    place_replicas,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.slots import balance
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
    Step,
)


@dataclass(frozen=True)
class Plan:
    """The steps in their order, and what the cluster looks like before and after them, in lines of text."""

    steps: Tuple[Step, ...]
    members: Members
    before: Tuple[str, ...]
    after: Tuple[str, ...]
    #: How many replicas each master shall have.
    replicas: Mapping[str, int]

    @property
    def words(self) -> Tuple[str, ...]:
        """The steps in words."""
        return tuple(step.words(self.members.name) for step in self.steps)


@dataclass
class Shape:
    """Who has each slot, and whom each replica follows, among the nodes that are alive."""

    owner: Dict[int, str]
    master_of: Dict[str, str]

    def slots_of(self, node: str) -> Tuple[int, ...]:
        """Return a node's slots."""
        return tuple(sorted(slot for slot, owner in self.owner.items() if owner == node))

    def count(self) -> Dict[str, int]:
        """Return how many slots each node has, for those that have any."""
        count: Dict[str, int] = {}
        for node in self.owner.values():
            count[node] = count.get(node, 0) + 1
        return count

    def hand_over(self, slots: Sequence[int], target: str) -> None:
        """Give slots to a node."""
        self.owner.update(dict.fromkeys(slots, target))

    def swap(self, replica: str, master: str) -> None:
        """Let a replica and its master change places."""
        self.hand_over(self.slots_of(master), replica)
        for node, known in list(self.master_of.items()):
            if known == master:
                self.master_of[node] = replica
        del self.master_of[replica]
        self.master_of[master] = replica

    def lines(self, members: Members) -> Tuple[str, ...]:
        """Return one line for each master with its slots and replicas, and one for each node outside of the cluster."""
        lines = []
        for node in members.alive:
            slots = self.slots_of(node)
            if slots:
                replicas = [members.name(one) for one in members.alive if self.master_of.get(one) == node]
                copies = f", replicas {' '.join(replicas)}" if replicas else ""
                lines.append(f"{members.name(node)}: {len(slots)} slots ({slot_ranges(slots)}){copies}")
            elif node not in self.master_of:
                lines.append(f"{members.name(node)}: no slots")
        return tuple(lines)


def check(declared: Sequence[Declared], shards: int, replicas: int) -> None:
    """Refuse a declaration that no cluster can satisfy.

    :raises Refusal: with all reasons.
    """
    hosts = [node.address for node in declared]
    reasons = [
        f"{address} is declared for more than one node, so that one host could have two copies of a shard"
        for address in sorted({address for address in hosts if hosts.count(address) > 1})
    ]
    needed = shards * (1 + replicas)
    if shards < 1 or replicas < 0 or len(declared) < needed:
        reasons.append(
            f"{shards} shards with {replicas} replicas need {max(needed, 1)} nodes, one for each copy, "
            f"and {len(declared)} are declared"
        )
    zones = [node.zone for node in declared]
    spread = replicas > 0 and len(set(zones)) > 1 and len(declared) >= needed
    for zone in sorted(set(zones)) if spread else ():
        if len(zones) - zones.count(zone) < shards:
            reasons.append(f"so many nodes stand in {zone} that a shard would have all its copies there")
    if reasons:
        raise Refusal(reasons)


def plan(
    declared: Sequence[Declared], shards: int, replicas: int, observed: Observed, give_up_lost_slots: bool = False
) -> Plan:
    """Return what is to be done.

    The nodes that are alive must agree about the cluster: see :mod:`agreement`.

    :param give_up_lost_slots: give slots away, empty, whose only owner is gone for good.
    :raises Refusal: the declaration cannot be satisfied, or data would be lost.
    """
    check(declared, shards, replicas)
    members = sort_out(declared, observed, give_up_lost_slots)
    shape = _shape(members)
    before = shape.lines(members)
    steps: List[Step] = [Forget(node) for node in members.gone]
    steps += [Meet(node) for node in members.fresh]
    steps += _finish_moves(members, shape)
    steps += _take_over(members, shape)
    nodes = [Candidate(node, members.declared[node].zone) for node in members.alive if node in members.declared]
    masters = choose_masters(nodes, shape.count(), shape.master_of, shards)
    steps += _detach(masters, shape)
    placed = place_replicas(masters, [node for node in nodes if node not in masters], shape.master_of)
    steps += _arrange([master.id for master in masters], placed, shape)
    steps += [Remove(node) for node in members.leaving]
    for node in members.leaving:
        shape.master_of.pop(node, None)
    kept = Members(**{**vars(members), "leaving": ()})
    copies = {master.id: list(placed.values()).count(master.id) for master in masters}
    return Plan(tuple(steps), members, before, shape.lines(kept), copies)


def _shape(members: Members) -> Shape:
    """Return the cluster as its nodes see themselves; of two that claim a slot the later one has it."""
    shape = Shape({}, {})
    for node in sorted(members.alive, key=lambda one: members.views[one].me.config_epoch):
        me = members.views[node].me
        if me.master_id in members.views:
            shape.master_of[node] = me.master_id
        elif me.is_master:
            shape.hand_over(sorted(me.slots), node)
    return shape


def _finish_moves(members: Members, shape: Shape) -> List[Step]:
    """Finish every move that was begun, and close slots that only one side thinks are being moved.

    Where both sides have a key, the owner's copy is the one that clients see, and it is kept.
    """
    moves: Dict[Tuple[str, str], List[int]] = {}
    closed: Dict[str, List[int]] = {}
    for node in members.alive:
        for slot, other in members.views[node].me.migrating:
            target = shape.master_of.get(other, other)
            if shape.owner.get(slot) == node and target in members.views and target != node:
                moves.setdefault((node, target), []).append(slot)
            else:
                closed.setdefault(node, []).append(slot)
    begun = {slot: target for (source, target), slots in moves.items() for slot in slots}
    for node in members.alive:
        view = members.views[node]
        for slot, _other in view.me.importing:
            owner = shape.owner.get(slot, "")
            if begun.get(slot) == node:
                continue
            if view.open_keys.get(slot) and owner not in ("", node) and slot not in begun:
                moves.setdefault((owner, node), []).append(slot)
                begun[slot] = node
            else:
                closed.setdefault(node, []).append(slot)
    for (_source, target), slots in moves.items():
        shape.hand_over(slots, target)
    finish = [Move(source, target, tuple(sorted(slots))) for (source, target), slots in moves.items()]
    return [*finish, *(Close(node, tuple(sorted(slots))) for node, slots in closed.items())]


def _take_over(members: Members, shape: Shape) -> List[Step]:
    """Let declared replicas take over from masters that leave."""
    steps: List[Step] = []
    for master in members.leaving:
        replicas = [
            node
            for node in members.alive
            if node in members.declared and shape.master_of.get(node) == master and members.views[node].link_up
        ]
        if replicas and shape.slots_of(master):
            steps.append(Failover(replicas[0], master))
            shape.swap(replicas[0], master)
    return steps


def _detach(masters: Sequence[Candidate], shape: Shape) -> List[Step]:
    steps: List[Step] = []
    for master in masters:
        if shape.master_of.pop(master.id, None):
            steps.append(Detach(master.id))
    return steps


def _arrange(masters: Sequence[str], placed: Mapping[str, str], shape: Shape) -> List[Step]:
    """Return the steps to even slots and placed replicas.

    Replicas of masters that take slots come first: without them such a master may refuse writes
    (min-replicas-to-write). What copies of slots that still have to move are made of comes last.
    """
    early: List[Step] = []
    late: List[Step] = []
    for node, master in placed.items():
        current = shape.master_of.get(node, "")
        if current != master:
            busy = shape.slots_of(node) or (current and current not in masters and shape.slots_of(current))
            (late if busy else early).append(Replicate(node, master))
    assign: List[Step] = []
    move: List[Step] = []
    for transfer in balance(shape.owner, masters):
        if transfer.source:
            move.append(Move(*transfer))
        else:
            assign.append(Assign(transfer.target, transfer.slots))
        shape.hand_over(transfer.slots, transfer.target)
    shape.master_of.update(placed)
    return [*assign, *early, *move, *late]
