# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Draws the dashboards of a running lab: the preview asks Prometheus from the network of its own host.

python -m scripts.lab_dashboards [LAB]
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import Host, Topology
from lab import declaration, netns, state

REPOSITORY = Path(__file__).resolve().parents[1]
OUTPUT = REPOSITORY / "reports" / "dashboards"
#: Seconds that are borne for the queries of a dashboard, as the machine may have other things to do; 1 s is wanted.
WITHIN = 5.0
#: Seconds for what a change of hosts just before leaves unknown: two scrapes of 15 s.
PATIENCE = 30.0
CA = REPOSITORY / "secrets" / "lab" / "pki" / "ca.crt"


def prometheus(topology: Topology) -> Tuple[Host, str]:
    """Return the host of the first Prometheus, and its address for who stands in that host's network."""
    host = next(host for host in topology.hosts if "prometheus" in host.services)
    port = topology.services["prometheus"].ports["prometheus"].number
    return host, f"https://{host.address}:{port}"


def main(name: str = "lab") -> int:
    """Draw the dashboards of a lab, and say where they are."""
    lab = state.existing_lab(name)
    server, url = prometheus(declaration.load(lab.topology_file))
    preview = [sys.executable, "-m", "scripts.dashboards.preview", "--prometheus", url]
    command = [*preview, "--ca", str(CA), "--output", str(OUTPUT), "--within", str(WITHIN), "--patience", str(PATIENCE)]
    status = subprocess.call(netns.inside(lab.namespace(server.name), *command), cwd=REPOSITORY)
    print(f"the dashboards are in {OUTPUT / 'index.html'}")
    return status


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
