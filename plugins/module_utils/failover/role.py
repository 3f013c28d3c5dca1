# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a region's cluster leads or follows: what has to change in the settings that its members share. Pure.

https://patroni.readthedocs.io/en/latest/standby_cluster.html
"""

from __future__ import annotations

from typing import Any, Dict, Mapping, Sequence

from ansible_collections.freeagentics.platform.plugins.module_utils.patroni.dynamic import STANDBY

#: Our entry in Patroni's settings, which says which of two regions that lead is right.
EPOCH = "region_epoch"
#: Beside it, the highest number that another region told while this one led, or had led.
HEARD = "region_heard"


def to_follow(config: Mapping[str, Any], source: Mapping[str, Any], slots: Sequence[str], epoch: int) -> Dict[str, Any]:
    """Return the patch that makes a cluster follow another one, empty where it does.

    :param source: ``host``, ``port`` and ``primary_slot_name`` of the other one.
    :param epoch: the number of the failover by which the other one leads. A follower has to know it, as it counts on
        from there where nobody can ask the other one any more.
    :param slots: slots that were kept for clusters which followed this one: nobody reads them any more.
    """
    found: Dict[str, Any] = {}
    current = config.get(STANDBY) or {}
    differing = {key: value for key, value in source.items() if current.get(key) != value}
    if differing:
        found[STANDBY] = {**differing, **({} if current else {"create_replica_methods": ["basebackup"]})}
    found.update(_counted(config, epoch))
    gone = {name: None for name in slots if name in (config.get("slots") or {})}
    return {**found, **({"slots": gone} if gone else {})}


def to_lead(config: Mapping[str, Any], epoch: int, slots: Sequence[str]) -> Dict[str, Any]:
    """Return the patch that makes a cluster lead, empty where it does.

    :param epoch: its number among the failovers of a region; never counted down.
    :param slots: the slots of the clusters that follow this one.
    """
    found: Dict[str, Any] = {}
    if config.get(STANDBY):
        found[STANDBY] = None
    found.update(_counted(config, epoch))
    new = {name: {"type": "physical"} for name in slots if name not in (config.get("slots") or {})}
    return {**found, **({"slots": new} if new else {})}


def counted_on(config: Mapping[str, Any], epoch: int) -> int:
    """Return the number that settings get where they have to have ``epoch`` at least; never counted down.

    It is above the one that another region told, too: of that one the timeline may be in no archive that is read.
    """
    return max(epoch, int(config.get(EPOCH) or 0), int(config.get(HEARD) or 0) + 1)


def _counted(config: Mapping[str, Any], epoch: int) -> Dict[str, Any]:
    return {EPOCH: epoch} if int(config.get(EPOCH) or 0) < epoch else {}
