# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A server that speaks Redis' protocol over TLS and answers as it is told."""

from __future__ import annotations

import socketserver
import ssl
import subprocess
import threading

import pytest


class Script:
    """Answers by command; each is bytes of the protocol, or a list of which the last one stays."""

    def __init__(self, address, port, ca_file):
        self.port, self.ca_file, self.place = port, ca_file, f"{address}:{port}"
        self.answers, self.asked = {}, []

    def answer(self, words):
        """Return what to send for a command, found by its longest beginning that is known."""
        text = " ".join(words)
        self.asked.append(text)
        known = [begin for begin in self.answers if text.startswith(begin)]
        found = self.answers[max(known, key=len)] if known else b"+OK\r\n"
        if isinstance(found, list):
            return found.pop(0) if len(found) > 1 else found[0]
        return found


def bulk(text):
    """Return a text as the protocol has it."""
    return b"$%d\r\n%s\r\n" % (len(text.encode()), text.encode())


def line(node, port, flags="master", more="", master="-", address="127.0.0.1"):
    """Return a line of CLUSTER NODES for a node of this machine."""
    return f"{node} {address}:{port}@16379 {flags} {master} 0 0 0 connected{more}\n"


def tell(server, text, replication="role:master\r\n", keys=0):
    """Let a server say what a node says, with this CLUSTER NODES."""
    server.answers.update(
        {
            "CLUSTER NODES": bulk(text),
            "CLUSTER INFO": bulk("cluster_state:ok\r\n"),
            "INFO replication": bulk(replication),
            "DBSIZE": b":%d\r\n" % keys,
        }
    )


class Connection(socketserver.StreamRequestHandler):
    """Reads commands, which are arrays of texts, and sends the script's answers."""

    def handle(self):
        """Serve one connection."""
        while True:
            head = self.rfile.readline()
            if not head:
                return
            words = []
            for _dummy in range(int(head[1:])):
                size = int(self.rfile.readline()[1:])
                words.append(self.rfile.read(size + 2)[:-2].decode())
            self.wfile.write(self.server.script.answer(words))


class Server(socketserver.ThreadingTCPServer):
    """Serves each connection in a thread, over TLS where it has a certificate."""

    daemon_threads = True

    def __init__(self, address, files):
        super().__init__((address, 0), Connection)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER) if files else None
        if files:
            self.context.load_cert_chain(files["crt"], files["key"])
        self.script = Script(address, self.server_address[1], str(files["crt"]) if files else "")

    def get_request(self):
        """Return a connection, with TLS around it."""
        plain, address = super().get_request()
        return (self.context.wrap_socket(plain, server_side=True) if self.context else plain), address

    def handle_error(self, request, client_address):
        """Say nothing: a client that hangs up is no error here."""


@pytest.fixture
def servers(certificate):
    """Return a function that starts a server and returns its script; the certificate is for 127.0.0.1 alone."""
    running = []

    def start(address="127.0.0.1"):
        server = Server(address, certificate if address == "127.0.0.1" else None)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        running.append((server, thread))
        return server.script

    yield start
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def server(servers):
    """A running server's script."""
    return servers()


@pytest.fixture
def other_ca(tmp_path):
    """A CA that vouches for no server of the tests."""
    path = tmp_path / "other-ca.crt"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    command += ["-keyout", tmp_path / "other-ca.key", "-out", path, "-subj", "/CN=other"]
    subprocess.run(command, check=True, capture_output=True)
    return str(path)
