# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Tools of the environment come before those of the machine."""

from __future__ import annotations

import os
import sys

from scripts.tools import find_tools


def test_the_tools_beside_this_python_come_first(monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setattr(sys, "executable", "/srv/checkout/.venv/bin/python")
    find_tools()
    assert os.environ["PATH"] == "/srv/checkout/.venv/bin:/usr/bin:/bin"
