"""An HTTPS server that answers as it is told."""

from __future__ import annotations

import http.server
import ssl
import subprocess
import threading

import pytest


class Api:
    """Answers by path: a status and a text."""

    def __init__(self, port, ca_file):
        self.port, self.ca_file, self.answers = port, ca_file, {}


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 that vouches for itself, and its key."""
    folder = tmp_path_factory.mktemp("api")
    files = {"key": folder / "api.key", "crt": folder / "api.crt"}
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-keyout", files["key"], "-out", files["crt"], "-subj", "/CN=api"]
    command += ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run(command, check=True, capture_output=True)
    return files


@pytest.fixture
def api(certificate):
    """A running API."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            status, body = server.api.answers.get(self.path, (404, ""))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda request, address: None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate["crt"], certificate["key"])
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.api = Api(server.server_address[1], str(certificate["crt"]))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.api
    server.shutdown()
    thread.join()
    server.server_close()
