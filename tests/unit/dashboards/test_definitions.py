# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import json
from importlib import import_module

import pytest

# The dashboards are defined with it; what is committed needs it no more.
pytest.importorskip("grafana_foundation_sdk")
JSONEncoder = import_module("grafana_foundation_sdk.cog.encoder").JSONEncoder
register_default_plugins = import_module("grafana_foundation_sdk.cog.plugins").register_default_plugins
Dashboard = import_module("grafana_foundation_sdk.models.dashboard").Dashboard
command = import_module("scripts.dashboards.__main__")
panels = import_module("scripts.dashboards.panels")

FILES = sorted(command.DIRECTORY.glob("*.json"))


@pytest.fixture(autouse=True, scope="module")
def types():
    """Make the types of panels and queries known."""
    register_default_plugins()


def test_the_committed_dashboards_are_as_defined():
    found = list(command.differences(command.DIRECTORY, command.outputs()))
    if found:
        pytest.fail("\n".join([*found, "run `python -m scripts.dashboards` and look at the change"]), pytrace=False)


def test_defining_twice_gives_the_same():
    assert command.outputs() == command.outputs()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_dashboard_is_one_for_the_types_of_grafana_and_nothing_is_lost(path):
    before = json.loads(path.read_text(encoding="utf-8"))
    after = json.loads(json.dumps(Dashboard.from_json(before), cls=JSONEncoder))
    assert after == before


def test_a_change_a_new_file_and_one_that_is_no_longer_defined_are_shown(tmp_path):
    command.write(tmp_path, {"a.json": "1\n", "old.json": "gone\n"})
    assert list(command.differences(tmp_path, {"a.json": "2\n", "new.json": "new\n"})) == [
        "--- a.json",
        "+++ a.json (defined)",
        "@@ -1 +1 @@",
        "-1",
        "+2",
        "--- new.json",
        "+++ new.json (defined)",
        "@@ -0,0 +1 @@",
        "+new",
        "--- old.json",
        "+++ old.json (defined)",
        "@@ -1 +0,0 @@",
        "-gone",
    ]


def test_writing_removes_what_is_no_longer_defined_and_nothing_else(tmp_path):
    command.write(tmp_path, {"old.json": "gone\n"})
    (tmp_path / "README.md").write_text("stays", encoding="utf-8")
    command.write(tmp_path, {"a.json": "1\n"})
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md", "a.json"]


@pytest.mark.parametrize(("check", "code"), [(["--check"], 1), ([], 0)])
def test_the_command(monkeypatch, tmp_path, capsys, check, code):
    monkeypatch.setattr(command, "DIRECTORY", tmp_path / "dashboards")
    monkeypatch.setattr("sys.argv", ["dashboards", *check])
    assert command.main() == code
    assert (tmp_path / "dashboards").exists() == (not check)
    if not check:
        monkeypatch.setattr("sys.argv", ["dashboards", "--check"])
        assert command.main() == 0
        assert "7 dashboards are as committed" in capsys.readouterr().out


def test_limits_above_and_below():
    assert panels.above(0.7, 0.8) == ((None, "green"), (0.7, "orange"), (0.8, "red"))
    assert panels.above(1) == ((None, "green"), (1, "red"))
    assert panels.below(1, 2) == ((None, "red"), (1, "orange"), (2, "green"))
    assert panels.below(1) == ((None, "red"), (1, "green"))


def test_panels_flow_to_the_next_line_below_the_tallest_one():
    places = list(panels._positions([(12, 4), (6, 8), (12, 4)], 1))
    assert [(place.x, place.y, place.w, place.h) for place in places] == [(0, 1, 12, 4), (12, 1, 6, 8), (0, 9, 12, 4)]
