"""The web server: one page that asks the API how it is, and its static files."""

from __future__ import annotations

import html
import os
import socket
from pathlib import Path

from reference_service.asgi import Receive, Response, Scope, Send, as_json, run_lifespan, send_response

STATIC = Path(__file__).parent / "static"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
}
RELEASE = os.environ.get("RELEASE", "unknown")
CACHE = ((b"cache-control", b"public, max-age=31536000, immutable"),)
NO_CACHE = ((b"cache-control", b"no-cache"),)


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with a page or a file."""
    if scope["type"] == "lifespan":
        await run_lifespan(receive, send, lambda: None, lambda: None)
    elif scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": 4404})
    else:
        response = _answer(scope["method"], scope["path"])
        await send_response(send, response, CACHE if _is_lasting(scope, response) else NO_CACHE)


def _is_lasting(scope: Scope, response: Response) -> bool:
    """Return whether an answer may be kept: a static file that the page of this very release asks for.

    While a deploy goes from host to host, a page of one release may get its files from another.
    """
    own = scope["query_string"] == RELEASE.encode()
    return bool(own and response.status == 200 and scope["path"].startswith("/static/"))


def _answer(method: str, path: str) -> Response:
    if method not in ("GET", "HEAD"):
        return as_json({"error": "only GET and HEAD are answered"}, 405)
    if path == "/":
        page = (STATIC / "index.html").read_bytes()
        for name, value in (("server", socket.gethostname()), ("release", RELEASE)):
            page = page.replace(b"{%b}" % name.encode(), html.escape(value).encode())
        return Response(200, page, TYPES[".html"])
    file = STATIC / path[len("/static/") :] if path.startswith("/static/") else None
    if file is not None and file.parent == STATIC and file.suffix in TYPES and file.is_file():
        return Response(200, file.read_bytes(), TYPES[file.suffix])
    return as_json({"error": "there is nothing here"}, 404)
