# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What tests of programs for hosts share."""

from __future__ import annotations

import importlib.util
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import SimpleNamespace

import pytest

ROLES = Path(__file__).resolve().parents[3] / "roles"


@pytest.fixture
def program_of(monkeypatch):
    """Return what loads a program of a role, by its path in there, as a module. Nothing compiled is left beside it."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def load(path):
        loader = SourceFileLoader(Path(path).name.replace("-", "_"), str(ROLES / path))
        module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
        loader.exec_module(module)
        return module

    return load


@pytest.fixture
def stand_in_patroni(monkeypatch):
    """Return what puts a stand-in in Patroni's place, by its modules and what each has, for programs that import it."""

    def put(**modules):
        monkeypatch.setitem(sys.modules, "patroni", SimpleNamespace())
        for name, content in modules.items():
            monkeypatch.setitem(sys.modules, f"patroni.{name}", SimpleNamespace(**content))

    return put
