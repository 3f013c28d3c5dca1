# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is dropped of a job's series is asked for by no rule and by no dashboard."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
ROLE = ROOT / "roles/prometheus"
KEPT = yaml.safe_load((ROLE / "defaults/main.yml").read_text(encoding="utf-8"))["prometheus_metric_relabel_configs"]
#: How the names of a job's own series begin, where nobody else's do.
PREFIXES = {"etcd": ("etcd_", "grpc_")}
#: A selector that names its job, with the series before it where it names one.
OF_A_JOB = re.compile(r'(\w+)\{[^}]*job="(\w+)"')


def expressions():
    """Every query of the rules and of the dashboards."""
    for path in sorted((ROLE / "files/rules").glob("*.yml")):
        for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]:
            yield from (rule["expr"] for rule in group["rules"])
    for path in sorted((ROOT / "roles/grafana/files/dashboards").glob("*.json")):
        for panel in json.loads(path.read_text(encoding="utf-8"))["panels"]:
            yield from (target["expr"] for target in panel.get("targets", []))


def asked(job):
    """The names of a job's series that somebody asks for; up is Prometheus' own."""
    text = "\n".join(expressions())
    named = {name for name in re.findall(r"\b[a-z]\w+\b", text) if name.startswith(PREFIXES[job])}
    return sorted((named | {name for name, other in OF_A_JOB.findall(text) if other == job}) - {"up"})


def is_kept(job, labels):
    """Do as Prometheus does: a label that is not there is empty, and an expression has to match all of the text."""
    for rule in KEPT[job]:
        assert rule["action"] == "keep"
        text = ";".join(labels.get(name, "") for name in rule["source_labels"])
        if re.fullmatch(rule["regex"], text) is None:
            return False
    return True


def test_every_job_of_which_something_is_dropped_is_looked_at():
    assert set(KEPT) == set(PREFIXES)


@pytest.mark.parametrize("job", sorted(KEPT))
def test_what_rules_and_dashboards_ask_for_is_kept(job):
    assert len(asked(job)) >= 3
    assert [name for name in asked(job) if not is_kept(job, {"__name__": name})] == []


@pytest.mark.parametrize(
    ("kept", "labels"),
    [
        (True, {"__name__": "etcd_server_leader_changes_seen_total"}),
        (True, {"__name__": "etcd_network_peer_round_trip_time_seconds_bucket", "To": "8e9e05c52164694d", "le": "0.1"}),
        (True, {"__name__": "etcd_mvcc_db_total_size_in_bytes"}),
        (True, {"__name__": "process_resident_memory_bytes"}),
        (True, {"__name__": "grpc_server_handled_total", "grpc_service": "etcdserverpb.KV", "grpc_code": "OK"}),
        (False, {"__name__": "grpc_server_handled_total", "grpc_service": "etcdserverpb.KV", "grpc_code": "DataLoss"}),
        (False, {"__name__": "grpc_server_handled_total", "grpc_service": "v3lockpb.Lock", "grpc_code": "OK"}),
        (False, {"__name__": "grpc_server_started_total", "grpc_service": "etcdserverpb.KV"}),
        (False, {"__name__": "etcd_debugging_mvcc_db_compaction_keys_total"}),
        (False, {"__name__": "etcd_disk_backend_defrag_duration_seconds_bucket", "le": "0.1"}),
        (False, {"__name__": "go_goroutines"}),
    ],
)
def test_of_etcd_is_kept_what_shows_its_work(kept, labels):
    assert is_kept("etcd", labels) == kept
