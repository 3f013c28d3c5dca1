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
LIBRARIES = {
    role: yaml.safe_load((ROOT / f"roles/{role}/vars/main.yml").read_text(encoding="utf-8"))[f"__{role}_modules"]
    for role in ("backup", "pgbackrest")
}
EACH = [pytest.param(role, module, id=f"{role} {module}") for role, modules in LIBRARIES.items() for module in modules]


@pytest.mark.parametrize(("role", "module"), EACH)
def test_each_part_finds_what_it_imports(role, module, tmp_path):
    for path in LIBRARIES[role]:
        (tmp_path / "freeagentics" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / "plugins/module_utils" / path, tmp_path / "freeagentics" / path)
    name = "freeagentics." + module[: -len(".py")].replace("/", ".")
    # Without what this environment has installed, as on a host.
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import {name}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
