# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The host of the database's leader does not lead the cluster store for long, so its loss costs one election."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List

from tests.acceptance.data.cluster import Cluster
from tests.acceptance.data.hosts import Hosts
from tests.acceptance.matrix.declaration import Node
from tests.acceptance.site_client import until

#: Seconds within which the lead is handed over: etcd-yield looks every 20 s.
HANDED_OVER = 60.0


def ask(hosts: Hosts, name: str, address: str, path: str, body: str = "{}") -> Dict[str, Any]:
    """Return what etcd answers on one of its hosts."""
    url = f"https://{address}:2379/v3/{path}"
    said = hosts.on(name, "curl", "--silent", "--fail", "--cacert", "/etc/freeagentics/tls/ca.crt", url, "-d", body)
    answer: Dict[str, Any] = json.loads(said)
    return answer


def test_the_leader_of_the_database_hands_the_lead_of_the_store_over(
    hosts: Hosts, cluster: Cluster, serving: Callable[[str], List[Node]]
) -> None:
    voters = {node.name: node.ipv4 for node in serving("etcd")}
    databases = [node.name for node in serving("postgres") if node.name in voters]
    primary = databases[0]
    if cluster.primary() != primary:
        cluster.switch_over(primary)
        cluster.wait_until_whole()
    numbers = {name: ask(hosts, name, at, "maintenance/status")["header"]["member_id"] for name, at in voters.items()}
    named = {number: name for name, number in numbers.items()}

    def leader() -> str:
        return named[ask(hosts, primary, voters[primary], "maintenance/status")["leader"]]

    holder = leader()
    if holder != primary:
        body = json.dumps({"targetID": numbers[primary]})
        ask(hosts, holder, voters[holder], "maintenance/transfer-leadership", body)
        assert leader() == primary
    until("another voter leads the cluster store", lambda: leader() != primary, HANDED_OVER)
    assert cluster.primary() == primary
