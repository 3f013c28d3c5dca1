# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Overload a host for real, and measure how soon somebody is told.

    PYTHONPATH=collections python -m scripts.bench_overload

as root, on a machine that does nothing else; ten minutes.

The hosts of the lab share the machine's processors and starve together, so this takes the few hosts of the scenario
`monitoring`: real servers, with the rules and receivers of the platform. Memory is taken until 88 % of the machine's
are used, by what the kernel ends first.
"""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Dict, Iterator, List

from scripts import benchmarks
from scripts.bench_incidents import SECTIONS, lines_of
from scripts.tools import find_tools
from tests.acceptance.data.hosts import Hosts
from tests.acceptance.data.sink import Sink

ROOT = Path(__file__).resolve().parents[1]
SCENARIO, VICTIM, RECEIVER = "monitoring", "web1", "sink"
#: Seconds in which an alert has to arrive and to end: five minutes of a mean, two of patience, and the way.
LIMIT = 720.0
#: Every processor, and a quarter of an hour at most.
CALCULATE = "for _ in $(seq $(nproc)); do while :; do :; done & done; wait"
REMEMBER = """
import time

def used():
    lines = dict(line.split(":") for line in open("/proc/meminfo"))
    return 1 - int(lines["MemAvailable"].split()[0]) / int(lines["MemTotal"].split()[0])

kept = []
while used() < 0.88:
    kept.append(b"x" * (64 << 20))
time.sleep(900)
"""
FAULTS = {"CpuHigh": ("sh", "-c", CALCULATE), "MemoryHigh": ("python3", "-c", REMEMBER)}


@contextmanager
def overloaded(hosts: Hosts, name: str) -> Iterator[None]:
    """Let a host calculate and remember as much as it can, for a while."""
    units = [f"overload-{alert.lower()}" for alert in FAULTS]
    limits = ["--property", "RuntimeMaxSec=900", "--property", "OOMScoreAdjust=1000"]
    try:
        for unit, command in zip(units, FAULTS.values()):
            hosts.on(name, "systemd-run", "--quiet", "--collect", "--unit", unit, *limits, *command)
        yield
    finally:
        for unit in units:
            hosts.on(name, "systemctl", "stop", unit)


def measure(hosts: Hosts) -> Dict[str, List[float]]:
    """Return the seconds from the fault to the first message by what was measured.

    :raises AssertionError: an alert, or the end of one, was not told in time.
    """
    sink, seconds = Sink(hosts, RECEIVER), {}
    begin = time.time()
    with overloaded(hosts, VICTIM):
        for alert in FAULTS:
            told = sink.wait(alert, begin, LIMIT)
            print(f"{alert}: told by {sorted(told)} after {min(told.values()):.1f} s")
            seconds[f"{alert}, from the fault to a message"] = [min(told.values())]
    for alert in FAULTS:
        sink.wait(alert, begin, LIMIT, resolved=True)
        print(f"{alert}: its end was told")
    return seconds


def main() -> None:
    """Build the hosts, overload one, write the rows, and take the hosts down."""
    find_tools()
    molecule = [sys.executable, "-m", "molecule"]
    try:
        subprocess.run([*molecule, "converge", "--scenario-name", SCENARIO], cwd=ROOT, check=True)
        seconds = measure(Hosts(f"mol_{SCENARIO}"))
    finally:
        subprocess.run([*molecule, "destroy", "--scenario-name", SCENARIO], cwd=ROOT, check=True)
    benchmarks.write("Alerts", lines_of(SECTIONS["Alerts"], seconds, benchmarks.section("Alerts")))


if __name__ == "__main__":
    main()
