"""Sends every probe of the matrix through a running lab and collects what arrived where."""

from __future__ import annotations

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Sequence

from tests.acceptance.matrix import probe
from tests.acceptance.matrix.declaration import Node

SENDER = Path(__file__).with_name("sender.py")
#: Source ports of probes to public addresses are this far above those to hosts' own addresses.
PUBLIC_OFFSET = 500
#: Time for the last probes to cross the lab, in seconds.
SETTLE = 1.0
WORKERS = 6
PASSES = 3


@dataclass(frozen=True)
class Sender:
    """Who sends: from which network namespace, and by which interface where the routes are not to decide."""

    name: str
    namespace: str
    device: str = ""


@dataclass(frozen=True, order=True)
class Route:
    """One way for a probe: sender, target, port and the kind of address that is called."""

    source: str
    target: str
    port: int
    protocol: str
    address: str


class Observer:
    """Watches every target while every sender sends."""

    def __init__(self, lab: str, senders: Sequence[Sender], targets: Sequence[Node], ports: Sequence[int]) -> None:
        self._lab = lab
        self._senders = tuple(senders)
        self._targets = tuple(targets)
        self._ports = list(ports)
        #: Where a probe from a platform's host came from, for probes to hosts' own addresses.
        self.addresses: dict[tuple[str, str, int], set[str]] = {}
        self.sent = 0

    def run(self, complete: frozenset[Route]) -> frozenset[Route]:
        """Send all probes until those of ``complete`` arrived and no queue overflowed, at most three times."""
        for namespace in self._watched():
            probe.install(namespace)
        try:
            for attempt in range(1, PASSES + 1):
                dropped = _dropped_packets()
                self._send()
                time.sleep(SETTLE)
                seen = self._collect()
                if attempt == PASSES or (complete <= seen and dropped == _dropped_packets()):
                    break
            return seen
        finally:
            for namespace in self._watched():
                probe.remove(namespace)

    def _watched(self) -> Iterator[str]:
        return (f"{self._lab}-{node.name}" for node in self._targets)

    def _send(self) -> None:
        with ThreadPoolExecutor(WORKERS) as pool:
            self.sent += sum(pool.map(self._send_from, range(len(self._senders))))

    def _send_from(self, number: int) -> int:
        others = [node for node in self._targets if node.name != self._senders[number].name]
        own = [(4, node.ipv4) for node in others] + [(6, node.ipv6) for node in others if node.ipv6]
        public = [(4, node.public) for node in others if node.public]
        return self._send_to(number, 0, own) + self._send_to(number, PUBLIC_OFFSET, public)

    def _send_to(self, number: int, offset: int, targets: Sequence[tuple[int, str]]) -> int:
        sender = self._senders[number]
        plan = {
            "source_port": probe.FIRST_SOURCE_PORT + offset + number,
            "device": sender.device,
            "targets": targets,
            "ports": self._ports,
        }
        command = [sys.executable, "-I", "-S", str(SENDER)]
        return int(probe.in_namespace(sender.namespace, command, json.dumps(plan)))

    def _collect(self) -> frozenset[Route]:
        names = [sender.name for sender in self._senders]
        seen = set()
        for node in self._targets:
            for arrival in probe.arrivals(f"{self._lab}-{node.name}"):
                public, number = divmod(arrival.source_port - probe.FIRST_SOURCE_PORT, PUBLIC_OFFSET)
                kind = "public" if public else f"IPv{arrival.family}"
                seen.add(Route(names[number], node.name, arrival.port, arrival.protocol, kind))
                if not public:
                    key = (names[number], node.name, arrival.family)
                    self.addresses.setdefault(key, set()).add(arrival.address)
        return frozenset(seen)


def _dropped_packets() -> int:
    """Return how many packets the machine's input queues dropped since it was started."""
    lines = Path("/proc/net/softnet_stat").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1], 16) for line in lines)
