# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An HTTPS server that stands for etcd: it answers by path, and keeps what it was asked."""

from __future__ import annotations

import contextlib
import http.server
import json
import ssl
import threading
from types import SimpleNamespace


@contextlib.contextmanager
def running(certificate):
    """Yield a server with its ``port``, what it was ``asked``, and its ``answers``.

    An answer is a status and a document, or a function that makes them of the body.
    """
    state = SimpleNamespace(answers={"/version": (200, {"etcdserver": "3.4.23"})}, asked=[])

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.answer(None)

        def do_POST(self):
            self.answer(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def answer(self, body):
            state.asked.append((self.path, body, self.headers.get("Authorization")))
            found = state.answers.get(self.path, (404, {}))
            status, document = found(body) if callable(found) else found
            self.send_response(status)
            self.end_headers()
            self.wfile.write(document if isinstance(document, bytes) else json.dumps(document).encode())

        def log_message(self, format, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda request, address: None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate["crt"], certificate["key"])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    state.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def accounts(passwords):
    """Answer authenticate as etcd does."""

    def answer(body):
        if passwords.get(body["name"]) == body["password"]:
            return 200, {"token": f"{body['name']}.7"}
        return 400, {"error": "etcdserver: authentication failed, invalid user ID or password", "code": 3}

    return answer


NOT_ENABLED = (400, {"error": "etcdserver: authentication is not enabled", "code": 9})
