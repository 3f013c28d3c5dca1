# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What scripts/drills.py reads of drills that no playbook does, left as playbooks/drill.yml leaves it."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Mapping

from ansible_collections.freeagentics.platform.plugins.module_utils.drill.scenarios import BESIDE

REPORTS = Path(__file__).resolve().parents[2] / "reports"


def report(name: str, judged: Mapping[str, Any]) -> None:
    """Leave a report.

    :param name: of the scenario.
    :param judged: what came of it, as ``judge`` of the scenarios returns it.
    """
    scenario = BESIDE[name]
    folder = REPORTS / f"{datetime.now(timezone.utc):%Y-%m-%dT%H%M%SZ}-drill-{name}"
    folder.mkdir(parents=True)
    drill = {"name": name, "title": scenario.title, "row": scenario.row, "seconds": scenario.seconds, **judged}
    (folder / "report.json").write_text(json.dumps({"drill": drill}, indent=2) + "\n", encoding="utf-8")
