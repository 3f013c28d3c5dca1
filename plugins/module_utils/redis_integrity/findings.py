# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a check of a Redis Cluster can find, how bad it is, and what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Dict

from ansible_collections.freeagentics.platform.plugins.module_utils.observe.findings import (
    DAMAGE,
    DIFFERENCE,
    WARNING,
    Kind,
)

_FORM = "run playbooks/redis.yml, which forms the cluster as declared and moves no key that is where it belongs"
_DISK = "look at disk space and rights of its data directory and at its log"
_RESYNC = (
    "find out who wrote to the replica; then stop it, remove dump.rdb and appendonlydir from its data directory, not "
    "nodes.conf, and start it: it copies its master anew"
)

#: ``{object}`` stands for what it was found in, ``{where}`` for the place.
KINDS: Dict[str, Kind] = {
    "slots_uncovered": Kind(
        DAMAGE,
        "bring the slots' last master or a replica of it back; only where both are lost for good, give the slots to a "
        "master with CLUSTER ADDSLOTSRANGE: they begin empty",
    ),
    "slots_claimed_twice": Kind(
        DAMAGE,
        "keep clients away, and let the nodes reach each other over the bus: the higher epoch wins; if both have the "
        "same one, CLUSTER BUMPEPOCH on the node whose keys shall be kept",
    ),
    "cluster_fails": Kind(
        DAMAGE, "the node refuses commands: repair what the other findings name; then it recovers by itself"
    ),
    "views_differ": Kind(
        DIFFERENCE, "let the nodes reach each other over the bus (port + 10000); they agree within seconds then"
    ),
    "open_slot": Kind(
        DIFFERENCE,
        "a move of the slot was interrupted: run playbooks/redis.yml, which finishes it; do not use redis-cli "
        "--cluster fix while clients write",
    ),
    "node_failing": Kind(DAMAGE, "start the node or its host, or let the others reach it over the bus"),
    "node_unlinked": Kind(DIFFERENCE, "let the nodes reach each other over the bus (port + 10000), in both directions"),
    "node_not_declared": Kind(
        DIFFERENCE, "declare it, or take it out with CLUSTER FORGET on every node after its slots were moved"
    ),
    "node_not_member": Kind(DIFFERENCE, _FORM),
    "replica_unlinked": Kind(
        DIFFERENCE,
        "let it reach its master's client port, and compare masteruser and masterauth with the master's users",
    ),
    "replica_behind": Kind(
        DIFFERENCE,
        "do not fail over to it; look at the network between the two and at client-output-buffer-limit replica",
    ),
    "replicas_missing": Kind(DIFFERENCE, _FORM),
    "keys_differ": Kind(DIFFERENCE, _RESYNC),
    "value_differs": Kind(DIFFERENCE, _RESYNC),
    "copies_on_one_host": Kind(DIFFERENCE, f"losing the host loses the shard: {_FORM}"),
    "copies_in_one_zone": Kind(WARNING, f"losing the zone loses the shard: {_FORM}"),
    "append_only_file_failing": Kind(DAMAGE, f"writes since then are lost with the process: {_DISK}"),
    "append_only_file_off": Kind(WARNING, "what it has is lost with the process: set appendonly yes as on the others"),
    "snapshot_failing": Kind(DAMAGE, f"a replica cannot be fed and no snapshot is written: {_DISK}"),
    "loading": Kind(WARNING, "it reads its data and answers nothing else until it is done: look again"),
    "versions_differ": Kind(WARNING, "finish the update: payloads of a newer version cannot be read by an older one"),
}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: a kind of KINDS, in an object, at a place (a node or ``cluster``), in words."""

    kind: str
    object: str
    where: str
    detail: str

    def record(self) -> Dict[str, Any]:
        """Return it as a module tells it, with its severity and remedy."""
        kind = KINDS[self.kind]
        remedy = kind.remedy.replace("{object}", self.object).replace("{where}", self.where)
        return {**asdict(self), "severity": kind.severity, "remedy": remedy}
