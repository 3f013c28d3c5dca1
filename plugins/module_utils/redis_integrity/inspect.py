# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with a cluster, by what its nodes told at one moment."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Sequence

from ansible_collections.freeagentics.platform.plugins.module_utils.observe.findings import NotChecked
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.observe import (
    Node,
    owners,
    slot_ranges,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_info.describe import (
    Cluster,
    describe,
    keys_of,
    number,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_integrity.content import Pair
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_integrity.findings import Finding

#: Where a finding is that is of no single node.
CLUSTER = "cluster"
#: Kinds that a healthy cluster may show for moments: while a failover or a move is under way, or while it writes.
TRANSIENT = frozenset(
    {"cluster_fails", "loading", "node_failing", "node_unlinked", "replica_behind", "replica_unlinked", "views_differ"}
)
Entry = Mapping[str, Any]


class Wanted(NamedTuple):
    """What shall hold: replicas of each shard (None: not looked at), and the bytes that a replica may be behind."""

    replicas: Optional[int]
    max_lag_bytes: int


def inspect(cluster: Cluster, wanted: Wanted) -> List[Finding]:
    """Return what is wrong with a cluster, by what its nodes told."""
    state = describe(cluster)
    nodes = {node["name"]: node for node in state["nodes"]}
    return [
        *_slots(cluster, state),
        *_agreement(cluster, state["agreement"]["groups"]),
        *_members(state["nodes"]),
        *_copies(state["shards"], nodes, wanted),
        *_replication(state["nodes"], wanted),
        *_persistence(cluster),
        *_versions(state["nodes"]),
    ]


def not_checked(cluster: Cluster) -> List[NotChecked]:
    """Return what could not be looked at, since a node did not answer."""
    found = []
    for name, told in cluster.told.items():
        if not told.answered:
            found.append(NotChecked("node", "everything", name, next(iter(told.missing.values()))))
            continue
        found += [NotChecked("node", question, name, reason) for question, reason in told.missing.items()]
    return found


def _slots(cluster: Cluster, state: Entry) -> Iterator[Finding]:
    missing = state["coverage"]["missing"]
    if missing:
        detail = f"{state['coverage']['covered']} of 16384 slots have a master, these have none"
        yield Finding("slots_uncovered", f"slots {missing}", CLUSTER, detail)
    for node in state["nodes"]:
        if node["slots"] and "fail" in node["flags"]:
            yield Finding("slots_uncovered", f"slots {node['slots']}", CLUSTER, f"their master {node['name']} failed")
        for entry in node["open_slots"]:
            way = "to" if entry["state"] == "migrating" else "from"
            detail = f"{entry['state']} {way} {entry['other']}"
            yield Finding("open_slot", f"slot {entry['slot']}", node["name"], detail)
    claims: Dict[int, List[str]] = {}
    for name, told in cluster.told.items():
        for slot in told.myself.slots if told.myself else ():
            claims.setdefault(slot, []).append(name)
    several: Dict[str, List[int]] = {}
    for slot, names in claims.items():
        if len(names) > 1:
            several.setdefault(", ".join(names), []).append(slot)
    for claimants, slots in several.items():
        detail = f"each of {claimants} says that they are its own"
        yield Finding("slots_claimed_twice", f"slots {slot_ranges(slots)}", CLUSTER, detail)


def _agreement(cluster: Cluster, groups: Sequence[Sequence[str]]) -> Iterator[Finding]:
    views, names = cluster.views(), cluster.names()
    for group in groups[1:]:
        differing = differences(views[groups[0][0]], views[group[0]], names)
        detail = f"other than {', '.join(groups[0])} it sees that {'; '.join(differing)}"
        yield Finding("views_differ", ", ".join(group), CLUSTER, detail)
    for name, told in cluster.told.items():
        if told.state.get("cluster_state", "ok") != "ok":
            slots = told.state.get("cluster_slots_ok", "?")
            yield Finding(
                "cluster_fails", name, name, f"it says cluster_state:fail, with {slots} of 16384 slots served"
            )


def differences(first: Sequence[Node], second: Sequence[Node], names: Mapping[str, str]) -> List[str]:
    """Return in words what the second view has otherwise than the first, of slots and of who copies whom."""
    before, after = owners(first), owners(second)
    moved: Dict[str, List[int]] = {}
    for slot in sorted({*before, *after}):
        if before.get(slot) != after.get(slot):
            moved.setdefault(after.get(slot, ""), []).append(slot)
    found = [
        f"slots {slot_ranges(slots)} " + (f"belong to {names.get(owner, owner)}" if owner else "have no master")
        for owner, slots in moved.items()
    ]
    masters = [{node.id: node.master_id for node in view if node.is_known} for view in (first, second)]
    for node in sorted({*masters[0], *masters[1]}, key=lambda identifier: names.get(identifier, identifier)):
        if masters[0].get(node) != masters[1].get(node):
            now = masters[1].get(node)
            what = "is no node" if now is None else f"copies {names.get(now, now)}" if now else "copies nobody"
            found.append(f"{names.get(node, node)} {what}")
    return found


def _members(nodes: Sequence[Entry]) -> Iterator[Finding]:
    for node in nodes:
        name, flags = node["name"], node["flags"]
        if "fail" in flags:
            yield Finding("node_failing", name, CLUSTER, f"it failed, as {', '.join(flags['fail'])} see it")
        elif "fail?" in flags:
            yield Finding("node_failing", name, CLUSTER, f"it does not answer {', '.join(flags['fail?'])}")
        elif node["not_linked_from"]:
            others = ", ".join(node["not_linked_from"])
            yield Finding("node_unlinked", name, CLUSTER, f"{others} cannot reach it over the bus")
        if not node["declared"]:
            yield Finding(
                "node_not_declared", name, CLUSTER, f"the cluster has the {node['role']}, nothing declares it"
            )
        elif node["known_to_cluster"] is False:
            yield Finding("node_not_member", name, CLUSTER, "it is declared, no other node knows it")


def _copies(shards: Sequence[Entry], nodes: Mapping[str, Entry], wanted: Wanted) -> Iterator[Finding]:
    zones = {node["zone"] for node in nodes.values() if node["zone"]}
    for shard in shards:
        name = f"shard of {shard['master']}"
        alive = [replica for replica in shard["replicas"] if "fail" not in nodes[replica]["flags"]]
        if wanted.replicas is not None and len(alive) < wanted.replicas:
            detail = f"{len(alive)} of {wanted.replicas} replicas are there{': ' if alive else ''}{', '.join(alive)}"
            yield Finding("replicas_missing", name, CLUSTER, detail)
        copies = [shard["master"], *shard["replicas"]]
        for host, together in _grouped(copies, lambda node: nodes[node]["place"].rpartition(":")[0]).items():
            if len(together) > 1:
                yield Finding("copies_on_one_host", name, host, f"{', '.join(together)} are on one host")
        stand = {nodes[copy]["zone"] for copy in copies}
        if len(copies) > 1 and len(zones) > 1 and len(stand) == 1 and stand <= zones:
            yield Finding("copies_in_one_zone", name, min(stand), f"{', '.join(copies)} are in one zone")


def _grouped(names: Sequence[str], key: Any) -> Dict[str, List[str]]:
    found: Dict[str, List[str]] = {}
    for name in names:
        found.setdefault(key(name), []).append(name)
    return found


def _replication(nodes: Sequence[Entry], wanted: Wanted) -> Iterator[Finding]:
    for node in nodes:
        name, master = node["name"], node["shard"]
        if node["link"] == "down":
            seconds = node["lag_seconds"]
            since = f" for {seconds} s" if seconds is not None and seconds >= 0 else ""
            yield Finding("replica_unlinked", name, name, f"no connection to its master {master}{since}")
        elif (node["lag_bytes"] or 0) > wanted.max_lag_bytes:
            yield Finding("replica_behind", name, name, f"{node['lag_bytes']} bytes behind its master {master}")


def _persistence(cluster: Cluster) -> Iterator[Finding]:
    told = {name: entry.info for name, entry in cluster.told.items() if entry.info}
    anywhere = any(info.get("aof_enabled") == "1" for info in told.values())
    for name, info in told.items():
        if info.get("loading") == "1":
            yield Finding("loading", name, name, f"{info.get('loading_loaded_perc', '?')} % are loaded")
        for field, what in (("aof_last_write_status", "write"), ("aof_last_bgrewrite_status", "rewrite")):
            if info.get(field, "ok") != "ok":
                detail = f"the last {what} ended with {info[field]}"
                yield Finding("append_only_file_failing", "append-only file", name, detail)
        if anywhere and info.get("aof_enabled") == "0":
            yield Finding("append_only_file_off", "append-only file", name, "other nodes have one, it has none")
        if info.get("rdb_last_bgsave_status", "ok") != "ok":
            detail = f"the last snapshot ended with {info['rdb_last_bgsave_status']}"
            yield Finding("snapshot_failing", "snapshot", name, detail)


def _versions(nodes: Sequence[Entry]) -> Iterator[Finding]:
    found = _grouped([node["name"] for node in nodes if node["version"]], {n["name"]: n["version"] for n in nodes}.get)
    if len(found) > 1:
        detail = "; ".join(f"{version}: {', '.join(names)}" for version, names in sorted(found.items()))
        yield Finding("versions_differ", "redis", CLUSTER, detail)


class Counted(NamedTuple):
    """The keys of a replica and of its master as of one moment."""

    replica: str
    master: str
    replica_keys: int
    master_keys: int


def counted(cluster: Cluster) -> List[Counted]:
    """Return the numbers of keys of all replicas that stood exactly where their masters did, and of the masters.

    Equal offsets mean the same data: a replica does nothing of its own. It deletes a key that expired only when its
    master says so, and evicts none, so expired keys that are still there are counted on both sides alike.
    """
    found = []
    for pair in pairs_of(cluster):
        ours, theirs = cluster.told[pair.replica].info, cluster.told[pair.master].info
        if number(ours, "slave_repl_offset") == number(theirs, "master_repl_offset"):
            found.append(Counted(pair.replica, pair.master, keys_of(ours), keys_of(theirs)))
    return found


def pairs_of(cluster: Cluster) -> List[Pair]:
    """Return the replicas whose keys can be compared: they and their masters answer and are connected."""
    nodes = {node["name"]: node for node in describe(cluster)["nodes"]}
    return [
        Pair(name, node["shard"], tuple(sorted(master.slots)))
        for name, node in nodes.items()
        if node["link"] == "up" and node["lag_bytes"] is not None
        for master in (cluster.told[node["shard"]].myself,)
        if master
    ]
