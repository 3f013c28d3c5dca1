# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Measure in the running lab how soon alerts arrive, and how long a switch between regions takes.

    PYTHONPATH=collections python -m scripts.bench_incidents [--runs N] [--only SECTION] [--matching WORDS]

As root, beside a lab. The faults, and who looks what came of them, are those of tests/drills; WORDS choose some of
them, as pytest's -k does. What the page has of others stays.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Dict, List, Mapping, NamedTuple, Sequence, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.drill import wanted
from scripts import benchmarks
from scripts.tools import find_tools
from tests.acceptance.data.figures import PATH

ROOT = Path(__file__).resolve().parents[1]
RUNS = 3


class Section(NamedTuple):
    """A section of the page: which tests measure it, what it says first, and how many seconds are wanted of what."""

    tests: Sequence[str]
    says: str
    wanted: Sequence[Tuple[str, float]]


SECTIONS: Dict[str, Section] = {
    "Alerts": Section(
        ("tests/drills/test_alerts.py",),
        "From a fault in the lab until the pager, or Slack or the mailbox, has the message, by the clock of what "
        "receives it",
        (("RegionDown", wanted.NOTICED["R63"]), ("to the pager", wanted.NOTICED["R61"])),
    ),
    "Regions": Section(
        ("tests/drills/test_region.py", "-k", "hands_over or lost_and_comes_back"),
        "The longest time in which no record was stored through the site's name, which clients keep for 30 s, by the "
        "visitors' clock",
        (("a region is lost", wanted.AWAY["region_lost"]),),
    ),
}


def measure(section: Section, matching: str = "") -> Dict[str, List[float]]:
    """Run the tests of a section once, and return the seconds that they measured.

    :param matching: the words of those that are run; empty for all.
    :raises subprocess.CalledProcessError: one failed.
    """
    PATH.unlink(missing_ok=True)
    chosen = ["-k", matching] if matching else []
    command = [sys.executable, "-m", "pytest", "-q", "--runs", "1", *section.tests, *chosen]
    subprocess.run(command, cwd=ROOT, check=True)
    found = json.loads(PATH.read_text(encoding="utf-8"))
    return {name: figure["runs"] for name, figure in found.items()}


def lines_of(section: Section, seconds: Mapping[str, Sequence[float]], page: str = "") -> List[str]:
    """Return the lines of a section of the page.

    :param seconds: of each run, by what was measured.
    :param page: the section as it is; its rows of what was not measured stay.
    """
    rows = {match[1]: match[0] for match in re.finditer(r"^\| (.+?) \| \d+ \|.*$", page, re.MULTILINE)}
    for name, runs in seconds.items():
        most = next((f"{limit:g} s" for part, limit in section.wanted if part in name), "")
        rows[name] = f"| {name} | {len(runs)} | {statistics.median(runs):.1f} s | {max(runs):.1f} s | {most} |"
    said = f"{section.says} ({os.cpu_count()} cores carry the whole lab):"
    head = ["| what | runs | median | worst | wanted |", "| --- | ---: | ---: | ---: | ---: |"]
    return [said, "", *head, *rows.values()]


def main() -> None:
    """Measure, and write the sections."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=RUNS, help="how often (default: %(default)s)")
    parser.add_argument("--only", action="append", choices=list(SECTIONS), help="this section alone; may be repeated")
    parser.add_argument("--matching", default="", help="what matches these words of pytest's -k alone")
    options = parser.parse_args()
    find_tools()
    for title in options.only or SECTIONS:
        seconds: Dict[str, List[float]] = {}
        for _run in range(options.runs):
            for name, runs in measure(SECTIONS[title], options.matching).items():
                seconds.setdefault(name, []).extend(runs)
        benchmarks.write(title, lines_of(SECTIONS[title], seconds, benchmarks.section(title)))


if __name__ == "__main__":
    main()
