"""Measure how long a declaration takes to be checked and every host's rules to be derived, and how that grows.

    PYTHONPATH=collections python -m scripts.bench_topology     print the figures, write them to docs/benchmarks.md

The declaration is inventories/prod with more application servers in each region, which is how a platform grows.
"""

from __future__ import annotations

import copy
import os
import platform
import time
from pathlib import Path
from typing import Any, Dict, List, NamedTuple

import yaml

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive import firewall
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.parse import parse
from scripts import benchmarks

ROOT = Path(__file__).resolve().parents[1]
SIZES = (250, 500, 1000, 2000)
#: Addresses of an added subnet that hosts take, and the third number of the first one.
PER_SUBNET, FIRST_SUBNET = 200, 40


class Figure(NamedTuple):
    """What one size took, in seconds."""

    hosts: int
    parse: float
    derive: float
    rules: int


def enlarged(document: Dict[str, Any], hosts: int) -> Dict[str, Any]:
    """Return the declaration with API servers added, shared by the regions, until it has so many hosts."""
    larger = copy.deepcopy(document)
    regions = list(larger["regions"].items())
    missing = hosts - sum(len(region["hosts"]) for dummy, region in regions)
    for number in range(missing):
        name, region = regions[number % len(regions)]
        _add_server(region, name, number // len(regions))
    return larger


def _add_server(region: Dict[str, Any], name: str, number: int) -> None:
    subnet, place = divmod(number, PER_SUBNET)
    prefix = ".".join(region["cidr"].split(".")[:2]) + f".{FIRST_SUBNET + subnet}"
    zone = f"{name}{'ab'[subnet % 2]}"
    region["subnets"].setdefault(f"{name}-more-{subnet}", {"zone": zone, "kind": "app", "cidr": f"{prefix}.0/24"})
    region["hosts"][f"{name}-api-{number}"] = {"address": f"{prefix}.{place + 10}", "services": ["api"]}


def measure(document: Dict[str, Any], hosts: int) -> Figure:
    """Check a declaration and derive and print the rules of every host for both families."""
    larger = enlarged(document, hosts)
    started = time.perf_counter()
    topology = parse(larger)
    parsed = time.perf_counter()
    rules = 0
    for host in topology.hosts:
        ruleset = firewall.ruleset(topology, host.name)
        rules += sum(firewall.render(ruleset, family).count("\n-A ") for family in (firewall.IPV4, firewall.IPV6))
    return Figure(len(topology.hosts), parsed - started, time.perf_counter() - parsed, rules)


def section(figures: List[Figure]) -> List[str]:
    """Return the lines of the page with the figures."""
    cores = os.cpu_count()
    lines = [
        f"Checking a declaration and deriving every firewall ({cores} cores, Python {platform.python_version()}):",
        "",
        "| hosts | check | derive | rules | microseconds per rule |",
        "| ---: | ---: | ---: | ---: | ---: |",
    ]
    for figure in figures:
        per_rule = figure.derive / figure.rules * 1e6
        lines.append(
            f"| {figure.hosts} | {figure.parse:.2f} s | {figure.derive:.2f} s | {figure.rules} | {per_rule:.1f} |"
        )
    return lines


def main() -> None:
    """Measure every size, print and write the section."""
    document = yaml.safe_load((ROOT / "inventories/prod/topology.yml").read_text(encoding="utf-8"))
    benchmarks.write("Declaration", section([measure(document, hosts) for hosts in SIZES]))


if __name__ == "__main__":
    main()
