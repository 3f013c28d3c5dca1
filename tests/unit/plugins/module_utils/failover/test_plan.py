# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans of failovers by a table of what may be seen; every refusal with its whole message."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.plan import (
    ELECTION,
    FAILOVER,
    LEASE,
    NOTHING,
    ON_HOST,
    POWER,
    RETURN,
    Objection,
    Request,
    make,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.failover.seen import Sight, Store
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.timeline import History, Switch
from tests.unit.plugins.module_utils.failover import fake_members
from tests.unit.plugins.module_utils.failover.fake_members import HISTORY, OTHER_WAY, dead

STORE = Store(
    leader="db1",
    lease=14.0,
    revision=77,
    position=1000,
    identifier="7",
    synchronous=("db2", "db3"),
    synchronous_leader="db1",
    quorum=1,
    history=HISTORY,
    config={"ttl": 20, "maximum_lag_on_failover": 4096, "synchronous_mode": "quorum"},
)


def standby(name, position=1000, **changes):
    """A standby whose Patroni two hosts see."""
    return fake_members.standby(name, position, **{"seen_by": ("db2", "db3"), **changes})


def primary(name="db1", **changes):
    return fake_members.primary(name, **{"seen_by": ("db2", "db3"), **changes})


def sight(*members, **changes):
    return Sight(members, replace(STORE, **changes))


def test_where_the_host_is_dead_its_power_is_taken_and_the_one_that_has_most_leads():
    plan = make(sight(dead("db1"), standby("db2", 1000), standby("db3", 1040)), Request(power=True))
    assert (plan.kind, plan.old, plan.revision, plan.fence, plan.named) == (FAILOVER, "db1", 77, POWER, False)
    assert (plan.candidate, plan.why) == ("db3", "nobody that may lead has more; synchronous, log up to 0/410")
    assert (plan.lost, plan.loss, plan.objections) == (0, "no acknowledged write", ())
    assert plan.steps == (
        "take the power of db1, and see that it is off",
        "take the lease from db1",
        "Patroni elects, db3 by what is known",
        "prove it: one server takes writes, and a write waits for a standby",
        "take a full backup",
    )


def test_where_the_host_answers_the_server_is_stopped_there():
    frozen = primary(answers=False, process="T", in_recovery=None, position=900, exact=False)
    plan = make(sight(frozen, standby("db2"), standby("db3")), Request(power=True))
    assert (plan.kind, plan.fence) == (FAILOVER, ON_HOST)
    assert plan.steps[0] == "stop Patroni and PostgreSQL on db1, and see that no process of it is left"


def test_without_power_the_lease_is_waited_for():
    plan = make(sight(dead("db1"), standby("db2"), standby("db3")), Request())
    assert (plan.fence, plan.objections) == (LEASE, ())
    assert plan.steps[:2] == (
        "wait 14 s until the lease of db1 has run out",
        "Patroni elects, db2 by what is known",
    )


def test_without_power_it_can_be_refused():
    plan = make(sight(dead("db1"), standby("db2"), standby("db3")), Request(unfenced="refuse"))
    assert plan.objections == (
        Objection(
            "nothing proves that db1 cannot write: its host does not answer, and no failover_fence_command is set that "
            "takes its power",
            "-e unfenced=wait, which waits until its lease has run out",
        ),
    )


@pytest.mark.parametrize(
    ("old", "follows", "why"),
    [
        (primary(), "", "db1 leads and takes writes"),
        (
            dead("db1", role="primary", state="running", seen_by=("db2", "db3")),
            "",
            "db1 leads and serves, as db2, db3 see; its host does not answer here",
        ),
        (standby("db1", role="standby_leader"), "10.0.0.9", "db1 leads and follows 10.0.0.9"),
    ],
)
def test_a_primary_that_serves_is_left_alone(old, follows, why):
    config = {"standby_cluster": {"host": follows}} if follows else {}
    plan = make(sight(old, standby("db2"), standby("db3"), config=config), Request())
    assert (plan.kind, plan.why, plan.steps, plan.objections) == (NOTHING, why, (), ())


DEAF = "and so perhaps no application: -e old_primary=db1 lets another one lead"


@pytest.mark.parametrize(
    ("old", "others", "how"),
    [
        (primary(seen_by=()), ["db2", "db3"], f"takes writes, but nothing of it reaches db2, db3, {DEAF}"),
        (primary(seen_by=("db1",)), ["db2", "db3"], f"takes writes, but nothing of it reaches db2, db3, {DEAF}"),
        # One host that gets an answer of its Patroni is enough.
        (primary(seen_by=("db1", "db3")), ["db2", "db3"], "takes writes"),
        (primary(seen_by=("db2",)), ["db2", "db3"], "takes writes"),
        # Who does not answer says nothing of it.
        (primary(seen_by=("db1",)), ["db3"], f"takes writes, but nothing of it reaches db3, {DEAF}"),
        (primary(seen_by=()), [], "takes writes"),
        (primary(seen_by=("db1",)), [], "takes writes"),
    ],
)
def test_a_primary_whose_patroni_nobody_else_reaches_is_left_alone_and_told(old, others, how):
    members = [standby(name) if name in others else dead(name) for name in ("db2", "db3")]
    plan = make(sight(old, *members), Request())
    assert (plan.kind, plan.why, plan.steps, plan.objections) == (NOTHING, f"db1 leads and {how}", (), ())


@pytest.mark.parametrize(
    "old",
    [
        primary(answers=False, in_recovery=None),
        primary(process="T"),
        primary(patroni="failed"),
        standby("db1"),
        dead("db1"),
        dead("db1", role="primary", state="stopped"),
        dead("db1", role="replica", state="running"),
    ],
)
def test_a_primary_that_does_not_serve_is_followed_by_another(old):
    assert make(sight(old, standby("db2"), standby("db3")), Request()).kind == FAILOVER


def test_a_primary_that_serves_can_be_named_as_the_one_that_shall_not():
    plan = make(sight(primary(), standby("db2"), standby("db3")), Request(old_primary="db1"))
    assert (plan.kind, plan.fence, plan.candidate) == (FAILOVER, ON_HOST, "db2")


def test_once_another_leads_nothing_is_left_to_do():
    seen = sight(dead("db1"), primary("db2"), standby("db3"), leader="db2")
    assert make(seen, Request(old_primary="db1")).kind == NOTHING


def test_where_nobody_holds_the_lease_the_election_is_waited_for():
    plan = make(sight(dead("db1"), standby("db2"), standby("db3"), leader="", revision=0), Request(power=True))
    assert (plan.kind, plan.old, plan.fence) == (ELECTION, "", "")
    assert plan.steps[0] == "Patroni elects, db2 by what is known"


def test_a_member_that_is_asked_for_leads():
    plan = make(
        sight(dead("db1"), standby("db2"), standby("db3", 1040)), Request(candidate="db2", power=True, lost_bytes=64)
    )
    assert (plan.candidate, plan.named) == ("db2", True)
    assert plan.why == "it was asked for; synchronous, log up to 0/3E8"
    assert plan.steps[2] == "db2 leads"
    assert plan.objections == ()


def test_a_store_that_does_not_answer_stops_everything():
    plan = make(Sight((dead("db1"), standby("db2")), None, "timed out"), Request())
    assert plan.objections == (
        Objection(
            "the cluster store does not answer (timed out), so nobody can be made to lead. Bring a majority of its "
            "members back first; docs/failover.md, The cluster store, says how"
        ),
    )


def objections(*members, request=None, **changes):
    plan = make(sight(*members, **changes), request or Request(power=True))
    return [(one.reason, one.overrule) for one in plan.objections]


def test_maintenance_mode_is_refused():
    assert objections(dead("db1"), standby("db2"), standby("db3"), config={"pause": True}) == [
        (
            "Patroni is in maintenance mode, in which it lets nobody take over: run `patronictl resume` on a database "
            "host and then this again",
            "",
        )
    ]


def test_the_data_of_another_cluster_is_refused():
    assert objections(dead("db1"), standby("db2"), standby("db3", identifier="8"), quorum=0) == [
        (
            "db3 has the data of another cluster (8; this one is 7): take it out of the cluster first; "
            "docs/postgres.md, When a run stops, says how",
            "",
        )
    ]


def test_the_data_of_other_clusters_is_refused_of_all_members_that_have_it():
    members = [standby("db2", identifier="9"), standby("db3", identifier="8"), standby("db4")]
    assert objections(dead("db1"), *members, synchronous=("db4",), quorum=0) == [
        (
            "db2, db3 have the data of another cluster (8, 9; this one is 7): take them out of the cluster first; "
            "docs/postgres.md, When a run stops, says how",
            "",
        )
    ]


def test_a_member_that_went_another_way_with_the_same_number_never_leads():
    """It has more than the others, and Patroni would take it."""
    strayed = standby("db3", 5000, history=OTHER_WAY)
    reason = "timeline 2 was left at 0/96 by one and at 0/C8 by the other"
    assert objections(dead("db1"), standby("db2"), strayed) == [
        (
            f"db3 went another way than the cluster ({reason}), and Patroni, which compares positions, might elect it",
            "-e candidate=NAME, which names who leads",
        )
    ]
    assert objections(dead("db1"), standby("db2"), strayed, request=Request(candidate="db3")) == [
        (f"db3 cannot lead: it went another way than the cluster: {reason}. db2 can", "")
    ]
    # A member whose Patroni does not run is elected by nobody, and nobody is where Patroni is told who leads.
    assert objections(dead("db1"), standby("db2"), replace(strayed, patroni="failed")) == []
    assert objections(dead("db1"), standby("db2"), strayed, request=Request(candidate="db2")) == []


def test_a_member_that_is_only_behind_did_not_go_another_way():
    """It is still on the timeline before, and has nothing that the cluster has not."""
    behind = standby("db3", 150, history=History(2, (Switch(1, 100),)))
    assert objections(dead("db1"), standby("db2"), behind) == []


def test_a_lost_primary_that_came_back_and_is_not_rewound_yet_is_in_nobodys_way():
    """It wrote on where the cluster had left its timeline, and its server does not run."""
    returned = standby("db3", 9000, history=History(2, (Switch(1, 100),)), answers=False)
    plan = make(sight(dead("db1"), standby("db2"), returned, synchronous=("db2",), quorum=0), Request(power=True))
    assert (plan.candidate, plan.objections, plan.lost) == ("db2", (), 0)
    asked = objections(dead("db1"), standby("db2"), replace(returned, answers=True), request=Request(candidate="db3"))
    assert asked == [
        (
            "db3 cannot lead: it went another way than the cluster: timeline 2 was left at 0/C8, before 0/2328. "
            "db2 can",
            "",
        )
    ]


def test_what_all_members_have_in_common_is_no_other_way():
    """Patroni notes a switch some seconds after it was made."""
    newer = History(4, (*HISTORY.switches, Switch(3, 900)))
    members = [dead("db1"), standby("db2", history=newer), standby("db3", history=newer)]
    assert objections(*members) == []


def test_a_candidate_that_lags_is_refused():
    request = Request(candidate="db2", power=True)
    assert objections(dead("db1"), standby("db2", 1000), standby("db3", 9000), request=request) == [
        ("db2 lacks 8000 bytes of log that db3 has: they would be lost", "-e lost_bytes=8000")
    ]
    enough = Request(candidate="db2", power=True, lost_bytes=8000)
    assert objections(dead("db1"), standby("db2", 1000), standby("db3", 9000), request=enough) == []
    plan = make(sight(dead("db1"), standby("db2", 1000), standby("db3", 9000)), enough)
    assert (plan.named, plan.forced, plan.lost_bytes) == (True, False, 8000)


def test_an_asynchronous_cluster_loses_what_only_the_primary_had():
    lone, asynchronous = [dead("db1"), standby("db2", 400)], {"synchronous": (), "quorum": 0, "config": {"ttl": 20}}
    assert objections(*lone, **asynchronous) == [
        ("db2 lacks 600 bytes of log that the primary had: they would be lost", "-e lost_bytes=600")
    ]
    assert make(sight(*lone, **asynchronous), Request()).loss == "at least 600 bytes of log"
    assert make(sight(*lone, **asynchronous), Request(lost_bytes=600)).named
    plan = make(sight(dead("db1"), standby("db2"), **asynchronous), Request())
    assert (plan.lost, plan.loss, plan.objections) == (
        None,
        "what was written in the 20 s before the primary was lost, at most",
        (),
    )


def test_a_standby_that_was_not_synchronous_leads_only_by_the_operators_word():
    """Patroni let the primary write alone, as no standby was there, and elects nobody."""
    config = {"synchronous_mode": "quorum", "ttl": 20}
    changes = {"synchronous": (), "quorum": 0, "config": config}
    assert objections(dead("db1"), standby("db2"), **changes) == [
        (
            "no standby was synchronous when the primary was lost, so Patroni elects nobody: what only the primary "
            "had is lost",
            "-e candidate=db2 -e unknown_loss=true",
        )
    ]
    request = Request(power=True, candidate="db2", unknown_loss=True)
    plan = make(sight(dead("db1"), standby("db2"), **changes), request)
    assert (plan.objections, plan.named, plan.forced) == ((), True, True)


@pytest.mark.parametrize("old", [primary(seen_by=()), primary()])
def test_a_primary_that_may_go_on_alone_before_it_is_stopped_is_on_the_timeline_of_its_candidate(old):
    """Its log can be asked then, although nothing has to be seen in it by this plan."""
    plan = make(sight(old, standby("db2"), standby("db3")), Request(old_primary="db1"))
    assert (plan.old, plan.after, plan.timeline) == ("db1", "", 3)


ALONE = {"synchronous": (), "quorum": 0, "config": {"synchronous_mode": "quorum", "ttl": 20}}
DOWN = {"answers": False, "process": "", "patroni": "failed", "in_recovery": None, "position": 900, "exact": False}


@pytest.mark.parametrize(
    ("old", "leader", "kind", "takes"),
    [
        # Nothing reaches it, and it holds its lease; an operator says that it shall lead no more.
        (primary(seen_by=()), "db1", FAILOVER, ("take the lease from db1",)),
        # It was stopped by a run that died.
        (primary(**DOWN), "db1", FAILOVER, ("take the lease from db1",)),
        (primary(**DOWN), "", ELECTION, ()),
    ],
)
def test_where_no_standby_was_synchronous_the_log_of_a_host_that_answers_tells(old, leader, kind, takes):
    plan = make(sight(old, standby("db2"), leader=leader, **ALONE), Request(old_primary="db1"))
    assert (plan.kind, plan.old, plan.fence, plan.candidate, plan.named) == (kind, "db1", ON_HOST, "db2", True)
    assert (plan.after, plan.timeline, plan.forced, plan.objections) == ("0/3E8", 3, False, ())
    assert plan.loss == "no acknowledged write: nothing is done unless db1 committed nothing that db2 lacks"
    assert plan.steps == (
        "see in the log of db1 that it committed nothing that db2 lacks",
        "stop Patroni and PostgreSQL on db1, and see that no process of it is left",
        "look into its log again; db1 is let back where it committed something meanwhile",
        *takes,
        "db2 leads",
        "prove it: one server takes writes, and a write waits for a standby",
        "take a full backup",
    )


@pytest.mark.parametrize(
    ("old", "request_changes"),
    [
        (dead("db1"), {}),
        # Its log is of another timeline than that of the candidate, which has no position on it.
        (primary(seen_by=(), history=History(2, (Switch(1, 100),))), {}),
        (primary(seen_by=(), history=OTHER_WAY), {}),
        (primary(seen_by=()), {"unknown_loss": True, "candidate": "db2"}),
    ],
)
def test_where_no_log_tells_nothing_is_compared(old, request_changes):
    plan = make(sight(old, standby("db2"), **ALONE), Request(old_primary="db1", **request_changes))
    assert (plan.after, bool(plan.objections)) == ("", not request_changes)


def test_a_primary_that_nothing_reaches_is_killed_while_its_standbys_are_known():
    """Its shutdown would wait for them, and Patroni would drop them meanwhile."""
    members = [primary(seen_by=("db1",)), standby("db2"), standby("db3", 1040)]
    plan = make(sight(*members), Request(old_primary="db1"))
    assert (plan.candidate, plan.named, plan.forced, plan.after, plan.lost) == ("db3", True, False, "", 0)
    assert not make(sight(primary(), *members[1:]), Request(old_primary="db1")).named
    # Its own Patroni does not answer either: its server hears others.
    assert not make(sight(primary(seen_by=()), *members[1:]), Request(old_primary="db1")).named


#: A run killed it, and nobody has let it back.
HELD = {**DOWN, "patroni": "inactive", "fenced": True}
BACK = (
    "{0}, or who Patroni elects once {1} there: an earlier run stopped {2}, and nobody else is known to have every "
    "acknowledged write"
)


@pytest.mark.parametrize(
    ("members", "request_", "changes"),
    [
        # The candidate fell silent, and holds what the other one may lack; the lease still runs, or has run out.
        ([primary(**HELD), dead("db2"), standby("db3")], {}, {}),
        ([primary(**HELD), dead("db2"), standby("db3")], {}, {"leader": ""}),
        # It was asked for by name, or the old primary is named again.
        ([primary(**HELD), dead("db2"), standby("db3")], {"candidate": "db2", "old_primary": "db1"}, {}),
        ([primary(**HELD), dead("db2"), standby("db3")], {"old_primary": "db1"}, {"leader": ""}),
        # Nobody else is there, also where a loss was accepted: there is nobody to lose it with.
        ([primary(**HELD), dead("db2"), dead("db3")], {}, {}),
        ([primary(**HELD), dead("db2"), dead("db3")], {"without": ("db2",), "lost_bytes": 9}, {"leader": ""}),
        # It is the last synchronous one, or alone has what it wrote without any.
        ([primary(**HELD), dead("db2"), standby("db3")], {}, {"leader": "", "synchronous_leader": "db2"}),
        ([primary(**{**HELD, "history": None}), standby("db2")], {}, ALONE),
        # Of an asynchronous cluster, too.
        ([primary(**HELD), standby("db2", 900)], {}, {"synchronous": (), "quorum": 0, "config": {}, "leader": ""}),
    ],
)
def test_where_nobody_else_is_known_to_have_everything_who_was_stopped_is_let_back(members, request_, changes):
    if changes.get("synchronous_leader"):
        changes = {**changes, "synchronous": ("db1", "db3")}
    plan = make(sight(*members, **changes), Request(power=True, **request_))
    assert (plan.kind, plan.back, plan.objections) == (RETURN, ("db1",), ())
    assert (plan.old, plan.candidate, plan.fence, plan.revision, plan.stop, plan.left) == ("", "", "", 0, (), ())
    assert plan.why == BACK.format("db1", "it is", "it")
    assert plan.loss == "nothing by this run, which takes the lease from nobody"
    assert plan.steps == (
        "let db1 back, which an earlier run stopped",
        "wait until a member leads",
        "prove it: one server takes writes, and a write waits for a standby",
        "take a full backup",
    )


def test_all_that_were_stopped_and_have_the_data_of_the_cluster_are_let_back():
    others = [primary("db2", **HELD), primary("db4", **HELD, identifier="8"), dead("db3")]
    plan = make(sight(primary(**HELD), *others), Request())
    assert (plan.kind, plan.back) == (RETURN, ("db1", "db2"))
    assert plan.why == BACK.format("db1, db2", "they are", "them")


SILENT = "db2 does not answer and may hold acknowledged writes that db3 lacks, and Patroni elects nobody without it"


@pytest.mark.parametrize(
    ("old", "others", "request_", "changes", "reason"),
    [
        # A loss was accepted, and one can lead with another one.
        ({}, [standby("db3"), dead("db2")], {"lost_bytes": 10}, {}, SILENT),
        # Somebody writes without the lease, holds it, or leads instead of the region.
        ({}, [standby("db3"), dead("db2"), primary("db4")], {}, {"leader": ""}, SILENT),
        (
            {},
            [standby("db3"), dead("db2"), dead("db4")],
            {},
            {"leader": "db4"},
            "db2, db1 do not answer and may hold acknowledged writes that db3 lacks",
        ),
        ({}, [standby("db3"), dead("db2")], {}, {"superseded_by": "west"}, SILENT),
        # It is no longer stopped, or it has another cluster's data, or went another way than this one.
        ({"fenced": False}, [standby("db3"), dead("db2")], {}, {}, SILENT),
        ({"patroni": "active"}, [standby("db3"), dead("db2")], {}, {}, SILENT),
        ({"history": OTHER_WAY}, [standby("db3"), dead("db2")], {}, {}, SILENT),
        # Its word could let one lead that went another way.
        (
            {},
            [standby("db3"), dead("db2"), standby("db4", 5000, history=OTHER_WAY)],
            {},
            {},
            "db4 went another way than the cluster (timeline 2 was left at 0/96 by one and at 0/C8 by the other), and "
            "Patroni, which compares positions, might elect it",
        ),
        # It neither led last nor was synchronous.
        ({}, [standby("db3"), dead("db2")], {}, {"leader": "", "synchronous_leader": "db2"}, SILENT),
        # Nobody would let it lead.
        (
            {},
            [standby("db3"), dead("db2")],
            {},
            {"config": {**STORE.config, "pause": True}},
            "Patroni is in maintenance mode, in which it lets nobody take over: run `patronictl resume` on a database "
            "host and then this again",
        ),
        # Another one than the one that was asked for has everything.
        (
            {},
            [standby("db3"), dead("db2")],
            {"candidate": "db2"},
            {"quorum": 0},
            "db2 cannot lead: its host does not answer: Connection timed out. db3 can",
        ),
    ],
)
def test_who_was_stopped_is_not_let_back_by_itself_where_that_ends_nothing(old, others, request_, changes, reason):
    superseded_by = changes.get("superseded_by", "")
    kept = {key: value for key, value in changes.items() if key != "superseded_by"}
    seen = replace(sight(primary(**{**HELD, **old}), *others, **kept), superseded_by=superseded_by)
    plan = make(seen, Request(**request_))
    assert (plan.kind in (FAILOVER, ELECTION), plan.back) == (True, ())
    assert plan.objections[0].reason.startswith(reason)


def test_where_another_one_has_everything_it_leads_and_who_was_stopped_follows():
    plan = make(sight(primary(**HELD), standby("db2"), standby("db3")), Request())
    assert (plan.kind, plan.candidate, plan.left, plan.back, plan.objections) == (FAILOVER, "db2", ("db1",), (), ())


def test_why_one_that_was_stopped_cannot_lead_is_told():
    plan = make(sight(primary(**HELD, tags={"nofailover": True}), dead("db2"), leader="db2"), Request())
    assert plan.objections[0].reason == (
        "no member can lead (db1: an earlier run stopped it; db2: its host does not answer: Connection timed out). "
        "Bring one of them back, or restore the database: docs/restore.md"
    )


def test_a_region_that_follows_acknowledged_nothing_by_itself():
    config = {**ALONE["config"], "standby_cluster": {"host": "10.0.0.9"}}
    plan = make(sight(primary(**DOWN), standby("db2"), **{**ALONE, "config": config}), Request())
    assert plan.after == ""


def test_where_every_member_is_far_behind_patroni_elects_nobody():
    members = [dead("db1"), standby("db2"), standby("db3")]
    assert objections(*members, position=9000) == [
        (
            "db2 lacks 8000 bytes up to where the primary was last, more than maximum_lag_on_failover (4096), so "
            "Patroni elects nobody",
            "-e candidate=db2",
        )
    ]
    assert objections(*members, position=9000, request=Request(power=True, candidate="db2")) == []


def test_a_server_that_is_down_does_not_tell_how_much_it_has():
    """It has its last checkpoint at least, and maybe what a client was told of."""
    down = standby("db3", 500, answers=False, exact=False, patroni="inactive")
    assert [reason for reason, _overrule in objections(dead("db1"), standby("db2"), down)] == [
        "db3 does not answer and may hold acknowledged writes that db2 lacks, and Patroni elects nobody without it: "
        "bring it back"
    ]


def test_a_server_that_is_starting_is_waited_for():
    """Whoever has brought it back is not told to do so."""
    down = standby("db3", 500, answers=False, exact=False)
    assert objections(dead("db1"), standby("db2"), down, request=Request(power=True)) == [
        (
            "db3 is starting, and may hold acknowledged writes that db2 lacks: Patroni elects by itself once its "
            "PostgreSQL answers. Run this again in some seconds",
            "-e without=db3, which loses those writes for good",
        )
    ]


def test_just_after_a_failover_the_leader_before_counts_too():
    """The key is still that of db1, and db2, which leads and dies, told clients what db1 alone has."""
    members = [standby("db1", 1500), dead("db2"), standby("db3", 1000)]
    plan = make(sight(*members, leader="db2", synchronous_leader="db1"), Request(power=True))
    assert (plan.candidate, plan.lost, plan.loss) == ("db3", 500, "500 bytes of log")


def test_what_is_lost_is_told_in_bytes_and_in_seconds():
    """As the clock of the last transaction has it that the candidate replayed."""
    members = [dead("db1"), standby("db2", 400, replayed_at=1795661987.6)]
    asynchronous = sight(*members, synchronous=(), quorum=0, config={"ttl": 20})
    assert make(asynchronous, Request(), 1795662000.0).loss == (
        "at least 600 bytes of log: what was committed after 2026-11-26 02:59:47.600Z, 12 s ago"
    )
    assert make(asynchronous, Request()).loss == "at least 600 bytes of log"
    level = sight(dead("db1"), standby("db2", replayed_at=1795661987.6), standby("db3"))
    assert make(level, Request(), 1795662000.0).loss == "no acknowledged write"


def test_who_takes_writes_without_the_lease_is_stopped_and_never_leads():
    rogue = primary("db1", position=9000)
    plan = make(sight(rogue, primary("db2"), standby("db3"), leader="db2"), Request())
    assert (plan.kind, plan.stop) == (NOTHING, ("db1",))
    assert plan.steps == ("stop db1, which takes writes without the lease, and let it follow",)
    plan = make(sight(rogue, standby("db2"), standby("db3"), leader=""), Request())
    assert (plan.kind, plan.stop, plan.candidate) == (ELECTION, ("db1",), "db2")
    assert plan.steps[0] == "stop db1, which takes writes without the lease"


def test_who_was_stopped_before_is_let_back_and_the_plan_says_so():
    stopped = standby("db1", answers=False, in_recovery=None, process="", patroni="inactive", fenced=True)
    frozen = standby("db3", answers=False, process="T")
    plan = make(sight(stopped, primary("db2"), frozen, leader="db2"), Request())
    assert (plan.kind, plan.left) == (NOTHING, ("db1", "db3"))
    assert plan.steps == ("let db1, db3 follow again, which an earlier run or a signal stopped",)


def test_a_member_that_made_a_timeline_of_its_own_never_leads():
    """It was promoted by hand and restarted as a standby; the others went on without it."""
    alone = standby("db3", 5000, history=History(4, (*HISTORY.switches, Switch(3, 900))))
    assert objections(dead("db1"), standby("db2", 1000), alone, request=Request(candidate="db3")) == [
        ("db3 cannot lead: it went another way than the cluster: it alone left timeline 3, at 0/384. db2 can", "")
    ]


def test_a_member_that_made_a_timeline_where_the_others_end_did_not_go_another_way():
    newer = standby("db3", history=History(4, (*HISTORY.switches, Switch(3, 1000))))
    assert objections(dead("db1"), standby("db2", 1000), newer) == []


def test_silent_members_that_may_hold_more_are_refused():
    members = [dead("db1"), standby("db2"), dead("db3"), dead("db4")]
    voters = {"synchronous": ("db2", "db3", "db4")}
    reason = (
        "{} not answer and may hold acknowledged writes that db2 lacks, and Patroni elects nobody without {}: bring {} "
        "back"
    )
    overrule = "-e without=db3,db4, which loses those writes for good"
    assert objections(*members, **voters) == [(reason.format("db3, db4 do", "them", "them"), overrule)]
    assert objections(*members, **voters, request=Request(power=True, without=("db3",))) == [
        (reason.format("db4 does", "it", "it"), overrule)
    ]
    plan = make(sight(*members, **voters), Request(power=True))
    assert plan.loss == "not known: db3, db4 may hold acknowledged writes that nobody else has"


def test_a_silent_member_that_may_hold_more_is_refused():
    members = [dead("db1"), standby("db2"), dead("db3")]
    assert objections(*members) == [
        (
            "db3 does not answer and may hold acknowledged writes that db2 lacks, and Patroni elects nobody without "
            "it: bring it back",
            "-e without=db3, which loses those writes for good",
        )
    ]
    plan = make(sight(*members), Request(power=True, without=("db3",)))
    assert (plan.objections, plan.named, plan.candidate) == ((), True, "db2")
    assert plan.loss == "not known: db3 may hold acknowledged writes that nobody else has"


def test_a_silent_member_does_not_matter_where_every_standby_has_everything():
    """With two synchronous standbys that all have to acknowledge, each of them has every write."""
    assert objections(dead("db1"), standby("db2"), dead("db3"), quorum=0) == []


@pytest.mark.parametrize(
    ("member", "reason"),
    [
        (dead("db2"), "its host does not answer: Connection timed out"),
        (standby("db2", patroni="inactive"), "its Patroni is inactive"),
        (standby("db2", process="T"), "its server is stopped by a signal"),
        (standby("db2", answers=False), "its PostgreSQL does not answer"),
        (standby("db2", tags={"nofailover": True}), "its tags say nofailover"),
        (standby("db2", patroni=""), "its Patroni is not there"),
    ],
)
def test_where_nobody_can_lead_it_is_said_why(member, reason):
    assert objections(dead("db1"), member) == [
        (
            f"no member can lead (db1: its host does not answer: Connection timed out; db2: {reason}). Bring one of "
            "them back, or restore the database: docs/restore.md",
            "",
        )
    ]


def test_where_only_the_one_can_lead_that_shall_not_it_is_said():
    assert objections(standby("db1"), dead("db2")) == [
        (
            "no member can lead (db1: it is the one that leads no more; db2: its host does not answer: Connection "
            "timed out). Bring one of them back, or restore the database: docs/restore.md",
            "",
        )
    ]


@pytest.mark.parametrize(
    ("member", "name", "reason"),
    [
        (dead("db1"), "db9", "db9 is no member of this cluster; db2, db3 can lead"),
        (dead("db1"), "db1", "db1 cannot lead: its host does not answer: Connection timed out. db2, db3 can"),
        (standby("db1"), "db1", "db1 cannot lead: it holds the lease itself. db2, db3 can"),
        (primary("db4"), "db4", "db4 cannot lead: it takes writes without the lease. db2, db3 can"),
    ],
)
def test_a_candidate_that_cannot_lead_is_refused(member, name, reason):
    members = [member, standby("db2"), standby("db3")]
    assert objections(*members, request=Request(candidate=name, power=True)) == [(reason, "")]


def test_a_candidate_that_shall_lead_no_more_is_refused():
    request = Request(candidate="db1", old_primary="db1")
    reason = "db1 cannot lead: it is the one that shall lead no more. db2, db3 can"
    assert (reason, "") in objections(primary("db1"), standby("db2"), standby("db3"), request=request)


def test_whoever_shall_lead_instead_of_one_that_serves_is_told_how():
    plan = make(sight(primary("db1"), standby("db2"), standby("db3")), Request(candidate="db2"))
    assert plan.kind == NOTHING
    assert plan.why.endswith(". That db2 leads instead, as planned, is what playbooks/switchover.yml does")


def test_a_candidate_with_the_data_of_another_cluster_is_refused():
    _other_cluster, refused = objections(
        dead("db1"), standby("db2"), standby("db3", identifier="8"), request=Request(candidate="db3")
    )
    assert refused == ("db3 cannot lead: it has the data of another cluster. db2 can", "")


def test_what_no_client_was_told_of_is_no_loss():
    plan = make(sight(dead("db1"), standby("db2", 990), standby("db3", 980)), Request(power=True))
    assert (plan.lost, plan.loss) == (0, "no acknowledged write; 10 bytes that no client was told of")
