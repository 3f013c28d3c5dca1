# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The screen of a plan has everything that an operator decides by."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from ansible_collections.freeagentics.platform.plugins.module_utils.failover import region
from ansible_collections.freeagentics.platform.plugins.module_utils.failover.plan import Request, make
from ansible_collections.freeagentics.platform.plugins.module_utils.failover.seen import Member, Sight, Store
from ansible_collections.freeagentics.platform.plugins.module_utils.failover.show import lines, region_lines
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.timeline import History, Switch
from tests.unit.plugins.module_utils.failover import fake_members

HISTORY = History(2, (Switch(1, 100),))
standby = partial(fake_members.standby, history=HISTORY)
STORE = Store("db1", 14.4, 77, 5, 1024, "7", ("db2", "db3"), "db1", 1, HISTORY)


def show(*members, request=None, store=STORE, error=""):
    sight = Sight(members, store, error)
    return lines(sight, make(sight, request or Request(power=True)))


def test_everything_is_on_one_screen():
    silent = Member("db1", unreached="Connection timed out")
    assert show(silent, standby("db2"), standby("db3", position=1040)) == [
        "found      db2: standby, synchronous; timeline 2, log up to 0/3E8",
        "           db3: standby, synchronous; timeline 2, log up to 0/410",
        "silent     db1: Connection timed out; nobody sees its Patroni",
        "lease      db1, for 14 s more; its log was at 0/400",
        "leads next db3: nobody that may lead has more; synchronous, log up to 0/410",
        "lost       no acknowledged write",
        "steps      1. take the power of db1, and see that it is off",
        "           2. take the lease from db1",
        "           3. Patroni elects, db3 by what is known",
        "           4. prove it: one server takes writes, and a write waits for a standby",
        "           5. take a full backup",
    ]


def test_objections_name_what_overrules_them():
    said = show(Member("db1", unreached="gone"), standby("db2"), Member("db3", unreached="gone"))
    assert (
        "against it db3 does not answer and may hold acknowledged writes that db2 lacks, and Patroni elects nobody "
        "without it: bring it back [overrule with -e without=db3, which loses those writes for good]"
    ) in said


def test_who_goes_on_that_an_earlier_run_stopped_is_told_with_what_is_lost():
    stopped = standby("db1", answers=False, process="", patroni="inactive", fenced=True, exact=False)
    assert show(stopped, standby("db2"), Member("db3", unreached="gone")) == [
        "found      db1: its PostgreSQL does not answer, Patroni is inactive; timeline 2, log up to at least 0/3E8",
        "           db2: standby, synchronous; timeline 2, log up to 0/3E8",
        "silent     db3: gone; nobody sees its Patroni",
        "lease      db1, for 14 s more; its log was at 0/400",
        "leads next db1, or who Patroni elects once it is there: an earlier run stopped it, and nobody else is known "
        "to have every acknowledged write",
        "lost       nothing by this run, which takes the lease from nobody",
        "steps      1. let db1 back, which an earlier run stopped",
        "           2. wait until a member leads",
        "           3. prove it: one server takes writes, and a write waits for a standby",
        "           4. take a full backup",
    ]


def test_a_server_that_hangs_is_told_from_one_that_is_down():
    frozen = standby("db1", answers=False, process="T", exact=False)
    down = standby("db2", answers=False, patroni="", position=None, history=None)
    said = show(frozen, down, standby("db3"))
    assert said[:2] == [
        "found      db1: its server is stopped by a signal, Patroni is active; timeline 2, log up to at least 0/3E8",
        "           db2: its PostgreSQL does not answer, Patroni is not there",
    ]


def test_a_host_that_only_others_see_is_told_so():
    far = Member("db1", unreached="timed out", seen_by=("db2", "db3"), role="primary", state="running")
    said = show(far, standby("db2"), standby("db3"))
    assert "silent     db1: timed out; db2, db3 see its Patroni: primary, running" in said
    assert said[-1] == (
        "leads next nothing is to be done: db1 leads and serves, as db2, db3 see; its host does not answer here"
    )


def test_a_store_that_is_away_and_an_election_are_told():
    assert "lease      not known: timed out" in show(standby("db2"), store=None, error="timed out")
    said = show(standby("db2"), standby("db3"), store=Store(identifier="7", synchronous=("db2", "db3"), quorum=1))
    assert "lease      nobody holds it" in said
    assert said[3].endswith("(Patroni elects)")


def test_nobody_is_told_as_nobody():
    assert "leads next nobody can" in show(Member("db1", unreached="gone"))


# Regions

NOW = 1795662000.0
ADDRESSES = {"10.0.0.1": "east", "10.1.0.1": "west"}
WEST = Sight(
    (standby("west-db1", replayed_at=NOW - 12.4),),
    Store("west-db1", identifier="7", config={"standby_cluster": {"host": "10.0.0.1"}, "region_epoch": 2}),
)


def show_regions(east, west=WEST, **request):
    sights = {"east": east, "west": west}
    made = region.make(sights, ADDRESSES, region.Request("west", **request), NOW)
    return region_lines(sights, ADDRESSES, made)


def test_everything_about_the_regions_is_on_one_screen():
    """A host of the one that is lost answers and its server does not; nobody else does."""
    down = standby("db2", answers=False, patroni="failed", exact=False, position=1600)
    assert show_regions(Sight((Member("db1", unreached="timed out"), down), None, "refused"), power=True) == [
        "regions    east: not known, as refused",
        "           west: follows east, by failover 2",
        "found      db2: its PostgreSQL does not answer, Patroni is failed; timeline 2, log up to at least 0/640",
        "           west-db1: standby; timeline 2, log up to 0/3E8",
        "silent     db1: timed out; nobody sees its Patroni",
        "leads next west instead of east, unplanned",
        "lost       what east acknowledged after 2026-11-26 02:59:47.600Z, 12 s ago; 600 bytes of log at least",
        "steps      1. stop Patroni and PostgreSQL on db2, and see that no process of them is left",
        "           2. take the power of db1, and see that it is off",
        "           3. let west lead",
        "           4. lead the names of the site to west",
        "           5. prove it: one server takes writes",
        "           6. warm the cache by requests, where some are declared",
        "           7. let west grow to its full size, where a command for that is set",
        "           8. take a full backup, and see that the site answers through its public name",
    ]


def test_synchronous_members_are_those_of_their_own_region():
    members = (standby("db1", in_recovery=False), standby("db2"))
    east = Sight(members, Store("db1", identifier="7", synchronous=("db2",), config={"ttl": 20}))
    assert show_regions(east)[2:5] == [
        "found      db1: takes writes; timeline 2, log up to 0/3E8",
        "           db2: standby, synchronous; timeline 2, log up to 0/3E8",
        "           west-db1: standby; timeline 2, log up to 0/3E8",
    ]


def test_objections_to_a_region_name_what_overrules_them():
    said = show_regions(Sight((Member("db1", unreached="timed out"),), None, "refused"))
    assert (
        "against it nothing proves that east cannot write: db1 does not answer, and no failover_fence_command is set "
        "that takes power [overrule with -e region_is_gone=east, which gives up everything that it acknowledges from "
        "now on]"
    ) in said
    # Before the steps, which are taken once that is settled.
    assert said[-1].startswith("           6. ")


def test_where_nobody_can_tell_which_region_is_right_the_screen_has_only_that():
    store = Store("db1", identifier="7", config={"ttl": 20, "region_epoch": 2})
    east = Sight((standby("db1", in_recovery=False),), store)
    west = Sight((standby("west-db1", in_recovery=False),), replace(store, leader="west-db1"))
    assert show_regions(east, west, gone=("east",), power=True) == [
        "regions    east: leads, by failover 2",
        "           west: leads, by failover 2",
        "found      db1: takes writes; timeline 2, log up to 0/3E8",
        "           west-db1: takes writes; timeline 2, log up to 0/3E8",
        "leads next nobody can tell",
        "against it east and west both lead, by the same failover, so nobody can tell which of them is right: decide "
        "it, and write a higher number there with `patronictl edit-config -s region_epoch=NUMBER`; the guard stops the "
        "other one",
    ]


def test_where_the_region_leads_already_the_screen_is_short():
    led = Sight((standby("west-db1", in_recovery=False),), Store("west-db1", identifier="7", config={"ttl": 20}))
    assert show_regions(Sight((), None, "refused"), led) == [
        "regions    east: not known, as refused",
        "           west: leads",
        "found      west-db1: takes writes; timeline 2, log up to 0/3E8",
        "leads next west, as now",
        "steps      1. lead the names of the site to west, and do what an earlier run did not come to: prove it, fill "
        "the cache, grow, take a full backup",
    ]
