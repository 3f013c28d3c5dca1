# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which nodes are masters, and which master each other node replicates (R47).

Each node stands on a host of its own, so the copies of a shard are on different hosts by themselves. That they are in
two zones is always possible if S nodes or more, S being the number of shards, stand outside of every zone: then any set
of masters in one zone finds as many replicas elsewhere (Hall's condition), whichever nodes are the masters. What exists
is kept wherever it does not break a rule.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Dict, List, Mapping, Sequence, Set, Tuple


@dataclass(frozen=True)
class Candidate:
    """A node to place."""

    id: str
    zone: str


def choose_masters(
    nodes: Sequence[Candidate], slots: Mapping[str, int], master_of: Mapping[str, str], shards: int
) -> Tuple[Candidate, ...]:
    """Return as many masters as there shall be shards, in the order of the nodes.

    Masters with slots stay, those with most of them first. Others are taken from the zone with the fewest masters:
    nodes that replicate nobody before replicas.

    :param nodes: all nodes in the order of the declaration, at least as many as shards.
    :param slots: how many slots a node has, for those that have any.
    :param master_of: whom a node replicates, for those that do.
    """
    order = {node.id: place for place, node in enumerate(nodes)}
    holders = sorted((node for node in nodes if slots.get(node.id)), key=lambda node: (-slots[node.id], order[node.id]))
    chosen = holders[:shards]
    rest = [node for node in nodes if node not in holders]
    while len(chosen) < shards:
        zones = Counter(node.zone for node in chosen)
        best = min(rest, key=lambda node: (bool(master_of.get(node.id)), zones[node.zone], order[node.id]))
        rest.remove(best)
        chosen.append(best)
    return tuple(sorted(chosen, key=lambda node: order[node.id]))


def place_replicas(
    masters: Sequence[Candidate], others: Sequence[Candidate], master_of: Mapping[str, str]
) -> Dict[str, str]:
    """Return whom each other node shall replicate: evenly, each shard in two zones where that is possible.

    :param master_of: whom a node replicates now, for those that do.
    """
    if not others:
        return {}
    placed = _cover_zones(masters, others, master_of)
    least, more = divmod(len(others), len(masters))
    count = Counter(placed.values())
    for node in others:
        master = master_of.get(node.id, "")
        stays = any(master == known.id for known in masters) and _has_room(count, master, least, more)
        if node.id not in placed and stays:
            placed[node.id] = master
            count[master] += 1
    for node in others:
        if node.id not in placed:
            zones = Counter(placed[other.id] for other in others if other.id in placed and other.zone == node.zone)
            zones.update(master.id for master in masters if master.zone == node.zone)
            _least, _near, place = min((count[one.id], zones[one.id], place) for place, one in enumerate(masters))
            placed[node.id] = masters[place].id
            count[placed[node.id]] += 1
    return placed


def _has_room(count: Mapping[str, int], master: str, least: int, more: int) -> bool:
    """Tell whether a master may have one more replica, when `more` masters may have one above the least number."""
    if count.get(master, 0) < least:
        return True
    return count.get(master, 0) == least and sum(number > least for number in count.values()) < more


def _cover_zones(
    masters: Sequence[Candidate], others: Sequence[Candidate], master_of: Mapping[str, str]
) -> Dict[str, str]:
    """Return for as many masters as possible one replica in another zone: a maximum matching by augmenting paths."""
    taken: Dict[str, str] = {}
    by_id = {node.id: node for node in others}
    for master in masters:
        held = next((n for n in others if master_of.get(n.id) == master.id and n.zone != master.zone), None)
        if held:
            taken[held.id] = master.id
    zone = {master.id: master.zone for master in masters}

    def find(master: str, seen: Set[str]) -> bool:
        for node in _preferred(others, master, master_of):
            if by_id[node.id].zone == zone[master] or node.id in seen:
                continue
            seen.add(node.id)
            if node.id not in taken or find(taken[node.id], seen):
                taken[node.id] = master
                return True
        return False

    for master in masters:
        if master.id not in taken.values():
            find(master.id, set())
    return taken


def _preferred(others: Sequence[Candidate], master: str, master_of: Mapping[str, str]) -> List[Candidate]:
    """Return the nodes that replicate a master, then those that replicate nobody, then the rest."""
    return sorted(others, key=lambda node: 0 if master_of.get(node.id) == master else 1 + bool(master_of.get(node.id)))
