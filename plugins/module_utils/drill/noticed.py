# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the monitoring noticed of a drill, and how soon. Pure."""

from __future__ import annotations

from typing import Any, Dict, Iterator, List, Mapping, Sequence, Tuple


def noticed(answers: Sequence[Sequence[Mapping[str, Any]]], begin: float) -> List[Dict[str, Any]]:
    """Return which alerts began to fire after a fault: ``alert``, ``severity`` and ``seconds``, the soonest first.

    What fired already when the fault came is not of it. Of an alert that fired for several hosts, or that several
    servers saw, the first moment counts.

    :param answers: the series ``ALERTS{alertstate="firing"}`` of each Prometheus, from before the fault on, as the
        ``data.result`` of https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries has them.
    :param begin: when the fault came, in seconds since 1970.
    """
    first: Dict[Tuple[str, str], float] = {}
    for name, severity, moment in _begun(answers, begin):
        key = name, severity
        first[key] = min(moment, first.get(key, moment))
    found = sorted((moment - begin, *key) for key, moment in first.items())
    return [{"alert": name, "severity": severity, "seconds": round(after, 1)} for after, name, severity in found]


def _begun(answers: Sequence[Sequence[Mapping[str, Any]]], begin: float) -> Iterator[Tuple[str, str, float]]:
    for series in (one for answer in answers for one in answer):
        moments = [float(moment) for moment, _value in series["values"]]
        if moments and min(moments) > begin:
            yield series["metric"]["alertname"], series["metric"].get("severity", ""), min(moments)
