# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A Redis Cluster's state, put together from what its nodes told of themselves and of each other."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.observe import (
    SLOTS,
    Node,
    owners,
    slot_ranges,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_info.ask import NODES, Declared, Told

#: Flags that say something is wrong with a node, or that it cannot be relied on.
ALARMING = ("fail?", "fail", "handshake", "noaddr", "nofailover")

Fingerprint = Tuple[Tuple[str, str, str], ...]


def fingerprint(view: Sequence[Node]) -> Fingerprint:
    """Return who has which slots and who copies whom; nodes that agree on the configuration have the same."""
    members = [node for node in view if node.is_known and (node.slots or node.master_id)]
    return tuple(sorted((node.id, node.master_id, slot_ranges(node.slots)) for node in members))


def pairs(value: str) -> Dict[str, str]:
    """Read a value of INFO that holds several: ``keys=7,expires=2``."""
    return {name: text for name, equals, text in (part.partition("=") for part in value.split(",")) if equals}


def keys_of(info: Mapping[str, str]) -> int:
    """Return the number of keys, of which a cluster has some in database 0 only."""
    return int(pairs(info.get("db0", "")).get("keys", "0"))


def volatile_keys_of(info: Mapping[str, str]) -> int:
    """Return the number of keys that have a time of expiry."""
    return int(pairs(info.get("db0", "")).get("expires", "0"))


def number(info: Mapping[str, str], name: str) -> Optional[int]:
    """Return a field as a number, or None where it is not there."""
    value = info.get(name, "")
    return int(value) if re.fullmatch(r"-?\d+", value) else None


@dataclass(frozen=True)
class Cluster:
    """The declared nodes and what each of them told."""

    declared: Tuple[Declared, ...]
    told: Mapping[str, Told]

    def views(self) -> Dict[str, Tuple[Node, ...]]:
        """Return the views of the nodes that told theirs, by name."""
        return {node.name: self.told[node.name].view for node in self.declared if self.told[node.name].view}

    def majority(self) -> Tuple[Node, ...]:
        """Return a view that most nodes share; of several the one with the highest epoch. Empty if nobody told one."""
        views = list(self.views().values())
        prints = [fingerprint(view) for view in views]
        ranked = [
            (prints.count(own_print), max(node.config_epoch for node in view), -place)
            for place, (own_print, view) in enumerate(zip(prints, views))
        ]
        return views[-max(ranked)[2]] if ranked else ()

    def names(self) -> Dict[str, str]:
        """Return names by id: the declared ones, and for nodes that only the cluster knows their addresses.

        A node's own word about its id counts before the address under which others see it.
        """
        by_place = {node.place: node.name for node in self.declared}
        found: Dict[str, str] = {}
        for view in self.views().values():
            for node in view:
                if node.is_known:
                    found.setdefault(node.id, by_place.get(node.place, node.place))
        for name in self.views():
            myself = self.told[name].myself
            if myself:
                found[myself.id] = name
        return found


def describe(cluster: Cluster) -> Dict[str, Any]:
    """Return the state of a cluster as a module tells it."""
    view, names = cluster.majority(), cluster.names()
    by_name = {names[node.id]: node for node in view if node.id in names}
    listed = [node.name for node in cluster.declared]
    listed += sorted(set(names.values()) - set(listed))
    nodes = [_node(name, by_name.get(name), cluster, names) for name in listed]
    return {
        "state": _state(cluster),
        "coverage": coverage(view),
        "agreement": _agreement(cluster),
        "epoch": max((node.config_epoch for node in view), default=None),
        "shards": _shards(view, names),
        "nodes": nodes,
        "missing": [
            {"node": node.name, "question": question, "reason": reason}
            for node in cluster.declared
            for question, reason in cluster.told[node.name].missing.items()
        ],
    }


def _state(cluster: Cluster) -> str:
    """Return ``ok`` if all nodes that answered say so, ``fail`` if one says otherwise, ``unknown`` if none answered."""
    told = {entry.state.get("cluster_state", "") for entry in cluster.told.values()} - {""}
    if not told:
        return "unknown"
    return "ok" if told == {"ok"} else "fail"


def coverage(view: Sequence[Node]) -> Dict[str, Any]:
    """Return how many slots have a master, and which have none."""
    covered = owners(view)
    missing = slot_ranges(slot for slot in range(SLOTS) if slot not in covered) if view else ""
    return {"covered": len(covered), "missing": missing}


def _agreement(cluster: Cluster) -> Dict[str, Any]:
    """Return whether all views have one fingerprint, and which nodes share one, the largest group first."""
    groups: Dict[Fingerprint, List[str]] = {}
    for name, view in cluster.views().items():
        groups.setdefault(fingerprint(view), []).append(name)
    ordered = sorted(groups.values(), key=lambda group: (-len(group), group))
    return {"agreed": len(ordered) == 1, "groups": ordered}


def _shards(view: Sequence[Node], names: Mapping[str, str]) -> List[Dict[str, Any]]:
    """Return the shards in the order of their slots."""
    masters = sorted((node for node in view if node.slots), key=lambda node: min(node.slots))
    return [
        {
            "master": names[master.id],
            "slots": slot_ranges(master.slots),
            "slot_count": len(master.slots),
            "replicas": sorted(names[node.id] for node in view if node.master_id == master.id),
        }
        for master in masters
    ]


def _node(name: str, seen: Optional[Node], cluster: Cluster, names: Mapping[str, str]) -> Dict[str, Any]:
    declared = next((node for node in cluster.declared if node.name == name), None)
    told = cluster.told.get(name, Told(missing={NODES: "not declared"}))
    myself = told.myself or seen
    info, master = told.info, names.get(myself.master_id, "") if myself else ""
    return {
        "name": name,
        "place": declared.place if declared else name,
        "zone": declared.zone if declared else "",
        "declared": declared is not None,
        "known_to_cluster": _known(name, seen, cluster),
        "answered": declared is not None and told.answered,
        "id": myself.id if myself else "",
        "role": _role(myself),
        "shard": master or (name if myself and myself.slots else ""),
        "slots": slot_ranges(myself.slots) if myself else "",
        "slot_count": len(myself.slots) if myself else 0,
        "open_slots": open_slots(told.myself, names),
        "epoch": myself.config_epoch if myself else None,
        **_replication(name, declared.place if declared else name, master, cluster),
        "memory_bytes": number(info, "used_memory"),
        "memory_limit_bytes": number(info, "maxmemory"),
        "key_count": keys_of(info) if info else None,
        "version": info.get("redis_version", ""),
        "uptime_seconds": number(info, "uptime_in_seconds"),
        "flags": seen_flags(name, cluster, names),
        "not_linked_from": not_linked(name, cluster, names),
    }


def _known(name: str, seen: Optional[Node], cluster: Cluster) -> Optional[bool]:
    """Return whether another node than itself knows it; None where nobody could be asked."""
    others = [view for other, view in cluster.views().items() if other != name]
    return None if not others else seen is not None


def _role(node: Optional[Node]) -> str:
    if node is None:
        return "unknown"
    return "master" if node.is_master else "replica"


def open_slots(myself: Optional[Node], names: Mapping[str, str]) -> List[Dict[str, Any]]:
    """Return the slots that a node says are on their way from or to it."""
    if myself is None:
        return []
    return [
        {"slot": slot, "state": state, "other": names.get(other, other)}
        for state, entries in (("migrating", myself.migrating), ("importing", myself.importing))
        for slot, other in entries
    ]


def seen_flags(name: str, cluster: Cluster, names: Mapping[str, str]) -> Dict[str, List[str]]:
    """Return the alarming flags that nodes see at a node, and who sees each."""
    found: Dict[str, List[str]] = {}
    for other, view in cluster.views().items():
        for node in view:
            if names.get(node.id) == name:
                for flag in sorted(node.flags & set(ALARMING)):
                    found.setdefault(flag, []).append(other)
    return found


def not_linked(name: str, cluster: Cluster, names: Mapping[str, str]) -> List[str]:
    """Return the nodes that have no connection to a node over the cluster's bus."""
    return [
        other
        for other, view in cluster.views().items()
        for node in view
        if names.get(node.id) == name and not node.myself and not node.linked
    ]


def _replication(name: str, place: str, master: str, cluster: Cluster) -> Dict[str, Any]:
    """Return how far a node is, and a replica behind its master.

    Masters and replicas count the same bytes in one sequence. The two are asked at moments some milliseconds apart, so
    a replica may seem to be ahead; its lag is 0 then.
    """
    info = cluster.told[name].info if name in cluster.told else {}
    of_master = cluster.told[master].info if master in cluster.told else {}
    is_replica = info.get("role") == "slave"
    offset = number(info, "slave_repl_offset" if is_replica else "master_repl_offset")
    lead = number(of_master, "master_repl_offset")
    known = is_replica and offset is not None and lead is not None
    return {
        "offset": offset,
        "lag_bytes": max(0, (lead or 0) - (offset or 0)) if known else None,
        "lag_seconds": _lag_seconds(info, of_master, place) if is_replica else None,
        "link": info.get("master_link_status", "") if is_replica else "",
    }


def _lag_seconds(info: Mapping[str, str], of_master: Mapping[str, str], place: str) -> Optional[int]:
    """Return the seconds since a replica was in touch with its master.

    A replica confirms its offset every second; the master notes when it last did. Where the master does not say so, the
    replica itself says how long its link is down, or since when nothing came over it, which is up to 10 seconds on a
    healthy one (``repl-ping-replica-period``).
    """
    for name, value in of_master.items():
        if re.fullmatch(r"slave\d+", name):
            fields = pairs(value)
            if f"{fields.get('ip')}:{fields.get('port')}" == place:
                return number(fields, "lag")
    down = info.get("master_link_status") == "down"
    return number(info, "master_link_down_since_seconds" if down else "master_last_io_seconds_ago")
