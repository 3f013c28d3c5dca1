# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compares keys of a replica with those of its master: a sample of their values, and where counts are apart."""

from __future__ import annotations

import time
from typing import Any, Callable, Dict, List, NamedTuple, Sequence, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_integrity.findings import Finding

#: Sends commands to the node of that name, and returns an answer, or an exception, for each.
Ask = Callable[[str, Sequence[Tuple[Any, ...]]], Sequence[Any]]
#: How a value is read whose DUMP is another one; hashes and sets have no order, so that their DUMPs may well differ.
READ: Dict[bytes, Tuple[Any, ...]] = {
    b"string": ("GET",),
    b"list": ("LRANGE", 0, -1),
    b"hash": ("HGETALL",),
    b"set": ("SMEMBERS",),
    b"zset": ("ZRANGE", 0, -1, "WITHSCORES"),
    b"stream": ("XRANGE", "-", "+"),
}
#: How often, and after how many seconds, a value that differs is looked at again: it may be about to be written.
TRIES, PAUSE = 4, 0.25
#: So many slots and keys are named; the rest is counted.
SHOWN = 5


class Pair(NamedTuple):
    """A replica, its master, and the slots that both have."""

    replica: str
    master: str
    slots: Tuple[int, ...]


class ContentError(Exception):
    """Contents cannot be compared; the text says what a node answered."""


def asked(ask: Ask, node: str, commands: Sequence[Tuple[Any, ...]]) -> List[Any]:
    """Return a node's answers; a replica answers for keys only where it is told that this is meant.

    :raises ContentError: one of them is an error.
    """
    answers = list(ask(node, [("READONLY",), *commands]))
    for answer in answers:
        if isinstance(answer, Exception):
            raise ContentError(" ".join(str(answer).split()))
    return answers[1:]


def per_slot(ask: Ask, node: str, slots: Sequence[int]) -> Dict[int, int]:
    """Return the number of keys in each slot of a node."""
    answers = asked(ask, node, [("CLUSTER", "COUNTKEYSINSLOT", slot) for slot in slots])
    return {slot: int(answer) for slot, answer in zip(slots, answers)}


def slots_apart(ask: Ask, pair: Pair) -> str:
    """Return in words in which slots a replica and its master have other numbers of keys."""
    ours, theirs = (per_slot(ask, node, pair.slots) for node in (pair.replica, pair.master))
    apart = [slot for slot in pair.slots if ours[slot] != theirs[slot]]
    if not apart:
        return "slot by slot they are the same now"
    shown = "; ".join(f"slot {slot} has {ours[slot]}, not {theirs[slot]}" for slot in apart[:SHOWN])
    return shown + (f"; {len(apart) - SHOWN} more slots differ" if len(apart) > SHOWN else "")


def spread(items: Sequence[Any], count: int) -> List[Any]:
    """Return so many items, evenly spread over all."""
    count = min(count, len(items))
    return [items[place * len(items) // count] for place in range(count)]


class Compared(NamedTuple):
    """How many keys of a shard were compared, and what differs."""

    keys: int
    findings: List[Finding]


def compare(
    ask: Ask, pair: Pair, count: int, max_key_bytes: int, sleep: Callable[[float], None] = time.sleep
) -> Compared:
    """Compare values and times of expiry of some keys, which are evenly spread over the slots.

    :param max_key_bytes: keys that take more memory are left out.
    :raises ContentError: a node refused to answer.
    """
    filled = [slot for slot, keys in per_slot(ask, pair.master, pair.slots).items() if keys]
    chosen = spread(filled, count)
    # Each slot gives as many as are needed where all slots give alike; a slot that has fewer gives what it has.
    share = -(-count // max(1, len(chosen)))
    commands = [("CLUSTER", "GETKEYSINSLOT", slot, share) for slot in chosen]
    keys = [key for answer in asked(ask, pair.master, commands) for key in answer][:count]
    sizes = asked(ask, pair.master, [("MEMORY", "USAGE", key) for key in keys])
    keys = [key for key, size in zip(keys, sizes) if size is not None and size <= max_key_bytes]
    differing = keys
    for attempt in range(TRIES):
        if attempt:
            sleep(PAUSE)
        differing = _differing(ask, pair, differing)
        if not differing:
            break
    findings = []
    if differing:
        names = ", ".join(key.decode("utf-8", "backslashreplace") for key in differing[:SHOWN])
        detail = f"{len(differing)} of {len(keys)} keys compared have another value or time of expiry on {pair.master}"
        findings.append(Finding("value_differs", names, pair.replica, detail))
    return Compared(len(keys), findings)


def _differing(ask: Ask, pair: Pair, keys: Sequence[bytes]) -> List[bytes]:
    """Return the keys that are not the same on both nodes now."""
    commands = [command for key in keys for command in (("DUMP", key), ("PEXPIRETIME", key))]
    ours, theirs = (asked(ask, node, commands) for node in (pair.replica, pair.master))
    found = []
    for place, key in enumerate(keys):
        same_payload = ours[2 * place] == theirs[2 * place]
        same_expiry = ours[2 * place + 1] == theirs[2 * place + 1]
        if not same_expiry or not (same_payload or value(ask, pair.replica, key) == value(ask, pair.master, key)):
            found.append(key)
    return found


def value(ask: Ask, node: str, key: bytes) -> Tuple[bytes, Any]:
    """Return the type and value of a key, without an order where the type has none.

    :raises ContentError: the type is one of a module, or the node refused to answer.
    """
    (kind,) = asked(ask, node, [("TYPE", key)])
    if kind == b"none":
        return kind, None
    if kind not in READ:
        raise ContentError(f"keys of the type {kind.decode()} cannot be read")
    name, *words = READ[kind]
    (answer,) = asked(ask, node, [(name, key, *words)])
    if kind == b"set":
        return kind, sorted(answer)
    if kind == b"hash":
        return kind, sorted(zip(answer[::2], answer[1::2]))
    return kind, answer
