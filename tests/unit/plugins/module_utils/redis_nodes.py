"""Nodes as they would answer: three masters of which the first one has a replica."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_info.ask import (
    INFO,
    NODES,
    STATE,
    Declared,
    silent,
    understand,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_info.describe import Cluster


class Line:
    """One line of CLUSTER NODES."""

    def __init__(self, name, address, flags, master, epoch, slots):
        self.name, self.address, self.flags, self.master = name, address, flags, master
        self.epoch, self.slots, self.link = epoch, slots, "connected"

    def text(self, asked):
        flags = f"myself,{self.flags}" if asked == self.name else self.flags
        # Only the node itself tells which slots are on their way.
        slots = " ".join(word for word in self.slots.split() if asked == self.name or not word.startswith("["))
        link = "connected" if asked == self.name else self.link
        return (
            f"id-{self.name} {self.address}:6379@16379 {flags} {self.master} 0 0 {self.epoch} {link} {slots}".rstrip()
        )


class Nodes:
    """What all nodes would answer; tests change it before they ask."""

    def __init__(self):
        self.declared = [Declared(f"r{n}", f"10.0.0.{n}", 6379, "ab"[n % 2]) for n in (1, 2, 3, 4)]
        self.views, self.info, self.state, self.down = {}, {}, {}, {}
        for node in self.declared:
            self.views[node.name] = self.lines()
            self.state[node.name] = {"cluster_state": "ok", "cluster_slots_ok": "16384"}
            self.info[node.name] = {
                "redis_version": "7.0.15",
                "uptime_in_seconds": "60",
                "used_memory": "1000",
                "maxmemory": "9000",
                "role": "master",
                "master_repl_offset": "500",
                "db0": "keys=7,expires=2,avg_ttl=0",
                "aof_enabled": "1",
            }
        self.info["r1"]["slave0"] = "ip=10.0.0.4,port=6379,state=online,offset=500,lag=1"
        self.info["r4"].update(role="slave", slave_repl_offset="500", master_link_status="up")
        self.info["r4"]["master_last_io_seconds_ago"] = "7"

    @staticmethod
    def lines():
        return {
            "r1": Line("r1", "10.0.0.1", "master", "-", 1, "0-5460"),
            "r2": Line("r2", "10.0.0.2", "master", "-", 2, "5461-10922"),
            "r3": Line("r3", "10.0.0.3", "master", "-", 3, "10923-16383"),
            "r4": Line("r4", "10.0.0.4", "slave", "id-r1", 1, ""),
        }

    def everywhere(self, name, **changes):
        """Change what all nodes say of one."""
        for lines in self.views.values():
            for field, value in changes.items():
                setattr(lines[name], field, value)

    def answers(self, name):
        """What a node answers to each question, as the server sends it."""
        pairs = {INFO: self.info[name], STATE: self.state[name]}
        texts = {
            question: "# Title\r\n" + "\r\n".join(f"{k}:{v}" for k, v in found.items())
            for question, found in pairs.items()
        }
        texts[NODES] = "\n".join(line.text(name) for line in self.views[name].values())
        return {question: text.encode() for question, text in texts.items()}

    def cluster(self):
        told = {
            node.name: silent(self.down[node.name]) if node.name in self.down else understand(self.answers(node.name))
            for node in self.declared
        }
        return Cluster(tuple(self.declared), told)


@pytest.fixture
def nodes():
    return Nodes()
