"""Faults are planted in a cluster and must be named; a second cluster is warmed with what the first one has in use."""

from __future__ import annotations

import os
import re
import subprocess
import time

import pytest
from scenario import ansible

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm import archive
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm.plan import Copied

testinfra_hosts = ["ssh://redis1"]

ADDRESSES = {f"redis{number}": f"10.9.20.3{number}" for number in range(1, 6)}
NODES = [{"name": name, "address": address} for name, address in ADDRESSES.items()]
ADMIN = {
    "login_user": "admin",
    "login_password": "admin-password-of-this-scenario",
    "ca_file": "/etc/freeagentics/tls/ca.crt",
}
MONITOR = {**ADMIN, "login_user": "monitor", "login_password": "monitor-password-of-this-scenario"}
SOURCE, TARGET = {"nodes": NODES[:1], **ADMIN}, {"nodes": NODES[4:], **ADMIN}
FILE = "/var/tmp/warm"


def look(**arguments):
    return ansible("redis1", "freeagentics.platform.redis_cluster_info", nodes=NODES[:4], **MONITOR, **arguments)


def check(**arguments):
    return ansible("redis1", "freeagentics.platform.redis_integrity", nodes=NODES[:4], **ADMIN, **arguments)


def warm(*options, host="redis1", **arguments):
    return ansible(host, "freeagentics.platform.redis_cache_warm", *options, **arguments)


def named(done):
    """What was found, in short."""
    return {(finding["kind"], finding["object"], finding["where"]) for finding in done["findings"]}


class Redis:
    """The command line of Redis, by the user admin."""

    def __init__(self, host):
        self.host = host
        self.nodes = {node["name"]: node for node in look()["nodes"]}
        self.replica = self.nodes["redis4"]
        self.master = self.replica["shard"]

    def __call__(self, node, command):
        """Send a command to one node and return what is printed."""
        login = f"REDISCLI_AUTH={ADMIN['login_password']} redis-cli --user admin --tls --cacert {ADMIN['ca_file']}"
        # With -c it follows keys to their masters.
        found = self.host.check_output(f"{login} -c -h {ADDRESSES[node]} {command}")
        assert not re.match(r"(ERR|NOPERM|WRONGTYPE|MOVED)", found), found
        return found

    def fill(self, count, prefix="key", options=""):
        """Set keys with values of their own."""
        script = f"for i in $(seq {count}); do echo SET {prefix}:$i value-$i {options}; done"
        login = f"REDISCLI_AUTH={ADMIN['login_password']} redis-cli --user admin --tls --cacert {ADMIN['ca_file']}"
        self.host.check_output(f"{script} | {login} -c -h {ADDRESSES['redis1']} > /dev/null")

    def empty(self, *nodes):
        for node in nodes:
            self(node, "FLUSHALL")


@pytest.fixture(scope="module")
def redis(host):
    return Redis(host)


@pytest.fixture
def filled(redis):
    """The first cluster with 200 keys, the second one with none."""
    redis.empty("redis1", "redis2", "redis3", "redis5")
    redis.fill(100)
    redis.fill(100, "short", "EX 1000")
    return redis


def on(name, command):
    """Run a command as root on a host, and return what it prints."""
    ssh = ["ssh", "-F", f"{os.environ['MOLECULE_PROJECT_DIRECTORY']}/.lab/mol_redis_tools/ssh.cfg", f"platform@{name}"]
    return subprocess.run([*ssh, "sudo", command], capture_output=True, text=True, check=True).stdout


def test_a_cluster_is_seen_whole(redis):
    done = look()
    assert (done["state"], done["missing"], done["agreement"]["agreed"]) == ("ok", [], True)
    assert done["coverage"] == {"covered": 16384, "missing": ""}
    assert sum(shard["slot_count"] for shard in done["shards"]) == 16384
    assert [shard["replicas"] for shard in done["shards"] if shard["replicas"]] == [["redis4"]]
    replica = done["nodes"][3]
    assert (replica["role"], replica["link"], replica["declared"], replica["known_to_cluster"]) == (
        "replica",
        "up",
        True,
        True,
    )


def test_nothing_is_found_where_nothing_is_wrong_and_contents_are_the_same(filled):
    filled("redis1", "HSET hash " + " ".join(f"field{number} {number}" for number in range(200)))
    filled("redis1", "SADD set " + " ".join(f"member{number}" for number in range(200)))
    done = check(sample=500)
    assert (done["findings"], done["not_checked"], done["healthy"]) == ([], [], True)
    (count,) = done["counts"]
    assert count["replica_keys"] == count["master_keys"] > 0
    assert done["compared"] == {"redis4": count["master_keys"]}


def test_an_open_slot_and_one_without_a_master_are_named(redis):
    here, there = (name for name in ("redis1", "redis2", "redis3") if name != redis.master)
    slot = int(redis.nodes[here]["slots"].split("-")[0])
    lost = slot + 1
    redis(here, f"CLUSTER SETSLOT {slot} MIGRATING {redis.nodes[there]['id']}")
    # The owner first, else it would tell the others at once that the slot is its own.
    for node in (here, *(name for name in redis.nodes if name != here)):
        redis(node, f"CLUSTER DELSLOTS {lost}")
    try:
        done = check(settle=1)
    finally:
        redis(here, f"CLUSTER SETSLOT {slot} STABLE")
        redis(here, f"CLUSTER ADDSLOTS {lost}")
    assert named(done) == {("open_slot", f"slot {slot}", here), ("slots_uncovered", f"slots {lost}", "cluster")}
    assert done["findings"][1]["detail"] == f"migrating to {there}"
    assert done["findings"][0]["detail"] == "16383 of 16384 slots have a master, these have none"
    assert check()["healthy"]


def test_a_replica_with_other_keys_is_named_with_slots_and_values(filled):
    filled("redis4", "CONFIG SET replica-read-only no")
    filled("redis4", "FLUSHALL")
    try:
        done = check(settle=3, sample=3)
    finally:
        on(
            "redis4",
            "sh -c 'systemctl stop redis-server; rm -r /var/lib/redis/appendonlydir; systemctl start redis-server'",
        )
    assert named(done) >= {("keys_differ", "keys", "redis4")}
    details = {finding["kind"]: finding["detail"] for finding in done["findings"]}
    (count,) = done["counts"]
    assert details["keys_differ"].startswith(f"0 keys, {count['master_keys']} on its master {filled.master}: slot ")
    assert details["value_differs"] == (f"3 of 3 keys compared have another value or time of expiry on {filled.master}")
    # What the remedy says brings it back.
    assert check(settle=20)["findings"] == []


def test_a_node_that_is_down_is_named(redis):
    on("redis4", "systemctl stop redis-server")
    try:
        for _attempt in range(40):
            seen = look(timeout=2)
            if "fail" in seen["nodes"][3]["flags"]:
                break
            time.sleep(0.5)
        done = check(settle=1)
    finally:
        on("redis4", "systemctl start redis-server")
    assert [(entry["node"], entry["question"]) for entry in seen["missing"]] == [
        ("redis4", "INFO"),
        ("redis4", "CLUSTER NODES"),
        ("redis4", "CLUSTER INFO"),
    ]
    assert seen["missing"][0]["reason"] == (
        "10.9.20.34:6379: Error 111 connecting to 10.9.20.34:6379. Connection refused."
    )
    assert (seen["nodes"][3]["answered"], seen["state"]) == (False, "ok")
    assert sorted(seen["nodes"][3]["flags"]["fail"]) == ["redis1", "redis2", "redis3"]
    assert named(done) == {("node_failing", "redis4", "cluster")}
    assert [(entry["check"], entry["where"]) for entry in done["not_checked"]] == [("node", "redis4")]
    assert check(settle=20)["findings"] == []


def test_keys_are_copied_with_their_times_of_expiry_and_newer_ones_are_kept(filled):
    filled("redis5", "SET key:1 newer")
    ahead = warm("--check", state="copied", source=SOURCE, target=TARGET)
    assert (ahead["copied"], ahead["kept"], filled("redis5", "DBSIZE")) == (199, 1, "1")
    done = warm(state="copied", source=SOURCE, target=TARGET)
    assert {name: done[name] for name in ("seen", "copied", "kept", "errors", "left", "stopped")} == {
        "seen": 200,
        "copied": 199,
        "kept": 1,
        "errors": 0,
        "left": 0,
        "stopped": "",
    }
    assert (filled("redis5", "GET key:1"), filled("redis5", "GET key:2")) == ("newer", "value-2")
    assert filled("redis5", "PEXPIRETIME short:7") == filled("redis1", "PEXPIRETIME short:7")
    assert filled("redis5", "PEXPIRETIME key:2") == "-1"
    again = warm(state="copied", source=SOURCE, target=TARGET, replace=True, max_key_bytes=1)
    assert (again["changed"], again["too_large"]) == (False, 200)


def test_rate_and_time_hold_and_the_keys_in_use_come_first(filled):
    time.sleep(2)
    for number in range(1, 11):
        filled("redis1", f"GET short:{number}")
    done = warm(state="copied", source=SOURCE, target=TARGET, keys_per_second=5, seconds=4)
    assert done["stopped"] == "the time was up"
    # Whatever the machine is busy with, no more than the rate allows; a piece may begin at once.
    assert 1 <= done["copied"] <= 21
    assert done["left"] == 200 - done["copied"]
    found = filled("redis5", "KEYS *").split()
    hot = {f"short:{number}" for number in range(1, 11)}
    assert len(found) == done["copied"]
    assert len(hot & set(found)) == min(10, done["copied"])


def test_keys_go_through_a_file(filled, tmp_path):
    saved = warm(state="saved", source=SOURCE, path=FILE)
    assert (saved["copied"], filled.host.file(FILE).mode) == (200, 0o600)
    ansible("redis1", "ansible.builtin.fetch", src=FILE, dest=f"{tmp_path}/warm", flat=True)
    ansible("redis5", "ansible.builtin.copy", src=f"{tmp_path}/warm", dest=FILE, mode="0600")
    loaded = warm(host="redis5", state="loaded", target=TARGET, path=FILE)
    assert (loaded["copied"], loaded["bytes"]) == (200, saved["bytes"])
    assert filled("redis5", "PEXPIRETIME short:7") == filled("redis1", "PEXPIRETIME short:7")


def test_a_file_that_was_cut_off_and_payloads_of_another_version_are_refused_once(filled, tmp_path):
    path = tmp_path / "warm"
    with path.open("wb") as file:
        writer = archive.Writer(file, {}, 10**6)
        for number in range(50):
            writer.add(Copied(b"%d" % number, b"of a version to come", None, "FREQ", 1))
        writer.close()
    ansible("redis5", "ansible.builtin.copy", src=f"{path}", dest=FILE, mode="0600")
    done = warm(host="redis5", state="loaded", target=TARGET, path=FILE, keys_per_second=100)
    assert done["problems"] == [
        {
            "reason": "DUMP payload version or checksum are wrong",
            "count": 10,
            "example": "0",
            "remedy": "the target's Redis is older than the source's: run the same version, or replay URLs",
        }
    ]
    assert (done["stopped"], done["left"]) == ("the target cannot read what the source dumps", 40)
    on("redis5", f"truncate --size -1 {FILE}")
    done = warm(host="redis5", state="loaded", target=TARGET, path=FILE)
    assert done["msg"] == f"{FILE}: its checksum is wrong: it was cut off or changed on its way; bring it over again"


def test_paths_are_replayed(host):
    # A name of its own, so that its log is of this run.
    unit = f"warm-site-{os.getpid()}"
    host.check_output(f"systemd-run --unit {unit} --working-directory /etc/redis python3 -m http.server 8000")
    try:
        host.check_output("timeout 20 sh -c 'until curl -sf http://127.0.0.1:8000/ >/dev/null; do sleep 0.2; done'")
        done = warm(state="replayed", url="http://127.0.0.1:8000", urls=["/"] * 10 + ["/none"], requests_per_second=10)
        asked = host.check_output(f"journalctl --unit {unit} --output cat")
    finally:
        host.check_output(f"systemctl stop {unit}")
    assert (done["seen"], done["copied"], done["errors"]) == (11, 10, 1)
    assert done["seconds"] >= 1
    assert done["problems"][0]["reason"] == "HTTP status 404"
    assert asked.count('"GET / HTTP/1.1" 200') == 11
