# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which keys of a cache are worth most, and in which pieces they are copied."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Callable, Dict, Iterable, Iterator, List, Optional, Tuple, TypeVar

Item = TypeVar("Item")

#: How the use of a key is measured: a count of uses, or the seconds since the last one.
FREQ, IDLETIME = "FREQ", "IDLETIME"


def measure_of(maxmemory_policy: str) -> str:
    """Return what the server can tell of the use of a key under its policy of eviction.

    Under a policy that evicts the least frequently used keys, OBJECT FREQ is a logarithmic counter of uses, 0 to 255,
    that decays with time. Under all others that counter does not exist, and OBJECT IDLETIME is the time since the last
    use. https://redis.io/docs/latest/develop/reference/eviction/
    """
    return FREQ if maxmemory_policy.endswith("-lfu") else IDLETIME


@dataclass(frozen=True)
class Candidate:
    """A key that may be copied."""

    key: bytes
    #: What OBJECT FREQ or OBJECT IDLETIME said.
    use: int
    #: Bytes of memory that it takes.
    size: int


class Choice:
    """Takes keys in and keeps those that are worth most; of equal ones the smallest, which bring more hits per byte."""

    def __init__(self, measure: str, max_keys: int, max_key_bytes: int) -> None:
        """Begin with none.

        :param measure: FREQ or IDLETIME.
        :param max_keys: how many are kept.
        :param max_key_bytes: larger keys are only counted.
        """
        self.measure = measure
        #: Keys looked at, those that were too large, and those that more valuable ones pushed out.
        self.seen = self.too_large = self.dropped = 0
        self._max_keys, self._max_key_bytes = max_keys, max_key_bytes
        self._heap: List[Tuple[int, int, bytes]] = []

    def add(self, candidate: Candidate) -> None:
        """Look at one key."""
        self.seen += 1
        if candidate.size > self._max_key_bytes:
            self.too_large += 1
            return
        worth = candidate.use if self.measure == FREQ else -candidate.use
        entry = (worth, -candidate.size, candidate.key)
        if len(self._heap) < self._max_keys:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heappushpop(self._heap, entry)
            self.dropped += 1

    def best_first(self) -> List[Candidate]:
        """Return what was kept, the most valuable first, and each key once however often SCAN showed it."""
        sign = 1 if self.measure == FREQ else -1
        ordered = sorted(self._heap, key=lambda entry: (-entry[0], -entry[1], entry[2]))
        found: Dict[bytes, Candidate] = {}
        for worth, size, key in ordered:
            found.setdefault(key, Candidate(key, sign * worth, -size))
        return list(found.values())


def pieces(
    items: Iterable[Item], size_of: Callable[[Item], int], max_keys: int, max_bytes: int
) -> Iterator[List[Item]]:
    """Cut items into pieces of so many of them and of so many bytes at most; a larger one is a piece for itself."""
    piece: List[Item] = []
    size = 0
    for item in items:
        if piece and (len(piece) >= max_keys or size + size_of(item) > max_bytes):
            yield piece
            piece, size = [], 0
        piece.append(item)
        size += size_of(item)
    if piece:
        yield piece


def piece_limits(keys_per_second: float, bytes_per_second: float) -> Tuple[int, int]:
    """Return the keys and bytes of a piece: about a tenth of a second's, so that rates hold in short stretches, too."""
    return min(500, max(1, int(keys_per_second / 10))), max(1, int(bytes_per_second / 10))


@dataclass(frozen=True)
class Copied:
    """A key as it is carried over: what DUMP gave, and what RESTORE needs beside it."""

    key: bytes
    payload: bytes
    #: Milliseconds since 1970 at which it expires; None if it does not.
    expires_at: Optional[int]
    measure: str
    use: int

    def restore(self, replace: bool) -> Tuple[bytes, ...]:
        """Return the command that makes the key with its time of expiry and its heat.

        Without REPLACE, Redis answers BUSYKEY where the key is there. https://redis.io/docs/latest/commands/restore/
        """
        command = [b"RESTORE", self.key, b"%d" % (self.expires_at or 0), self.payload]
        if self.expires_at is not None:
            command.append(b"ABSTTL")
        if replace:
            command.append(b"REPLACE")
        return (*command, self.measure.encode(), b"%d" % self.use)


#: Beginnings of Redis's answers to RESTORE and DUMP that are no failure of the key, and how they count.
KEPT, MOVED = "kept", "moved"
_ANSWERS = {"BUSYKEY": KEPT, "MOVED": MOVED, "ASK": MOVED, "TRYAGAIN": MOVED}
#: What to do about failures, by what their texts hold.
_REMEDIES = {
    "DUMP payload version": "the target's Redis is older than the source's: run the same version, or replay URLs",
    "OOM": "the target is full and evicts nothing: give it memory, or set its maxmemory_policy",
    "NOPERM": "give the user the command and the keys",
    "CLUSTERDOWN": "repair the cluster first: redis_integrity says what is wrong",
    "READONLY": "the cluster changed its masters: run it again",
    "MOVED": "slots are being moved: run it again when that is done",
    "ASK": "slots are being moved: run it again when that is done",
}


def verdict(error: str) -> str:
    """Return how an error of a server counts: KEPT, MOVED (worth another try), or empty for a failure."""
    return _ANSWERS.get(error.split(" ", 1)[0], "")


class Problems:
    """Failures, told once for each reason however often it came."""

    def __init__(self) -> None:
        self._found: Dict[str, Tuple[int, str]] = {}

    def add(self, reason: str, example: str) -> None:
        """Count a failure; the first one with its reason becomes the example."""
        reason = _without_address(reason)
        count, first = self._found.get(reason, (0, example))
        self._found[reason] = (count + 1, first)

    def records(self) -> List[Dict[str, object]]:
        """Return them as a module tells them, the most frequent first."""
        ordered = sorted(self._found.items(), key=lambda item: (-item[1][0], item[0]))
        return [
            {"reason": reason, "count": count, "example": example, "remedy": _remedy(reason)}
            for reason, (count, example) in ordered
        ]


def _without_address(reason: str) -> str:
    """Leave out slot and address, which differ from key to key, of an answer that sends elsewhere."""
    word = reason.split(" ", 1)[0]
    return f"{word} the key's slot is elsewhere" if word in ("MOVED", "ASK") else reason


def _remedy(reason: str) -> str:
    found = (remedy for text, remedy in _REMEDIES.items() if text in reason)
    return next(found, "look at the server's log")
