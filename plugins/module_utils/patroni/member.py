# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One member of a cluster as Patroni's REST API tells of it: what keeps it from being ready, and how it is restarted.

Replicas are restarted where they are; a leader hands over first. https://patroni.readthedocs.io/en/latest/rest_api.html
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, List, Mapping, Sequence

LEADERS = ("leader", "standby_leader")
SYNCHRONOUS = ("sync_standby", "quorum_standby")
#: Ways of a restart: of the server by Patroni, and of Patroni with the server.
NOTHING, SERVER, SERVICE = "nothing", "server", "service"
#: When it is a member's turn to be restarted, in this order.
LOWERED, REPLICA, LEADER = "lowered", "replica", "leader"
TURNS = (LOWERED, REPLICA, LEADER)
#: A replica refuses to start with less of these than its leader has:
#: https://www.postgresql.org/docs/15/hot-standby.html#HOT-STANDBY-ADMIN
FOLLOWED = (
    "max_connections",
    "max_locks_per_transaction",
    "max_prepared_transactions",
    "max_wal_senders",
    "max_worker_processes",
)


@dataclass(frozen=True)
class View:
    """What a member says of itself and of its cluster; None and empty where it does not answer.

    :param own: the answer to /patroni.
    :param cluster: the answer to /cluster.
    """

    name: str
    own: Mapping[str, Any]
    cluster: Mapping[str, Any]

    @property
    def members(self) -> Sequence[Mapping[str, Any]]:
        """The members that the store lists."""
        return self.cluster.get("members") or ()

    @property
    def role(self) -> str:
        """The member's role as the store has it, empty if it is not listed."""
        return str(next((member["role"] for member in self.members if member["name"] == self.name), ""))

    @property
    def leads(self) -> bool:
        """Whether this member leads."""
        return self.role in LEADERS

    @property
    def following(self) -> bool:
        """Whether the whole cluster follows another one."""
        return any(member["role"] == "standby_leader" for member in self.members)


def objections(view: View, expected: Sequence[str], synchronous: bool) -> List[str]:
    """Return what keeps a member from being ready; nothing if it is.

    A leader is asked for the whole cluster: exactly one leader, and a synchronous standby where there can be one.

    :param expected: the declared members.
    :param synchronous: whether the cluster replicates synchronously.
    """
    if not view.own:
        return ["Patroni does not answer"]
    state = view.own.get("state", "unknown")
    if state not in ("running", "streaming"):
        return [f"the server is in the state {state!r}"]
    leaders = [member["name"] for member in view.members if member["role"] in LEADERS]
    if len(leaders) != 1:
        return [f"the cluster has {len(leaders)} leaders"]
    if not view.leads:
        replication = view.own.get("replication_state") or "nothing"
        return (
            []
            if replication == "streaming"
            else [f"it does not stream from {leaders[0]}: replication is in the state {replication!r}"]
        )
    if view.following:
        replication = view.own.get("replication_state") or "nothing"
        return (
            []
            if replication == "streaming"
            else [f"it does not stream from the other region: replication is in the state {replication!r}"]
        )
    if synchronous and len(expected) > 1 and not any(member["role"] in SYNCHRONOUS for member in view.members):
        return ["no member is a synchronous standby"]
    return []


def restart_needed(view: View, stale: bool) -> str:
    """Return how the member must be restarted to run what is configured.

    :param stale: Patroni does not run the environment or the unit that is on disk.
    """
    if stale:
        return SERVICE
    return SERVER if view.own.get("pending_restart") else NOTHING


def turn(view: View) -> str:
    """Return when it is the member's turn to be restarted."""
    if not view.leads:
        return REPLICA
    reasons = view.own.get("pending_restart_reason") or {}
    changes = [(reasons[name].get("old_value"), reasons[name].get("new_value")) for name in FOLLOWED if name in reasons]
    return LOWERED if any(_number(new) < _number(old) for old, new in changes) else LEADER


def _number(value: Any) -> int:
    return int(value) if str(value).isdigit() else 0


def replaceable(view: View) -> bool:
    """Return whether there is a member that a leader can hand over to."""
    return any(
        member["role"] not in LEADERS
        and member.get("state") == "streaming"
        and not (member.get("tags") or {}).get("nofailover")
        for member in view.members
    )


def away(view: View, expected: Sequence[str]) -> List[str]:
    """Return the other declared members that neither lead nor stream: a replica is not restarted beside them."""
    there = {
        member["name"] for member in view.members if member["role"] in LEADERS or member.get("state") == "streaming"
    }
    return [name for name in expected if name != view.name and name not in there]
