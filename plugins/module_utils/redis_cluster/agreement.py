# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the nodes of a cluster see the same cluster, and whether it is whole."""

from __future__ import annotations

from typing import Dict, List, Mapping, Sequence, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.members import View
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.observe import (
    SLOTS,
    owners,
    slot_ranges,
)


def disagreements(views: Mapping[str, View]) -> List[str]:
    """Return in what the nodes differ, that have these ids; nothing if all see the same members, masters and slots."""
    reasons = []
    for node, view in views.items():
        unknown = [other for other in views if other != node and other not in view.known]
        meeting = [other for other in view.nodes if not other.is_known]
        if unknown or meeting:
            reasons.append(f"{view.me.place} does not know {len(unknown) or len(meeting)} nodes yet")
    seen = {node: _picture(view, tuple(views)) for node, view in views.items()}
    for node, view in views.items():
        others = [other for other in views if seen[other] != seen[node]]
        if others and not reasons:
            places = ", ".join(views[other].me.place for other in others)
            reasons.append(f"{view.me.place} sees other slots or masters than {places}")
    return reasons


def faults(views: Mapping[str, View], replicas: Mapping[str, int]) -> List[str]:
    """Return what keeps a cluster from being whole, all nodes of which have these ids.

    :param replicas: how many replicas each master shall have.
    """
    reasons = disagreements(views)
    owner: Dict[int, str] = {}
    for node, view in views.items():
        owner.update(dict.fromkeys(view.me.slots, node))
        if view.me.migrating or view.me.importing:
            slots = [slot for slot, _other in (*view.me.migrating, *view.me.importing)]
            reasons.append(f"{view.me.place} has open slots ({slot_ranges(slots)})")
        if view.state != "ok":
            reasons.append(f"{view.me.place} says that the cluster is in state {view.state}")
        if not view.link_up:
            reasons.append(f"{view.me.place} is not in sync with its master")
    missing = set(range(SLOTS)) - set(owner)
    if missing:
        reasons.append(f"nobody has slots {slot_ranges(missing)}")
    for master, wanted in replicas.items():
        reasons += _copies(views, master, wanted)
    return reasons


def _copies(views: Mapping[str, View], master: str, wanted: int) -> List[str]:
    place = views[master].me.place
    found = sum(view.me.master_id == master for view in views.values())
    if found < wanted:
        return [f"{place} has {found} replicas, not {wanted}"]
    good = views[master].good_replicas
    if 0 <= good < wanted:
        return [f"{place} has {good} replicas that follow it closely, not {wanted}"]
    return []


def _picture(view: View, nodes: Sequence[str]) -> Tuple[Mapping[int, str], Mapping[str, str]]:
    return owners(view.nodes), {node.id: node.master_id for node in view.nodes if node.id in nodes}
