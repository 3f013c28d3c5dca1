"""The API: health, records, an echo of what arrived, a WebSocket echo, and metrics on a port of their own."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Awaitable, Callable, Dict, Optional, Tuple
from urllib.parse import parse_qs

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest, start_http_server
from reference_service import measures
from reference_service.asgi import (
    BodyTooLarge,
    Receive,
    Response,
    Scope,
    Send,
    as_json,
    read_body,
    run_lifespan,
    send_response,
)
from reference_service.records import Read, Records, from_environment
from reference_service.store import OutcomeUnknown, StoreError

Handler = Callable[[Scope, Receive], Awaitable[Response]]
WEBSOCKET_PATH = "/api/v1/ws/echo"
RECORDS = "/api/v1/records"
#: So many writes, and as many reads, at once; the store has a connection for each.
THREADS = 16
#: Other methods are counted as one, so that clients cannot make up labels.
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


class Api:
    """The ASGI application."""

    def __init__(self, environment: Dict[str, str]) -> None:
        self._environment = environment
        self._opened: Optional[Records] = None
        # Writes may have to wait for a primary: reads have threads of their own, which go on meanwhile.
        self._writers = ThreadPoolExecutor(THREADS, "write")
        self._readers = ThreadPoolExecutor(THREADS, "read")
        self._routes: Dict[Tuple[str, str], Handler] = {
            ("GET", "/health"): self._health,
            ("GET", "/api/v1/health"): self._deep_health,
            ("GET", "/api/v1/server"): self._server,
            ("GET", "/api/v1/echo"): self._echo,
            ("POST", "/api/v1/echo"): self._echo,
            ("GET", RECORDS): self._list_records,
            ("POST", RECORDS): self._add_record,
            ("GET", "/metrics"): self._metrics,
            ("GET", "/docs"): self._docs,
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection's scope."""
        if scope["type"] == "lifespan":
            await run_lifespan(receive, send, self._startup, self._shutdown)
        elif scope["type"] == "websocket":
            await self._websocket(scope, receive, send)
        else:
            await self._http(scope, receive, send)

    def _startup(self) -> None:
        self._opened = from_environment(self._environment)
        port = int(self._environment.get("METRICS_PORT", "0"))
        if port:
            start_http_server(port, self._environment.get("METRICS_ADDRESS", "127.0.0.1"))
        measures.ACTIVE.set(1)
        measures.SPAWNED.inc()

    def _shutdown(self) -> None:
        self._writers.shutdown()
        self._readers.shutdown()
        self._records.close()

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.monotonic()
        endpoint = self._endpoint(scope["path"])
        handler = self._routes.get((scope["method"], endpoint), self._not_found)
        try:
            response = await handler(scope, receive)
        except BodyTooLarge:
            response = as_json({"error": "the body is too large"}, 413)
        except OutcomeUnknown as error:
            response = as_json({"error": str(error), "outcome": "unknown"}, 503)
        except StoreError as error:
            response = as_json({"error": str(error)}, 503)
        method = scope["method"] if scope["method"] in METHODS else "other"
        measures.REQUESTS.labels(method, endpoint, str(response.status)).inc()
        measures.DURATION.labels(method, endpoint).observe(time.monotonic() - started)
        await send_response(send, response)

    def _endpoint(self, path: str) -> str:
        if path.startswith(f"{RECORDS}/"):
            return f"{RECORDS}/*"
        known = {endpoint for dummy, endpoint in self._routes}
        return path if path in known else "unknown"

    async def _not_found(self, scope: Scope, receive: Receive) -> Response:
        prefix = f"{RECORDS}/"
        if scope["method"] == "GET" and scope["path"].startswith(prefix):
            return await self._record(scope["path"][len(prefix) :], parse_qs(scope["query_string"].decode("latin-1")))
        return as_json({"error": "there is nothing here"}, 404)

    async def _health(self, scope: Scope, receive: Receive) -> Response:
        return as_json({"status": "ok"})

    async def _deep_health(self, scope: Scope, receive: Receive) -> Response:
        shown = await self._read(self._records.check)
        return as_json({"status": shown["store"], **shown}, 200 if shown["store"] == "ok" else 503)

    async def _server(self, scope: Scope, receive: Receive) -> Response:
        return as_json({"server": socket.gethostname(), "version": self._environment.get("RELEASE", "unknown")})

    async def _echo(self, scope: Scope, receive: Receive) -> Response:
        headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]]
        body = await read_body(receive)
        client = scope["client"][0] if scope.get("client") else None
        shown = {
            "method": scope["method"],
            "path": scope["path"],
            "headers": headers,
            "client": client,
            "body_bytes": len(body),
        }
        return as_json({**shown, "server": socket.gethostname()})

    async def _list_records(self, scope: Scope, receive: Receive) -> Response:
        newest = await self._read(self._records.newest, 100)
        return as_json({"records": [{"key": key, "value": value} for key, value in newest]})

    async def _add_record(self, scope: Scope, receive: Receive) -> Response:
        try:
            record = json.loads(await read_body(receive))
            key, value = record["key"], record["value"]
        except (ValueError, TypeError, KeyError):
            return as_json({"error": 'a record is {"key": text, "value": text}'}, 400)
        if not (_is_text(key) and key and _is_text(value)):
            return as_json({"error": "key and value have to be texts, and the key not empty"}, 400)
        kept = await asyncio.get_running_loop().run_in_executor(self._writers, self._records.add, key, value)
        measures.INFERENCES.inc()
        return as_json({"key": key, "value": kept}, 201)

    async def _record(self, key: str, query: Dict[str, Any]) -> Response:
        if not _is_text(key):
            return as_json({"error": "there is no such record"}, 404)
        read: Read = await self._read(self._records.get, key, "1" in query.get("fresh", ()))
        headers = [(b"x-cache", read.cache.encode())]
        if read.place:
            headers.append((b"x-store", read.place.encode()))
        if read.value is None:
            return as_json({"error": "there is no such record"}, 404, tuple(headers))
        return as_json({"key": key, "value": read.value}, 200, tuple(headers))

    async def _read(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._readers, function, *arguments)

    async def _metrics(self, scope: Scope, receive: Receive) -> Response:
        return Response(200, generate_latest(), CONTENT_TYPE_LATEST)

    async def _docs(self, scope: Scope, receive: Receive) -> Response:
        paths = sorted({endpoint for dummy, endpoint in self._routes})
        return Response(200, "\n".join(paths).encode(), "text/plain")

    @property
    def _records(self) -> Records:
        if self._opened is None:
            raise RuntimeError("the server did not run the start-up events: start it with lifespan on")
        return self._opened

    async def _websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if scope["path"] != WEBSOCKET_PATH:
            await send({"type": "websocket.close", "code": 4404})
            return
        await send({"type": "websocket.accept"})
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            answer = {"text": message["text"]} if message.get("text") is not None else {"bytes": message.get("bytes")}
            await send({"type": "websocket.send", **answer})


def _is_text(value: object) -> bool:
    """Return whether a value is text that can be stored: JSON may hold halves of characters and NUL, which cannot."""
    return isinstance(value, str) and not any(
        character == "\0" or "\ud800" <= character <= "\udfff" for character in value
    )


app = Api(dict(os.environ))
