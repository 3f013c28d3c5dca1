"""Runs inside of one host's network namespace and sends the probes that it reads from standard input.

Input: JSON with ``source_port``, ``device`` (the interface to send by, or empty), ``targets``
([family, address]) and ``ports``.
Every target gets one TCP SYN and one empty UDP datagram on each port. A source port of its own
for each sender makes a probe recognisable at the receiver, behind NAT too.
"""

from __future__ import annotations

import json
import socket
import struct
import sys
import time
from typing import Any

FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
ABORT_ON_CLOSE = struct.pack("ii", 1, 0)
#: Probes between two pauses: the machine's queues are short.
BURST = 64
PAUSE = 0.002


def bound(family: int, kind: socket.SocketKind, source_port: int, device: str) -> socket.socket:
    """Return a non-blocking socket that sends from the sender's own port, by one interface where one is named."""
    sock = socket.socket(FAMILIES[family], kind)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if device:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    sock.bind(("", source_port))
    return sock


def send_tcp(family: int, address: str, port: int, plan: dict[str, Any]) -> None:
    """Send one SYN. Closing at once stops retransmission; an accepted connection is aborted."""
    sock = bound(family, socket.SOCK_STREAM, plan["source_port"], plan["device"])
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT_ON_CLOSE)
    try:
        sock.connect((address, port))
    except OSError:
        pass  # in progress, or refused by the sender's own firewall: the receiver tells
    finally:
        sock.close()


def send_udp(sock: socket.socket, address: str, port: int) -> None:
    """Send one empty datagram."""
    try:
        sock.sendto(b"", (address, port))
    except OSError:
        pass  # refused by the sender's own firewall: the receiver tells


def main() -> None:
    """Wake the neighbours with one probe each, wait for their answers, then send everything."""
    plan = json.load(sys.stdin)
    datagrams = {family: bound(family, socket.SOCK_DGRAM, plan["source_port"], plan["device"]) for family in FAMILIES}
    for family, address in plan["targets"]:
        send_udp(datagrams[family], address, plan["ports"][0])
    time.sleep(0.5)
    sent = 0
    for port in plan["ports"]:
        for family, address in plan["targets"]:
            send_tcp(family, address, port, plan)
            send_udp(datagrams[family], address, port)
            sent += 2
            if sent % BURST == 0:
                time.sleep(PAUSE)
    print(sent)


if __name__ == "__main__":
    main()
