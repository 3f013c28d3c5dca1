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
