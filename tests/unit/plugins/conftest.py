"""An HTTPS server that answers as it is told."""

from __future__ import annotations

import http.server
import ssl
import subprocess
import threading
from contextlib import contextmanager

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes is the machine's, which may have other things to do.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


class Api:
    """Answers by path, or by method and path: a status and a text, one after the other where there is a list of them.

    Keeps what was asked: method, path, headers and body.
    """

    def __init__(self, port, ca_file):
        self.port, self.ca_file, self.answers, self.requests = port, ca_file, {}, []

    def answer(self, method, path):
        found = self.answers.get(f"{method} {path}") or self.answers.get(path, (404, ""))
        if isinstance(found, list):
            return found.pop(0) if len(found) > 1 else found[0]
        return found


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


@contextmanager
def serving(certificate):
    """Run an API."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self):
            asked = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
            server.api.requests.append((self.command, self.path, dict(self.headers), asked))
            status, body = server.api.answer(self.command, self.path)
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body.encode())

        do_GET = do_POST = do_PATCH = answer

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
    try:
        yield server.api
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def api(certificate):
    """A running API."""
    with serving(certificate) as running:
        yield running


@pytest.fixture
def other_api(certificate):
    """Another one beside it."""
    with serving(certificate) as running:
        yield running
