# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Plans that let a region lead, by a table of what may be seen of two regions; every objection with its whole text."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.plan import Objection
from ansible_collections.freeagentics.platform.plugins.module_utils.failover.region import (
    CATCH_UP,
    LEADS,
    PLANNED,
    UNDECIDED,
    UNPLANNED,
    Plan,
    Request,
    leader,
    lines,
    make,
    moment,
    of_restore,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.failover.seen import Sight, Store
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.timeline import History, Switch
from tests.unit.plugins.module_utils.failover.fake_members import OTHER_WAY, dead, primary, standby

NOW = 1795662000.0
REPLAYED = NOW - 12.4
ADDRESSES = {"10.0.0.1": "east", "10.0.0.2": "east", "10.1.0.1": "west"}
GONE = "-e region_is_gone=east, which gives up everything that it acknowledges from now on"
ANEW = "-e fresh_copy=west, which puts its data aside and copies it anew"
STEPS_AFTER = (
    "lead the names of the site to west",
    "prove it: one server takes writes",
    "warm the cache by requests, where some are declared",
    "let west grow to its full size, where a command for that is set",
    "take a full backup, and see that the site answers through its public name",
)


def finishing(to):
    """What a run does where a region leads already."""
    return (
        f"lead the names of the site to {to}, and do what an earlier run did not come to: prove it, fill the cache, "
        "grow, take a full backup"
    )


def standby_leader(name="west-db1", **changes):
    return standby(name, **{"role": "standby_leader", "replayed_at": REPLAYED, **changes})


def down(name, **changes):
    """A member whose host answers, and whose server does not."""
    return standby(name, **{"answers": False, "in_recovery": None, "process": "", "role": "", "state": "", **changes})


def sight(*members, follows="", epoch=0, **changes):
    """What was seen of a region in which the first member holds the lease."""
    config = {"ttl": 20, **({"standby_cluster": {"host": follows}} if follows else {})}
    config.update({"region_epoch": epoch} if epoch else {})
    config.update(changes.pop("config", {}))
    return Sight(members, Store(**{"leader": members[0].name, "identifier": "7", "config": config, **changes}))


def silent(*members, error="no database host answered"):
    """What was seen of a region whose cluster store nobody asked with success."""
    return Sight(members, None, error)


def seen_writing(name, *others):
    """A member whose host does not answer, and whose Patroni others see."""
    return dead(name, role="primary", state="running", seen_by=others)


EAST = sight(primary(), standby("db2"))
WEST = sight(standby_leader(), follows="10.0.0.1,10.0.0.2")
LOST = silent(dead("db1"), dead("db2"))
#: The west took over, and the east came back and leads by itself.
SUPERSEDED = sight(primary(), down("db2"))
TOOK_OVER = sight(primary("west-db1"), epoch=1)
#: The east stopped writing, and the west does not lead yet.
YIELDED = sight(standby_leader("db1"), standby("db2"), follows="10.1.0.1")
#: Nobody has initialised it.
NEW = Sight((down("west-db1"),), Store())


def plan_of(east=EAST, west=WEST, to="west", **request):
    return make({"east": east, "west": west}, ADDRESSES, Request(to, **request), NOW)


def plan_of_three(east, west, north, to="west", **request):
    return make({"east": east, "west": west, "north": north}, ADDRESSES, Request(to, **request), NOW)


def told(plan):
    return [(one.reason, one.overrule) for one in plan.objections]


def objections(*regions, **request):
    return told(plan_of(*regions, **request))


# What is to be done


def test_while_both_are_alive_the_one_that_leads_hands_over():
    plan = plan_of()
    assert (plan.kind, plan.to, plan.old, plan.epoch) == (PLANNED, "west", "east", 1)
    assert (plan.returns, plan.stop, plan.power, plan.release, plan.objections) == ((), (), (), (), ())
    assert plan.loss == "nothing: east stops writing, and west has all of its log before it may lead"
    assert plan.steps == (
        "let east stop writing and follow west",
        "wait until west has all of the log of east, and let it lead",
        "lead the names of the site to west",
        "prove it: one server takes writes",
        "carry over the keys that the cache of east has in use",
        "let west grow to its full size, where a command for that is set",
        "take a full backup, and see that the site answers through its public name",
    )


@pytest.mark.parametrize(("east", "west", "epoch"), [(0, 0, 1), (2, 0, 3), (1, 4, 5)])
def test_each_failover_is_counted_on_from_the_highest_number(east, west, epoch):
    plan = plan_of(sight(primary(), epoch=east), sight(standby_leader(), follows="10.0.0.1", epoch=west))
    assert (plan.old, plan.epoch) == ("east", epoch)


@pytest.mark.parametrize("gone", [(), ("east",)])
def test_what_was_restored_is_ahead_of_every_region_that_took_over_and_behind_the_next_one(gone):
    def takes_over(timeline):
        leading = standby_leader(history=History(timeline))
        return plan_of(LOST, sight(leading, follows="10.0.0.1"), gone=gone, power=True).epoch

    # What was restored from what the archive has of timeline 7 began timeline 8.
    assert takes_over(7) < of_restore(8) < takes_over(8)


@pytest.mark.parametrize(("timeline", "west", "epoch"), [(1, 0, 3), (18, 0, 54), (18, 53, 54), (2, 6, 7)])
def test_a_region_that_was_built_anew_leads_by_a_higher_number_than_the_lost_one_had(timeline, west, epoch):
    """It followed, and knows of no failover; the other one comes back with the number by which it led.

    That is three times the timeline before the one that came over, or one less than three times that one after a
    restore, at most.
    """
    leading = standby_leader(history=History(timeline))
    plan = plan_of(LOST, sight(leading, follows="10.0.0.1", epoch=west), power=True)
    assert (plan.kind, plan.epoch) == (UNPLANNED, epoch)


def test_where_a_region_is_lost_its_power_is_taken_and_the_other_one_leads():
    plan = plan_of(LOST, power=True)
    assert (plan.kind, plan.old, plan.epoch) == (UNPLANNED, "east", 9)
    assert (plan.stop, plan.power, plan.release, plan.objections) == ((), ("db1", "db2"), (), ())
    assert plan.loss == "what east acknowledged after 2026-11-26 02:59:47.600Z, 12 s ago"
    assert plan.steps == (
        "take the power of db1, db2, and see that it is off",
        "let west lead",
        *STEPS_AFTER,
    )


def test_where_hosts_of_the_lost_region_answer_they_are_stopped_there():
    plan = plan_of(silent(down("db1"), down("db2"), error="timed out"))
    assert (plan.kind, plan.stop, plan.power, plan.objections) == (UNPLANNED, ("db1", "db2"), (), ())
    assert plan.steps == (
        "stop Patroni and PostgreSQL on db1, db2, and see that no process of them is left",
        "let west lead",
        *STEPS_AFTER,
    )


def test_each_host_of_a_lost_region_is_kept_from_writing_in_its_own_way():
    plan = plan_of(sight(dead("db1"), down("db2")), power=True)
    assert (plan.stop, plan.power, plan.objections) == (("db2",), ("db1",), ())
    assert plan.steps[:2] == (
        "stop Patroni and PostgreSQL on db2, and see that no process of them is left",
        "take the power of db1, and see that it is off",
    )


@pytest.mark.parametrize(
    "old",
    [
        primary(answers=False, in_recovery=None),
        primary(process="T"),
        primary(patroni="failed"),
        standby("db1"),
        dead("db1"),
        dead("db1", role="primary", state="running", seen_by=("west-db1",)),
    ],
)
def test_a_region_whose_leader_does_not_serve_or_is_not_reached_cannot_hand_over(old):
    assert plan_of(sight(old)).kind == UNPLANNED


def test_once_the_region_leads_nothing_is_left_to_do():
    plan = plan_of(YIELDED, TOOK_OVER)
    assert (plan.kind, plan.to, plan.old, plan.epoch) == (LEADS, "west", "", 1)
    assert (plan.returns, plan.stop, plan.power, plan.release) == ((), (), (), ())
    assert (plan.loss, plan.steps, plan.objections) == ("nothing", (finishing("west"),), ())


def test_a_region_that_leads_does_so_although_nobody_sees_the_other_one():
    plan = plan_of(LOST, TOOK_OVER)
    assert (plan.kind, plan.old, plan.stop, plan.power, plan.objections) == (LEADS, "", (), (), ())


# A region that was superseded


def test_a_superseded_region_returns_and_follows():
    plan = plan_of(SUPERSEDED, TOOK_OVER)
    assert (plan.kind, plan.old, plan.epoch, plan.returns) == (LEADS, "", 1, ("east",))
    assert (plan.stop, plan.release, plan.power, plan.objections) == (("db1", "db2"), ("db1", "db2"), (), ())
    assert plan.steps == (
        "stop the database of east, keep aside what only it has, and let it follow west; pg_rewind takes back what is "
        "not there",
        finishing("west"),
    )


def test_only_hosts_that_answer_are_stopped_and_let_back():
    plan = plan_of(sight(primary(), dead("db2")), TOOK_OVER)
    assert (plan.stop, plan.release) == (("db1",), ("db1",))


def test_a_superseded_region_can_lead_again_once_it_has_followed():
    plan = plan_of(SUPERSEDED, TOOK_OVER, to="east")
    assert (plan.kind, plan.to, plan.old, plan.epoch, plan.returns) == (PLANNED, "east", "west", 2, ("east",))
    assert (plan.stop, plan.release, plan.power, plan.objections) == (("db1", "db2"), ("db1", "db2"), (), ())
    assert plan.steps == (
        "stop the database of east, keep aside what only it has, and let it follow west; pg_rewind takes back what is "
        "not there",
        "let west stop writing and follow east",
        "wait until east has all of the log of west, and let it lead",
        "lead the names of the site to east",
        "prove it: one server takes writes",
        "carry over the keys that the cache of west has in use",
        "let east grow to its full size, where a command for that is set",
        "take a full backup, and see that the site answers through its public name",
    )


def test_the_log_of_a_superseded_region_is_no_objection_to_it():
    """It went another way and lacks a lot: pg_rewind and replication take care of both before it may lead."""
    east = sight(primary(history=OTHER_WAY, position=0))
    assert objections(east, sight(primary("west-db1", position=CATCH_UP * 2), epoch=1), to="east") == []


def test_a_superseded_region_none_of_whose_hosts_answers_cannot_lead():
    assert objections(sight(dead("db1")), TOOK_OVER, to="east", without=("db1",)) == [
        ("east cannot lead: none of its database hosts answers. Bring one of them back", "")
    ]


@pytest.mark.parametrize("to", ["east", "west"])
def test_of_a_superseded_region_no_host_may_be_silent_whose_writes_nobody_gave_up(to):
    """It is rewound when it comes back, and the rows that only it has are looked for on those that answer."""
    east = sight(primary(), dead("db2"), dead("db3"))
    reason = (
        "{} not answer: what was written there alone while east led would be taken back, and kept nowhere. Bring the "
        "way there back"
    )
    assert objections(east, TOOK_OVER, to=to) == [
        (reason.format("db2, db3 of east do"), "-e without=db2,db3, which gives that up")
    ]
    assert objections(east, TOOK_OVER, to=to, without=("db2",)) == [
        (reason.format("db3 of east does"), "-e without=db2,db3, which gives that up")
    ]
    assert objections(east, TOOK_OVER, to=to, without=("db2", "db3")) == []


@pytest.mark.parametrize(
    ("west", "why"),
    [
        (sight(down("west-db1"), epoch=1), "the PostgreSQL of west-db1, which leads its cluster, does not answer"),
        (
            sight(primary("west-db1", history=None), epoch=1),
            "the PostgreSQL of west-db1, which leads its cluster, does not answer",
        ),
        (sight(standby("west-db1"), epoch=1, leader=""), "nobody holds the lease of its cluster"),
        (sight(primary("west-db1"), epoch=1, leader="west-db9"), "nobody holds the lease of its cluster"),
        (
            sight(dead("west-db1"), standby("west-db2"), epoch=1),
            "the host of west-db1 does not answer: Connection timed out",
        ),
    ],
)
@pytest.mark.parametrize(
    ("east", "request_"),
    [(SUPERSEDED, {}), (sight(down("db1"), follows="10.1.0.1"), {"fresh": "east"})],
)
def test_a_superseded_region_goes_on_until_the_one_that_leads_tells_its_log(east, west, why, request_):
    """What only it has could not be listed, and it would be stopped already."""
    plan = plan_of(east, west, **request_)
    assert (plan.kind, plan.returns) == (LEADS, ("east",))
    assert told(plan) == [
        (
            f"what only east may have cannot be told: west, which leads, tells nothing of its log, as {why}. Run this "
            "again in some seconds; where that helps nothing, -e scope=database -e region=west --check says what west "
            "lacks",
            "",
        )
    ]


@pytest.mark.parametrize("west", [sight(down("west-db1"), epoch=1), sight(standby("west-db1"), epoch=1, leader="")])
def test_where_no_region_returns_one_that_leads_need_not_tell_its_log(west):
    assert objections(YIELDED, west) == []
    assert objections(LOST, west) == []


def test_of_two_regions_that_return_both_are_named():
    plan = plan_of_three(EAST, sight(down("west-db1"), epoch=1), sight(primary("north-db1")))
    assert [reason.partition(" may have")[0] for reason, _overrule in told(plan)] == ["what only east and north"]


def test_where_the_one_that_leads_hands_over_its_log_is_compared_too():
    west = sight(primary("west-db1", history=None), epoch=1)
    plan = plan_of(SUPERSEDED, west, to="east")
    assert (plan.kind, plan.returns) == (PLANNED, ("east",))
    assert [reason.partition(":")[0] for reason, _overrule in told(plan)] == ["what only east may have cannot be told"]


def test_a_third_region_that_was_superseded_returns_too():
    plan = plan_of_three(sight(primary(), epoch=1), WEST, sight(primary("north-db1")))
    assert (plan.kind, plan.old, plan.returns, plan.stop) == (PLANNED, "east", ("north",), ("north-db1",))
    assert plan.steps[0] == (
        "stop the database of north, keep aside what only it has, and let it follow east; pg_rewind takes back what is "
        "not there"
    )


# Two that lead


EQUALS = Objection(
    "east and west both lead, by the same failover, so nobody can tell which of them is right: decide it, and write a "
    "higher number there with `patronictl edit-config -s region_epoch=NUMBER`; the guard stops the other one"
)


@pytest.mark.parametrize("to", ["east", "west"])
@pytest.mark.parametrize(
    ("east", "west"),
    [
        (sight(primary(), epoch=1), TOOK_OVER),
        (EAST, sight(primary("west-db1"))),
        # Neither maintenance mode nor who answers there makes one of them right.
        (sight(primary(), epoch=1, config={"pause": True}), sight(dead("west-db1"), epoch=1)),
        (sight(down("db1", fenced=True, patroni="inactive"), epoch=1), TOOK_OVER),
    ],
)
def test_of_two_that_lead_by_the_same_failover_nobody_is_right(east, west, to):
    plan = Plan(UNDECIDED, to, objections=(EQUALS,))
    assert plan_of(east, west, to=to) == plan
    assert plan_of(east, west, to=to, gone=("east", "west"), power=True) == plan


@pytest.mark.parametrize(
    "north", [sight(standby_leader("north-db1"), follows="10.0.0.1"), silent(dead("north-db1")), NEW]
)
def test_a_third_region_that_does_not_lead_has_no_say_in_it(north):
    assert plan_of_three(sight(primary(), epoch=1), TOOK_OVER, north).objections == (EQUALS,)
    assert plan_of_three(sight(primary(), epoch=1), TOOK_OVER, north, to="north").objections == (EQUALS,)


@pytest.mark.parametrize("to", ["east", "west", "north"])
def test_a_third_region_that_was_superseded_is_none_of_those_that_may_be_right(to):
    plan = plan_of_three(
        sight(primary(), epoch=2), sight(primary("west-db1")), sight(primary("north-db1"), epoch=2), to
    )
    assert plan == Plan(
        UNDECIDED,
        to,
        objections=(replace(EQUALS, reason=EQUALS.reason.replace("east and west", "east and north")),),
    )


def test_where_a_third_one_leads_by_a_later_failover_both_were_superseded():
    plan = plan_of_three(EAST, sight(primary("west-db1")), sight(primary("north-db1"), epoch=1), to="north")
    assert (plan.kind, plan.old, plan.epoch, plan.returns, plan.objections) == (LEADS, "", 1, ("east", "west"), ())


# A superseded region, and the one that superseded it is lost


SUPERSEDER_LOST = (
    "east was superseded by west, which is lost: what west acknowledged since then is not in east. Bring west back",
    "-e region_is_gone=west, which gives that up",
)


WEST_GONE = "-e region_is_gone=west, which gives up everything that it acknowledges from now on"


@pytest.mark.parametrize(
    ("member", "power", "more"),
    [
        (down("west-db1"), False, []),
        (down("west-db1"), True, []),
        (dead("west-db1"), True, []),
        (
            dead("west-db1"),
            False,
            [
                (
                    "nothing proves that west cannot write: west-db1 does not answer, and no failover_fence_command "
                    "is set that takes power",
                    WEST_GONE,
                )
            ],
        ),
        (
            seen_writing("west-db1", "db1"),
            True,
            [
                (
                    "west is alive: db1 sees that west-db1 leads there, although its host does not answer here. Bring "
                    "the way to its hosts back, and it hands over without a loss",
                    WEST_GONE,
                )
            ],
        ),
    ],
)
@pytest.mark.parametrize("east", [SUPERSEDED, sight(down("db1")), sight(dead("db1"), down("db2"))])
def test_a_superseded_region_does_not_lead_while_the_one_that_superseded_it_is_lost(east, member, power, more):
    """It does not return either, as there is nobody whom it could follow."""
    plan = plan_of(east, sight(member, epoch=1), to="east", power=power)
    assert (plan.kind, plan.old, plan.epoch, plan.alone) == (UNPLANNED, "west", 9, False)
    assert (plan.returns, plan.stop) == ((), ("west-db1",) if member.reached else ())
    assert told(plan) == [SUPERSEDER_LOST, *more]


@pytest.mark.parametrize("gone", [(), ("west",)])
def test_a_superseded_region_none_of_whose_hosts_answers_does_not_lead_on_either(gone):
    assert objections(sight(dead("db1")), sight(down("west-db1"), epoch=1), to="east", gone=gone) == [
        ("east cannot lead: none of its database hosts answers. Bring one of them back", "")
    ]


def test_maintenance_mode_of_a_superseded_region_is_told_before_that():
    east = sight(primary(), config={"pause": True})
    assert objections(east, sight(down("west-db1"), epoch=1), to="east") == [(f"east: {PAUSED}", ""), SUPERSEDER_LOST]


@pytest.mark.parametrize("gone", [(), ("east",)])
def test_where_a_region_is_lost_a_third_one_that_was_superseded_waits_for_the_next_run(gone):
    """It could follow nobody before the new leader leads, and nothing of it is stopped or rewound."""
    north = sight(primary("north-db1"), down("north-db2", patroni="inactive", fenced=True))
    plan = plan_of_three(sight(down("db1"), epoch=1), WEST, north, gone=gone)
    assert (plan.kind, plan.old, plan.epoch, plan.alone) == (UNPLANNED, "east", 9, False)
    assert (plan.returns, plan.stop, plan.release, plan.objections) == ((), ("db1",), ("north-db2",), ())
    assert [step for step in plan.steps if "north" in step] == [
        "let north-db2 start again, which an earlier run stopped"
    ]
    led = plan_of_three(sight(down("db1"), epoch=1), sight(primary("west-db1"), epoch=2), north)
    assert (led.kind, led.old, led.returns) == (LEADS, "", ("east", "north"))


@pytest.mark.parametrize(
    ("member", "power", "stop", "taken", "step"),
    [
        (
            down("west-db1"),
            False,
            ("west-db1",),
            (),
            ["stop Patroni and PostgreSQL on west-db1, and see that no process of them is left"],
        ),
        (dead("west-db1"), True, (), ("west-db1",), ["take the power of west-db1, and see that it is off"]),
        (dead("west-db1"), False, (), (), []),
        (seen_writing("west-db1", "db1"), False, (), (), []),
    ],
)
def test_where_the_one_that_superseded_it_is_gone_a_region_leads_on_from_where_it_was(member, power, stop, taken, step):
    """It does not return, as there is nobody whom it could follow, and nothing of it is rewound."""
    plan = plan_of(SUPERSEDED, sight(member, epoch=1), to="east", gone=("west",), power=power)
    assert (plan.kind, plan.old, plan.epoch, plan.alone, plan.returns) == (UNPLANNED, "west", 9, True, ())
    assert (plan.stop, plan.power, plan.release, plan.objections) == (stop, taken, (), ())
    assert plan.steps == (
        *step,
        "let east lead",
        "lead the names of the site to east",
        "prove it: one server takes writes",
        "warm the cache by requests, where some are declared",
        "let east grow to its full size, where a command for that is set",
        "take a full backup, and see that the site answers through its public name",
    )


def test_a_region_that_its_guard_keeps_from_starting_leads_on_too():
    """Nobody of it answers queries, and its leader may have lost the lease."""
    west = sight(dead("west-db1"), epoch=1)
    for east in (sight(down("db1"), down("db2")), sight(down("db1"), leader="")):
        plan = plan_of(east, west, to="east", gone=("west",))
        assert (plan.kind, plan.alone, plan.returns, plan.objections) == (UNPLANNED, True, (), ())


def test_what_was_stopped_of_a_region_that_leads_on_is_let_back():
    stopped = [down(name, patroni="inactive", fenced=True) for name in ("db1", "db2")]
    plan = plan_of(sight(*stopped), sight(dead("west-db1"), epoch=1), to="east", gone=("west",))
    assert (plan.stop, plan.release) == ((), ("db1", "db2"))


@pytest.mark.parametrize(
    "member",
    [
        primary(identifier="8"),
        primary(identifier=""),
        primary(history=OTHER_WAY),
        primary(process="T"),
    ],
)
def test_a_region_that_leads_on_has_its_own_data_and_nobody_compares_it(member):
    """Nothing of the lost region comes over, and the guard may keep its server from starting."""
    west = sight(down("west-db1"), epoch=1)
    plan = plan_of(sight(member), west, to="east", gone=("west",))
    assert (plan.kind, plan.alone, plan.objections) == (UNPLANNED, True, ())


@pytest.mark.parametrize(
    ("east", "west", "request_"),
    [
        # It hands over, or is lost, and the other one follows it; or nobody gave the lost one up.
        (EAST, WEST, {"gone": ("east",)}),
        (LOST, WEST, {"gone": ("east",)}),
        (LOST, WEST, {"power": True}),
        (LOST, TOOK_OVER, {"gone": ("east",)}),
        (SUPERSEDED, TOOK_OVER, {"to": "east", "gone": ("west",)}),
        (SUPERSEDED, sight(down("west-db1"), epoch=1), {"to": "east"}),
        (SUPERSEDED, sight(down("west-db1"), epoch=1), {"to": "east", "gone": ("east",)}),
    ],
)
def test_only_a_superseded_region_without_the_one_that_superseded_it_goes_on_alone(east, west, request_):
    assert plan_of(east, west, **request_).alone is False


# The region leads, and the one that may have superseded it is gone with its cluster store


WEST_LOST = silent(dead("west-db1"), dead("west-db2"))


@pytest.mark.parametrize(
    ("timeline", "epoch", "higher"),
    [
        # The other one led by 9, or by 1 more than the last failover that this one knows of.
        (3, 0, 10),
        (1, 0, 4),
        (3, 9, 11),
        (3, 15, 17),
    ],
)
def test_beside_a_region_that_is_gone_the_other_one_leads_by_a_higher_number_than_that_one_had(timeline, epoch, higher):
    east = sight(primary(history=History(timeline)), epoch=epoch)
    took_over = plan_of(LOST, sight(standby_leader(history=History(timeline)), follows="10.0.0.1", epoch=epoch)).epoch
    plan = plan_of(east, WEST_LOST, to="east", gone=("west",), power=True)
    assert (plan.kind, plan.old, plan.gone, plan.epoch, plan.objections) == (LEADS, "", ("west",), higher, ())
    assert plan.epoch > took_over
    assert (plan.stop, plan.power, plan.release) == ((), ("west-db1", "west-db2"), ())
    assert plan.loss == "nothing; but everything that west acknowledged, if it led instead of east"
    assert plan.steps == (
        "take the power of west-db1, west-db2, and see that it is off",
        f"let east lead on by failover {higher}, a higher number than west may have",
        finishing("east"),
    )
    assert lines(plan, {"east": east, "west": WEST_LOST}, ADDRESSES)["lost"] == [plan.loss]


@pytest.mark.parametrize(("heard", "higher"), [(0, 10), (8, 10), (9, 11), (16, 18)])
def test_a_region_leads_on_by_more_than_it_ever_heard_of_the_one_that_is_gone(heard, higher):
    """That one may have counted on more often than its timelines tell, and this one was superseded by it."""
    east = sight(primary(history=History(3)), config={"region_heard": heard})
    assert plan_of(east, WEST_LOST, to="east", gone=("west",), power=True).epoch == higher
    assert plan_of(east, WEST, to="east").epoch == 0


def test_hosts_that_answer_of_a_region_that_is_gone_are_stopped_and_stay_so():
    held = down("west-db1", patroni="inactive", fenced=True)
    plan = plan_of(EAST, silent(held, dead("west-db2"), error="timed out"), to="east", gone=("west",))
    assert (plan.stop, plan.power, plan.release, plan.objections) == (("west-db1",), (), (), ())
    assert plan.steps[0] == "stop Patroni and PostgreSQL on west-db1, and see that no process of them is left"


@pytest.mark.parametrize(
    ("west", "gone", "epoch"),
    [
        # Nobody said that it is gone, its settings are known, or the region itself is meant.
        (WEST_LOST, (), 0),
        (WEST, ("west",), 0),
        (WEST_LOST, ("east",), 0),
    ],
)
def test_else_a_region_leads_on_by_the_number_that_it_has(west, gone, epoch):
    plan = plan_of(EAST, west, to="east", gone=gone, power=True)
    assert (plan.kind, plan.epoch, plan.gone, plan.power, plan.loss) == (LEADS, epoch, (), (), "nothing")


def test_where_a_region_hands_over_a_third_one_that_is_gone_is_kept_from_writing_too():
    plan = plan_of_three(EAST, WEST, silent(dead("north-db1")), gone=("north",), power=True)
    assert (plan.kind, plan.old, plan.epoch, plan.gone, plan.power) == (PLANNED, "east", 10, ("north",), ("north-db1",))
    assert plan.steps[:2] == (
        "take the power of north-db1, and see that it is off",
        "let east stop writing and follow west",
    )


def test_the_region_that_returns_after_that_follows():
    plan = plan_of(sight(primary(), epoch=4), sight(primary("west-db1"), epoch=3), to="east")
    assert (plan.kind, plan.returns, plan.epoch, plan.objections) == (LEADS, ("west",), 4, ())


def test_a_region_that_is_gone_and_alive_all_the_same_hands_over():
    """The operator is wrong: nothing has to be given up."""
    plan = plan_of(SUPERSEDED, TOOK_OVER, to="east", gone=("west",))
    assert (plan.kind, plan.old, plan.returns, plan.objections) == (PLANNED, "west", ("east",), ())


# One region alone


@pytest.mark.parametrize("seen", [EAST, sight(down("db1")), sight(primary(), epoch=3)])
def test_a_region_without_another_one_leads_as_before(seen):
    plan = make({"east": seen}, ADDRESSES, Request("east"), NOW)
    assert (plan.kind, plan.to, plan.old, plan.epoch) == (LEADS, "east", "", seen.store.epoch)
    assert (plan.returns, plan.stop, plan.steps, plan.objections, plan.loss) == (
        (),
        (),
        (finishing("east"),),
        (),
        "nothing",
    )


def test_of_a_region_alone_whose_store_is_away_that_is_told():
    plan = make({"east": LOST}, ADDRESSES, Request("east"), NOW)
    assert told(plan) == [
        (
            "the cluster store does not answer (no database host answered), so nobody can be made to lead. Bring a "
            "majority of its members back first; docs/failover.md, The cluster store, says how",
            "",
        )
    ]


@pytest.mark.parametrize("host", ["10.9.9.9", "10.9.9.9,10.9.9.8"])
def test_a_region_that_follows_a_host_of_no_region_is_not_made_to_lead(host):
    """A region that was taken from the declaration may still lead."""
    west = replace(sight(standby_leader(), follows=host, epoch=1), region="west")
    plan = make({"west": west}, ADDRESSES, Request("west"), NOW)
    assert (plan.kind, plan.old, plan.epoch, plan.steps) == (LEADS, "", 1, (finishing("west"),))
    assert told(plan) == [undeclared(host)]


def undeclared(host):
    return (
        f"west follows {host}, which is no database host of the declaration, and nobody but you knows what becomes of "
        "that one. Declare its region again, and run this again",
        "",
    )


@pytest.mark.parametrize(
    ("east", "kind", "request_", "more"),
    [
        (EAST, PLANNED, {}, []),
        (LOST, UNPLANNED, {"power": True}, []),
        (LOST, UNPLANNED, {"gone": ("east",)}, []),
        # It is told before everything else, and no word overrules it.
        (
            LOST,
            UNPLANNED,
            {},
            [
                (
                    "nothing proves that east cannot write: db1, db2 do not answer, and no failover_fence_command is "
                    "set that takes power",
                    GONE,
                )
            ],
        ),
    ],
)
def test_beside_another_region_it_is_not_made_to_lead_either(east, kind, request_, more):
    west = replace(sight(standby_leader(), follows="10.9.9.9"), region="west")
    plan = plan_of(east, west, **request_)
    assert (plan.kind, plan.old) == (kind, "east")
    assert told(plan) == [undeclared("10.9.9.9"), *more]


def test_another_region_that_follows_a_host_of_no_region_is_no_objection():
    """It is let follow the one that leads, as any other one."""
    west = replace(sight(standby_leader(), follows="10.9.9.9"), region="west")
    plan = plan_of(EAST, west, to="east")
    assert (plan.kind, plan.objections) == (LEADS, ())


# A run that did not come to its end


@pytest.mark.parametrize(("to", "old"), [("west", "east"), ("east", "west")])
def test_where_both_follow_each_other_either_can_lead(to, old):
    """The run died after the east had stopped writing."""
    plan = plan_of(YIELDED, WEST, to=to)
    assert (plan.kind, plan.to, plan.old, plan.epoch, plan.returns) == (PLANNED, to, old, 1, ())
    assert plan.objections == ()


def test_whom_the_region_follows_is_known_by_any_address_of_it():
    """Of three regions that follow each other in a ring, the one that was followed hands over."""
    north = sight(standby_leader("north-db1"), follows="10.1.0.1")
    sights = {"north": north, "east": YIELDED, "west": sight(standby_leader(), follows="10.9.9.9,10.0.0.2")}
    assert make(sights, ADDRESSES, Request("west"), NOW).old == "east"


def test_where_the_run_died_after_the_hosts_were_stopped_they_are_stopped_again():
    stopped = [down(name, patroni="inactive", fenced=True) for name in ("db1", "db2")]
    plan = plan_of(sight(*stopped))
    assert (plan.kind, plan.stop, plan.release, plan.objections) == (UNPLANNED, ("db1", "db2"), (), ())


def test_where_the_run_died_after_the_other_region_led_the_stopped_one_returns():
    stopped = [down(name, patroni="inactive", fenced=True) for name in ("db1", "db2")]
    plan = plan_of(sight(*stopped), TOOK_OVER)
    assert (plan.kind, plan.returns, plan.stop, plan.release) == (LEADS, ("east",), ("db1", "db2"), ("db1", "db2"))


@pytest.mark.parametrize(
    ("changes", "released"),
    [
        ({"fenced": True, "patroni": "inactive"}, ("db2",)),
        ({"fenced": True, "patroni": "active"}, ()),
        ({"fenced": False, "patroni": "inactive"}, ()),
    ],
)
def test_who_was_stopped_by_an_earlier_run_is_let_back(changes, released):
    """Somebody who stopped a server for another reason, or started it since, is left alone."""
    follows = sight(standby_leader("db1"), down("db2", **changes), follows="10.1.0.1")
    both = sight(down("db1", **changes), down("db2", **changes), follows="10.1.0.1")
    step = "let db1, db2 start again, which an earlier run stopped"
    assert (step in plan_of(both, TOOK_OVER).steps) is bool(released)
    assert plan_of(follows, TOOK_OVER).release == released
    assert plan_of(sight(primary(), down("db2", **changes))).release == released


def test_a_host_that_does_not_answer_is_not_let_back():
    follows = sight(standby_leader("db1"), dead("db2", fenced=True), follows="10.1.0.1")
    assert plan_of(follows, TOOK_OVER).release == ()


# What stands against it


def test_without_power_nothing_proves_that_a_silent_region_cannot_write():
    assert objections(LOST) == [
        (
            "nothing proves that east cannot write: db1, db2 do not answer, and no failover_fence_command is set that "
            "takes power",
            GONE,
        )
    ]
    assert objections(silent(down("db1"), dead("db2"))) == [
        (
            "nothing proves that east cannot write: db2 does not answer, and no failover_fence_command is set that "
            "takes power",
            GONE,
        )
    ]


def test_the_operator_can_say_that_a_region_is_gone():
    plan = plan_of(LOST, gone=("east",))
    assert (plan.kind, plan.power, plan.objections) == (UNPLANNED, (), ())
    assert plan.steps == ("let west lead", *STEPS_AFTER)


@pytest.mark.parametrize("power", [False, True])
@pytest.mark.parametrize(
    ("seen_by", "who"), [(("west-db1", "west-db2"), "west-db1, west-db2 see"), (("db2",), "db2 sees")]
)
@pytest.mark.parametrize(("role", "state"), [("primary", "running"), ("master", "streaming"), ("leader", "running")])
def test_a_region_that_is_alive_as_others_see_hands_over(power, seen_by, who, role, state):
    seen = dead("db1", role=role, state=state, seen_by=seen_by)
    wanted = (
        f"east is alive: {who} that db1 leads there, although its host does not answer here. Bring the way to its "
        "hosts back, and it hands over without a loss",
        GONE,
    )
    assert objections(silent(seen, dead("db2")), power=power) == [wanted]
    assert objections(silent(seen, dead("db2")), power=power, gone=("east",)) == []


@pytest.mark.parametrize(
    ("role", "state"),
    [
        ("primary", "stopped"),
        ("primary", "starting"),
        ("replica", "running"),
        ("", ""),
        # It leads a cluster that follows, and writes nothing.
        ("standby_leader", "running"),
        ("standby_leader", "in archive recovery"),
    ],
)
def test_who_sees_nobody_write_there_says_nothing_of_the_region(role, state):
    seen = dead("db1", role=role, state=state, seen_by=("west-db1",))
    assert objections(silent(seen), power=True) == []
    assert objections(silent(seen), TOOK_OVER) == []


def test_a_region_that_had_stopped_writing_is_not_alive_by_its_standby_leader():
    """The run died in the middle, and the way to the east is away since then."""
    seen = dead("db1", role="standby_leader", state="running", seen_by=("west-db1",))
    assert objections(sight(seen, follows="10.1.0.1"), power=True) == []


# Regions of which nobody knows by which failover they lead


@pytest.mark.parametrize(
    ("seen_by", "who"), [(("west-db1",), "west-db1 sees"), (("west-db1", "west-db2"), "west-db1, west-db2 see")]
)
def test_beside_a_region_that_leads_nobody_else_may_be_seen_to_write(seen_by, who):
    seen = seen_writing("db1", *seen_by)
    plan = plan_of(silent(seen, dead("db2")), TOOK_OVER)
    assert (plan.kind, plan.old, plan.stop, plan.power) == (LEADS, "", (), ())
    assert told(plan) == [
        (
            f"{who} that db1 of east takes writes, and nobody tells by which failover: bring the way to its hosts back",
            "-e region_is_gone=east, which gives up everything that it acknowledges",
        )
    ]
    assert objections(silent(seen), TOOK_OVER, gone=("east",)) == []


@pytest.mark.parametrize(
    ("host", "west", "request_"), [(dead, TOOK_OVER, {}), (primary, TOOK_OVER, {}), (dead, WEST, {"power": True})]
)
def test_a_role_that_nobody_sees_now_is_no_word_against_it(host, west, request_):
    assert objections(silent(host("db1", role="primary", state="running")), west, **request_) == []


@pytest.mark.parametrize(
    ("member", "who"), [(standby("db2"), "db1 takes"), (primary("db2"), "db1, db2 take"), (dead("db2"), "db1 takes")]
)
def test_a_region_that_only_lacks_its_cluster_store_is_not_given_up(member, who):
    """Its leader goes on while it hears all of its members."""
    seen = silent(primary(), member, error="timed out")
    assert objections(seen, WEST) == [
        (
            f"east is alive: {who} writes there, and only its cluster store does not answer (timed out). Bring a "
            "majority of its members back, and it hands over without a loss; docs/failover.md, The cluster store, says "
            "how",
            GONE,
        )
    ]
    assert objections(seen, WEST, gone=("east",)) == []


def test_a_region_that_follows_already_is_copied_anew_where_that_was_asked_for():
    """It was rewound and cannot follow, as it began a timeline of its own."""
    east = sight(down("db1"), down("db2"), follows="10.1.0.1")
    plan = plan_of(east, TOOK_OVER, fresh="east")
    assert (plan.kind, plan.returns, plan.fresh) == (LEADS, ("east",), "east")
    assert (plan.stop, plan.release, plan.objections) == (("db1", "db2"), ("db1", "db2"), ())
    assert plan.steps == (
        "stop the database of east, keep aside what only it has, and let it follow west; its data is put aside as a "
        "whole before, and copied anew",
        finishing("west"),
    )
    assert plan_of(east, TOOK_OVER).returns == ()


def test_a_region_can_be_copied_anew_before_it_leads():
    plan = plan_of(EAST, WEST, fresh="west")
    assert (plan.kind, plan.old, plan.returns, plan.fresh, plan.objections) == (PLANNED, "east", ("west",), "west", ())


@pytest.mark.parametrize(
    ("east", "west", "fresh", "reason"),
    [
        (
            EAST,
            TOOK_OVER,
            "west",
            "west leads now, so there is nothing that it could become a copy of. Leave fresh_copy away",
        ),
        (
            EAST,
            WEST,
            "east",
            "east leads now, so there is nothing that it could become a copy of. Leave fresh_copy away",
        ),
        (
            LOST,
            WEST,
            "east",
            "east is lost, so there is nothing that it could become a copy of. Leave fresh_copy away",
        ),
        (
            LOST,
            WEST,
            "west",
            "west cannot be copied anew while east, which leads, is lost. Bring east back",
        ),
        (
            LOST,
            TOOK_OVER,
            "east",
            "east cannot be copied anew: its cluster store does not answer, or knows of no cluster there",
        ),
    ],
)
def test_only_a_region_that_follows_another_one_is_copied_anew(east, west, fresh, reason):
    assert (reason, "") in objections(east, west, fresh=fresh, power=True)


def test_a_host_that_answers_and_whose_store_does_not_may_write_as_well():
    seen = silent(primary(seen_by=("db2", "west-db1")), error="timed out")
    assert objections(seen, TOOK_OVER) == [
        (
            "db2, west-db1 see that db1 of east takes writes, and nobody tells by which failover: bring the way to its "
            "hosts back",
            "-e region_is_gone=east, which gives up everything that it acknowledges",
        )
    ]


@pytest.mark.parametrize(
    ("east", "kind", "more"),
    [
        (EAST, PLANNED, []),
        (sight(down("db1")), UNPLANNED, []),
        (
            sight(dead("db1")),
            UNPLANNED,
            [
                (
                    "nothing proves that east cannot write: db1 does not answer, and no failover_fence_command is set "
                    "that takes power",
                    GONE,
                )
            ],
        ),
    ],
)
def test_a_third_region_that_is_seen_to_write_stands_against_everything(east, kind, more):
    """It may lead by a later failover than the one that hands over or is lost."""
    north = silent(seen_writing("north-db1", "db1"), seen_writing("north-db2", "db1", "west-db1"))
    unknown = "takes writes, and nobody tells by which failover: bring the way to its hosts back"
    overrule = "-e region_is_gone=north, which gives up everything that it acknowledges"
    plan = plan_of_three(east, WEST, north)
    assert (plan.kind, plan.old) == (kind, "east")
    assert told(plan) == [
        (f"db1 sees that north-db1 of north {unknown}", overrule),
        (f"db1, west-db1 see that north-db2 of north {unknown}", overrule),
        *more,
    ]
    assert told(plan_of_three(east, WEST, north, gone=("north",))) == more


def test_a_third_region_whose_settings_are_known_is_no_riddle():
    north = sight(seen_writing("north-db1", "db1"))
    assert told(plan_of_three(sight(primary(), epoch=1), WEST, north, without=("north-db1",))) == []


def test_members_that_could_lead_in_the_region_itself_come_first():
    """Inside the region nothing is lost."""
    able = [standby("db2"), standby("db3", 1040)]
    assert objections(sight(dead("db1"), *able), power=True) == [
        ("db3, db2 can lead in east, and nothing is lost so: -e scope=database does that", GONE)
    ]
    assert objections(sight(dead("db1"), *able), power=True, gone=("east",)) == []


def test_what_stands_against_members_that_could_lead_is_told_with_them():
    """The database's own plan would refuse."""
    members = [dead("db1"), standby("db2"), dead("db3")]
    kept = {"synchronous": ("db2", "db3"), "synchronous_leader": "db1", "quorum": 1}
    settings = {"synchronous_mode": "quorum"}
    (reason, _overrule), *_more = objections(sight(*members, config=settings, **kept), power=True)
    assert reason == (
        "db2 can lead in east, once this is settled: db3 does not answer and may hold acknowledged writes that db2 "
        "lacks, and Patroni elects nobody without it: bring it back. -e scope=database does that then"
    )


def test_a_silent_host_is_told_beside_members_that_could_lead():
    assert [reason for reason, _overrule in objections(sight(dead("db1"), standby("db2")))] == [
        "db2 can lead in east, and nothing is lost so: -e scope=database does that",
        "nothing proves that east cannot write: db1 does not answer, and no failover_fence_command is set that takes "
        "power",
    ]


def test_a_store_of_the_region_that_does_not_answer_stops_everything():
    plan = plan_of(west=silent(standby_leader(), error="timed out"))
    assert plan.objections == (
        Objection(
            "the cluster store does not answer (timed out), so nobody can be made to lead. Bring a majority of its "
            "members back first; docs/failover.md, The cluster store, says how"
        ),
    )


PAUSED = (
    "Patroni is in maintenance mode, in which it lets nobody take over: run `patronictl resume` on a database host and "
    "then this again"
)


@pytest.mark.parametrize(
    ("east", "west", "to", "names"),
    [
        (EAST, sight(standby_leader(), follows="10.0.0.1", config={"pause": True}), "west", ["west"]),
        (sight(primary(), config={"pause": True}), WEST, "west", ["east"]),
        (
            sight(primary(), config={"pause": True}),
            sight(standby_leader(), follows="10.0.0.1", config={"pause": True}),
            "west",
            ["west", "east"],
        ),
        # One that returns is stopped and started, whether the other one leads already or shall hand over.
        (sight(primary(), config={"pause": True}), TOOK_OVER, "west", ["east"]),
        (sight(primary(), config={"pause": True}), TOOK_OVER, "east", ["east"]),
        # One that is lost has nothing to hand over.
        (sight(down("db1"), config={"pause": True}), WEST, "west", []),
        # One that follows already has nothing to do.
        (sight(standby_leader("db1"), follows="10.1.0.1", config={"pause": True}), TOOK_OVER, "west", []),
    ],
)
def test_maintenance_mode_is_refused_where_patroni_has_to_act(east, west, to, names):
    assert objections(east, west, to=to) == [(f"{name}: {PAUSED}", "") for name in names]


@pytest.mark.parametrize(
    ("west", "reason"),
    [
        (sight(standby_leader(), follows="10.0.0.1", leader=""), "nobody holds the lease of its cluster"),
        (sight(standby_leader(), follows="10.0.0.1", leader="west-db9"), "nobody holds the lease of its cluster"),
        (
            sight(dead("west-db1"), standby("west-db2"), follows="10.0.0.1"),
            "the host of west-db1 does not answer: Connection timed out",
        ),
        (
            sight(
                dead("west-db1", role="standby_leader", state="running", seen_by=("db1",)),
                down("west-db2"),
                follows="10.0.0.1",
            ),
            "the host of west-db1 does not answer: Connection timed out",
        ),
        (
            sight(down("west-db1"), follows="10.0.0.1"),
            "the PostgreSQL of west-db1, which leads its cluster, does not answer",
        ),
        (
            sight(standby_leader(process="T"), follows="10.0.0.1"),
            "the PostgreSQL of west-db1, which leads its cluster, does not answer",
        ),
    ],
)
def test_a_region_whose_leader_does_not_answer_cannot_lead(west, reason):
    assert objections(EAST, west) == [
        (f"west cannot lead: {reason}. Bring it back, or restore the database: docs/restore.md", "")
    ]


@pytest.mark.parametrize("seen_by", [(), ("db1",)])
@pytest.mark.parametrize("east", [EAST, sight(down("db1"))])
def test_a_region_none_of_whose_hosts_answers_cannot_lead(east, seen_by):
    """Its settings are known from its store all the same."""
    member = dead("west-db1", role="standby_leader", state="running", seen_by=seen_by)
    assert objections(east, sight(member, dead("west-db2"), follows="10.0.0.1")) == [
        ("west cannot lead: none of its database hosts answers. Bring one of them back", "")
    ]


@pytest.mark.parametrize(
    ("east", "known"),
    [
        (EAST, "7"),
        (silent(dead("db1", identifier="7")), "7"),
        (sight(down("db1", identifier=""), identifier="7"), "7"),
        (sight(primary(), identifier="5"), "5, 7"),
    ],
)
def test_the_data_of_another_cluster_never_takes_over(east, known):
    west = sight(standby_leader(identifier="8"), follows="10.0.0.1", identifier="8")
    reason = f"west-db1 has the data of another cluster (8; that of east is {known}): it can never take over from it"
    anew = ANEW if plan_of(east, west).kind == PLANNED else ""
    assert objections(east, west, gone=("east",)) == [(reason, anew)]


@pytest.mark.parametrize("east", [EAST, LOST, sight(down("db1"))])
def test_a_region_that_does_not_tell_whose_data_it_has_cannot_lead(east):
    west = sight(standby_leader(identifier="", history=OTHER_WAY), follows="10.0.0.1")
    assert objections(east, west, gone=("east",)) == [
        (
            "west-db1 does not tell whose data it has: its pg_control cannot be read. `pg_controldata` there says why",
            "",
        )
    ]


def test_a_region_that_has_no_cluster_yet_cannot_lead():
    plan = plan_of(EAST, NEW)
    assert (plan.kind, plan.old) == (PLANNED, "east")
    assert told(plan) == [
        (
            "west cannot lead: nobody holds the lease of its cluster. Bring it back, or restore the database: "
            "docs/restore.md",
            "",
        )
    ]


def test_a_region_that_has_no_cluster_yet_neither_leads_nor_returns():
    plan = plan_of(EAST, NEW, to="east")
    assert (plan.kind, plan.old, plan.returns, plan.stop, plan.objections) == (LEADS, "", (), (), ())


def test_where_nobody_knows_whose_data_the_lost_region_had_it_is_no_objection():
    west = sight(standby_leader(identifier="8"), follows="10.0.0.1", identifier="8")
    assert objections(LOST, west, power=True) == []


@pytest.mark.parametrize("east", [EAST, sight(down("db1"))])
def test_another_history_is_refused(east):
    west = sight(standby_leader(history=OTHER_WAY), follows="10.0.0.1")
    reason = "west-db1 went another way than db1 (timeline 2 was left at 0/96 by one and at 0/C8 by the other)"
    anew = ANEW if plan_of(east, west).kind == PLANNED else ""
    assert objections(east, west) == [(reason, anew)]
    assert not anew or objections(east, west, fresh="west") == []


def test_a_region_that_is_still_on_the_timeline_before_did_not_go_another_way():
    behind = sight(standby_leader(position=150, history=History(2, (Switch(1, 100),))), follows="10.0.0.1")
    assert objections(EAST, behind) == []


@pytest.mark.parametrize(("position", "refused"), [(CATCH_UP + 1000, False), (CATCH_UP + 1001, True)])
def test_a_region_that_lacks_too_much_would_let_writes_wait(position, refused):
    reason = (
        "west-db1 lacks 16777217 bytes of log up to 0/10003E9, and writes would wait until it has them. Wait until it "
        "lacks less than 16777216"
    )
    assert objections(sight(primary(position=position))) == ([(reason, "")] if refused else [])


def test_a_lost_region_is_not_waited_for():
    plan = plan_of(sight(down("db1", position=CATCH_UP * 2)))
    assert (plan.kind, plan.objections) == (UNPLANNED, ())


# What is lost


@pytest.mark.parametrize(
    ("east", "west", "loss"),
    [
        (LOST, {"replayed_at": None}, "not known: nobody tells what west has of east"),
        (LOST, {"replayed_at": NOW - 0.25}, "what east acknowledged after 2026-11-26 02:59:59.750Z, 0 s ago"),
        (
            sight(down("db1", position=1500), down("db2", position=1600)),
            {},
            "what east acknowledged after 2026-11-26 02:59:47.600Z, 12 s ago; 600 bytes of log at least",
        ),
        (
            sight(down("db1", position=1000), down("db2", position=None)),
            {},
            "what east acknowledged after 2026-11-26 02:59:47.600Z, 12 s ago",
        ),
        # It was asked later than the region that is lost, and has more.
        (
            sight(down("db1", position=900)),
            {},
            "what east acknowledged after 2026-11-26 02:59:47.600Z, 12 s ago",
        ),
        (
            sight(down("db1", position=1500)),
            {"position": None},
            "what east acknowledged after 2026-11-26 02:59:47.600Z, 12 s ago",
        ),
    ],
)
def test_what_is_lost_with_a_region_is_said_as_far_as_it_is_known(east, west, loss):
    assert plan_of(east, sight(standby_leader(**west), follows="10.0.0.1")).loss == loss


@pytest.mark.parametrize("gone", [(), ("west",)])
@pytest.mark.parametrize(
    "east",
    [
        sight(primary(replayed_at=REPLAYED)),
        # It never followed, its server is down, or nobody holds its lease.
        SUPERSEDED,
        sight(down("db1")),
        sight(down("db1"), leader=""),
    ],
)
def test_where_a_superseded_region_leads_on_everything_since_then_is_lost(east, gone):
    """Not only what was acknowledged after its last commit, and no number of bytes: these are two logs."""
    plan = plan_of(east, sight(down("west-db1", position=CATCH_UP), epoch=1), to="east", gone=gone)
    assert plan.loss == "everything that west acknowledged since it led instead of east"


def test_where_nobody_leads_in_the_region_nobody_knows_what_it_has():
    west = sight(standby_leader(), follows="10.0.0.1", leader="")
    assert plan_of(LOST, west).loss == "not known: nobody tells what west has of east"


# The screen


@pytest.mark.parametrize(
    ("east", "west", "wanted"),
    [
        (
            EAST,
            WEST,
            {
                "regions": ["east: leads", "west: follows east"],
                "leads next": ["west instead of east, planned"],
                "lost": ["nothing: east stops writing, and west has all of its log before it may lead"],
            },
        ),
        (
            LOST,
            sight(standby_leader(), follows="10.0.0.1", epoch=2),
            {
                "regions": ["east: not known, as no database host answered", "west: follows east, by failover 2"],
                "leads next": ["west instead of east, unplanned"],
                "lost": ["what east acknowledged after 2026-11-26 02:59:47.600Z, 12 s ago"],
            },
        ),
        (
            sight(standby_leader("db1"), follows="10.9.9.9"),
            TOOK_OVER,
            {
                "regions": ["east: follows 10.9.9.9", "west: leads, by failover 1"],
                "leads next": ["west, as now"],
                "lost": [],
            },
        ),
        (
            EAST,
            NEW,
            {
                "regions": ["east: leads", "west: has no cluster yet"],
                "leads next": ["west instead of east, planned"],
                "lost": ["nothing: east stops writing, and west has all of its log before it may lead"],
            },
        ),
        (
            sight(primary(), epoch=1),
            TOOK_OVER,
            {
                "regions": ["east: leads, by failover 1", "west: leads, by failover 1"],
                "leads next": ["nobody can tell"],
                "lost": [],
            },
        ),
    ],
)
def test_the_screen_says_who_leads_now_and_next(east, west, wanted):
    assert lines(plan_of(east, west), {"east": east, "west": west}, ADDRESSES) == wanted


@pytest.mark.parametrize(("seen", "name"), [(EAST, "db1"), (LOST, None), (sight(primary(), leader="db9"), None)])
def test_the_leader_is_who_holds_the_lease(seen, name):
    found = leader(seen)
    assert (found.name if found else None) == name


@pytest.mark.parametrize(
    ("seconds", "text"), [(0.25, "1970-01-01 00:00:00.250Z"), (1795662000.9999, "2026-11-26 03:00:00.999Z")]
)
def test_a_moment_is_written_in_utc_with_milliseconds(seconds, text):
    assert moment(seconds) == text
