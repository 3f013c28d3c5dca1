"""Measure what faults of the data tier cost its clients, and how fast the database is copied, beside the plain tools.

    PYTHONPATH=collections python -m scripts.bench_data_tier     as root; builds a lab where none is up, and takes it
                                                                 down again; `--runs 5` for fewer runs of each fault

The clients write through the application's own route, from a host of the application: PgBouncer and HAProxy there,
psycopg2 and redis-py as its environment tells them (tests/acceptance/ledger_host.py). What they wrote is looked up, and
the bench fails once all is measured where an acknowledged write was lost.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Dict, Iterator, List, NamedTuple, Sequence

import yaml

from ansible_collections.freeagentics.platform.plugins.module_utils.drill import ledger as ledger_book
from ansible_collections.freeagentics.platform.plugins.module_utils.drill import wanted
from scripts import bench_redis, benchmarks
from tests.acceptance.data.cache import CacheCluster
from tests.acceptance.data.cluster import Cluster
from tests.acceptance.data.copies import MEGABYTE, Copies
from tests.acceptance.data.faults import Faults
from tests.acceptance.data.hosts import Hosts
from tests.acceptance.data.writers import HostWriters
from tests.acceptance.ledger import prove
from tests.acceptance.ledger_host import RATE, TABLE
from tests.acceptance.matrix.declaration import Declaration

ROOT = Path(__file__).resolve().parents[1]
LAB, TOPOLOGY = "lab", "inventories/lab/topology.yml"
RUNS, ROUNDS = 20, 3


class Cost(NamedTuple):
    """What the runs of one fault cost: the outages in seconds, and how many writes failed and were lost."""

    name: str
    outages: Sequence[float]
    failed: int
    lost: int


class Bench:
    """A running lab, and what is measured in it."""

    def __init__(self) -> None:
        declaration = Declaration(ROOT / TOPOLOGY)
        active = declaration.region(declaration.regions[0])
        databases = [node.name for node in declaration.nodes if "postgres" in node.services]
        members = [node.name for node in active if "postgres" in node.services]
        followers = [name for name in databases if name not in members]
        self._applications = [node.name for node in active if "api" in node.services]
        self._hosts = Hosts(LAB)
        self._cluster = Cluster(self._hosts, members, followers, self._applications)
        self._cache = CacheCluster(self._hosts, [node for node in active if "redis" in node.services])
        self._backup = next(node.name for node in active if "backup" in node.services)

    def database(self, name: str, fault: Callable[[Faults], None], runs: int, calls: bool = False) -> Cost:
        """Let one fault of the database happen again and again under one ledger.

        :param calls: whether time counts from the operator's call.
        :raises ValueError: a record is there twice, or otherwise than it was written.
        """
        prefix = f"bench-{time.time_ns()}"
        with HostWriters(self._hosts, self._applications[0], "database", prefix) as writers:
            faults = Faults(self._cluster, self._hosts, {name: lambda: writers.attempts})
            for _round in range(runs):
                fault(faults)
        attempts = writers.attempts
        findings = prove(attempts, prefix, self._cluster.records(TABLE))
        self._cluster.ask(self._cluster.primary(), f"DROP TABLE {TABLE}")
        if any(found.doubled or found.wrong or found.unexpected for found in findings.values()):
            raise ValueError(f"{name}: {', '.join(f'{server}: {found}' for server, found in findings.items())}")
        lost = {key for found in findings.values() for key in found.lost}
        return Cost(
            name, (faults.after_calls if calls else faults.outages)[name], len(ledger_book.failed(attempts)), len(lost)
        )

    def play(self, playbook: str) -> None:
        """Run a playbook as an operator does, who has no connection left of a run before.

        :raises subprocess.CalledProcessError: it failed.
        """
        confirm = yaml.safe_load((ROOT / "inventories/prod/topology.yml").read_text(encoding="utf-8"))["platform"]
        command = ["ansible-playbook", f"playbooks/{playbook}.yml", "-i", str(Path(TOPOLOGY).parent)]
        with tempfile.TemporaryDirectory() as connections:
            variables = {"scope": "database", "confirm": confirm, "ansible_control_path_dir": connections}
            subprocess.run([*command, "-e", json.dumps(variables)], cwd=ROOT, check=True)

    def cache(self, name: str, runs: int) -> Cost:
        """Take the power of a shard's master away, again and again."""
        losses = [self._cache.lose_master(self._applications[0]) for _round in range(runs)]
        failed, lost = (
            sum(len(part) for part in parts)
            for parts in ([loss.failed for loss in losses], [loss.findings.lost for loss in losses])
        )
        return Cost(name, [loss.outage for loss in losses], failed, lost)

    def copies(self, rounds: int) -> List[str]:
        """Copy a database in all ways in turn, several times, so that what else the machine does slows all alike."""
        with Copies(self._hosts, self._cluster, self._backup) as copies:
            ways = copies.ways()
            seconds: Dict[str, List[float]] = {name: [] for name in ways}
            for _round in range(rounds):
                for name, way in ways.items():
                    seconds[name].append(way())
            return copies_section(copies.size, seconds, copies.references)


def faults_section(costs: Sequence[Cost], page: str = "") -> List[str]:
    """Return the lines of the page about faults.

    :param page: the page as it is; its rows of faults that were not measured stay.
    """
    rows = {cells[0]: cells[1:6] for cells in _rows(page)}
    for cost in costs:
        seconds = [f"{part:.2f} s" for part in (statistics.median(cost.outages), max(cost.outages))]
        rows[cost.name] = [str(len(cost.outages)), *seconds, str(cost.failed), str(cost.lost)]
    return [
        f"The longest time without an acknowledged write by the client's clock, at {RATE:.0f} writes a second through "
        f"the application's own route; {os.cpu_count()} cores carry the whole lab:",
        "",
        "| fault | runs | median | worst | writes that failed | acknowledged writes lost | wanted |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
        *(f"| {' | '.join([name, *rows[name], _judged(name, rows[name])])} |" for name in FAULTS if name in rows),
    ]


def losses(costs: Sequence[Cost]) -> str:
    """Return what says which faults lost acknowledged writes, and how many; empty where none did."""
    return "\n".join(f"{cost.name}: acknowledged writes lost: {cost.lost}" for cost in costs if cost.lost)


def _rows(page: str) -> Iterator[List[str]]:
    for line in page.splitlines():
        if line.startswith("| "):
            yield [cell.strip() for cell in line.strip("|").split("|")]


def _judged(name: str, cells: Sequence[str]) -> str:
    """Return what is wanted of a fault, and whether its median and its worst run are so."""
    return wanted.judged(WANTED.get(name), *(float(cell.removesuffix(" s")) for cell in cells[1:3]))


def copies_section(size: int, seconds: Dict[str, List[float]], references: Dict[str, str]) -> List[str]:
    """Return the lines of the page about copies.

    :param size: bytes that are copied.
    :param seconds: of each run, by the way of copying.
    :param references: the way that each one is compared with.
    """
    rates = {name: size / MEGABYTE / statistics.median(runs) for name, runs in seconds.items()}
    return [
        f"A database of {size / MEGABYTE:.0f} MB ({os.cpu_count()} cores carry the whole lab, median and worst of "
        f"{len(next(iter(seconds.values())))} runs):",
        "",
        "| how | median | worst | MB/s | beside |",
        "| --- | ---: | ---: | ---: | --- |",
        *(
            f"| {name} | {statistics.median(runs):.1f} s | {max(runs):.1f} s | {rates[name]:.0f} "
            + (
                f"| {_beside(name, rates[name] / rates[references[name]], references[name])} |"
                if name in references
                else "| |"
            )
            for name, runs in seconds.items()
        ),
    ]


def _beside(name: str, share: float, reference: str) -> str:
    """Return how fast a copy is beside its reference, and whether that is as wanted."""
    least = FAST_ENOUGH.get(name)
    judged = f"; {least:g} wanted: {'met' if share >= least else 'missed'}" if least else ""
    return f"{share:.2f} of {reference}{judged}"


#: What is measured, by the name that it has on the page.
FAULTS: Dict[str, Callable[[Bench, str, int], Cost]] = {
    "planned switchover, by switchover.yml": lambda bench, name, runs: bench.database(
        name, lambda faults: faults.planned(lambda: bench.play("switchover")), runs
    ),
    "planned switchover, by Patroni alone": lambda bench, name, runs: bench.database(name, Faults.switch_over, runs),
    "kill of the primary's postmaster": lambda bench, name, runs: bench.database(name, Faults.crash, runs),
    "loss of the primary's host": lambda bench, name, runs: bench.database(name, Faults.lose_host, runs),
    "loss of the primary's host, from the call of failover.yml": lambda bench, name, runs: bench.database(
        name, lambda faults: faults.fail_over(lambda: bench.play("failover")), runs, calls=True
    ),
    "loss of a Redis master's host": lambda bench, name, runs: bench.cache(name, runs),
}


#: What is wanted of which of them, in seconds.
WANTED = {
    "planned switchover, by switchover.yml": wanted.AWAY["switchover"],
    "kill of the primary's postmaster": 3.0,
    "loss of the primary's host": wanted.AWAY["primary_lost"],
    "loss of the primary's host, from the call of failover.yml": wanted.AWAY["primary_lost_operator"],
    "loss of a Redis master's host": 6.0,
}
#: The least speed that is wanted of a copy, as a share of its reference's.
FAST_ENOUGH = {"`pgbackrest restore`": 0.8}
#: And what comes after the faults.
COPIES, CACHE = "copies", "redis"


@contextmanager
def a_lab() -> Iterator[None]:
    """Use the lab that is up, or build one for the time."""
    if any(Path("/run/netns").glob(f"{LAB}-*")):
        yield
        return
    subprocess.run(["make", "lab"], cwd=ROOT, check=True)
    try:
        yield
    finally:
        subprocess.run(["make", "lab-down"], cwd=ROOT, check=True)


def main() -> None:
    """Measure all, print and write the sections; fail at the end where acknowledged writes were lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=RUNS, help="runs of each fault (default: %(default)s)")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="runs of each copy (default: %(default)s)")
    parser.add_argument(
        "--only", action="append", choices=[*FAULTS, COPIES, CACHE], help="measure this alone; may be repeated"
    )
    options = parser.parse_args()
    with a_lab():
        bench = Bench()
        chosen = options.only or [*FAULTS, COPIES, CACHE]
        costs: List[Cost] = []
        for name in [name for name in FAULTS if name in chosen]:
            costs.append(FAULTS[name](bench, name, options.runs))
            page = benchmarks.PAGE.read_text(encoding="utf-8")
            benchmarks.write("Faults of the data tier", faults_section(costs[-1:], page))
        if COPIES in chosen:
            benchmarks.write("Copies of the database", bench.copies(options.rounds))
        if CACHE in chosen:
            benchmarks.write(bench_redis.TITLE, bench_redis.section(bench_redis.measure(options.rounds)))
    if lost := losses(costs):
        sys.exit(lost)


if __name__ == "__main__":
    main()
