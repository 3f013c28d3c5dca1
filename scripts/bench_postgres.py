"""Measure how fast the content of a table is compared: the fingerprint beside a dump that is hashed.

    python -m scripts.bench_postgres     print the figures, write them to docs/benchmarks.md

A lab of its own, with the host of the scenario postgres_integrity and PostgreSQL as the scenario installs it.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Dict, List, NamedTuple

from scripts import benchmarks

ROOT = Path(__file__).resolve().parents[1]
LAB, HOST = "bench_postgres", "db1"
SCENARIO = ROOT / "molecule" / "postgres_integrity"
ROWS, RUNS = 1_000_000, 5
FILL = f"""
CREATE TABLE orders (id bigserial PRIMARY KEY, account int NOT NULL, amount numeric(12, 2), status text, note text,
    created timestamptz);
INSERT INTO orders (account, amount, status, note, created)
    SELECT i % 100000, i / 7.0, (ARRAY['new', 'paid', 'sent'])[1 + i % 3], md5(i::text) || md5((i + 1)::text),
        '2026-01-01 00:00:00+00'::timestamptz + i * interval '1 second'
    FROM generate_series(1, {ROWS}) AS i;
VACUUM ANALYZE orders;
"""


class Figure(NamedTuple):
    """What was measured, and the seconds of each run."""

    name: str
    seconds: List[float]

    @property
    def median(self) -> float:
        """The median of all runs in seconds."""
        return statistics.median(self.seconds)


def run(*command: Any, **options: Any) -> str:
    """Run a command at the root of the checkout and return what it prints."""
    environment = {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(ROOT / "collections"),
        "ANSIBLE_SSH_COMMON_ARGS": f"-F {ROOT}/.lab/{LAB}/ssh.cfg",
        "ANSIBLE_REMOTE_USER": "platform",
        "ANSIBLE_NOCOLOR": "true",
    }
    done: subprocess.CompletedProcess[str] = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=environment,
        check=True,
        text=True,
        stdout=subprocess.PIPE,
        **options,
    )
    return done.stdout


def lab(*arguments: Any) -> None:
    """Run a command of the lab."""
    run(sys.executable, "-m", "lab", *arguments, "--name", LAB)


def on_host(command: str, text: str = "") -> str:
    """Run a shell command on the host as postgres."""
    return run("ssh", "-F", f".lab/{LAB}/ssh.cfg", HOST, f"cd / && sudo -u postgres sh -c '{command}'", input=text)


def fingerprint(workers: int) -> float:
    """Return how many seconds the module says that it read contents for."""
    arguments = {"databases": ["bench"], "checks": ["fingerprints"], "workers": workers}
    command = ["ansible", "-i", SCENARIO / "topology.yml", HOST, "--become", "--become-user", "postgres"]
    said = run(*command, "-m", "freeagentics.platform.postgres_integrity", "-a", json.dumps(arguments))
    (figure,) = json.loads(said.split(" => ", 1)[1])["figures"]
    if figure["rows"] != ROWS:
        raise ValueError(f"{figure['rows']} rows were read, not {ROWS}")
    return float(figure["seconds"])


def dump() -> float:
    """Return how many seconds a dump takes that is hashed, by the host's clock."""
    task = "pg_dump --data-only --table orders bench | sha256sum >/dev/null"
    return int(on_host(f"begin=$(date +%s%N); {task}; end=$(date +%s%N); echo $((end - begin))")) / 1e9


def measure(tasks: Dict[str, Callable[[], float]]) -> List[Figure]:
    """Run all tasks in turn, several times, so that what else the machine does slows all of them alike."""
    rounds = [[task() for task in tasks.values()] for dummy in range(RUNS)]
    return [Figure(name, [seconds[place] for seconds in rounds]) for place, name in enumerate(tasks)]


def section(figures: List[Figure], pages: str, version: str) -> List[str]:
    """Return the lines of the page; the last figure is the one to compare with."""
    reference = figures[-1]
    return [
        f"Comparing the content of a table of {ROWS} rows and {pages} ({os.cpu_count()} cores, PostgreSQL {version}, "
        f"median and worst of {RUNS} runs):",
        "",
        "| how | median | worst | rows/s | speed |",
        "| --- | ---: | ---: | ---: | ---: |",
        *(
            f"| {figure.name} | {figure.median:.2f} s | {max(figure.seconds):.2f} s | {ROWS / figure.median:.0f} "
            f"| {reference.median / figure.median:.1f} |"
            for figure in figures
        ),
    ]


def main() -> None:
    """Build the host, fill a table, measure, and take the host down."""
    lab("up", "--topology", SCENARIO / "topology.yml")
    try:
        run("ansible-playbook", "-i", SCENARIO / "topology.yml", SCENARIO / "converge.yml")
        on_host("createdb bench && psql --quiet bench", FILL)
        on_host("psql --quiet --command CHECKPOINT")
        figures = measure(
            {
                "`postgres_integrity`, 1 connection": lambda: fingerprint(1),
                "`postgres_integrity`, 2 connections": lambda: fingerprint(2),
                "`pg_dump \\| sha256sum`": dump,
            }
        )
        size = on_host('psql -At -c "SELECT pg_size_pretty(pg_table_size(\\$\\$orders\\$\\$))" bench').strip()
        version = on_host('psql -At -c "SHOW server_version"').split()[0]
    finally:
        lab("down")
    benchmarks.write("Content of a table", section(figures, size, version))


if __name__ == "__main__":
    main()
