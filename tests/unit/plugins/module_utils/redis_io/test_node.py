# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io import node
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.client import ServerError
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.cluster import Access, Nodes
from tests.unit.plugins.module_utils.redis_io.conftest import line, tell


@pytest.fixture
def nodes(server):
    with Nodes(Access("admin", "a secret", server.ca_file, 2)) as found:
        yield found


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
    assert node.served_certificate("127.0.0.1", server.port, 2) == node.first_certificate(f"something\n{text}{text}")


def test_nobody_serves_nothing_and_a_file_without_a_certificate_has_none():
    assert node.served_certificate("127.0.0.1", 1, 1) is None
    assert node.first_certificate("-----BEGIN PRIVATE KEY-----") == ""


def test_the_certificate_is_loaded_again(server, nodes):
    node.load_certificate(nodes, server.place, "/etc/redis.crt")
    assert server.asked[-1] == "CONFIG SET tls-cert-file /etc/redis.crt"


def test_a_member_is_told_from_a_node_that_stands_alone(server, nodes, replica):
    assert node.is_member(nodes, server.place)
    tell(server, line("a", server.port, "myself,master"))
    assert not node.is_member(nodes, server.place)
    assert not node.is_member(nodes, "127.0.0.1:1")


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
