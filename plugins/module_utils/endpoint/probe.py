# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One request as a visitor makes it, with the time of each part of it: HTTP, HTTPS, or the opening of a WebSocket."""

from __future__ import annotations

import base64
import hashlib
import http.client
import os
import socket
import ssl
import time
from dataclasses import dataclass, field
from typing import Any, Dict, Mapping, Optional, Tuple
from urllib.parse import urlsplit

#: RFC 6455, section 1.3: what a server adds to the client's key before it hashes it.
WEBSOCKET_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
DAY = 86400.0
#: How much of an answer is read.
MOST = 65536


class ProbeError(Exception):
    """The endpoint is not as it should be; the text says how it is."""


@dataclass(frozen=True)
class Endpoint:
    """What is asked, and what the answer should be.

    :param url: ``http``, ``https``, ``ws`` or ``wss``.
    :param address: where to connect instead of what the name leads to; empty for that.
    :param statuses: the statuses that are right; a WebSocket's is 101 always.
    :param contains: what the body has in it.
    :param ca: the CA that vouches for the certificate, as PEM; empty for those that the system trusts.
    :param days: how many days the certificate must still be valid for.
    """

    url: str
    address: str = ""
    statuses: Tuple[int, ...] = (200,)
    contains: str = ""
    ca: str = ""
    days: float = 0.0
    timeout: float = 5.0


@dataclass
class Result:
    """What came of it: seconds for each part, from the beginning of the request."""

    url: str
    healthy: bool = False
    status: int = 0
    error: str = ""
    seconds: Dict[str, float] = field(default_factory=dict)
    certificate_days: Optional[float] = None


def probe(endpoint: Endpoint, now: Optional[float] = None) -> Result:
    """Ask, and judge the answer. Never raises.

    :param now: seconds of the epoch that the certificate is judged by; the clock's if it is None.
    """
    result = Result(endpoint.url)
    begun = time.monotonic()

    def note(part: str) -> None:
        result.seconds[part] = round(time.monotonic() - begun, 4)

    try:
        _ask(endpoint, result, note, time.time() if now is None else now)
    except (OSError, http.client.HTTPException, ProbeError, ValueError) as error:
        result.error = " ".join(str(error).split()) or type(error).__name__
    else:
        result.healthy = True
    return result


def _ask(endpoint: Endpoint, result: Result, note: Any, now: float) -> None:
    parts = urlsplit(endpoint.url)
    if parts.scheme not in ("http", "https", "ws", "wss") or not parts.hostname:
        raise ProbeError(f"{endpoint.url!r} is no URL with http, https, ws or wss and a host")
    secure = parts.scheme in ("https", "wss")
    port = parts.port or (443 if secure else 80)
    connection = http.client.HTTPConnection(parts.hostname, port, timeout=endpoint.timeout)
    raw = socket.create_connection((endpoint.address or parts.hostname, port), endpoint.timeout)
    try:
        note("connected")
        connection.sock = _secured(raw, endpoint, parts.hostname, result, now) if secure else raw
        if secure:
            note("secured")
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        if parts.scheme in ("ws", "wss"):
            _open_websocket(connection, path, result, note)
        else:
            _get(connection, path, endpoint, result, note)
        if result.certificate_days is not None and result.certificate_days < endpoint.days:
            raise ProbeError(
                f"the certificate ends in {result.certificate_days:g} days, sooner than in {endpoint.days:g}"
            )
    finally:
        connection.close()
        raw.close()


def _secured(raw: socket.socket, endpoint: Endpoint, name: str, result: Result, now: float) -> ssl.SSLSocket:
    context = ssl.create_default_context(cadata=endpoint.ca or None)
    secured = context.wrap_socket(raw, server_hostname=name)
    certificate: Mapping[str, Any] = secured.getpeercert() or {}
    ends = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
    result.certificate_days = round((ends - now) / DAY, 2)
    return secured


def _get(connection: http.client.HTTPConnection, path: str, endpoint: Endpoint, result: Result, note: Any) -> None:
    connection.request("GET", path, headers={"Connection": "close", "User-Agent": "endpoint_health"})
    response = connection.getresponse()
    note("answered")
    result.status = response.status
    body = response.read(MOST).decode("utf-8", "replace")
    note("done")
    if response.status not in endpoint.statuses:
        raise ProbeError(f"status {response.status}, not {' or '.join(map(str, endpoint.statuses))}")
    if endpoint.contains not in body:
        raise ProbeError(f"the answer has no {endpoint.contains!r} in its first {MOST} bytes")


def _open_websocket(connection: http.client.HTTPConnection, path: str, result: Result, note: Any) -> None:
    key = base64.b64encode(os.urandom(16)).decode()
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": key,
    }
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    note("answered")
    result.status = response.status
    if response.status != 101:
        raise ProbeError(f"status {response.status}: no WebSocket was opened")
    if response.getheader("Sec-WebSocket-Accept") != accepted(key):
        raise ProbeError("the server accepted another WebSocket than this one")


def accepted(key: str) -> str:
    """Return what a server answers to the key of a client that opens a WebSocket; RFC 6455, section 4.2.2.

    >>> accepted("dGhlIHNhbXBsZSBub25jZQ==")
    's3pPLMBiTxaQ9kYGzzhZRbK+xOo='
    """
    return base64.b64encode(hashlib.sha1(f"{key}{WEBSOCKET_GUID}".encode(), usedforsecurity=False).digest()).decode()
