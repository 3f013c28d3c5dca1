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
import yaml

ROOT = Path(__file__).resolve().parents[3]
ROLES = ROOT / "roles"


@pytest.fixture(scope="session")
def production_with(tmp_path_factory):
    """Return what makes an inventory like production's, with secrets in its vault, and returns its declaration."""

    def make(vault):
        folder, prod = tmp_path_factory.mktemp("inventory"), ROOT / "inventories/prod"
        for file in (prod / "topology.yml", *prod.glob("group_vars/*/*.yml")):
            if file.name != "vault.yml":
                copy = folder / file.relative_to(prod)
                copy.parent.mkdir(parents=True, exist_ok=True)
                copy.symlink_to(file)
        (folder / "group_vars/all/vault.yml").write_text(yaml.safe_dump(vault), encoding="utf-8")
        return folder / "topology.yml"

    return make


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
