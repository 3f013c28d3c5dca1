# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The screen of a plan has everything that an operator decides by."""

from __future__ import annotations

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.plan import Request, make
from ansible_collections.freeagentics.platform.plugins.module_utils.failover.seen import Member, Sight, Store
from ansible_collections.freeagentics.platform.plugins.module_utils.failover.show import lines
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.timeline import History, Switch

HISTORY = History(2, (Switch(1, 100),))


def standby(name, **changes):
    values = {"patroni": "active", "answers": True, "in_recovery": True, "identifier": "7", "history": HISTORY}
    return Member(name, **{**values, "position": 1000, "exact": True, **changes})


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
    assert said[-1] == (
        "against it db3 does not answer and may hold acknowledged writes that db2 lacks, and Patroni elects nobody "
        "without it: bring it back [overrule with -e without=db3, which loses those writes for good]"
    )


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
