# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The reference service behind the real server on loopback, as its unit starts it on a host."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import psycopg2.extensions
import pytest

SOURCE = Path(__file__).resolve().parents[3] / "lab" / "reference_service"
# The service is a program of its own, which finds its package in the folder where it starts.
sys.path.insert(0, str(SOURCE))
RUNNING = re.compile(r"Uvicorn running on http://127\.0\.0\.1:(\d+)")


@dataclass(frozen=True)
class Server:
    """A server that runs, and its port."""

    process: subprocess.Popen
    port: int

    def ask(self, method, path, body=None, headers=()):
        """Return status, headers and body of an answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        connection.putrequest(method, path)
        for name, value in headers:
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), content

    def get(self, path):
        """Return status and document of a GET."""
        status, _headers, body = self.ask("GET", path)
        return status, json.loads(body)

    def post(self, path, document):
        """Return status and document of a POST."""
        status, _headers, body = self.ask("POST", path, json.dumps(document).encode())
        return status, json.loads(body)

    def stop(self):
        """End it as systemd does, and return what it ended with."""
        self.process.terminate()
        return self.process.wait(timeout=20)


@pytest.fixture(scope="module")
def start():
    """Return a function that starts one of the service's applications on a free port."""
    running = []

    def run(application, **environment):
        command = [sys.executable, "-m", "uvicorn", f"reference_service.{application}:app", "--host", "127.0.0.1"]
        process = subprocess.Popen(
            [*command, "--port", "0", "--lifespan", "on", "--no-access-log"],
            cwd=SOURCE,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "RELEASE": "7", **environment},
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        said = ""
        for line in process.stderr:
            said += line
            found = RUNNING.search(line)
            if found:
                return Server(process, int(found.group(1)))
        raise AssertionError(said)

    yield run
    for process in running:
        process.terminate()
        process.wait(timeout=20)
        process.stderr.close()


@pytest.fixture(autouse=True)
def own_way_of_waiting():
    """Take back how the service lets psycopg2 wait, which holds for the whole process."""
    yield
    psycopg2.extensions.set_wait_callback(None)
