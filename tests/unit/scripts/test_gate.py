"""The gate counts what was executed, and misses what was not."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.gate import ROOT, Stage, read_stage, table

STAGES = "---\nlint: [ruff, mypy]\nunit: []\nsanity: [ansible-test]\nmolecule: []\nacceptance: [haproxy]\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in (
        "scripts",
        "plugins/filter",
        "tests/unit/plugins/filter",
        "tests/acceptance",
        "tests/sanity",
        "roles",
    ):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "scripts" / "stages.yml").write_text(STAGES, encoding="utf-8")
    (tmp_path / "tests" / "sanity" / "expected.yml").write_text("---\n- pep8\n- import\n", encoding="utf-8")
    return tmp_path


def write_checks(root: Path, stage: str, **checks: bool) -> None:
    reports = root / "reports" / stage
    reports.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps({"name": name, "passed": passed, "seconds": 1}) for name, passed in checks.items()]
    (reports / "checks.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (reports / "seconds").write_text("7\n", encoding="ascii")


def write_junit(root: Path, stage: str, name: str, cases: dict[str, str]) -> None:
    body = "".join(
        f'<testcase classname="{classname}" name="test_x">{"<" + outcome + "/>" if outcome else ""}</testcase>'
        for classname, outcome in cases.items()
    )
    path = root / "reports" / stage / f"{name}.xml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"<testsuites><testsuite>{body}</testsuite></testsuites>", encoding="utf-8")


def test_a_check_that_was_not_executed_is_missing(root: Path) -> None:
    write_checks(root, "lint", ruff=True)
    stage = read_stage(root, "lint")
    assert stage.missing == ("the check mypy was not executed",)
    assert (stage.count("passed"), stage.failures, stage.seconds) == (1, 1, 7)


def test_a_stage_without_reports_misses_everything(root: Path) -> None:
    assert read_stage(root, "lint").missing == (
        "the check ruff was not executed",
        "the check mypy was not executed",
    )


def test_every_plugin_needs_unit_tests_and_every_suite_runs_in_every_lane(root: Path) -> None:
    (root / "plugins" / "filter" / "topology.py").touch()
    (root / "plugins" / "filter" / "__init__.py").touch()
    (root / "tests" / "unit" / "test_other.py").touch()
    write_checks(root, "unit", **{"python3.13": True})
    write_junit(root, "unit", "python3.13", {"tests.unit.test_empty": ""})
    assert read_stage(root, "unit").missing == (
        "plugins/filter/topology.py has no unit tests: tests/unit/plugins/filter/test_topology.py does not exist",
        "tests/unit/test_other.py executed nothing in python3.13",
    )


def test_the_older_python_leaves_the_modules_tests_to_the_newer_one_and_to_hosts(root: Path) -> None:
    modules = root / "tests" / "unit" / "plugins" / "modules"
    modules.mkdir(parents=True)
    (modules / "test_ping.py").touch()
    (root / "tests" / "unit" / "test_other.py").touch()
    write_checks(root, "unit", **{"python3.11": True})
    write_junit(root, "unit", "python3.11", {"tests.unit.test_empty": ""})
    of_the_older = "tests/unit/test_other.py executed nothing in python3.11"
    assert read_stage(root, "unit").missing == (
        "tests/unit/plugins/modules/test_ping.py executed nothing in python3.11",
        of_the_older,
    )
    write_checks(root, "unit", **{"python3.11": True, "python3.13": True})
    write_junit(root, "unit", "python3.13", {"tests.unit.plugins.modules.test_ping": "", "tests.unit.test_other": ""})
    assert read_stage(root, "unit").missing == (of_the_older,)


def test_no_plugin_of_this_collection_lacks_unit_tests() -> None:
    """The gate looks at a whole run; this says it in the stage of the unit tests already."""
    assert [text for text in read_stage(ROOT, "unit").missing if "has no unit tests" in text] == []


def test_unit_tests_in_no_lane_are_missing(root: Path) -> None:
    assert read_stage(root, "unit").missing == ("no lane of Python was executed",)


def test_a_skipped_test_counts_against_the_stage(root: Path) -> None:
    write_checks(root, "unit", **{"python3.13": True})
    write_junit(root, "unit", "python3.13", {"tests.unit.test_a.TestA": "skipped", "tests.unit.test_b": "error"})
    stage = read_stage(root, "unit")
    assert (stage.count("passed"), stage.count("failed"), stage.count("skipped"), stage.failures) == (1, 1, 1, 2)


def test_a_sanity_test_that_did_not_run_is_missing(root: Path) -> None:
    write_checks(root, "sanity", **{"ansible-test": True})
    write_junit(root, "sanity", "ansible-test-sanity-import-python-3.13", {"import": ""})
    assert read_stage(root, "sanity").missing == ("the sanity test pep8 was not executed",)


def test_every_role_needs_a_scenario_that_tests_something_of_its_own(root: Path) -> None:
    for role in ("base", "firewall", "vpn", "tunnel"):
        (root / "roles" / role).mkdir()
    for scenario in ("firewall", "vpn"):
        (root / "molecule" / scenario).mkdir(parents=True)
        (root / "molecule" / scenario / "molecule.yml").touch()
    # Roles that work together may share one.
    (root / "molecule" / "vpn" / "tests").mkdir()
    (root / "molecule" / "vpn" / "tests" / "test_tunnel.py").touch()
    write_checks(root, "molecule", firewall=True)
    write_junit(root, "molecule", "firewall", {"molecule.shared.tests.test_check_mode": ""})
    assert read_stage(root, "molecule").missing == (
        "the role base has no scenario: molecule/base/molecule.yml does not exist, "
        "nor any molecule/*/tests/test_base.py",
        "the scenario firewall executed no test of its own",
        "the scenario vpn was not executed",
    )


def test_acceptance_runs_for_both_engines(root: Path) -> None:
    (root / "tests" / "acceptance" / "test_site.py").touch()
    write_checks(root, "acceptance", haproxy=True)
    write_junit(root, "acceptance", "haproxy", {"tests.acceptance.test_site": ""})
    assert read_stage(root, "acceptance").missing == ("tests/acceptance/test_site.py executed nothing in nginx",)


def test_the_suites_of_a_folder_run_once_in_the_check_of_its_name(root: Path) -> None:
    for suite in ("data/test_restore.py", "data/test_cache.py", "edge/test_cdn.py", "edge/waf/test_rules.py"):
        path = root / "tests" / "acceptance" / suite
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    (root / "tests" / "acceptance" / "data" / "cluster.py").touch()
    write_checks(root, "acceptance", haproxy=True)
    write_junit(root, "acceptance", "haproxy", {"tests.acceptance.data.test_restore": ""})
    write_junit(root, "acceptance", "data", {"tests.acceptance.data.test_cache": ""})
    write_junit(root, "acceptance", "edge", {"tests.acceptance.edge.waf.test_rules": ""})
    assert read_stage(root, "acceptance").missing == (
        "tests/acceptance/data/test_restore.py executed nothing in data",
        "tests/acceptance/edge/test_cdn.py executed nothing in edge",
    )


def test_the_table_names_what_is_wrong(root: Path) -> None:
    write_checks(root, "lint", ruff=False)
    assert table([read_stage(root, "lint"), Stage("down", 3, (), ())]) == (
        "stage         seconds  executed  passed  failed  skipped  missing\n"
        "lint                7         1       0       1        0        1\n"
        "down                3         0       0       0        0        0\n"
        "lint: failed: ruff\n"
        "lint: missing: the check mypy was not executed"
    )


def test_the_end_tells_why_and_does_not_repeat_itself(root: Path) -> None:
    write_checks(root, "acceptance", haproxy=False)
    (root / "reports" / "acceptance" / "haproxy.log").write_text("1\n" * 50 + "no lab\n", encoding="utf-8")
    failures = {f"tests.acceptance.test_{number}": 'failure message="E\n  no answer"' for number in range(8)}
    write_junit(root, "acceptance", "haproxy", failures)
    lines = table([read_stage(root, "acceptance")]).splitlines()
    assert lines[2] == "acceptance: haproxy:"
    assert lines[3:18] == ["    | 1"] * 14 + ["    | no lab"]
    why = [
        line
        for number in range(4)
        for line in (f"haproxy tests/acceptance/test_{number}.py test_x", "    | E no answer")
    ]
    assert [line.removeprefix("acceptance: failed: ") for line in lines[18:]] == [
        "haproxy",
        *why,
        "    and 4 more of these, see reports/",
    ]
