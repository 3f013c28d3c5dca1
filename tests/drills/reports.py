# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What scripts/drills.py reads of drills that no playbook does, left as playbooks/drill.yml leaves it."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Dict, Sequence

from ansible_collections.freeagentics.platform.plugins.module_utils.drill.ledger import Attempt
from ansible_collections.freeagentics.platform.plugins.module_utils.drill.scenarios import BESIDE, judge
from tests.acceptance.data.cluster import Cluster

REPORTS = Path(__file__).resolve().parents[2] / "reports"


def report(
    name: str, cluster: Cluster, prefix: str, attempts: Sequence[Attempt], begin: float, end: float
) -> Dict[str, Any]:
    """Judge a drill by what its ledger and the servers say, leave a report, and return what came of it.

    :param name: of the scenario.
    :param begin: when the fault came, and ``end`` when all was whole again, by the clock of the client.
    """
    scenario = BESIDE[name]
    records = {server: read(f"{prefix}-") for server, read in cluster.records("records").items()}
    judged = judge(attempts, records, begin, end, scenario.seconds)
    folder = REPORTS / f"{datetime.now(timezone.utc):%Y-%m-%dT%H%M%SZ}-drill-{name}"
    folder.mkdir(parents=True)
    drill = {"name": name, "title": scenario.title, "row": scenario.row, "seconds": scenario.seconds, **judged}
    (folder / "report.json").write_text(json.dumps({"drill": drill}, indent=2) + "\n", encoding="utf-8")
    return judged
