# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import os
import socket
import time

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.members import Refusal
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io import node
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.client import ServerError
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.cluster import Access, Nodes, look
from tests.unit.plugins.module_utils.redis_io.conftest import bulk, line, tell

REMEDY = "look at the log of its service, and end what keeps it from answering or restart it by hand"


@pytest.fixture
def nodes(server):
    with Nodes(Access("admin", "a secret", server.ca_file, 2)) as found:
        yield found


@pytest.fixture
def mute():
    """A place where connections are taken and nothing is ever said."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield f"127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def replica(servers, server):
    """A second server: both say that it replicates the first, until it is told to take over."""
    other = servers()
    before(server, other)
    return other


def before(server, other):
    tell(server, line("a", server.port, "myself,master", " 0-16383") + line("b", other.port, "slave", master="a"))
    tell(other, line("a", server.port, "master", " 0-16383") + line("b", other.port, "myself,slave", master="a"))


def after(server, other):
    tell(server, line("a", server.port, "myself,slave", master="b") + line("b", other.port, "master", " 0-16383"))
    tell(other, line("a", server.port, "slave", master="b") + line("b", other.port, "myself,master", " 0-16383"))


def test_the_served_certificate_is_compared_with_the_file(server):
    with open(server.ca_file, encoding="ascii") as file:
        text = file.read()
    assert node.served_certificate(server.place, 2) == node.first_certificate(f"something\n{text}{text}")


def test_nobody_serves_nothing_and_a_file_without_a_certificate_has_none():
    assert node.served_certificate("127.0.0.1:1", 1) is None
    assert node.first_certificate("-----BEGIN PRIVATE KEY-----") == ""


def test_who_is_there_and_finishes_no_handshake_is_not_taken_for_away(mute):
    with pytest.raises(ServerError) as caught:
        node.served_certificate(mute, 0.1)
    assert str(caught.value).startswith(
        f"{mute} is there and says nothing of its state: {mute}: no handshake over TLS: "
    )
    assert str(caught.value).endswith("; " + REMEDY)


def test_the_certificate_is_loaded_again(server, nodes):
    node.load_certificate(nodes, server.place, "/etc/redis.crt")
    assert server.asked[-1] == "CONFIG SET tls-cert-file /etc/redis.crt"


def test_a_certificate_of_another_ca_keeps_nobody_from_loading_the_one_on_disk(server, other_ca):
    with Nodes(Access("admin", "a secret", other_ca, 2, unverified=server.place)) as nodes:
        node.load_certificate(nodes, server.place, "/etc/redis.crt")
    assert server.asked[-1] == "CONFIG SET tls-cert-file /etc/redis.crt"


def test_the_password_of_replication_is_read_and_set(server, nodes):
    server.answers["CONFIG GET masterauth"] = b"*2\r\n$10\r\nmasterauth\r\n$3\r\nold\r\n"
    assert node.replicates_with(nodes, server.place) == "old"
    node.replicate_with(nodes, server.place, "new")
    assert server.asked[-1] == "CONFIG SET masterauth new"


def test_it_is_noted_when_users_were_loaded(server, nodes, tmp_path):
    file = tmp_path / "users.acl"
    server.answers["ACL LOAD"] = b"-ERR Error in line 3\r\n"
    with pytest.raises(ServerError):
        node.load_users(nodes, server.place, str(file))
    stamp = node.stamp_of(str(file))
    assert not os.path.exists(stamp)
    server.answers["ACL LOAD"] = b"+OK\r\n"
    before = time.time()
    node.load_users(nodes, server.place, str(file))
    assert before <= os.stat(stamp).st_mtime <= time.time()
    assert os.stat(stamp).st_mode & 0o777 == 0o640


def test_a_node_says_what_it_is_once_it_can(server, nodes, replica):
    loaded = server.answers["CLUSTER NODES"]
    server.answers["CLUSTER NODES"] = [b"-LOADING Redis is loading the dataset in memory\r\n", loaded]
    assert node.view_of(nodes, server.place, 5) == look(nodes.client(server.place))
    assert node.view_of(nodes, "127.0.0.1:1", 5) is None


def test_a_node_that_is_there_and_says_nothing_is_an_error(server, nodes):
    server.answers["CLUSTER NODES"] = b"-LOADING Redis is loading the dataset in memory\r\n"
    with pytest.raises(ServerError) as caught:
        node.view_of(nodes, server.place, 0)
    assert str(caught.value) == (
        f"{server.place} is there and says nothing of its state: {server.place}: "
        f"LOADING Redis is loading the dataset in memory; {REMEDY}"
    )


def test_a_node_that_takes_no_password_is_an_error_at_once(server, nodes):
    server.answers["AUTH"] = b"-WRONGPASS invalid username-password pair or user is disabled.\r\n"
    with pytest.raises(ServerError) as caught:
        node.view_of(nodes, server.place, 600)
    assert str(caught.value).startswith(f"{server.place} is there and does not let admin in: {server.place}: ")
    assert str(caught.value).endswith("; give the password that admin has there as login_previous_password")


@pytest.mark.parametrize("state", ["mute", "loading"])
def test_a_node_that_says_nothing_is_not_restarted(server, nodes, mute, state):
    server.answers["CLUSTER NODES"] = b"-LOADING Redis is loading the dataset in memory\r\n"
    restarted = []
    with pytest.raises(ServerError, match="is there and says nothing of its state"):
        node.restart(nodes, {"mute": mute, "loading": server.place}[state], lambda: restarted.append(1), 0)
    assert restarted == []


def test_a_master_is_restarted_after_its_replica_took_over(server, nodes, replica):
    restarted = []
    answer = replica.answer

    def take_over(words):
        if words == ["CLUSTER", "FAILOVER"]:
            after(server, replica)
        return answer(words)

    replica.answer = take_over
    assert node.restart(nodes, server.place, lambda: restarted.append("CLUSTER FAILOVER" in replica.asked), 2) == (
        replica.place
    )
    assert restarted == [True]


def test_a_restart_waits_for_the_other_copy_and_is_refused_if_it_stays_behind(server, nodes, replica):
    behind = "role:slave\r\nmaster_link_status:down\r\n"
    restarted = []
    replica.answers["INFO replication"] = bulk(behind)
    with pytest.raises(Refusal) as caught:
        node.restart(nodes, server.place, lambda: restarted.append(1), 0)
    assert caught.value.reasons == (f"{server.place} is not restarted: {replica.place} is not in sync with its master",)
    assert restarted == []
    replica.answers["INFO replication"] = [bulk(behind), bulk(behind), bulk("role:slave\r\n")]
    assert node.successor_of(nodes, server.place, 5) == replica.place


def test_a_replica_is_just_restarted(server, nodes, replica):
    restarted = []
    assert node.restart(nodes, replica.place, lambda: restarted.append(1), 2) == ""
    assert (restarted, "CLUSTER FAILOVER" in server.asked) == ([1], False)


def test_what_does_not_run_is_just_restarted(nodes):
    restarted = []
    assert node.restart(nodes, "127.0.0.1:1", lambda: restarted.append(1), 2) == ""
    assert restarted == [1]


def test_a_node_that_does_not_come_back_is_an_error(server, nodes):
    tell(server, line("a", server.port, "myself,master"))

    def restart():
        server.answers["CLUSTER NODES"] = b"-LOADING Redis is loading the dataset in memory\r\n"

    with pytest.raises(ServerError) as caught:
        node.restart(nodes, server.place, restart, 0.1)
    assert str(caught.value) == (f"after 0.1 s: {server.place}: LOADING Redis is loading the dataset in memory")
