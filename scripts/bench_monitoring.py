# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure what the monitoring of the running lab costs, and reckon what more hosts need.

PYTHONPATH=collections python -m scripts.bench_monitoring     as root, beside a lab that has been idle for some minutes
"""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.parse
from typing import Dict, List

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import Host
from lab import declaration, hosts, netns, state
from lab.errors import LabError
from scripts import benchmarks
from scripts.lab_dashboards import CA, prometheus

#: What a sample takes on disk, in bytes: the upper of the two that Prometheus' own guide reckons with
#: (https://prometheus.io/docs/prometheus/latest/storage/#operational-aspects).
SAMPLE_BYTES = 2
#: How long the first server keeps samples, in days, and its disk, in GB (R48).
DAYS, DISK_GB = 30, 500
SIZES = (10, 100, 1000)
#: For how long host-metrics is watched, in seconds.
WATCHED = 60


class Lab:
    """The Prometheus of a running lab."""

    def __init__(self, name: str = "lab") -> None:
        self.lab = state.existing_lab(name)
        self.topology = declaration.load(self.lab.topology_file)
        self.server, self._url = prometheus(self.topology)

    def value(self, query: str) -> float:
        """Return what a query with a single answer says.

        :raises LabError: nothing is known of it.
        """
        asked = urllib.parse.urlencode({"query": query})
        url = f"{self._url}/api/v1/query?{asked}"
        command = ["curl", "--silent", "--show-error", "--fail", "--cacert", str(CA), url]
        done = subprocess.run(
            netns.inside(self.lab.namespace(self.server.name), *command), stdout=subprocess.PIPE, check=True
        )
        found = json.loads(done.stdout)["data"]["result"]
        if not found:
            raise LabError(f"Prometheus knows nothing of {query}", "rates need some minutes", "wait, and try again")
        return float(found[0]["value"][1])

    def text_seconds(self) -> Dict[str, float]:
        """Return how long host-metrics has had a processor, in seconds, on the first host of each kind."""
        kinds = {host.services: host for host in reversed(self.topology.hosts)}
        return {host.name: self._text_seconds(host) for host in kinds.values()}

    def _text_seconds(self, host: Host) -> float:
        show = ["systemctl", "show", "--property=CPUUsageNSec", "--value", "host-metrics.service"]
        done = subprocess.run(hosts.console(self.lab, host, show), stdout=subprocess.PIPE, check=True)
        return int(done.stdout) / 1e9


def measure() -> List[str]:
    """Ask the lab, and return the lines of the section."""
    lab = Lab()
    count = len(lab.topology.hosts)
    samples = lab.value('max(rate(prometheus_tsdb_head_samples_appended_total{type="float"}[5m]))')
    series = lab.value("max(prometheus_tsdb_head_series)")
    memory = lab.value('sum(process_resident_memory_bytes{job="prometheus"})')
    servers = lab.value('count(up{job="prometheus"})')
    exporters = lab.value('max(sum by (host) (rate(process_cpu_seconds_total{job=~"node|postgres|redis"}[5m])))')
    before = lab.text_seconds()
    time.sleep(WATCHED)
    after = lab.text_seconds()
    dearest = max(after, key=lambda name: after[name] - before[name])
    texts = (after[dearest] - before[dearest]) / WATCHED
    rules = lab.value("max(sum by (instance) (prometheus_rule_group_last_duration_seconds))")
    lines = [
        f"{count} hosts, {servers:.0f} servers that each scrape all, on {os.cpu_count()} cores that carry everything:",
        "",
        "| what | measured |",
        "| --- | ---: |",
        f"| samples a second, each server | {samples:.0f} |",
        f"| series, each server | {series:.0f} |",
        f"| memory of the {servers:.0f} servers together | {memory / 1e6:.0f} MB |",
        f"| exporters of a host, the dearest one | {exporters:.2%} of a core |",
        f"| `host-metrics`, the dearest host ({dearest}) | {texts:.2%} of a core |",
        f"| evaluating every rule once | {rules:.2f} s |",
        "",
        f"Reckoned from that, with {SAMPLE_BYTES} bytes a sample and {DAYS} days; the first server has {DISK_GB} GB:",
        "",
        "| hosts | samples a second | memory of a server | disk of a server |",
        "| ---: | ---: | ---: | ---: |",
    ]
    for size in SIZES:
        rate = samples / count * size
        disk = rate * 86400 * DAYS * SAMPLE_BYTES / 1e9
        lines.append(f"| {size} | {rate:.0f} | {memory / servers / count * size / 1e9:.1f} GB | {disk:.0f} GB |")
    return lines


if __name__ == "__main__":
    benchmarks.write("Monitoring", measure())
