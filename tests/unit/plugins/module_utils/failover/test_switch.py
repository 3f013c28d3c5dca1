# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans of switchovers by a table of what may be seen; every refusal with its whole message."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.plan import NOTHING, Objection
from ansible_collections.freeagentics.platform.plugins.module_utils.failover.seen import Member, Sight, Store
from ansible_collections.freeagentics.platform.plugins.module_utils.failover.switch import SWITCHOVER, make
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.timeline import History, Switch
from tests.unit.plugins.module_utils.failover import fake_members

HISTORY = History(2, (Switch(1, 100),))
member = partial(fake_members.standby, history=HISTORY)
STORE = Store(
    leader="db1",
    revision=77,
    position=1000,
    identifier="7",
    synchronous=("db2", "db3"),
    history=HISTORY,
    config={"maximum_lag_on_failover": 4096},
)
QUORUM = {"synchronous_mode": "quorum", "maximum_lag_on_failover": 4096}
PRIMARY, DB2, DB3 = fake_members.primary(history=HISTORY, position=1100), member("db2"), member("db3", position=1050)


def plan(*members, candidate="", **changes):
    return make(Sight(members, replace(STORE, **changes)), candidate)


def objections(*members, candidate="", **changes):
    return [one.reason for one in plan(*members, candidate=candidate, **changes).objections]


def test_a_synchronous_standby_takes_over():
    made = plan(PRIMARY, DB2, DB3)
    assert (made.kind, made.old, made.revision, made.candidate, made.named) == (SWITCHOVER, "db1", 77, "db3", False)
    assert (made.lost, made.objections) == (0, ())
    assert made.steps == (
        "let the pools of the application's hosts hold their clients back",
        "let db1 write a checkpoint and shut down",
        "Patroni elects, db3 or another synchronous standby",
        "let the clients go on, and prove that one server takes writes and the others follow",
    )


def test_an_asynchronous_member_takes_over_only_where_none_has_to_be_synchronous():
    assert objections(PRIMARY, DB2, DB3, candidate="db2", synchronous=("db3",), config=QUORUM) == [
        "db2 cannot lead: it is not synchronous. Name another one, or leave candidate away"
    ]
    made = plan(PRIMARY, DB2, DB3, candidate="db2", synchronous=("db3",))
    assert (made.candidate, made.named, made.steps[2]) == ("db2", True, "db2 leads")


def test_where_it_leads_already_nothing_is_done():
    made = plan(PRIMARY, DB2, candidate="db1")
    assert (made.kind, made.why, made.objections) == (NOTHING, "db1 leads already", ())


def test_a_store_that_is_away_stops_it():
    assert make(Sight((PRIMARY,), None, "timed out")).objections == (
        Objection(
            "the cluster store does not answer (timed out), so nobody can be made to lead. Bring a majority of its "
            "members back first; docs/failover.md, The cluster store, says how"
        ),
    )


@pytest.mark.parametrize(
    ("members", "options", "reason"),
    [
        (
            (replace(PRIMARY, answers=False), DB2, DB3),
            {},
            "db1 holds the lease and does not serve: this is no planned switchover; playbooks/failover.yml is for that",
        ),
        (
            (PRIMARY, DB2, DB3),
            {"leader": ""},
            "nobody leads: this is no planned switchover; playbooks/failover.yml is for that",
        ),
        (
            (Member("db1", unreached="timed out", role="primary", state="running", seen_by=("db2",)), DB2, DB3),
            {},
            "the host of db1 does not answer here (timed out), and a switchover begins on it: bring the way to it back",
        ),
        ((PRIMARY, DB2), {"candidate": "db9"}, "db9 is no member of this cluster; db1, db2 are"),
        (
            (PRIMARY, replace(DB2, patroni="inactive")),
            {"candidate": "db2"},
            "db2 cannot lead: its Patroni is inactive. Name another one, or leave candidate away",
        ),
        (
            (PRIMARY, DB2, replace(DB3, tags={"nofailover": True})),
            {"synchronous": ("db3",), "config": QUORUM},
            "no synchronous standby can take over (db2: it is not synchronous; db3: its tags say nofailover); "
            "synchronous are: db3. Bring one of them back, and wait until `patronictl list` calls it synchronous",
        ),
        (
            (PRIMARY, replace(DB2, answers=False), replace(DB3, process="T")),
            {"config": QUORUM},
            "no synchronous standby can take over (db2: its PostgreSQL does not answer; db3: its server is stopped by "
            "a signal); synchronous are: db2, db3. Bring one of them back, and wait until `patronictl list` calls it "
            "synchronous",
        ),
        (
            (PRIMARY,),
            {"synchronous": (), "config": QUORUM},
            "no synchronous standby can take over (there is no other member); synchronous are: none. Bring one of them "
            "back, and wait until `patronictl list` calls it synchronous",
        ),
        (
            (PRIMARY, DB2),
            {"synchronous": ()},
            "no synchronous standby can take over (db2: it is not synchronous); synchronous are: none. Name one of "
            "them with -e candidate, or bring one back",
        ),
        (
            (replace(PRIMARY, position=9000), DB2),
            {"candidate": "db2"},
            "db2 lacks 8000 bytes of log, more than maximum_lag_on_failover (4096): writes would wait until it has "
            "them. Wait until it has caught up, or name another one",
        ),
    ],
)
def test_what_is_no_planned_switchover_is_refused(members, options, reason):
    assert objections(*members, **options) == [reason]


def test_maintenance_mode_is_refused():
    assert objections(PRIMARY, DB2, config={"pause": True}) == [
        "Patroni is in maintenance mode, in which it lets nobody take over: run `patronictl resume` on a database host "
        "and then this again"
    ]


def test_a_leader_that_is_asked_for_and_does_not_serve_is_refused_twice():
    """It leads by its lease alone, and nobody can hand over to it."""
    assert objections(replace(PRIMARY, answers=False), DB2, candidate="db1") == [
        "db1 holds the lease and does not serve: this is no planned switchover; playbooks/failover.yml is for that",
        "db1 cannot lead: its PostgreSQL does not answer. Name another one, or leave candidate away",
    ]
