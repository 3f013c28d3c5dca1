# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What Grafana would load."""

from __future__ import annotations

import scenario
from watching import PROJECT

testinfra_hosts = scenario.hosts("prometheus")[:1]


def test_the_dashboards_are_provisioned_whole(host):
    committed = sorted(path.name for path in (PROJECT / "roles" / "grafana" / "files" / "dashboards").glob("*.json"))
    assert host.check_output("ls /etc/grafana/dashboards").split() == committed
    sources = host.file("/etc/grafana/provisioning/datasources/platform.yml").content_string
    assert "url: https://10.9.10.40:9090" in sources
    assert "url: https://10.9.11.40:9093" in sources
    assert "a password" not in sources + host.file("/etc/grafana/grafana.ini").content_string
