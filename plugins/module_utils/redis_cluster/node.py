# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a node of a cluster is restarted without its shard being away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Mapping, Sequence

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.members import Refusal, View


@dataclass(frozen=True)
class Restart:
    """What precedes the restart of a node: the place of the replica that takes over, or nothing."""

    successor: str


def plan_restart(view: View, copies: Mapping[str, View], silent: Mapping[str, str]) -> Restart:
    """Return how a node is restarted.

    :param view: what the node says.
    :param copies: what the other nodes of its shard say, by place.
    :param silent: why nodes of its shard say nothing, by place.
    :raises Refusal: another copy of the shard is away or behind, so that this one must stay.
    """
    reasons = [f"{place} has a copy of the same shard and does not answer: {why}" for place, why in silent.items()]
    reasons += [f"{place} is not in sync with its master" for place, copy in copies.items() if not copy.link_up]
    if reasons:
        raise Refusal([f"{view.me.place} is not restarted: {reason}" for reason in reasons])
    replicas = sorted(place for place, copy in copies.items() if copy.me.master_id == view.me.id)
    return Restart(replicas[0] if view.me.is_master and view.me.slots and replicas else "")


def copies_of(view: View) -> List[str]:
    """Return the places of the other nodes of a node's shard, as it knows them."""
    me = view.me
    shard = me.master_id or me.id
    return [
        node.place
        for node in view.nodes
        if node.is_known and not node.myself and node.address and shard in (node.id, node.master_id)
    ]


def back_in_place(view: View, successor: str) -> Sequence[str]:
    """Return what keeps a restarted node from being a full member again."""
    reasons = []
    if not view.link_up:
        reasons.append(f"{view.me.place} is not in sync with its master yet")
    if view.known and view.state != "ok":
        reasons.append(f"{view.me.place} says that the cluster is in state {view.state}")
    if successor and view.me.is_master:
        reasons.append(f"{view.me.place} does not know yet that {successor} took over")
    return reasons
