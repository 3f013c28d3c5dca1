# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.client import ServerError
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.cluster import Access, Nodes
from tests.unit.plugins.module_utils.redis_io.conftest import line, tell


@pytest.fixture
def nodes(server):
    with Nodes(Access("admin", "a secret", server.ca_file, 2)) as found:
        yield found


def test_a_node_tells_what_it_sees_and_how_it_is(server, nodes):
    replication = "role:slave\r\nmaster_link_status:down\r\nmin_slaves_good_slaves:1\r\n"
    tell(server, line("a", server.port, "myself,slave", " [5->-b]"), replication, keys=12)
    server.answers["CLUSTER COUNTKEYSINSLOT"] = b":3\r\n"
    view = nodes.observe([server.place]).views[server.place]
    assert (view.me.id, view.keys, view.link_up, view.state, view.good_replicas) == ("a", 12, False, "ok", 1)
    assert view.open_keys == {5: 3}


def test_members_that_were_not_asked_for_are_asked_too(servers, server, nodes):
    other = servers()
    gone = line("c", 1, "master,fail")
    tell(server, line("a", server.port, "myself,master") + line("b", other.port) + gone)
    tell(other, line("a", server.port) + line("b", other.port, "myself,master") + gone)
    observed = nodes.observe([server.place])
    assert sorted(observed.views) == sorted([server.place, other.place])
    assert observed.silent == {}


def test_why_a_place_does_not_answer_is_told_without_its_name(server, nodes):
    server.answers["CLUSTER NODES"] = b"-ERR This instance has cluster support disabled\r\n"
    assert nodes.observe([server.place]).silent == {
        server.place: "CLUSTER NODES: This instance has cluster support disabled"
    }


def test_a_question_is_asked_everywhere_and_errors_are_values(servers, server, nodes):
    other = servers()
    other.answers["PING"] = b"-NOPERM no\r\n"
    server.answers["PING"] = b"+PONG\r\n"
    found = nodes.each([server.place, other.place], lambda client: client.ask("PING"))
    assert found[server.place] == b"PONG"
    assert isinstance(found[other.place], ServerError)
    assert str(found[other.place]) == f"{other.place}: PING: NOPERM no"
