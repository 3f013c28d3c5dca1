"""The web server: one page that asks the API how it is, and its static files."""

from __future__ import annotations

import socket
from pathlib import Path

from reference_service.asgi import Receive, Response, Scope, Send, as_json, run_lifespan, send_response

STATIC = Path(__file__).parent / "static"
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
#: Static files never change under one name in one release.
CACHE = ((b"cache-control", b"public, max-age=31536000, immutable"),)


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with a page or a file."""
    if scope["type"] == "lifespan":
        await run_lifespan(receive, send, lambda: None, lambda: None)
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 4404})
    else:
        path = scope["path"]
        await send_response(send, _answer(scope["method"], path), CACHE if path.startswith("/static/") else ())


def _answer(method: str, path: str) -> Response:
    if method not in ("GET", "HEAD"):
        return as_json({"error": "only GET and HEAD are answered"}, 405)
    if path == "/":
        page = (STATIC / "index.html").read_bytes()
        return Response(200, page.replace(b"{server}", socket.gethostname().encode()), TYPES[".html"])
    file = STATIC / path[len("/static/") :] if path.startswith("/static/") else None
    if file is not None and file.parent == STATIC and file.suffix in TYPES and file.is_file():
        return Response(200, file.read_bytes(), TYPES[file.suffix])
    return as_json({"error": "there is nothing here"}, 404)
