# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a backup job tells of itself: figures for its metrics.

This file is also read on the hosts: standard library only.
"""

from __future__ import annotations

import os

from .runner import REPORT


def report(**figures: float) -> None:
    """Tell figures to the program that runs the job, if there is one."""
    path = os.environ.get(REPORT)
    if path:
        with open(path, "a", encoding="utf-8") as file:
            file.writelines(f"{name} {value:.15g}\n" for name, value in figures.items())
