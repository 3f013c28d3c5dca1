# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Patroni's REST API and etcd's JSON gateway: requests over TLS with the standard library alone."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import ssl
from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple


class RestError(Exception):
    """The other side did not answer; the text says what happened instead."""


@dataclass(frozen=True)
class Endpoint:
    """Where to call, and as whom.

    :param timeout: seconds for each step of the connection.
    :param reach: seconds for the first one, in which the other host's kernel alone answers; 0 for the same.
    """

    host: str
    port: int
    ca_file: str
    username: str = ""
    password: str = ""
    timeout: float = 5.0
    reach: float = 0.0

    @property
    def place(self) -> str:
        """The endpoint as messages name it."""
        return f"https://{self.host}:{self.port}"


def call(
    endpoint: Endpoint, method: str, path: str, body: Any = None, headers: Optional[Dict[str, str]] = None
) -> Tuple[int, Any]:
    """Return the status and the answer of a request: what its JSON says, or its text if it is none.

    The certificate must be for the host and be vouched for by the CA.

    :raises RestError: no connection, or no answer.
    """
    wanted = {"Connection": "close", "Content-Type": "application/json", **(headers or {})}
    if endpoint.username:
        pair = f"{endpoint.username}:{endpoint.password}".encode()
        wanted.setdefault("Authorization", f"Basic {base64.b64encode(pair).decode()}")
    payload = None if body is None else json.dumps(body)
    try:
        context = ssl.create_default_context(cafile=endpoint.ca_file)
        connection = http.client.HTTPSConnection(
            endpoint.host, endpoint.port, timeout=endpoint.timeout, context=context
        )
        try:
            if endpoint.reach:
                connection.sock = _connected(endpoint, context)
            connection.request(method, path, body=payload, headers=wanted)
            response = connection.getresponse()
            text = response.read().decode("utf-8", "replace")
        finally:
            connection.close()
    except (OSError, http.client.HTTPException) as error:
        raise RestError(f"{endpoint.place}{path}: {error}") from error
    try:
        return response.status, json.loads(text)
    except ValueError:
        return response.status, text.strip()


def _connected(endpoint: Endpoint, context: ssl.SSLContext) -> ssl.SSLSocket:
    """Return a connection over TLS."""
    plain = socket.create_connection((endpoint.host, endpoint.port), endpoint.reach)
    plain.settimeout(endpoint.timeout)
    return context.wrap_socket(plain, server_hostname=endpoint.host)


def read(endpoint: Endpoint, path: str) -> Any:
    """Return what the JSON of an answer to a GET says.

    :raises RestError: no connection, another status than 200, or no JSON.
    """
    status, answer = call(endpoint, "GET", path)
    if status != 200:
        raise RestError(f"{endpoint.place}{path}: HTTP status {status}, not 200")
    if isinstance(answer, str):
        raise RestError(f"{endpoint.place}{path}: the answer is no JSON: {answer[:100]!r}")
    return answer
