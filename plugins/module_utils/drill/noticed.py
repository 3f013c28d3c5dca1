# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the monitoring noticed of a drill, and how soon. Pure."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence, Tuple


def noticed(answers: Sequence[Sequence[Mapping[str, Any]]], begin: float) -> List[Dict[str, Any]]:
    """Return which alerts began to fire after a fault: ``alert``, ``severity`` and ``seconds``, the soonest first.

    Of an alert that fired for several hosts, or that several servers saw, the first moment counts.

    :param answers: the series of ``ALERTS`` that hold since the fault, of each Prometheus, as the ``data.result`` of
        https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries has them.
    :param begin: when the fault came, in seconds since 1970.
    """
    first: Dict[Tuple[str, str], float] = {}
    for series in (one for answer in answers for one in answer):
        key = series["metric"]["alertname"], series["metric"].get("severity", "")
        # Values are in the order of their moments.
        moment = float(series["values"][0][0])
        first[key] = min(moment, first.get(key, moment))
    found = sorted((moment - begin, *key) for key, moment in first.items())
    return [{"alert": name, "severity": severity, "seconds": round(after, 1)} for after, name, severity in found]
