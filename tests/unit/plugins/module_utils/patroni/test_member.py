# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""When a member is ready, when it has to be restarted, and who succeeds a leader."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.patroni.member import (
    LEADER,
    LOWERED,
    NOTHING,
    REPLICA,
    SERVER,
    SERVICE,
    View,
    away,
    objections,
    replaceable,
    restart_needed,
    turn,
)

NAMES = ["db1", "db2", "db3"]


def members(*roles, **more):
    return [
        {"name": name, "role": role, "state": "running" if "leader" in role else "streaming", **more}
        for name, role in zip(NAMES, roles)
    ]


def view(name="db1", roles=("leader", "quorum_standby", "quorum_standby"), **own):
    return View(name, {"state": "running", **own}, {"members": members(*roles)})


STREAMING = {"replication_state": "streaming"}


@pytest.mark.parametrize(
    ("seen", "reasons"),
    [
        (View("db1", {}, {}), ["Patroni does not answer"]),
        (view(state="starting"), ["the server is in the state 'starting'"]),
        (View("db1", {"state": "running"}, {}), ["the cluster has 0 leaders"]),
        (view(roles=("leader", "leader", "replica")), ["the cluster has 2 leaders"]),
        (view(), []),
        (view(roles=("leader", "replica", "replica")), ["no member is a synchronous standby"]),
        (view("db2", **STREAMING), []),
        (view("db2"), ["it does not stream from db1: replication is in the state 'nothing'"]),
        (
            view("db2", replication_state="in archive recovery"),
            ["it does not stream from db1: replication is in the state 'in archive recovery'"],
        ),
        (view(roles=("standby_leader",), **STREAMING), []),
        (
            view(roles=("standby_leader",)),
            ["it does not stream from the other region: replication is in the state 'nothing'"],
        ),
    ],
)
def test_objections(seen, reasons):
    assert objections(seen, NAMES, synchronous=True) == reasons


@pytest.mark.parametrize(("expected", "synchronous"), [(["db1"], True), (NAMES, False)])
def test_a_leader_needs_no_synchronous_standby_where_there_can_be_none(expected, synchronous):
    assert objections(view(roles=("leader", "replica")), expected, synchronous) == []


@pytest.mark.parametrize(
    ("own", "stale", "needed"),
    [({}, False, NOTHING), ({"pending_restart": True}, False, SERVER), ({"pending_restart": True}, True, SERVICE)],
)
def test_restart_needed(own, stale, needed):
    assert restart_needed(view(**own), stale) == needed


@pytest.mark.parametrize(
    ("name", "reasons", "when"),
    [
        ("db2", {"max_connections": {"old_value": "200", "new_value": "100"}}, REPLICA),
        ("db1", {}, LEADER),
        ("db1", {"max_connections": {"old_value": "100", "new_value": "200"}}, LEADER),
        ("db1", {"max_connections": {"old_value": "200", "new_value": "100"}}, LOWERED),
        ("db1", {"shared_buffers": {"old_value": "200", "new_value": "100"}}, LEADER),
    ],
)
def test_turn(name, reasons, when):
    assert turn(view(name, pending_restart_reason=reasons)) == when


def with_lags(*entries):
    listed = [{"name": "db1", "role": "leader", "state": "running"}]
    for name, role, state, lag, tags in entries:
        listed.append({"name": name, "role": role, "state": state, "lag": lag, "tags": tags})
    return View("db1", {"state": "running"}, {"members": listed})


@pytest.mark.parametrize(
    ("entries", "able"),
    [
        ([], False),
        ([("db2", "replica", "running", 0, {})], False),
        ([("db2", "replica", "streaming", 0, {"nofailover": True})], False),
        ([("db2", "replica", "running", 0, {}), ("db3", "quorum_standby", "streaming", 9, None)], True),
    ],
)
def test_replaceable(entries, able):
    assert replaceable(with_lags(*entries)) is able


def test_who_is_away():
    seen = with_lags(("db2", "replica", "streaming", 0, {}), ("db3", "replica", "starting", 0, {}))
    assert away(View("db2", seen.own, seen.cluster), ["db1", "db2", "db3", "db4"]) == ["db3", "db4"]
