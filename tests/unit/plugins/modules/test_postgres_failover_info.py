# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The module tells what a host and its cluster look like; what does not answer is told, and fails nothing."""

from __future__ import annotations

import base64
import json

import pytest


def coded(text):
    return base64.b64encode(text.encode()).decode()


def pair(name, value, lease=0):
    return {"key": coded(f"/service/here/{name}"), "value": coded(value), "create_revision": "77", "lease": str(lease)}


KEYS = [
    pair("leader", "db1", 5),
    pair("initialize", "7400"),
    pair("config", '{"ttl": 20}'),
    pair("status", '{"optime": 1000}'),
    pair("sync", '{"leader": "db1", "sync_standby": "db2", "quorum": 0}'),
    pair("history", '[[1, 100, "no recovery target specified"]]'),
    pair("members/db1", "{}"),
]
CONTROL = (
    "Database system identifier:  7400\nDatabase cluster state:  in production\nLatest checkpoint's TimeLineID:  2\n"
)


@pytest.fixture
def look(run_module, api, stand_in, tmp_path):
    """Run the module on a host whose PostgreSQL is down."""

    def run(**changes):
        stand_in("systemctl", {"is-active": (0, "active\n", "")})
        stand_in("pg_controldata", {"-D": (0, CONTROL, "")})
        (tmp_path / "main" / "pg_wal").mkdir(parents=True, exist_ok=True)
        api.answers["/v3/lease/timetolive"] = (200, '{"TTL": "14"}')
        api.answers["/patroni"] = (200, '{"role": "primary", "state": "running"}')
        arguments = {
            "scope": "here",
            "members": [
                {"name": "db1", "host": "127.0.0.1", "rest_port": api.port},
                {"name": "db2", "host": "127.0.0.1", "rest_port": 1},
            ],
            "store": [{"address": "127.0.0.1", "port": api.port}],
            "ca_file": api.ca_file,
            "directory": str(tmp_path / "main"),
            "bin_directory": str(tmp_path / "bin"),
            "runtime_directory": str(tmp_path / "run"),
            "socket": str(tmp_path),
            "store_timeout": 0.5,
        }
        return run_module("postgres_failover_info", **{**arguments, **changes})

    return run


def test_everything_that_answers_is_told(look, api, tmp_path):
    api.answers["/v3/kv/range"] = (200, json.dumps({"kvs": KEYS}))
    (tmp_path / "main" / "pg_wal").mkdir(parents=True)
    (tmp_path / "main" / "pg_wal" / "00000002.history").write_text("1\t0/64\tno recovery target specified\n")
    (tmp_path / "run" / "patroni.service.d").mkdir(parents=True)
    (tmp_path / "run" / "patroni.service.d" / "fenced.conf").touch()
    done = look()
    assert not done["changed"]
    assert (done["patroni"], done["process"], done["fenced"]) == ("active", "", True)
    assert done["control"] == {"identifier": "7400", "state": "in production", "timeline": 2}
    assert done["history"] == "1\t0/64\tno recovery target specified\n"
    assert done["server"] == {}
    assert done["store"] == {
        "leader": "db1",
        "lease": 14.0,
        "lease_id": 5,
        "revision": 77,
        "initialize": "7400",
        "config": {"ttl": 20},
        "status": {"optime": 1000},
        "sync": {"leader": "db1", "sync_standby": "db2", "quorum": 0},
        "history": [[1, 100, "no recovery target specified"]],
        "members": ["db1"],
    }
    assert done["members"]["db1"] == {"role": "primary", "state": "running"}
    assert done["members"]["db2"] == {"error": "https://127.0.0.1:1/patroni: [Errno 111] Connection refused"}


def test_an_empty_store_has_no_leader(look, api):
    api.answers["/v3/kv/range"] = (200, "{}")
    store = look()["store"]
    assert (store["leader"], store["lease"], store["config"], store["members"]) == ("", 0.0, None, [])


def test_a_store_that_is_away_is_told(look):
    store = look(store=[{"address": "127.0.0.1", "port": 1}])["store"]
    assert store == {"error": "https://127.0.0.1:1/v3/kv/range: [Errno 111] Connection refused"}
