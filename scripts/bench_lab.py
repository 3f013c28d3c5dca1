"""Measure the lab of inventories/lab: how fast its hosts stand, are configured, and are found to be as they should be.

    python -m scripts.bench_lab     as root; takes a lab of this checkout down first, and again afterwards

The image and the package source are built before the clock runs.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import List, Tuple

from scripts import benchmarks

ROOT = Path(__file__).resolve().parents[1]
LAB = (sys.executable, "-m", "lab")
SITE = ("ansible-playbook", "site.yml", "-i", "inventories/lab")


def run(*command: str) -> Tuple[float, str]:
    """Run a command and return how long it took, in seconds, and its standard output.

    :raises subprocess.CalledProcessError: it failed.
    """
    begun = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return time.monotonic() - begun, done.stdout


def available_mib() -> int:
    """Return the machine's available memory in MiB."""
    text = Path("/proc/meminfo").read_text(encoding="ascii")
    return int(re.findall(r"MemAvailable:\s+(\d+)", text)[0]) // 1024


def changed(output: str) -> int:
    """Return on how many hosts a run of a playbook changed something."""
    return sum(count != "0" for count in re.findall(r"changed=(\d+)", output))


def measure() -> List[str]:
    """Build, configure and remove the lab, and return the lines of the section."""
    topology = "inventories/lab/topology.yml"
    run(*LAB, "up", "--topology", topology)
    run(*LAB, "down")
    before = available_mib()
    up, _output = run(*LAB, "up", "--topology", topology)
    hosts = len(list(Path("/run/netns").glob("lab-*"))) - 2 - len(list(Path("/run/netns").glob("lab-router-*")))
    first, _output = run(*SITE)
    time.sleep(60)
    idle = before - available_mib()
    second, output = run(*SITE)
    down, _output = run(*LAB, "down")
    return [
        f"{hosts} hosts on {os.cpu_count()} cores, image and packages built before:",
        "",
        "| what | measured |",
        "| --- | ---: |",
        f"| all hosts up, from the image | {up:.0f} s |",
        f"| the first `site.yml` | {first:.0f} s |",
        f"| a second `site.yml` (hosts with changes: {changed(output)}) | {second:.0f} s |",
        f"| memory of the configured lab, idle | {idle / 1024:.1f} GiB |",
        f"| all of it gone | {down:.0f} s |",
    ]


if __name__ == "__main__":
    benchmarks.write("The lab", measure())
