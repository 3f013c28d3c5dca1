# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where programs that run playbooks find the tools of the environment in which they themselves run."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def find_tools() -> None:
    """Let this program, and all that it starts, find the tools beside its Python first."""
    os.environ["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
