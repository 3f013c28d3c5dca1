# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which master gets which slots: evenly, with as few moves as that takes."""

from __future__ import annotations

from typing import Dict, Iterator, List, Mapping, NamedTuple, Sequence, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.observe import SLOTS


class Transfer(NamedTuple):
    """Slots that go from one node to another; from nobody if the source is empty."""

    source: str
    target: str
    slots: Tuple[int, ...]


def balance(owner: Mapping[int, str], masters: Sequence[str]) -> List[Transfer]:
    """Return the transfers after which the masters have all slots, none of them two more than another.

    No transfer sequence that does so moves fewer slots: only what is above a master's share leaves it, and the larger
    shares go to those that have most.

    :param owner: who has a slot, for those that anybody has; also nodes that shall have none.
    """
    held: Dict[str, List[int]] = {master: [] for master in masters}
    spare: List[Tuple[str, int]] = []
    for slot in range(SLOTS):
        node = owner.get(slot, "")
        if node in held:
            held[node].append(slot)
        else:
            spare.append((node, slot))
    share = _shares({master: len(slots) for master, slots in held.items()})
    for master, slots in held.items():
        # The last slots of a master leave it, so that what it keeps stays in one piece.
        spare += [(master, slot) for slot in slots[share[master] :]]
    transfers: Dict[Tuple[str, str], List[int]] = {}
    left = iter(sorted(spare, key=lambda pair: pair[1]))
    for master in masters:
        for source, slot in _take(left, share[master] - len(held[master])):
            transfers.setdefault((source, master), []).append(slot)
    return [Transfer(source, target, tuple(slots)) for (source, target), slots in transfers.items()]


def _shares(count: Mapping[str, int]) -> Dict[str, int]:
    """Return how many slots each master shall have; the larger shares stay with those that have most."""
    least, more = divmod(SLOTS, len(count))
    ranked = sorted(count, key=lambda master: -count[master])
    return {master: least + (rank < more) for rank, master in enumerate(ranked)}


def _take(left: Iterator[Tuple[str, int]], number: int) -> List[Tuple[str, int]]:
    return [next(left) for dummy in range(number)]
