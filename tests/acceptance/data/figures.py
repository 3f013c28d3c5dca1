# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Figures that a run measured, kept beside its reports."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Dict, List, Sequence

PATH = Path(__file__).resolve().parents[3] / "reports" / "acceptance" / "figures.json"


class Figures:
    """Measured seconds by what was measured."""

    def __init__(self, path: Path = PATH) -> None:
        self._path = path
        self._seconds: Dict[str, List[float]] = {}

    def add(self, name: str, seconds: Sequence[float]) -> None:
        """Keep figures and print them; the file is whole after every call."""
        self._seconds[name] = [round(figure, 3) for figure in seconds]
        print(f"{name}: median {statistics.median(seconds):.2f} s, worst {max(seconds):.2f} s, {len(seconds)} runs")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        document = {
            name: {"median": round(statistics.median(seconds), 3), "worst": max(seconds), "runs": seconds}
            for name, seconds in self._seconds.items()
        }
        self._path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
