"""Watches, inside of a host's network namespace, what got past the host's own firewall.

The watch is an nftables table of its own whose chain runs after the filter table. It lets
everything through; it only notes source, sender's port and destination port of each probe.
"""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

#: Source ports of probes: below those that the hosts use for connections of their own (from 20000 on).
FIRST_SOURCE_PORT = 10000
LAST_SOURCE_PORT = 10999

TABLE = "packet_matrix"
SETS = {"tcp4": ("tcp", 4), "udp4": ("udp", 4), "tcp6": ("tcp", 6), "udp6": ("udp", 6)}
NETNS = Path("/run/netns")


@dataclass(frozen=True)
class Arrival:
    """A probe that reached a host: the address it came from, its sender's port, protocol, port and family."""

    address: str
    source_port: int
    port: int
    protocol: str
    family: int


def in_namespace(namespace: str, command: list[str], text: str = "") -> str:
    """Run a program of the machine in a network namespace and return what it printed."""
    entered = ["nsenter", f"--net={NETNS / namespace}", "--", *command]
    return subprocess.run(entered, input=text, capture_output=True, text=True, check=True).stdout


def install(namespace: str) -> None:
    """Begin to watch, from nothing."""
    in_namespace(namespace, ["nft", "-f", "-"], _ruleset())


def arrivals(namespace: str) -> set[Arrival]:
    """Return every probe that was seen since the watch began."""
    listing = json.loads(in_namespace(namespace, ["nft", "-j", "list", "table", "inet", TABLE]))
    sets = [entry["set"] for entry in listing["nftables"] if "set" in entry]
    return {
        Arrival(address, source_port, port, *SETS[found["name"]])
        for found in sets
        for address, source_port, port in (element["concat"] for element in found.get("elem", []))
    }


def remove(namespace: str) -> None:
    """Stop to watch; a namespace that was never watched is left alone."""
    in_namespace(namespace, ["nft", "-f", "-"], f"table inet {TABLE}\ndelete table inet {TABLE}\n")


def _ruleset() -> str:
    sets = "\n".join(
        f"  set {name} {{ typeof {_saddr(family)} . th sport . th dport; size 65535; flags dynamic; }}"
        for name, (__, family) in SETS.items()
    )
    rules = "\n".join(
        f"    meta l4proto {protocol} {_match(protocol)} th sport {FIRST_SOURCE_PORT}-{LAST_SOURCE_PORT}"
        f" add @{name} {{ {_saddr(family)} . th sport . th dport }}"
        for name, (protocol, family) in SETS.items()
    )
    return (
        f"table inet {TABLE}\ndelete table inet {TABLE}\n"
        f"table inet {TABLE} {{\n{sets}\n"
        f"  chain after_filter {{\n    type filter hook input priority 300; policy accept;\n{rules}\n  }}\n}}\n"
    )


def _saddr(family: int) -> str:
    return "ip saddr" if family == 4 else "ip6 saddr"


def _match(protocol: str) -> str:
    """Of TCP only the first packet of a connection counts."""
    return "tcp flags & (syn | ack) == syn" if protocol == "tcp" else ""
