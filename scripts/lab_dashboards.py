# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Draws the dashboards of a running lab: the preview asks Prometheus from the network of its own host.

python -m scripts.lab_dashboards [LAB]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from lab import declaration, netns, state

REPOSITORY = Path(__file__).resolve().parents[1]
OUTPUT = REPOSITORY / "reports" / "dashboards"


def main(name: str = "lab") -> int:
    """Draw the dashboards of a lab, and say where they are."""
    lab = state.existing_lab(name)
    topology = declaration.load(lab.topology_file)
    server = next(host for host in topology.hosts if "prometheus" in host.services)
    port = topology.services["prometheus"].ports["prometheus"].number
    ca = REPOSITORY / "secrets" / "lab" / "pki" / "ca.crt"
    preview = [sys.executable, "-m", "scripts.dashboards.preview", "--prometheus", f"https://{server.address}:{port}"]
    command = [*preview, "--ca", str(ca), "--output", str(OUTPUT)]
    status = subprocess.call(netns.inside(lab.namespace(server.name), *command), cwd=REPOSITORY)
    print(f"the dashboards are in {OUTPUT / 'index.html'}")
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
