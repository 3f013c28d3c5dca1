# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure what the monitoring of the running lab costs, and reckon what more hosts need.

PYTHONPATH=collections python -m scripts.bench_monitoring     as root, beside a lab that has been idle for some minutes
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
import urllib.parse
from typing import Dict, List, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import Host
from lab import declaration, hosts, netns, state
from lab.errors import LabError
from scripts import benchmarks
from scripts.lab_dashboards import CA, prometheus

#: Where the first server keeps its samples, where a copy of them is opened, and at which port.
DATA, COPY, PORT = "/var/lib/prometheus/metrics2", "/var/lib/prometheus/bench", 9999
#: Prints how many bytes a copy of a server's samples takes on disk as blocks, index included, and then each block's
#: account of itself. Only a copy can be asked for a snapshot of what is in memory yet: the platform's own server has no
#: interface for that. Blocks of less than two hours have a dearer index than those of later.
BLOCKS = f"""
server=
rm -rf {COPY}
trap 'kill "$server" 2>/dev/null || true; wait; rm -rf {COPY}' EXIT
# Once more where the server took a file away meanwhile.
cp -a {DATA} {COPY} || {{ rm -rf {COPY}; cp -a {DATA} {COPY}; }}
rm -f {COPY}/lock
echo 'global: {{}}' >{COPY}/prometheus.yml
prometheus --config.file={COPY}/prometheus.yml --storage.tsdb.path={COPY} --web.enable-admin-api \
    --web.listen-address=127.0.0.1:{PORT} 2>{COPY}/log &
server=$!
for _ in $(seq 120); do curl --silent --fail http://127.0.0.1:{PORT}/-/ready >/dev/null && break; sleep 1; done
curl --silent --fail --output /dev/null --request POST http://127.0.0.1:{PORT}/api/v1/admin/tsdb/snapshot
cd {COPY}/snapshots/*
du --bytes --summarize . | cut -f1
cat ./*/meta.json
"""
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

    def sample_bytes(self) -> float:
        """Return how many bytes a sample takes on the disk of the server.

        :raises subprocess.CalledProcessError: no copy of its samples could be opened.
        """
        command = hosts.console(self.lab, self.server, ["sh", "-ec", BLOCKS])
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
        return bytes_of_a_sample(done.stdout)


def bytes_of_a_sample(printed: str) -> float:
    """Return how many bytes a sample takes.

    :param printed: the bytes of all blocks in the first line, then one JSON document for each block.

    >>> bytes_of_a_sample('90\\n{"stats": {"numSamples": 40}}\\n{"stats": {"numSamples": 20}}')
    1.5
    """
    size, _newline, rest = printed.partition("\n")
    samples, decoder = 0, json.JSONDecoder()
    while rest.strip():
        block, end = decoder.raw_decode(rest.strip())
        samples += block["stats"]["numSamples"]
        rest = rest.strip()[end:]
    return int(size) / samples


def slowest_dashboard(printed: str) -> Tuple[str, float]:
    """Return the dashboard whose queries took longest, and how many seconds that was.

    :param printed: what the preview says of each.
    :raises ValueError: it says nothing.

    >>> slowest_dashboard("system: 24 panels in 0.31 s\\nredis: 18 panels in 0.22 s\\nslowest queries:")
    ('system', 0.31)
    """
    found = re.findall(r"^(\S+): \d+ panels in ([\d.]+) s$", printed, re.MULTILINE)
    return max(((name, float(seconds)) for name, seconds in found), key=lambda one: one[1])


def dashboards() -> Tuple[str, float]:
    """Ask every query of every dashboard of the lab, and return the slowest dashboard with its seconds.

    :raises subprocess.CalledProcessError: a query failed or returned nothing.
    """
    command = [sys.executable, "-m", "scripts.lab_dashboards"]
    return slowest_dashboard(subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout)


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
    sample = lab.sample_bytes()
    board, took = dashboards()
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
        f"| all queries of a dashboard at once, of an hour, the slowest one (`{board}`) | {took:.2f} s |",
        f"| a sample on disk, its share of the index included | {sample:.1f} bytes |",
        "",
        f"Reckoned from that, with {DAYS} days; the first server has {DISK_GB} GB:",
        "",
        "| hosts | samples a second | memory of a server | disk of a server |",
        "| ---: | ---: | ---: | ---: |",
    ]
    for size in SIZES:
        rate = samples / count * size
        disk = rate * 86400 * DAYS * sample / 1e9
        lines.append(f"| {size} | {rate:.0f} | {memory / servers / count * size / 1e9:.1f} GB | {disk:.0f} GB |")
    return lines


if __name__ == "__main__":
    benchmarks.write("Monitoring", measure())
