# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A small application server for the load balancers' scenarios: the paths that they route.

``backend.py <name> <port>``. Standard library only, as it runs on bare hosts.
"""

from __future__ import annotations

import base64
import hashlib
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import BinaryIO, Tuple

WEBSOCKET_KEY = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
PING, PONG, CLOSE = 9, 10, 8


class Handler(BaseHTTPRequestHandler):
    """Answers as the application does, and sets headers that the load balancer has to replace."""

    protocol_version = "HTTP/1.1"
    server_version = "backend"
    name = ""

    def do_GET(self) -> None:
        """Answer a request, or become a WebSocket that echoes."""
        path = self.path.partition("?")[0]
        if path == "/api/v1/ws/echo" and self.headers.get("Upgrade", "").lower() == "websocket":
            self.echo_frames()
        elif path == "/api/v1/slow":
            time.sleep(2)
            self.answer({"server": self.name})
        else:
            self.answer(self.content(path))

    do_PUT = do_POST = do_DELETE = do_GET

    def content(self, path: str) -> object:
        """Return what a path answers with."""
        headers = list(self.headers.items())
        return {
            "/health": {"status": "healthy"},
            "/api/v1/echo": {"headers": headers, "client": self.client_address[0], "server": self.name},
        }.get(path, {"server": self.name, "path": path})

    def answer(self, content: object) -> None:
        """Send JSON."""
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if self.name.startswith("web") else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Frame-Options", "SAMEORIGIN")
        self.send_header("Strict-Transport-Security", "max-age=1")
        self.end_headers()
        self.wfile.write(body)

    def echo_frames(self) -> None:
        """Accept the WebSocket and send back every message until the client closes."""
        key = self.headers["Sec-WebSocket-Key"].encode() + WEBSOCKET_KEY
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key).digest()).decode())
        self.end_headers()
        self.close_connection = True
        while True:
            opcode, payload = read_frame(self.rfile)
            answer = PONG if opcode == PING else opcode
            self.wfile.write(bytes([0x80 | answer, len(payload)]) + payload)
            if opcode == CLOSE:
                return

    def log_message(self, format: str, *arguments: object) -> None:
        """Stay silent: the load balancer logs."""


def read_frame(stream: BinaryIO) -> Tuple[int, bytes]:
    """Read one masked frame of fewer than 126 bytes; a lost connection counts as a close."""
    head = stream.read(2)
    if len(head) < 2:
        return CLOSE, b""
    mask = stream.read(4)
    payload = stream.read(head[1] & 0x7F)
    return head[0] & 0x0F, bytes(byte ^ mask[index % 4] for index, byte in enumerate(payload))


def main() -> None:
    """Serve until the process is ended."""
    Handler.name = sys.argv[1]
    ThreadingHTTPServer(("0.0.0.0", int(sys.argv[2])), Handler).serve_forever()


if __name__ == "__main__":
    main()
