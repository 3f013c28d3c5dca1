# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Moves slots from node to node with their keys, while clients read and write them.

The order of https://redis.io/docs/latest/commands/cluster-setslot/: the target imports, the source migrates, the keys
go over, the target becomes the owner, then the source learns it. Interrupted anywhere, it can be done again from the
start.
"""

from __future__ import annotations

import time
from functools import partial
from typing import Any, Callable, Iterator, List, NamedTuple, Sequence, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.client import (
    Client,
    Command,
    ServerError,
)

#: Slots whose state is changed in one go; so many are open after a crash at most.
SLOTS_AT_ONCE = 64
#: What a node says that will do what is asked a little later.
PASSING = ("NOREPLICAS", "IOERR", "TRYAGAIN", "LOADING", "CLUSTERDOWN")


class Pace(NamedTuple):
    """How keys are moved."""

    #: Keys of one MIGRATE: both nodes do nothing else meanwhile.
    keys_at_once: int
    #: Seconds that a MIGRATE may take, and that a target may refuse for a passing reason.
    migrate_timeout: float
    patience: float


class Side(NamedTuple):
    """A node as a side of a move."""

    id: str
    client: Client


def move_slots(source: Side, target: Side, slots: Sequence[int], pace: Pace) -> int:
    """Hand slots over, and return how many keys went with them.

    :raises ServerError: a node refused or did not answer; slots may be left open.
    """
    keys = 0
    for batch in batches(slots):
        require(target.client, [_set_slot(slot, "IMPORTING", source.id) for slot in batch])
        require(source.client, [_set_slot(slot, "MIGRATING", target.id) for slot in batch])
        counts = require(source.client, [("CLUSTER", "COUNTKEYSINSLOT", slot) for slot in batch])
        for slot, count in zip(batch, counts):
            if count:
                keys += _move_keys(source.client, target.client, slot, pace)
        for side in (target, source):
            require(side.client, [_set_slot(slot, "NODE", target.id) for slot in batch])
    return keys


def batches(slots: Sequence[int]) -> Iterator[Sequence[int]]:
    """Return the slots in groups that grow to SLOTS_AT_ONCE.

    Some clients cannot follow ASK to a node that they do not know. They learn of it with the first MOVED, which the
    end of the first group brings, so it comes soon.
    """
    begin, size = 0, 1
    while begin < len(slots):
        yield slots[begin : begin + size]
        begin, size = begin + size, min(2 * size, SLOTS_AT_ONCE)


def require(client: Client, commands: Sequence[Command]) -> List[Any]:
    """Send commands in one go and return their answers.

    :raises ServerError: the first error among the answers.
    """
    answers = client.ask_all(commands)
    for answer in answers:
        if isinstance(answer, ServerError):
            raise answer
    return answers


def _set_slot(slot: int, state: str, node: str) -> Tuple[Any, ...]:
    return "CLUSTER", "SETSLOT", slot, state, node


def _move_keys(source: Client, target: Client, slot: int, pace: Pace) -> int:
    moved = 0
    while True:
        keys = source.ask("CLUSTER", "GETKEYSINSLOT", slot, pace.keys_at_once)
        if not keys:
            return moved
        patiently(partial(source.ask, *_migrate(target, keys, pace)), pace.patience)
        moved += len(keys)


def _migrate(target: Client, keys: Sequence[bytes], pace: Pace) -> Command:
    """Return MIGRATE for keys; a copy that an interrupted one left on the target is overwritten by the owner's."""
    server = target.server
    login: Tuple[Any, ...] = ("AUTH2", server.user, server.password) if server.user else ()
    limit = round(pace.migrate_timeout * 1000)
    return ("MIGRATE", server.host, server.port, "", 0, limit, "REPLACE", *login, "KEYS", *keys)


def patiently(action: Callable[[], Any], patience: float) -> Any:
    """Do something again while it is refused for a reason that passes, for so many seconds.

    :raises ServerError: the last refusal, or one that does not pass.
    """
    deadline = time.monotonic() + patience
    while True:
        try:
            return action()
        except ServerError as error:
            if time.monotonic() > deadline or not any(word in str(error) for word in PASSING):
                raise
        time.sleep(0.2)
