"""Run every scenario of playbooks/drill.yml in the lab, and write docs/drills.md from the reports that they left.

    PYTHONPATH=collections python -m scripts.drills [--runs N] [--only NAME ...] [--page]     as root, beside a lab

Each is run 20 times where it takes less than two minutes, 3 times otherwise, unless --runs says how often. What takes
everything away, everything_lost, is run where it is named. With --page only the page is written. A scenario of which no
reports are in reports/ keeps what the page said of it.
"""

from __future__ import annotations

import argparse
import json
import re
import statistics
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, Dict, Iterator, List, Sequence, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.drill import wanted
from ansible_collections.freeagentics.platform.plugins.module_utils.drill.scenarios import (
    BESIDE,
    BRIEF,
    DATABASE,
    RECOVERY,
    REGION,
    SCENARIOS,
)
from scripts.tools import find_tools

ROOT = Path(__file__).resolve().parents[1]
PAGE, REPORTS = ROOT / "docs" / "drills.md", ROOT / "reports"
INVENTORY = "inventories/lab"
#: Seconds that one drill may take beside those that the site may be away.
LIMIT = 1500
#: How often a drill is run whose first run took less than QUICK seconds, and one that takes longer.
QUICK, OFTEN, SELDOM = 120.0, 20, 3
#: What does the drills that no playbook can do; each leaves a report as the playbook does.
TESTS = {
    "operator_dies": ("tests/drills/test_guards.py", "-k", "dead_run"),
    "clocks_apart": ("tests/drills/test_clocks.py",),
    "everything_lost": ("tests/drills/test_recover.py", "-k", "object_store_alone"),
}
ALL = {**SCENARIOS, **BESIDE}
HEAD = """# Drills

Written by `make drills`, from the reports of `playbooks/drill.yml` in the lab. In each drill records are stored through
the site's name, by a client outside of the platform, with a ledger on its disk; something is broken; and afterwards
every acknowledged record has to be on every database server, once, with one server that takes writes, and all servers
on one timeline. Had two servers taken writes at one moment, what one of them acknowledged would not be on the other's
timeline, and be lost here. Each record keeps the timeline on which it was written, too: none is on a lower one than a
record that was acknowledged before it was sent.

*Away* is the longest time in which no record was acknowledged, by the client's clock; names are kept for the 30 s that
DNS says. *Acts after* is how long after its call `failover.yml` has looked at every host, has planned, and begins to
act, also where more than half of all hosts do not answer (`region_lost`). *First alert* is how long after the fault the
first alert fired, the median, and which one it was most often; many faults are over before one fires. R61 to R64 are
the rows of the requirements' table of disasters; R63 allows that `region_lost` loses what was acknowledged in the last
minute.

A drill is passed where the site is away for no longer than *at most*. *Wanted* is what the platform is built for, and
whether it is so: *met* also in the worst run, *met by the median* alone, or *missed*. Where an operator acts with
`failover.yml`, it counts from the command: *after the command* is how long after its call records were stored again.
The planned switchover of a database is in [benchmarks.md](benchmarks.md#faults-of-the-data-tier), with the same faults
by the clock of a client beside the database.

    ansible-playbook playbooks/drill.yml -i inventories/lab -e scenario=primary_lost
"""
COLUMNS = (
    "scenario",
    "what happens",
    "row",
    "who deals with it",
    "passed",
    "away, median and worst",
    "after the command, median and worst",
    "wanted",
    "at most",
    "acts after, median and worst",
    "wanted",
    "first alert",
    "wanted",
    "lost (none is wanted)",
)
#: Which of them are measured: what has no reports keeps them.
MEASURED = (4, 5, 6, 9, 11, 13)
DEALS = {
    DATABASE: "an operator: `failover.yml`",
    REGION: "an operator: `failover.yml`",
    RECOVERY: "an operator: `recover.yml`",
}


def run(name: str) -> bool:
    """Run a drill; return whether the platform passed."""
    command = ["ansible-playbook", "playbooks/drill.yml", "-i", INVENTORY, "-e", f"scenario={name}"]
    if name in TESTS:
        command = [sys.executable, "-m", "pytest", *TESTS[name]]
    limit = LIMIT + ALL[name].seconds
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=limit, check=False)
    except subprocess.TimeoutExpired as late:
        # The others are run all the same, if what hangs left the platform whole.
        print(f"{name} did not end within {limit:g} s: {late.output or ''}")
        return False
    if done.returncode:
        print(done.stdout[-4000:], done.stderr[-2000:], sep="\n")
    return done.returncode == 0


def repeat(name: str, runs: int = 0) -> bool:
    """Run a drill some times; return whether the platform passed each time.

    :param runs: how often; 0 for as often as the time of the first run allows.
    """
    good, number, most = True, 0, runs or 1
    while number < most:
        begun = time.monotonic()
        passed = run(name)
        number += 1
        if number == 1 and not runs:
            most = OFTEN if time.monotonic() - begun < QUICK else SELDOM
        print(f"{name}, run {number} of {most}: {'passed' if passed else 'did not pass'}", flush=True)
        good = good and passed
    return good


def results(folder: Path = REPORTS) -> Dict[str, List[Dict[str, Any]]]:
    """Return what came of each drill, by its scenario, the oldest first; of one that died only that it did not pass."""
    found: Dict[str, List[Dict[str, Any]]] = {}
    for path in sorted(folder.glob("*-drill-*/report.json")):
        name = path.parent.name.partition("-drill-")[2]
        died = {"name": name, "good": False, "away": None, "findings": {}}
        found.setdefault(name, []).append(json.loads(path.read_text(encoding="utf-8")).get("drill") or died)
    return found


def page(found: Dict[str, List[Dict[str, Any]]], before: str = "") -> str:
    """Return the page.

    :param before: the page as it was: what it says of a scenario of which no reports are here is kept.
    """
    return HEAD + "\n" + "\n".join(_table(found, dict(_measured(before)))) + "\n"


def _measured(text: str) -> Iterator[Tuple[str, List[str]]]:
    """Return what a page says of each scenario: how often it was passed, how long the site was away, and so on."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == len(COLUMNS) and cells[0].startswith("`"):
            yield cells[0].strip("`"), [cells[number] for number in MEASURED]


def _table(found: Dict[str, List[Dict[str, Any]]], before: Dict[str, List[str]]) -> Iterator[str]:
    yield f"| {' | '.join(COLUMNS)} |"
    yield f"|{' --- |' * len(COLUMNS)}"
    for name, scenario in ALL.items():
        runs = found.get(name, [])
        deals = DEALS.get(scenario.operator, "the platform by itself")
        spreads = [_spread(runs, what) for what in ("away", "back", "acted")]
        here = [_passed(runs), *spreads, _noticed(runs), _lost(runs)]
        passed, away, called, acted, noticed, lost = here if runs else before.get(name, here)
        counted = called if scenario.operator in (DATABASE, REGION) else away
        back = wanted.judged(wanted.away(name, scenario.row), *_seconds(counted))
        act = wanted.judged(wanted.ACT if scenario.operator in (DATABASE, REGION) else None, *_seconds(acted))
        limit = None if scenario.fault in BRIEF else wanted.NOTICED.get(scenario.row)
        alert = wanted.judged(limit, *_seconds(noticed))
        yield (
            f"| `{name}` | {scenario.title} | {scenario.row} | {deals} | {passed} | {away} | {called} | {back} | "
            f"{scenario.seconds:g} s | {acted} | {act} | {noticed} | {alert} | {lost} |"
        )


def _passed(runs: Sequence[Dict[str, Any]]) -> str:
    return f"{sum(one['good'] for one in runs)} of {len(runs)}" if runs else "not run"


def _spread(runs: Sequence[Dict[str, Any]], what: str) -> str:
    seconds = [one[what] for one in runs if one.get(what) is not None]
    return f"{statistics.median(seconds):.1f} s, {max(seconds):.1f} s" if seconds else ""


def _seconds(cell: str) -> List[float]:
    """Return the seconds of a cell, as of what is kept nothing else is known."""
    return [float(number) for number in re.findall(r"([\d.]+) s\b", cell)]


def _noticed(runs: Sequence[Dict[str, Any]]) -> str:
    first = [one["noticed"][0] for one in runs if one.get("noticed")]
    if not first:
        return "none meanwhile" if any("noticed" in one for one in runs) else ""
    often = Counter(one["alert"] for one in first).most_common(1)[0][0]
    return f"{statistics.median(one['seconds'] for one in first):.0f} s, {often}"


def _lost(runs: Sequence[Dict[str, Any]]) -> str:
    if not runs:
        return ""
    findings = sorted({text for one in runs for text in one["findings"].values()})
    borne = [one for one in runs if one.get("lost") and not one["findings"]]
    if borne:
        most = max(borne, key=lambda one: float(one["loss"]))
        findings.append(f"{most['lost']} of the last {most['loss']:g} s in {len(borne)} of {len(runs)}")
    return "; ".join(findings) or "none"


def main() -> int:
    """Run, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument(
        "--only", nargs="*", choices=list(ALL), default=[name for name in ALL if name != "everything_lost"]
    )
    parser.add_argument("--page", action="store_true", help="write the page alone")
    options = parser.parse_args()
    find_tools()
    passed = [] if options.page else [repeat(name, options.runs) for name in options.only]
    before = PAGE.read_text(encoding="utf-8") if PAGE.is_file() else ""
    PAGE.write_text(page(results(), before), encoding="utf-8")
    print(f"{PAGE} is written")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
