# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Units are read with one call of systemctl and changed only where they differ."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

#: Answers as systemctl does for three units, and writes down every other call.
SYSTEMCTL = """#!/bin/sh
if [ "$1" = show ]; then
    printf 'Id=runs.service\\nLoadState=loaded\\nUnitFileState=enabled\\nActiveState=active\\nNeedDaemonReload=no\\n\\n'
    printf 'Id=rests.service\\nLoadState=loaded\\nUnitFileState=disabled\\n'
    printf 'ActiveState=inactive\\nNeedDaemonReload=no\\n\\n'
    printf 'Id=away.service\\nLoadState=not-found\\nUnitFileState=\\nActiveState=inactive\\nNeedDaemonReload=no\\n'
    exit 0
fi
echo "$@" >> "$CALLS"
"""


@pytest.fixture
def calls(tmp_path, monkeypatch) -> Path:
    """The file that lists what systemctl was told."""
    program = tmp_path / "bin" / "systemctl"
    program.parent.mkdir()
    program.write_text(SYSTEMCTL, encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    return tmp_path / "calls"


def units(**away):
    wanted = [{"name": f"{name}.service", "enabled": True, "state": "started"} for name in ("runs", "rests")]
    return [*wanted, {"name": "away.service", "state": "started", **away}]


def test_only_what_differs_is_changed(run_module, calls):
    done = run_module("systemd_units", units=units(optional=True))
    assert done["actions"] == ["enable rests.service", "start rests.service"]
    assert calls.read_text(encoding="utf-8").splitlines() == done["actions"]


def test_check_mode_says_the_same_and_changes_nothing(run_module, calls):
    done = run_module("systemd_units", check_mode=True, units=units(optional=True))
    assert (done["changed"], done["actions"]) == (True, ["enable rests.service", "start rests.service"])
    assert not calls.exists()


def test_a_unit_that_is_not_there_is_named(run_module, calls):
    done = run_module("systemd_units", units=units())
    assert done["msg"] == "away.service: this host has no such unit; install the package that brings it"
    assert not calls.exists()
