# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the tests of the monitoring share."""

from __future__ import annotations

import base64
import json
import os
import time
from pathlib import Path

PROJECT = Path(os.environ["MOLECULE_PROJECT_DIRECTORY"])
CURL = "curl --silent --show-error --max-time 5 --cacert /etc/freeagentics/tls/ca.crt"


def on(host, name):
    """Return another host of the scenario."""
    configuration = PROJECT / ".lab" / "mol_monitoring" / "ssh.cfg"
    return host.get_host(f"ssh://{name}?sudo=true", ssh_config=str(configuration))


def ask(host, path, address="10.9.10.40"):
    """Return what Prometheus answers."""
    return json.loads(host.check_output(f"{CURL} 'https://{address}:9090/api/v1/{path}'"))["data"]


def until(condition, seconds):
    """Wait, and return whether it came true."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(1)
    return False


def messages(host):
    """Return what the sink has kept, but for the dead man's messages."""
    text = on(host, "sink").run("cat /var/lib/alert-sink/messages.jsonl").stdout
    return [entry for entry in map(json.loads, text.splitlines()) if entry["way"] != "watchdog"]


def write(host, path, text):
    """Write a file on a host, in pieces that fit into a command line."""
    encoded = base64.b64encode(text.encode()).decode()
    host.check_output(f"true >{path}.b64")
    for start in range(0, len(encoded), 60000):
        host.check_output(f"printf %s {encoded[start : start + 60000]} >>{path}.b64")
    host.check_output(f"base64 -d {path}.b64 >{path} && rm {path}.b64")
