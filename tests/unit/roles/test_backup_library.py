# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The parts of the collection's library that a host gets are enough for the programs there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
MODULES = yaml.safe_load((ROOT / "roles/backup/vars/main.yml").read_text(encoding="utf-8"))["__backup_modules"]


@pytest.mark.parametrize("module", MODULES)
def test_each_part_finds_what_it_imports(module, tmp_path):
    for path in MODULES:
        (tmp_path / "freeagentics" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "plugins/module_utils" / path, tmp_path / "freeagentics" / path)
    name = "freeagentics." + module[: -len(".py")].replace("/", ".")
    # Without what this environment has installed, as on a host.
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import {name}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
