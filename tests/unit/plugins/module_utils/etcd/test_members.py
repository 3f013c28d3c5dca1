# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.etcd.members import (
    EMPTY,
    ENTER,
    FOUND,
    JOIN,
    OURS,
    RUN,
    Listed,
    MemberError,
    Peer,
    Plan,
    content,
    new_cluster_objection,
    parse_members,
    plan,
)

DECLARED = [Peer(f"etcd{number}", f"https://10.0.0.{number}:2380") for number in (1, 2, 3)]


def listed(number, name=None, started=True):
    return Listed(str(number), f"etcd{number}" if name is None else name, (f"https://10.0.0.{number}:2380",), started)


ONE, TWO, THREE, FOUR = (listed(number) for number in (1, 2, 3, 4))


@pytest.mark.parametrize(
    ("names", "wal", "wanted"),
    [
        ([], [], EMPTY),
        (["lost+found"], [], EMPTY),
        # etcd was interrupted before it wrote a log.
        (["member"], [], EMPTY),
        (["member"], ["0.tmp"], EMPTY),
        (["member"], ["0000000000000000-0000000000000000.wal", "0.tmp"], OURS),
        (["lost+found", "member"], ["0000000000000000-0000000000000000.wal"], OURS),
    ],
)
def test_only_a_log_makes_data(names, wal, wanted):
    assert content("/data", names, wal) == wanted


def test_what_is_not_etcds_is_refused():
    with pytest.raises(MemberError) as raised:
        content("/data", ["member", "PG_VERSION", "base"], [])
    assert str(raised.value) == (
        "/data: here is PG_VERSION, base, which is not etcd's; move it away, or choose another directory"
    )


def test_members_and_the_gateway_list_alike():
    to_members = [{"id": 7, "peerURLs": ["https://a:2380"], "name": "a", "clientURLs": ["https://a:2379"]}]
    to_clients = {
        "members": [{"ID": "7", "peerURLs": ["https://a:2380"], "name": "a", "clientURLs": ["https://a:2379"]}]
    }
    wanted = (Listed("7", "a", ("https://a:2380",), True),)
    assert parse_members(to_members) == parse_members(to_clients) == wanted
    assert parse_members([{"id": 7, "peerURLs": ["https://a:2380"]}]) == (Listed("7", "", ("https://a:2380",), False),)


@pytest.mark.parametrize("document", [{}, None, [{"name": "a"}], [1]])
def test_another_form_is_refused(document):
    with pytest.raises(MemberError, match=r"^the list of members has a form that is not etcd's$"):
        parse_members(document)


ALL = "etcd1=https://10.0.0.1:2380,etcd3=https://10.0.0.3:2380,etcd2=https://10.0.0.2:2380"


@pytest.mark.parametrize(
    ("data", "members", "wanted"),
    [
        # It has data, and the others know it or do not answer.
        (OURS, [], Plan(RUN)),
        (OURS, [ONE, TWO, THREE], Plan(RUN)),
        # Nobody has anything.
        (EMPTY, [], Plan(FOUND)),
        # The others have just made a new cluster in which it has not been yet.
        (EMPTY, [listed(1, started=False), listed(2, started=False), listed(3, started=False)], Plan(ENTER)),
        (EMPTY, [ONE, listed(2, started=False), THREE], Plan(ENTER)),
        # It lost its data.
        (EMPTY, [ONE, TWO, THREE], Plan(JOIN, (TWO,), True, ALL)),
        # A run ended after its old member was removed, or after its new one was added.
        (EMPTY, [ONE, THREE], Plan(JOIN, (), True, ALL)),
        (EMPTY, [ONE, listed(2, "", started=False), THREE], Plan(JOIN, (), False, ALL)),
    ],
)
def test_what_a_host_does(data, members, wanted):
    assert plan("etcd2", DECLARED, data, members) == wanted


def test_a_host_whose_address_changed_is_known_by_its_name_and_the_other_way_round():
    moved = Listed("2", "etcd2", ("https://10.0.9.9:2380",), True)
    renamed = Listed("2", "old", ("https://10.0.0.2:2380",), True)
    for mine in (moved, renamed):
        assert plan("etcd2", DECLARED, OURS, [ONE, mine, THREE]) == Plan(RUN)
        assert plan("etcd2", DECLARED, EMPTY, [ONE, mine, THREE]).remove == (mine,)


def test_another_member_that_has_not_started_keeps_its_declared_name():
    found = plan("etcd2", DECLARED, EMPTY, [ONE, listed(3, "", started=False)])
    assert found.initial_cluster == ALL


def test_data_of_a_member_that_was_removed_is_refused():
    with pytest.raises(MemberError) as raised:
        plan("etcd2", DECLARED, OURS, [ONE, THREE])
    assert str(raised.value) == (
        "the cluster has removed this member, so its data is of no use: delete it and run again"
    )


def test_a_member_that_nobody_declares_is_reported_and_stays():
    found = plan("etcd1", DECLARED, OURS, [ONE, TWO, THREE, FOUR])
    assert found == Plan(RUN, undeclared=("etcd4",))


def test_a_member_that_was_named_is_removed_by_the_first_host_alone():
    members = [ONE, TWO, THREE, FOUR]
    assert plan("etcd1", DECLARED, OURS, members, ["etcd4", "etcd9"]) == Plan(RUN, (FOUR,))
    assert plan("etcd2", DECLARED, OURS, members, ["etcd4"]) == Plan(RUN)


def test_a_member_that_stays_undeclared_is_part_of_the_cluster_that_is_joined():
    found = plan("etcd2", DECLARED, EMPTY, [ONE, THREE, FOUR])
    assert "etcd4=https://10.0.0.4:2380" in found.initial_cluster
    first = plan("etcd1", DECLARED, EMPTY, [TWO, THREE, FOUR], ["etcd4"])
    assert (first.remove, "etcd4" in first.initial_cluster) == ((FOUR,), False)


@pytest.mark.parametrize(
    ("states", "wanted"),
    [
        ({"etcd1": FOUND, "etcd2": FOUND, "etcd3": FOUND}, ""),
        ({"etcd1": RUN, "etcd2": JOIN, "etcd3": RUN}, ""),
        # Another region's store is none of its business.
        ({"etcd1": FOUND, "etcd2": FOUND, "etcd3": FOUND, "west": RUN}, ""),
        (
            {"etcd2": FOUND},
            "it has no data and reaches no member: a new cluster needs all its members in one run, and these are "
            "not in it: etcd1, etcd3",
        ),
        (
            {"etcd1": RUN, "etcd2": FOUND, "etcd3": FOUND},
            "it has no data and reaches no member, but others have data: start etcd or open the network there, and "
            "run again: etcd1",
        ),
    ],
)
def test_a_new_cluster_needs_all_its_members_and_no_data_anywhere(states, wanted):
    assert new_cluster_objection("etcd2", states, ["etcd1", "etcd2", "etcd3"]) == wanted
