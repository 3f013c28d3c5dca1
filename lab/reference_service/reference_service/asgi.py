"""The little of ASGI that the service needs (https://asgi.readthedocs.io, HTTP and lifespan)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Awaitable, Callable, Dict, List, Tuple

Scope = Dict[str, Any]
Receive = Callable[[], Awaitable[Dict[str, Any]]]
Send = Callable[[Dict[str, Any]], Awaitable[None]]

#: The largest body that is read, in bytes.
BODY_LIMIT = 1 << 20


@dataclass(frozen=True)
class Response:
    """What is answered."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: Tuple[Tuple[bytes, bytes], ...] = ()


class BodyTooLarge(Exception):
    """A body is larger than ``BODY_LIMIT``."""


def as_json(value: object, status: int = 200, headers: Tuple[Tuple[bytes, bytes], ...] = ()) -> Response:
    """Return a JSON answer."""
    return Response(status, json.dumps(value, separators=(",", ":")).encode(), headers=headers)


async def read_body(receive: Receive) -> bytes:
    """Read the whole body of a request.

    :raises BodyTooLarge: it is larger than ``BODY_LIMIT``.
    """
    chunks: List[bytes] = []
    size = 0
    while True:
        message = await receive()
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > BODY_LIMIT:
            raise BodyTooLarge
        chunks.append(chunk)
        if not message.get("more_body"):
            return b"".join(chunks)


async def send_response(send: Send, response: Response, extra: Tuple[Tuple[bytes, bytes], ...] = ()) -> None:
    """Send a whole answer."""
    headers = [
        (b"content-type", response.content_type.encode()),
        (b"content-length", str(len(response.body)).encode()),
        *response.headers,
        *extra,
    ]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


async def run_lifespan(receive: Receive, send: Send, startup: Callable[[], None], shutdown: Callable[[], None]) -> None:
    """Follow the server's start and stop."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            startup()
            await send({"type": "lifespan.startup.complete"})
        else:
            shutdown()
            await send({"type": "lifespan.shutdown.complete"})
            return
