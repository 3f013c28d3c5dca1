# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure how fast `redis_cluster` forms a cluster and looks at a formed one, beside `redis-cli --cluster create`.

    python -m scripts.bench_redis     as root, with a lab that is up; `--rounds 3` for fewer

The nine nodes are processes of their own on one host of the lab, on its loopback; the lab's own cluster is not touched.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import time
from pathlib import Path
from typing import Dict, List

from ansible_collections.freeagentics.platform.plugins.module_utils.drill import wanted
from scripts import benchmarks
from tests.acceptance.data.hosts import Hosts
from tests.acceptance.site_client import until

ROOT = Path(__file__).resolve().parents[1]
LAB, HOST, ROUNDS = "lab", "redis1", 5
TITLE = "Forming a Redis Cluster"
#: Three shards with two replicas each, as in production.
NODES, SHARDS, REPLICAS, PORT = 9, 3, 2, 7000
FOLDER = "/var/tmp/bench-redis"
MODULE, AGAIN, CLI, PING = (
    "`redis_cluster`, 9 empty nodes",
    "`redis_cluster`, the formed cluster",
    "`redis-cli --cluster create`, 9 empty nodes",
    "`ansible.builtin.ping`",
)
#: How many seconds are wanted where nothing has to be done.
FORMED = 3.0


def address(number: int) -> str:
    """Return the address of a node."""
    return f"127.0.1.{number}"


class Nodes:
    """Empty nodes while the context lasts."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts

    def __enter__(self) -> Nodes:
        for number in range(1, NODES + 1):
            folder = f"{FOLDER}/{number}"
            self._on(f"mkdir -p {folder}")
            self._on(
                f"systemd-run --quiet --collect --unit=bench-redis-{number} redis-server --bind {address(number)}"
                f" --port {PORT} --dir {folder} --cluster-enabled yes --cluster-announce-ip {address(number)}"
                " --cluster-node-timeout 1500 --save ''"
            )
        until("all nodes answer", self._all_answer, 20)
        return self

    def __exit__(self, *_: object) -> None:
        self._on(f"systemctl stop 'bench-redis-*'; rm -rf {FOLDER}")

    def create(self) -> float:
        """Let redis-cli form the cluster; return the seconds."""
        nodes = " ".join(f"{address(number)}:{PORT}" for number in range(1, NODES + 1))
        begun = time.monotonic()
        self._on(f"redis-cli --cluster create {nodes} --cluster-replicas {REPLICAS} --cluster-yes")
        return time.monotonic() - begun

    def _all_answer(self) -> bool:
        try:
            for number in range(1, NODES + 1):
                self._on(f"redis-cli -h {address(number)} -p {PORT} ping | grep -q PONG")
        except AssertionError:
            return False
        return True

    def _on(self, command: str) -> str:
        return self._hosts.on(HOST, "sh", "-c", command, timeout=120)


def ansible(module: str, arguments: Dict[str, object]) -> float:
    """Run a module on the host; return the seconds, Ansible's own start included."""
    command = ["ansible", HOST, "-i", "inventories/lab", "-b", "-m", module]
    # A module that is given nothing takes no empty document either.
    command += ["-a", json.dumps(arguments)] if arguments else []
    begun = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    return time.monotonic() - begun


def measure(rounds: int) -> Dict[str, List[float]]:
    """Return the seconds of each run, by what was run."""
    nodes = [{"name": f"r{n}", "address": address(n), "port": PORT, "bus_port": PORT + 10000} for n in range(1, 10)]
    declared: Dict[str, object] = {"nodes": nodes, "shards": SHARDS, "replicas": REPLICAS}
    seconds: Dict[str, List[float]] = {name: [] for name in (MODULE, AGAIN, CLI, PING)}
    for _round in range(rounds):
        with Nodes(Hosts(LAB)):
            seconds[MODULE].append(ansible("freeagentics.platform.redis_cluster", declared))
            seconds[AGAIN].append(ansible("freeagentics.platform.redis_cluster", declared))
        with Nodes(Hosts(LAB)) as empty:
            seconds[CLI].append(empty.create())
        seconds[PING].append(ansible("ansible.builtin.ping", {}))
    return seconds


def section(seconds: Dict[str, List[float]]) -> List[str]:
    """Return the lines of the page."""
    return [
        f"Nine nodes on one host of a running lab ({os.cpu_count()} cores carry all of it), median and worst of "
        f"{len(seconds[CLI])} runs. Modules are called by `ansible`, whose own start `ping` shows; `redis_cluster` "
        "waits until every replica is in step, `redis-cli` does not:",
        "",
        "| what | median | worst | wanted |",
        "| --- | ---: | ---: | ---: |",
        *(f"| {name} | {_cells(name, statistics.median(runs), max(runs))} |" for name, runs in seconds.items()),
    ]


def _cells(name: str, median: float, worst: float) -> str:
    """Return what was measured, and whether it is as wanted."""
    return f"{median:.1f} s | {worst:.1f} s | {wanted.judged(FORMED if name == AGAIN else None, median, worst)}"


def main() -> None:
    """Measure, print and write the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="runs of each (default: %(default)s)")
    benchmarks.write(TITLE, section(measure(parser.parse_args().rounds)))


if __name__ == "__main__":
    main()
