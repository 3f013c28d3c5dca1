"""Clusters in memory, which answer what the code asks as Redis does; and a clock that goes on only by sleeping."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm.cluster import (
    SLOTS,
    Cluster,
    Failure,
    slot_of,
)


class Clock:
    """Seconds that pass where somebody sleeps, or where a test says so."""

    def __init__(self):
        self.now, self.slept = 100.0, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


class Servers:
    """Two masters with one half of the slots each. A key has a payload, a use, a size and a time of expiry."""

    def __init__(self, port, policy="allkeys-lfu"):
        self.nodes = (("127.0.0.1", port), ("127.0.0.1", port + 1))
        self.policy, self.keys, self.sent, self.answers = policy, {}, [], {}
        self.down = set()

    def add(self, key, use=1, size=100, expires=-1, payload=None):
        self.keys[key] = {"payload": payload or b"of " + key, "use": use, "size": size, "expires": expires}

    def cluster(self):
        return Cluster(self.nodes, self.ask)

    def owner(self, key):
        return self.nodes[slot_of(key) >= SLOTS // 2]

    def ask(self, node, commands):
        self.sent.append((node, len(commands)))
        if node in self.down:
            return [Failure("Connection refused") for _command in commands]
        return [self.answer(node, *command) for command in commands]

    def answer(self, node, name, *words):
        name = name.decode() if isinstance(name, bytes) else name
        if name in ("CLUSTER", "INFO"):
            return self.about(name)
        if name == "SCAN":
            return b"0", [key for key in self.keys if self.owner(key) == node]
        key = words[1] if name in ("OBJECT", "MEMORY") else words[0]
        if (name, key) in self.answers:
            return self.answers[name, key]
        if self.owner(key) != node:
            host, port = self.owner(key)
            return Failure(f"MOVED {slot_of(key)} {host}:{port}")
        return self.restore(*words) if name == "RESTORE" else self.read(name, key)

    def about(self, name):
        if name == "INFO":
            return f"# Memory\r\nmaxmemory_policy:{self.policy}\r\n".encode()
        first, second = ([node[0].encode(), node[1], b"id", []] for node in self.nodes)
        return [[0, SLOTS // 2 - 1, first], [SLOTS // 2, SLOTS - 1, second]]

    def read(self, name, key):
        found = self.keys.get(key)
        if name == "EXISTS":
            return int(found is not None)
        if found is None:
            return {"PEXPIRETIME": -2, "OBJECT": Failure("no such key")}.get(name)
        return found[{"OBJECT": "use", "MEMORY": "size", "DUMP": "payload", "PEXPIRETIME": "expires"}[name]]

    def restore(self, key, expires, payload, *options):
        if key in self.keys and b"REPLACE" not in options:
            return Failure("BUSYKEY Target key name already exists.")
        self.add(key, int(options[-1]), 100, int(expires) if b"ABSTTL" in options else -1, payload)
        return b"OK"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def source():
    return Servers(7000)


@pytest.fixture
def target():
    return Servers(8000)
