# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An internet client of the public site: it stands in a host's network namespace and knows the site's addresses.

Connections are made inside of the namespace; the test process stays outside.
"""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from dataclasses import dataclass
from typing import Any, Callable, Iterator, Mapping, Optional

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import Event
from websockets.uri import parse_uri

from lab.connect import connect

#: Seconds until a client gives an address up, and until it gives an answer up.
CONNECT_TIMEOUT = 2.0
ANSWER_TIMEOUT = 60.0
#: What means that an address does not serve: the client goes on with the next.
FAILURES = (OSError, http.client.HTTPException)


@dataclass(frozen=True)
class Answer:
    """One answer of the site."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        """Return every value of a header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    @property
    def json(self) -> Any:
        """The body's document."""
        return json.loads(self.body)


class WebSocket:
    """A WebSocket over a TLS connection, read and written by one thread: it does nothing unless it is asked to.

    ``websockets.sync`` reads in a thread of its own, and OpenSSL does not allow that beside a write: now and then a
    session ticket that arrives during the first request keeps the request from being sent.
    """

    def __init__(self, connection: ssl.SSLSocket, address: str) -> None:
        """Shake hands.

        :raises websockets.exceptions.InvalidHandshake: the server does not want a WebSocket here.
        :raises OSError: the connection broke, or the server did not answer in time.
        """
        self._connection = connection
        self._protocol = ClientProtocol(parse_uri(address))
        self._events: list[Event] = []
        self._protocol.send_request(self._protocol.connect())
        self._next()

    def __enter__(self) -> WebSocket:
        """Return the open WebSocket."""
        return self

    def __exit__(self, *_exception: object) -> None:
        """Close the connection."""
        self._connection.close()

    def exchange(self, text: str, timeout: float) -> str:
        """Send a text, and return the next one that is received, after this many seconds of silence at most."""
        self._connection.settimeout(timeout)
        self._protocol.send_text(text.encode())
        while True:
            frame = self._next()
            if isinstance(frame, Frame) and frame.opcode is Opcode.TEXT:
                return bytes(frame.data).decode()

    def _next(self) -> Event:
        """Send what is due, and return what is received next; the answer to a ping is due with it."""
        while True:
            for data in self._protocol.data_to_send():
                self._connection.sendall(data)
            if self._protocol.handshake_exc is not None:
                raise self._protocol.handshake_exc
            self._events += self._protocol.events_received()
            if self._events:
                return self._events.pop(0)
            received = self._connection.recv(65536)
            if not received:
                raise ConnectionError("the server closed the WebSocket's connection")
            self._protocol.receive_data(received)


class Site:
    """The public site, seen from a network namespace."""

    def __init__(self, namespace: str, name: str, addresses: Mapping[str, str]) -> None:
        """Keep what is known.

        :param name: the site's name, sent as SNI and Host.
        :param addresses: public address of each load balancer by its name.
        """
        self.namespace = namespace
        self.name = name
        self.addresses = dict(addresses)

    def tls(
        self, version: Optional[ssl.TLSVersion] = None, protocols: tuple[str, ...] = ("http/1.1",)
    ) -> ssl.SSLContext:
        """Return a client's TLS settings, for one version alone or for what is usual.

        Old versions are really offered (security level 0), so that a refusal is the server's. Who signed the
        certificate is looked at by a test of its own.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(list(protocols))
        if version is not None:
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = version
            context.maximum_version = version
        return context

    def secure(self, balancer: str, context: Optional[ssl.SSLContext] = None) -> ssl.SSLSocket:
        """Return a TLS connection to a load balancer."""
        plain = connect(self.namespace, self.addresses[balancer], 443, CONNECT_TIMEOUT)
        plain.settimeout(ANSWER_TIMEOUT)
        try:
            return (context or self.tls()).wrap_socket(plain, server_hostname=self.name)
        except OSError:
            plain.close()
            raise

    def session(self, balancer: str, secure: bool = True) -> http.client.HTTPConnection:
        """Return a connection for several requests to one load balancer."""
        connection = http.client.HTTPConnection(self.name, timeout=ANSWER_TIMEOUT)
        if secure:
            connection.sock = self.secure(balancer)
        else:
            connection.sock = connect(self.namespace, self.addresses[balancer], 80, CONNECT_TIMEOUT)
        return connection

    def websocket(self, balancer: str, path: str) -> WebSocket:
        """Return an open WebSocket through one load balancer."""
        connection = self.secure(balancer)
        try:
            return WebSocket(connection, f"ws://{self.name}{path}")
        except BaseException:
            connection.close()
            raise

    def ask(
        self,
        balancer: str,
        path: str,
        headers: Optional[Mapping[str, str]] = None,
        method: str = "GET",
        secure: bool = True,
    ) -> Answer:
        """Send one request over a connection of its own."""
        connection = self.session(balancer, secure)
        try:
            return exchange(connection, path, headers, method)
        finally:
            connection.close()

    def ask_politely(self, balancer: str, path: str, headers: Optional[Mapping[str, str]] = None) -> Answer:
        """Send a request again while the rate limit of earlier tests still holds, for at most 30 s."""
        for _ in range(30):
            answer = self.ask(balancer, path, headers)
            if answer.status != 429:
                break
            time.sleep(1)
        return answer

    def ask_any(self, path: str, first: int = 0) -> Answer:
        """Send a request as a browser does that has several addresses: to the next one where one fails.

        :raises OSError: no address served.
        """
        names = list(self.addresses)
        failures: list[str] = []
        for name in names[first:] + names[:first]:
            try:
                return self.ask(name, path)
            except FAILURES as error:
                failures.append(f"{name}: {error!r}")
        raise OSError("; ".join(failures))


def exchange(
    connection: http.client.HTTPConnection,
    path: str,
    headers: Optional[Mapping[str, str]] = None,
    method: str = "GET",
) -> Answer:
    """Send one request over an open connection."""
    connection.request(method, path, headers=dict(headers or {}))
    response = connection.getresponse()
    return Answer(response.status, tuple(response.getheaders()), response.read())


class Load:
    """Requests at a steady rate from many clients while something happens; each is answered with 200 or lost.

    Used as a context manager; ``sent`` and ``lost`` are complete when it is left.
    """

    def __init__(self, send: Callable[[int], Answer], per_second: int) -> None:
        self._send = send
        self._interval = 1 / per_second
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._pacer = threading.Thread(target=self._pace)
        self.sent = 0
        self.lost: list[str] = []

    def __enter__(self) -> Load:
        self._pacer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._pacer.join()
        for thread in self._threads:
            thread.join()

    def _pace(self) -> None:
        begin = time.monotonic()
        while not self._stop.wait(max(0.0, begin + self.sent * self._interval - time.monotonic())):
            thread = threading.Thread(target=self._one, args=(self.sent,))
            self._threads.append(thread)
            self.sent += 1
            thread.start()

    def _one(self, number: int) -> None:
        try:
            answer = self._send(number)
            if answer.status != 200:
                self.lost.append(f"request {number}: {answer.status} {answer.body[:80]!r}")
        except FAILURES as error:
            self.lost.append(f"request {number}: {error!r}")


def until(what: str, condition: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for a condition.

    :raises AssertionError: it did not come true in time.
    """
    for _ in _ticks(seconds):
        if condition():
            return
    raise AssertionError(f"not within {seconds:.0f} s: {what}")


def _ticks(seconds: float) -> Iterator[None]:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        yield
        time.sleep(0.5)
