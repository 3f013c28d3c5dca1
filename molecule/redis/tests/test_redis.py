"""What operators and applications see of the cluster."""

import time

import cluster
import pytest

NODES = [name for name in cluster.ADDRESSES if name not in cluster.SPARE]
LEAVE = ["let 10.9.20.34:6379 leave", "let 10.9.21.34:6379 leave"]
testinfra_hosts = ["ssh://redis1"]


def test_each_shard_is_in_both_zones_and_on_two_hosts(host):
    found = cluster.nodes(host)
    assert sorted(found) == sorted(NODES)
    assert len(masters(host)) == 3
    for master in masters(host):
        copies = [master, *(name for name, (followed, _flags) in found.items() if followed == master)]
        assert sorted(cluster.ZONES[name] for name in copies) == ["test-1a", "test-1b"]


def test_only_tls_with_a_password_lets_anybody_in(host):
    address = cluster.ADDRESSES["redis1"]
    assert cluster.cli(host, address, "config get port") == "port\n0"
    assert cluster.cli(host, address, "config get tls-port") == "tls-port\n6379"
    plain = host.run(f"redis-cli -h {address} ping")
    assert plain.stdout + plain.stderr == "Error: Connection reset by peer\n"
    nobody = host.run(f"redis-cli --tls --cacert /etc/freeagentics/tls/ca.crt -h {address} ping")
    assert nobody.stdout.strip() == "NOAUTH Authentication required."
    assert cluster.cli(host, address, "acl getuser default").splitlines()[:2] == ["flags", "off"]


@pytest.mark.parametrize(
    ("user", "command", "answer"),
    [
        ("app", "flushall", "NOPERM this user has no permissions to run the 'flushall' command"),
        ("app", "config get masterauth", "NOPERM this user has no permissions to run the 'config|get' command"),
        ("app", "keys '*'", "NOPERM this user has no permissions to run the 'keys' command"),
        ("app", "acl list", "NOPERM this user has no permissions to run the 'acl|list' command"),
        ("app", "cluster reset", "NOPERM this user has no permissions to run the 'cluster|reset' command"),
        ("monitor", "get key", "NOPERM this user has no permissions to run the 'get' command"),
        ("monitor", "ping", "PONG"),
        ("replication", "get key", "NOPERM this user has no permissions to run the 'get' command"),
    ],
)
def test_users_may_do_what_they_need_and_nothing_else(host, user, command, answer):
    assert cluster.cli(host, cluster.ADDRESSES["redis1"], command, user=user) == answer


def test_no_password_but_the_replicas_own_is_on_disk(host):
    files = host.check_output("cat /etc/redis/users.acl /etc/redis/redis.conf")
    on_disk = [name for name, value in cluster.PASSWORDS.items() if name.endswith("password") and value in files]
    assert on_disk == ["redis_replication_password"]
    for path in ("/etc/redis/users.acl", "/etc/redis/redis.conf"):
        assert (host.file(path).user, host.file(path).group, host.file(path).mode) == ("root", "redis", 0o640)


def test_a_run_on_the_formed_cluster_changes_nothing_and_is_quick():
    done = cluster.change(NODES, 3)
    assert (done["changed"], done["steps"]) == (False, [])
    assert done["seconds"] < 3


def test_a_shard_is_added_and_removed_while_a_client_writes():
    with cluster.Writer() as writer:
        added = cluster.change(cluster.ADDRESSES, 4)
        removed = cluster.change(NODES, 3)
        counted = writer.stop()
    assert [int(line.split()[1]) for line in added["shape"]] == [4096, 4096, 4096, 4096]
    assert (added["slots_moved"], removed["slots_moved"]) == (4096, 4096)
    assert added["keys_moved"] > 0
    assert removed["steps"][-2:] == LEAVE
    assert counted["writes"] > 1000
    assert counted["lost"] == 0
    assert counted["outage"] < 6


def test_a_move_that_was_begun_is_finished(host):
    assert cluster.cli(host, cluster.ADDRESSES["redis1"], "-c set key-7 here", user="app") == "OK"
    ids = {name: cluster.cli(host, cluster.ADDRESSES[name], "cluster myid") for name in NODES}
    slot = cluster.cli(host, cluster.ADDRESSES["redis1"], "cluster keyslot key-7")
    count = {
        name: cluster.cli(host, cluster.ADDRESSES[name], "cluster countkeysinslot", slot) for name in masters(host)
    }
    source = next(name for name in count if count[name] != "0")
    target = next(name for name in count if name != source)
    cluster.cli(host, cluster.ADDRESSES[target], "cluster setslot", slot, "importing", ids[source])
    cluster.cli(host, cluster.ADDRESSES[source], "cluster setslot", slot, "migrating", ids[target])
    done = cluster.change(NODES, 3)
    assert done["steps"][0] == f"move slot {slot} from {source} to {target}"
    assert done["keys_moved"] >= 1
    assert cluster.cli(host, cluster.ADDRESSES["redis1"], "-c get key-7", user="app") == "here"


def test_a_killed_run_is_finished_by_the_next_one(host):
    with cluster.Writer() as writer:
        slow = cluster.start("redis1", "redis_cluster", cluster.wanted(cluster.ADDRESSES, 4, keys_at_once=1))
        moving = until(lambda: open_slots(host))
        host.run("pkill -9 -f [A]nsiballZ_redis_cluster")
        slow.communicate(timeout=60)
        moved = slots_of(host, "redis4")
        done = cluster.change(NODES, 3)
        counted = writer.stop()
    assert moving
    assert moved < 4096
    assert done["steps"][-2:] == LEAVE
    assert counted["lost"] == 0
    assert cluster.change(NODES, 3)["steps"] == []


def test_a_node_with_keys_of_its_own_is_refused(host):
    spare = cluster.ADDRESSES["redis4"]
    cluster.cli(host, spare, "cluster addslotsrange 0 16383")
    try:
        assert until(lambda: cluster.cli(host, spare, "set hello mine") == "OK")
        done = cluster.finish(cluster.start("redis1", "redis_cluster", cluster.wanted([*NODES, "redis4"], 3)))
    finally:
        cluster.cli(host, spare, "flushall")
        cluster.cli(host, spare, "cluster reset hard")
    assert done["msg"] == (
        "nothing was changed: redis4 (10.9.20.34:6379) cannot join: it has slots (0-16383) and holds 1 keys; "
        "save what it holds, then run FLUSHALL and CLUSTER RESET there, or take it out of the declaration"
    )


def test_a_killed_host_is_replaced_within_six_seconds(host):
    victim = next(name for name in masters(host) if name != "redis1")
    with cluster.Writer() as writer:
        cluster.lab("kill", victim)
        time.sleep(7)
        counted = writer.stop()
    cluster.lab("start", victim)
    assert counted["outage"] < 6
    assert until(lambda: victim not in masters(host))
    assert cluster.change(NODES, 3)["steps"] == []


def test_the_nodes_of_a_shard_are_restarted_one_by_one_while_a_client_writes(host):
    with cluster.Writer() as writer:
        master = masters(host)[0]
        for name in (master, *(name for name, (followed, _) in cluster.nodes(host).items() if followed == master)):
            unit = {"address": cluster.ADDRESSES[name], "restart_unit": "redis-server.service", **cluster.LOGIN}
            done = cluster.finish(cluster.start(name, "redis_node", unit))
            assert done["actions"][-1] == "restart redis-server.service"
        counted = writer.stop()
    assert counted["lost"] == 0
    assert counted["outage"] < 6


def test_passwords_are_changed_while_a_client_writes(host):
    others = {f"redis_{user}_password": f"another-password-of-{user}" for user in ("replication", "app")}
    try:
        # Its own password stays, so that what it sees is what the others' change does to the cluster.
        with cluster.Writer("admin") as writer:
            changed = cluster.converge(**others)
            counted = writer.stop()
        assert set(changed.values()) != {0}
        assert counted["lost"] == 0
        assert counted["outage"] < 6
        assert out_of_step(host) == []
        address = cluster.ADDRESSES["redis1"]
        assert cluster.cli(host, address, "config get masterauth") == "masterauth\nanother-password-of-replication"
        assert cluster.cli(host, address, "ping", user="app", password=others["redis_app_password"]) == "PONG"
        assert cluster.cli(host, address, "ping", user="app").endswith("NOAUTH Authentication required.")
        assert set(cluster.converge(**others).values()) == {0}
    finally:
        cluster.converge()
    assert out_of_step(host) == []


def out_of_step(host):
    """Return the replicas that do not follow their masters, and fail where there is no replica."""
    replicas = [name for name, (master, _flags) in cluster.nodes(host).items() if master]
    assert replicas
    said = {name: cluster.cli(host, cluster.ADDRESSES[name], "info replication") for name in replicas}
    return [name for name, text in said.items() if "master_link_status:up" not in text]


def masters(host):
    """Return the names of the masters."""
    return [name for name, (master, _flags) in cluster.nodes(host).items() if not master]


def slots_of(host, name):
    """Return how many slots a node has."""
    ranges = cluster.cli(host, cluster.ADDRESSES[name], "cluster nodes | grep myself").split()[8:]
    pairs = (word.partition("-") for word in ranges if not word.startswith("["))
    return sum(int(last or first) - int(first) + 1 for first, _dash, last in pairs)


def open_slots(host):
    """Return the slots that are being moved, as nodes show them."""
    shown = [cluster.cli(host, cluster.ADDRESSES[name], "cluster nodes") for name in NODES]
    return [word for text in shown for word in text.split() if "->-" in word]


def until(condition):
    """Tell whether a condition holds within 15 s."""
    for _ in range(60):
        if condition():
            return True
        time.sleep(0.1)
    return False
