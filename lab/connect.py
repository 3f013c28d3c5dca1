# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Connections out of a network namespace, by a process that is not in it.

As a program it is the ProxyCommand of ssh with ProxyUseFdpass: it connects in the namespace, hands the socket to
ssh and ends, so that nothing relays. ``python connect.py <namespace> <address> <port>``. Standard library only,
imports nothing of the lab: it starts with every connection.
"""

from __future__ import annotations

import ctypes
import os
import socket
import sys
import threading
from typing import List

CLONE_NEWNET = 0x40000000


def enter(namespace: str) -> None:
    """Move the calling thread into a network namespace.

    :raises OSError: there is no such namespace, or the process is not root.
    """
    descriptor = os.open(f"/run/netns/{namespace}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), namespace)
    finally:
        os.close(descriptor)


def connect(namespace: str, address: str, port: int, timeout: float) -> socket.socket:
    """Return a TCP connection made inside a namespace; the caller stays where it is.

    :param timeout: seconds.
    :raises OSError: no such namespace, or no connection.
    """
    results: List[object] = []

    def work() -> None:
        try:
            enter(namespace)
            results.append(socket.create_connection((address, port), timeout=timeout))
        except OSError as error:
            results.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    if isinstance(results[0], OSError):
        raise results[0]
    assert isinstance(results[0], socket.socket)
    return results[0]


def main(arguments: List[str]) -> int:
    """Connect and pass the socket to ssh over standard output."""
    namespace, address, port = arguments
    try:
        connection = connect(namespace, address, int(port), timeout=15)
    except OSError as error:
        print(f"{address} port {port} from {namespace}: {error}", file=sys.stderr)
        return 1
    connection.setblocking(True)
    with socket.socket(fileno=os.dup(1)) as channel:
        socket.send_fds(channel, [b"\0"], [connection.fileno()])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
