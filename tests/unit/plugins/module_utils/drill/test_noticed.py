# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An alert counts from the fault to the first moment at which any server saw it fire."""

from __future__ import annotations

from ansible_collections.freeagentics.platform.plugins.module_utils.drill.noticed import noticed


def series(alert, *moments, severity="page", **labels):
    return {
        "metric": {"alertname": alert, "severity": severity, **labels},
        "values": [[moment, "1"] for moment in moments],
    }


def test_the_soonest_comes_first_and_counts_once():
    first = [series("HostDown", 31, 32, host="db1"), series("HostDown", 25.04, 26, host="db2")]
    second = [series("ReplicationLag", 24, severity="warning"), series("HostDown", 40, host="db1")]
    assert noticed([first, second], 10) == [
        {"alert": "ReplicationLag", "severity": "warning", "seconds": 14.0},
        {"alert": "HostDown", "severity": "page", "seconds": 15.0},
    ]


def test_servers_that_say_nothing_noticed_nothing():
    assert noticed([], 10) == noticed([[], []], 10) == []
