# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Modules are run as Ansible runs them: as a program that gets its arguments as JSON and answers in JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

COLLECTIONS = Path(__file__).resolve().parents[4] / "collections"


@pytest.fixture
def run_module(tmp_path):
    """Return a function that runs a module of the collection by name and returns its answer."""

    def run(name, /, check_mode=False, **arguments):
        document = {"ANSIBLE_MODULE_ARGS": {**arguments, "_ansible_check_mode": check_mode, "_ansible_diff": True}}
        path = tmp_path / f"{name}.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        module = f"ansible_collections.freeagentics.platform.plugins.modules.{name}"
        environment = {**os.environ, "PYTHONPATH": str(COLLECTIONS)}
        done = subprocess.run(
            [sys.executable, "-m", module, str(path)], capture_output=True, text=True, check=False, env=environment
        )
        assert done.stdout, done.stderr
        return json.loads(done.stdout)

    return run


#: A program that answers by its arguments: the first answer counts whose key is a part of them.
STAND_IN = """#!{python}
import json, sys
arguments = sys.argv[1:]
with open({asked!r}, "a", encoding="utf-8") as file:
    file.write(json.dumps(arguments) + "\\n")
for part, (code, out, err) in {answers!r}.items():
    if part in " ".join(arguments):
        sys.stdout.write(out)
        sys.stderr.write(err)
        sys.exit(code)
sys.exit(f"not expected: {{arguments}}")
"""


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Return a function that puts a program on the path and returns what tells the arguments it was called with.

    Its answers are exit code, output and errors, by a part of the arguments.
    """
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def put(name, answers):
        asked = tmp_path / f"{name}.asked"
        asked.touch()
        program = folder / name
        program.write_text(STAND_IN.format(python=sys.executable, asked=str(asked), answers=answers), encoding="utf-8")
        program.chmod(0o755)
        return lambda: [json.loads(line) for line in asked.read_text(encoding="utf-8").splitlines()]

    return put
