"""The gate on honesty: states what every stage executed, and fails where something expected was left out.

``python -m scripts.gate STAGE...`` after a run; ``python -m scripts.gate --stages`` names the stages in their order.
A test that was skipped, and a suite, scenario or host that executed nothing, count as failed.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Iterator, Sequence
from xml.etree import ElementTree

import yaml

ROOT = Path(__file__).resolve().parent.parent
ENGINES = ("haproxy", "nginx")
#: What a lane beside another one leaves out: every scenario and the lab run the modules by Debian 12's Python 3.11.
LEFT_OUT = {"python3.11": ("tests/unit/plugins/modules/",)}
#: Of a failed check's output the end is shown, and of many failures of one kind the first.
REASON_LINES, REASON_WIDTH, SHOWN_FAILURES = 15, 300, 5


@dataclass(frozen=True)
class Result:
    """One executed check or test.

    :param outcome: passed, failed or skipped.
    :param report: of a test, its JUnit file's name.
    :param suite: of a test, its module's path.
    :param why: of a failed test, the beginning of what it said.
    """

    name: str
    outcome: str
    report: str = ""
    suite: str = ""
    why: str = ""


@dataclass(frozen=True)
class Stage:
    """What a stage left behind, what is missing in it, and the last lines of what its failed checks said."""

    name: str
    seconds: int
    results: tuple[Result, ...]
    missing: tuple[str, ...]
    reasons: tuple[str, ...] = ()

    def count(self, outcome: str) -> int:
        """Return how many results ended in one way: passed, failed or skipped."""
        return sum(result.outcome == outcome for result in self.results)

    @property
    def failures(self) -> int:
        """Everything that speaks against the stage."""
        return self.count("failed") + self.count("skipped") + len(self.missing)


def stages(root: Path) -> dict[str, list[str]]:
    """Return the checks that each stage must execute, by stage, in the order of the run."""
    document: dict[str, list[str]] = yaml.safe_load((root / "scripts" / "stages.yml").read_text(encoding="utf-8"))
    return document


def read_stage(root: Path, name: str) -> Stage:
    """Read a stage's reports and compare them with what it must execute."""
    reports = root / "reports" / name
    tests = [result for path in sorted(reports.glob("*.xml")) for result in _junit(path)]
    if name == "sanity":
        # ansible-test skips what finds no file of its kind; what must run is in tests/sanity/expected.yml.
        tests = [result for result in tests if result.outcome != "skipped"]
    results = (*_checks(reports), *tests)
    seconds = reports / "seconds"
    took = int(seconds.read_text(encoding="ascii")) if seconds.is_file() else 0
    return Stage(name, took, results, tuple(_missing(root, name, results)), tuple(_reasons(reports)))


def _reasons(reports: Path) -> Iterator[str]:
    for result in _checks(reports):
        log = reports / f"{result.name}.log"
        if result.outcome == "failed" and log.is_file():
            said = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-REASON_LINES:]
            yield "\n".join([f"{result.name}:", *(f"    | {line[:REASON_WIDTH]}" for line in said)])


def _checks(reports: Path) -> Iterator[Result]:
    path = reports / "checks.jsonl"
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        entry = json.loads(line)
        yield Result(entry["name"], "passed" if entry["passed"] else "failed")


def _junit(path: Path) -> Iterator[Result]:
    for case in ElementTree.parse(path).iter("testcase"):
        bad = [found for found in (case.find("failure"), case.find("error")) if found is not None]
        outcome = "failed" if bad else "skipped" if case.find("skipped") is not None else "passed"
        why = " ".join((bad[0].get("message") or "").split())[:REASON_WIDTH] if bad else ""
        yield Result(case.get("name", ""), outcome, path.stem, _module(case.get("classname", "")), why)


def _module(classname: str) -> str:
    """Return the path of the test module that pytest means.

    >>> _module("tests.unit.test_a.TestClass")
    'tests/unit/test_a.py'
    """
    parts = classname.split(".")
    ends = [index for index, part in enumerate(parts) if part.startswith("test_")]
    return "/".join(parts[: ends[-1] + 1]) + ".py" if ends else classname


def _missing(root: Path, name: str, results: Sequence[Result]) -> Iterator[str]:
    executed = {result.name for result in results if not result.report}
    for check in stages(root)[name]:
        if check not in executed:
            yield f"the check {check} was not executed"
    further = {"unit": _missing_unit, "sanity": _missing_sanity, "molecule": _missing_molecule}
    further["acceptance"] = _missing_acceptance
    if name in further:
        yield from further[name](root, results)


def _missing_unit(root: Path, results: Sequence[Result]) -> Iterator[str]:
    lanes = sorted({result.name for result in results if not result.report})
    if not lanes:
        yield "no lane of Python was executed"
    suites = {_relative(root, path) for path in (root / "tests" / "unit").rglob("test_*.py")}
    for source in sorted((root / "plugins").rglob("*.py")):
        suite = Path("tests/unit") / source.relative_to(root).with_name(f"test_{source.name}")
        if source.name != "__init__.py" and suite.as_posix() not in suites:
            yield f"{_relative(root, source)} has no unit tests: {suite.as_posix()} does not exist"
    for lane in lanes:
        left_out = LEFT_OUT.get(lane, ()) if len(lanes) > 1 else ()
        yield from _missing_suites(lane, {suite for suite in suites if not suite.startswith(left_out)}, results)


def _missing_suites(report: str, suites: set[str], results: Sequence[Result]) -> Iterator[str]:
    executed = {result.suite for result in results if result.report == report and result.outcome == "passed"}
    for suite in sorted(suites - executed):
        yield f"{suite} executed nothing in {report}"


def _missing_sanity(root: Path, results: Sequence[Result]) -> Iterator[str]:
    executed = {result.report.removeprefix("ansible-test-sanity-") for result in results if result.report}
    wanted = yaml.safe_load((root / "tests" / "sanity" / "expected.yml").read_text(encoding="utf-8"))
    for test in wanted:
        if not any(name == test or name.startswith(f"{test}-python-") for name in executed):
            yield f"the sanity test {test} was not executed"


def _missing_molecule(root: Path, results: Sequence[Result]) -> Iterator[str]:
    executed = {result.name for result in results if not result.report}
    for role in sorted(path.name for path in (root / "roles").iterdir() if path.is_dir()):
        own_scenario = (root / "molecule" / role / "molecule.yml").is_file()
        if not own_scenario and not list((root / "molecule").glob(f"*/tests/test_{role}.py")):
            message = f"molecule/{role}/molecule.yml does not exist, nor any molecule/*/tests/test_{role}.py"
            yield f"the role {role} has no scenario: {message}"
    for scenario in sorted(path.parent.name for path in (root / "molecule").glob("*/molecule.yml")):
        own = f"molecule/{scenario}/tests/"
        if scenario not in executed:
            yield f"the scenario {scenario} was not executed"
        elif not any(result.suite.startswith(own) and result.outcome == "passed" for result in results):
            yield f"the scenario {scenario} executed no test of its own"


def _missing_acceptance(root: Path, results: Sequence[Result]) -> Iterator[str]:
    """Suites beside the clients run with each load balancer; those of a folder run once, in the check of its name."""
    folder = root / "tests" / "acceptance"
    suites = {_relative(root, path) for path in folder.glob("test_*.py")}
    for engine in ENGINES:
        yield from _missing_suites(engine, suites, results)
    for once in sorted({path.parent for path in folder.glob("*/**/test_*.py")}):
        own = {_relative(root, path) for path in once.glob("test_*.py")}
        yield from _missing_suites(once.relative_to(folder).parts[0], own, results)


def _relative(root: Path, path: Path) -> str:
    return path.relative_to(root).as_posix()


def table(done: Sequence[Stage]) -> str:
    """Return the table of what was executed, and below it what is wrong."""
    lines = [f"{'stage':<12} {'seconds':>8} {'executed':>9} {'passed':>7} {'failed':>7} {'skipped':>8} {'missing':>8}"]
    for stage in done:
        counts = [stage.count(outcome) for outcome in ("passed", "failed", "skipped")]
        lines.append(
            f"{stage.name:<12} {stage.seconds:>8} {len(stage.results):>9}"
            f" {counts[0]:>7} {counts[1]:>7} {counts[2]:>8} {len(stage.missing):>8}"
        )
    for stage in done:
        lines += [f"{stage.name}: {reason}" for reason in stage.reasons]
        lines += _shortened(
            [
                f"{stage.name}: {result.outcome}: {' '.join(filter(None, (result.report, result.suite, result.name)))}"
                + (f"\n    | {result.why}" if result.why else "")
                for result in stage.results
                if result.outcome != "passed"
            ]
        )
        lines += _shortened([f"{stage.name}: missing: {text}" for text in stage.missing])
    return "\n".join(lines)


def _shortened(lines: Sequence[str]) -> list[str]:
    rest = len(lines) - SHOWN_FAILURES
    return [*lines[:SHOWN_FAILURES], *([f"    and {rest} more of these, see reports/"] if rest > 0 else [])]


def main(arguments: Sequence[str]) -> int:
    """Print the table and, alone on the last line, the sum."""
    if list(arguments) == ["--stages"]:
        print("\n".join(stages(ROOT)))
        return 0
    done = [read_stage(ROOT, name) for name in arguments]
    failed = sum(stage.failures for stage in done)
    print(table(done))
    print(f"{sum(stage.count('passed') for stage in done)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
