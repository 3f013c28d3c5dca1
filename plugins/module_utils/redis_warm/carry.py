# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The way of keys from a cluster to another one or to a file, at a pace, the most valuable first."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Iterable, Iterator, List, Optional, Sequence, TypeVar

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.observe import parse_info
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm.cluster import (
    Cluster,
    ClusterError,
    Command,
    Failure,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm.pace import Pace
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm.plan import (
    KEPT,
    Candidate,
    Choice,
    Copied,
    Problems,
    measure_of,
    piece_limits,
    pieces,
    verdict,
)

Item = TypeVar("Item")
#: Returns milliseconds since 1970.
Clock = Callable[[], int]
SCAN_COUNT = 500
OUT_OF_TIME, FILE_FULL = "the time was up", "the file has reached its largest size"
#: What Redis says of a payload that a newer version wrote.
FOREIGN_PAYLOAD = "DUMP payload version"


@dataclass
class Tally:
    """How many keys went which way, and how many bytes of payload."""

    seen: int = 0
    copied: int = 0
    kept: int = 0
    too_large: int = 0
    gone: int = 0
    errors: int = 0
    left: int = 0
    payload_bytes: int = 0
    #: Whether all keys of the source were looked at.
    scanned: bool = True
    #: Why it ended before its end; empty if it did not.
    stopped: str = ""
    problems: Problems = field(default_factory=Problems)

    def fail(self, key: bytes, reason: str) -> None:
        """Count a failure."""
        self.errors += 1
        self.problems.add(reason, shown(key))


def shown(key: bytes) -> str:
    """Return a key as messages name it."""
    return key.decode("utf-8", "backslashreplace")


def measure(source: Cluster) -> str:
    """Return by what the source's keys are ordered, which its policy of eviction decides.

    :raises ClusterError: the source does not say it.
    """
    answer = source.ask_node(source.masters()[0], [("INFO", "memory")])[0]
    if isinstance(answer, Failure):
        raise ClusterError(f"source: INFO: {answer.text}")
    return measure_of(parse_info(answer.decode()).get("maxmemory_policy", ""))


def choose(source: Cluster, choice: Choice, tally: Tally, over: Callable[[], bool]) -> List[Candidate]:
    """Look at the source's keys and return those to copy, the most valuable first.

    Neither OBJECT nor MEMORY USAGE counts as a use of the key.

    :param over: whether no time is left to look at more.
    """
    for node, keys in source.keys(SCAN_COUNT):
        commands: List[Command] = []
        for key in keys:
            commands += [("OBJECT", choice.measure, key), ("MEMORY", "USAGE", key)]
        answers = source.ask_node(node, commands)
        for key, use, size in zip(keys, answers[::2], answers[1::2]):
            _consider(choice, key, use, size, tally)
        if over():
            tally.scanned = False
            break
    tally.seen, tally.too_large = choice.seen, choice.too_large
    return choice.best_first()


def _consider(choice: Choice, key: bytes, use: Any, size: Any, tally: Tally) -> None:
    """Take a key into the choice; one that expired meanwhile has no use or size."""
    for answer in (use, size):
        if isinstance(answer, Failure):
            if "no such key" not in answer.text:
                tally.fail(key, answer.text)
            return
    if use is not None and size is not None:
        choice.add(Candidate(key, int(use), int(size)))


def dumped(source: Cluster, candidates: Sequence[Candidate], measured: str, tally: Tally) -> List[Copied]:
    """Return keys with their payloads and times of expiry, which are read in the same go; gone ones are counted."""
    commands: List[Command] = []
    for candidate in candidates:
        commands += [("DUMP", candidate.key), ("PEXPIRETIME", candidate.key)]
    answers = source.ask(commands)
    found = []
    for candidate, payload, expires in zip(candidates, answers[::2], answers[1::2]):
        failure = next((answer for answer in (payload, expires) if isinstance(answer, Failure)), None)
        if failure:
            tally.fail(candidate.key, failure.text)
        elif payload is None or expires == -2:
            tally.gone += 1
        else:
            expires_at = None if expires < 0 else int(expires)
            found.append(Copied(candidate.key, payload, expires_at, measured, candidate.use))
    return found


def restore(target: Cluster, piece: Sequence[Copied], replace: bool, now_ms: int, tally: Tally) -> None:
    """Make keys in the target, and count what became of each.

    :param now_ms: milliseconds since 1970. What expired by then is left out: Redis would answer OK and make no key.
    """
    alive = [copied for copied in piece if copied.expires_at is None or copied.expires_at > now_ms]
    tally.gone += len(piece) - len(alive)
    foreign = 0
    for copied, answer in zip(alive, target.ask([copied.restore(replace) for copied in alive])):
        if not isinstance(answer, Failure):
            tally.copied += 1
            tally.payload_bytes += len(copied.payload)
        elif verdict(answer.text) == KEPT:
            tally.kept += 1
        else:
            tally.fail(copied.key, answer.text)
            foreign += FOREIGN_PAYLOAD in answer.text
    if alive and foreign == len(alive):
        tally.stopped = "the target cannot read what the source dumps"


def in_time(items: Iterable[List[Item]], pace: Pace, tally: Tally) -> Iterator[List[Item]]:
    """Return pieces one after the other, each when its time has come, until the time is up or something stops it."""
    for piece in items:
        if not tally.stopped and not pace.wait():
            tally.stopped = OUT_OF_TIME
        if tally.stopped:
            tally.left += len(piece)
        else:
            yield piece


@dataclass(frozen=True)
class Limits:
    """How much is carried at most: in a second, and of one key's memory; and how many keys are compared by worth."""

    keys_per_second: float
    bytes_per_second: float
    max_key_bytes: int
    max_keys: int

    def cut(self, items: Iterable[Item], size_of: Callable[[Item], int]) -> Iterator[List[Item]]:
        """Cut items into pieces that fit into short stretches of time."""
        return pieces(items, size_of, *piece_limits(self.keys_per_second, self.bytes_per_second))


def _chosen(source: Cluster, limits: Limits, pace: Pace, tally: Tally, measured: str) -> Iterator[List[Candidate]]:
    """Return the source's most valuable keys in pieces; looking for them takes half of the time at most."""
    choice = Choice(measured, limits.max_keys, limits.max_key_bytes)
    candidates = choose(source, choice, tally, pace.half_over)
    tally.left += choice.dropped
    return in_time(limits.cut(candidates, lambda candidate: candidate.size), pace, tally)


def _spend(pace: Pace, piece: Sequence[Copied]) -> None:
    pace.spent(keys=len(piece), bytes=sum(len(copied.payload) for copied in piece))


def copy(source: Cluster, target: Cluster, limits: Limits, pace: Pace, replace: bool, clock: Clock) -> Tally:
    """Carry keys from one cluster to another.

    :param clock: returns milliseconds since 1970.
    """
    tally, measured = Tally(), measure(source)
    for piece in _chosen(source, limits, pace, tally, measured):
        found = dumped(source, piece, measured, tally)
        _spend(pace, found)
        restore(target, found, replace, clock(), tally)
    return tally


def save(source: Cluster, add: Callable[[Copied], bool], limits: Limits, pace: Pace) -> Tally:
    """Carry keys from a cluster to a file.

    :param add: writes a key, or returns False where the file is full.
    """
    tally, measured = Tally(), measure(source)
    for piece in _chosen(source, limits, pace, tally, measured):
        found = dumped(source, piece, measured, tally)
        _spend(pace, found)
        for copied in found:
            if tally.stopped or not add(copied):
                tally.stopped = FILE_FULL
                tally.left += 1
            else:
                tally.copied += 1
                tally.payload_bytes += len(copied.payload)
    return tally


def load(records: Iterable[Copied], target: Cluster, limits: Limits, pace: Pace, replace: bool, clock: Clock) -> Tally:
    """Carry keys from a file to a cluster."""
    tally = Tally()
    fitting = _fitting(records, limits.max_key_bytes, tally)
    for piece in in_time(limits.cut(fitting, lambda copied: len(copied.payload)), pace, tally):
        _spend(pace, piece)
        restore(target, piece, replace, clock(), tally)
    return tally


def _fitting(records: Iterable[Copied], max_key_bytes: int, tally: Tally) -> Iterator[Copied]:
    for copied in records:
        tally.seen += 1
        if len(copied.payload) > max_key_bytes:
            tally.too_large += 1
        else:
            yield copied


def foresee(source: Cluster, target: Optional[Cluster], limits: Limits, pace: Pace, replace: bool) -> Tally:
    """Count what :func:`copy`, or without a target :func:`save`, would carry, and change nothing."""
    tally = Tally()
    for piece in _chosen(source, limits, pace, tally, measure(source)):
        pace.spent(keys=len(piece), bytes=sum(candidate.size for candidate in piece))
        foresee_keys([candidate.key for candidate in piece], target, replace, tally)
    return tally


def foresee_load(records: Iterable[Copied], target: Cluster, limits: Limits, pace: Pace, replace: bool) -> Tally:
    """Count what :func:`load` would carry, and change nothing."""
    tally = Tally()
    fitting = _fitting(records, limits.max_key_bytes, tally)
    for piece in in_time(limits.cut(fitting, lambda copied: len(copied.payload)), pace, tally):
        _spend(pace, piece)
        foresee_keys([copied.key for copied in piece], target, replace, tally)
    return tally


def foresee_keys(keys: Sequence[bytes], target: Optional[Cluster], replace: bool, tally: Tally) -> None:
    """Count what would become of keys, without making any."""
    answers = target.ask([("EXISTS", key) for key in keys]) if target else [0] * len(keys)
    for key, answer in zip(keys, answers):
        if isinstance(answer, Failure):
            tally.fail(key, answer.text)
        elif answer and not replace:
            tally.kept += 1
        else:
            tally.copied += 1
