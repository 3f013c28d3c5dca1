# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Forwards ports of 127.0.0.1 into a lab: ``python forward.py <namespace> <descriptor>=<address>:<port>[,...] ...``.

The listening sockets are made by the caller in the machine's namespace and inherited; this process then moves into the
lab's namespace, so that what it connects to is found there. No route joins the two.
"""

from __future__ import annotations

import asyncio
import socket
import sys
from functools import partial
from pathlib import Path
from typing import List, Sequence, Tuple

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lab.connect import enter  # the path of the lab has to be known first

CONNECT_TIMEOUT = 2.0
Target = Tuple[str, int]


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
    except OSError:
        writer.close()


async def serve(targets: Sequence[Target], reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Join one connection with the first target that answers."""
    for address, port in targets:
        try:
            far_reader, far_writer = await asyncio.wait_for(asyncio.open_connection(address, port), CONNECT_TIMEOUT)
        except (OSError, asyncio.TimeoutError):
            continue
        await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))
        far_writer.close()
        break
    writer.close()


async def _forward(listeners: Sequence[Tuple[socket.socket, Sequence[Target]]]) -> None:
    servers = [await asyncio.start_server(partial(serve, targets), sock=listener) for listener, targets in listeners]
    await asyncio.gather(*(server.serve_forever() for server in servers))


def parse(argument: str) -> Tuple[int, List[Target]]:
    """Return the descriptor and the targets of one argument.

    >>> parse("3=198.51.100.11:443,198.51.100.12:443")
    (3, [('198.51.100.11', 443), ('198.51.100.12', 443)])
    """
    descriptor, _, targets = argument.partition("=")
    pairs = [target.rpartition(":") for target in targets.split(",")]
    return int(descriptor), [(address, int(port)) for address, _, port in pairs]


def main(arguments: Sequence[str]) -> None:
    """Forward until killed."""
    listeners = [(socket.socket(fileno=descriptor), targets) for descriptor, targets in map(parse, arguments[1:])]
    enter(arguments[0])
    asyncio.run(_forward(listeners))


if __name__ == "__main__":
    main(sys.argv[1:])
