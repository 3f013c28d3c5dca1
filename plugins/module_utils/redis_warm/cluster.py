# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A cluster as somewhere to send commands for keys; how a server is asked is passed in."""

from __future__ import annotations

from binascii import crc_hqx
from typing import Any, Callable, Dict, Iterator, List, NamedTuple, Sequence, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm.plan import MOVED, verdict

SLOTS = 16384
Address = Tuple[str, int]
Command = Tuple[Any, ...]


class Failure(NamedTuple):
    """What stands for the answer to a command that has none: the server's error with its code, or what broke."""

    text: str


#: Sends commands to a server in one go, and returns an answer or a Failure for each.
Ask = Callable[[Address, Sequence[Command]], List[Any]]


class ClusterError(Exception):
    """The cluster cannot be used; the text says why."""


def slot_of(key: bytes) -> int:
    """Return a key's slot: CRC16 of what is between its first braces if there is anything, else of all of it.

    https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/
    """
    begin = key.find(b"{")
    end = key.find(b"}", begin + 1) if begin >= 0 else -1
    return crc_hqx(key[begin + 1 : end] if end > begin + 1 else key, 0) % SLOTS


class Cluster:
    """The masters of a cluster, and which slots each one has."""

    def __init__(self, seeds: Sequence[Address], ask: Ask) -> None:
        """Ask the first seed that answers for the masters.

        :raises ClusterError: none of them does, or slots have no master.
        """
        self._seeds, self._ask = tuple(seeds), ask
        self._owners: List[Address] = []
        self.refresh()

    def refresh(self) -> None:
        """Ask for the masters again."""
        reasons = []
        for seed in self._seeds:
            answer = self._ask(seed, [("CLUSTER", "SLOTS")])[0]
            if isinstance(answer, Failure):
                reasons.append(_at(seed, answer.text))
                continue
            owners = _owners(answer, seed)
            if len(owners) == SLOTS:
                self._owners = [owners[slot] for slot in range(SLOTS)]
                return
            reasons.append(f"{seed[0]}:{seed[1]}: {SLOTS - len(owners)} slots have no master")
        raise ClusterError("; ".join(reasons))

    def masters(self) -> List[Address]:
        """Return the masters in the order of their first slots."""
        return list(dict.fromkeys(self._owners))

    def ask_node(self, node: Address, commands: Sequence[Command]) -> List[Any]:
        """Send commands to one master, and return their answers in order."""
        return self._ask(node, commands)

    def ask(self, commands: Sequence[Command]) -> List[Any]:
        """Send commands, whose second word is a key, to the masters of their keys, and return the answers in order.

        Where a slot has moved, the masters are asked for again, and these commands are sent once more.
        """
        answers = self._send(commands)
        moved = [number for number, answer in enumerate(answers) if _has_moved(answer)]
        if moved:
            self.refresh()
            for number, answer in zip(moved, self._send([commands[number] for number in moved])):
                answers[number] = answer
        return answers

    def _send(self, commands: Sequence[Command]) -> List[Any]:
        by_node: Dict[Address, List[int]] = {}
        for number, command in enumerate(commands):
            by_node.setdefault(self._owners[slot_of(command[1])], []).append(number)
        answers: List[Any] = [None] * len(commands)
        for node, numbers in by_node.items():
            for number, answer in zip(numbers, self._ask(node, [commands[number] for number in numbers])):
                answers[number] = answer
        return answers

    def keys(self, count: int) -> Iterator[Tuple[Address, List[bytes]]]:
        """Return all keys in groups of about that many from one master, taking turns between the masters.

        A key may come twice, and what was stored meanwhile may be missing: so is SCAN.

        :raises ClusterError: a master stopped answering.
        """
        cursors = dict.fromkeys(self.masters(), 0)
        while cursors:
            for node, cursor in list(cursors.items()):
                answer = self._ask(node, [("SCAN", cursor, "COUNT", count)])[0]
                if isinstance(answer, Failure):
                    raise ClusterError(_at(node, f"SCAN: {answer.text}"))
                cursors[node] = int(answer[0])
                if cursors[node] == 0:
                    del cursors[node]
                if answer[1]:
                    yield node, answer[1]


def _at(node: Address, text: str) -> str:
    """Return a text with the node's place before it, which a failed connection tells by itself."""
    place = f"{node[0]}:{node[1]}: "
    return text if text.startswith(place) else f"{place}{text}"


def _has_moved(answer: Any) -> bool:
    return isinstance(answer, Failure) and verdict(answer.text) == MOVED


def _owners(slots: Sequence[Any], seed: Address) -> Dict[int, Address]:
    """Return the master of each slot from CLUSTER SLOTS; a server that does not know its own address leaves it out."""
    found = {}
    for first, last, master, *_replicas in slots:
        host = master[0].decode() if isinstance(master[0], bytes) else master[0]
        node = (host or seed[0], int(master[1]))
        found.update(dict.fromkeys(range(int(first), int(last) + 1), node))
    return found
