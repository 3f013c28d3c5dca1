# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which marks count, and what is left to do of a restore that died."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.restore.mark import (
    NOTHING,
    Mark,
    Seen,
    begun,
    parse_mark,
    show_request,
    to_go_on_with,
)

BEGUN = Mark("/main", 1, 2, "in_service", "latest timeline newest")
RECOVERED = replace(BEGUN, phase="recovered", timeline=5)
#: Its run died before what only the recovery needed was taken out.
REACHED = replace(RECOVERED, phase="reached")


def seen(mark, host="db1", **changes):
    """Return what a host tells whose data directory a mark is of, unless changes say otherwise."""
    return Seen(**{"host": host, "text": mark.show(), "directory": "/main", "device": 1, "inode": 2, **changes})


def cluster(leader="db1", timeline=5, before=(), **states):
    """Return a cluster whose members are in some states on some timelines."""
    members = [{"name": name, "state": state, "timeline": on} for name, (state, on) in states.items()]
    history = [{"timeline": number} for number in before]
    return {"leader": leader, "timeline": timeline, "members": members, "history": history}


NOBODY = cluster("", None, db1=("unknown", None), db2=("unknown", None))
LED = cluster("db1", 5, db1=("running", 5), db2=("unknown", None))


@pytest.mark.parametrize("mark", [BEGUN, RECOVERED])
def test_a_mark_is_read_as_it_was_written(mark):
    assert parse_mark(mark.show()) == mark


@pytest.mark.parametrize("text", ["", "{", "[]", "5", '{"directory": "/main", "purpose": "copy"}'])
def test_what_is_no_mark_is_none(text):
    assert parse_mark(text) is None


@pytest.mark.parametrize(
    ("target", "words"),
    [
        (("latest", "", None), "latest timeline newest"),
        (("latest", "", 0), "latest timeline newest"),
        (("time", "2026-11-26 10:00:00+00", 3), "time 2026-11-26 10:00:00+00 timeline 3"),
    ],
)
def test_a_request_in_words(target, words):
    assert show_request(*target) == words


@pytest.mark.parametrize(
    ("one", "state", "expected"),
    [
        (seen(BEGUN), NOBODY, ["db1"]),
        (seen(RECOVERED), NOBODY, ["db1"]),
        (seen(REACHED), NOBODY, ["db1"]),
        (seen(BEGUN, text=""), NOBODY, []),
        (seen(replace(BEGUN, purpose="copy")), NOBODY, []),
        # The old data were renamed back, or there are none.
        (seen(BEGUN, inode=3), NOBODY, []),
        (seen(BEGUN, device=3), NOBODY, []),
        (seen(BEGUN, device=0, inode=0), NOBODY, []),
        (seen(BEGUN, directory="/other"), NOBODY, []),
        # Patroni runs its server.
        (seen(BEGUN), LED, []),
        (seen(BEGUN), cluster("db2", 5, db1=("streaming", 5), db2=("running", 5)), []),
        (seen(BEGUN), cluster("db2", 5, db1=("stopped", None), db2=("running", 5)), ["db1"]),
    ],
)
def test_where_a_restore_was_begun(one, state, expected):
    assert begun([one], state) == expected


@pytest.mark.parametrize(
    ("one", "state", "whole"),
    [
        (seen(RECOVERED), LED, ["db1"]),
        (seen(RECOVERED), cluster("db1", 5, db1=("running", 5), db2=("running", 5)), ["db1", "db2"]),
        (seen(RECOVERED), cluster("db1", 5, db1=("running", 5), db2=("running", 4)), ["db1"]),
        (seen(RECOVERED), cluster("db1", 5, db1=("running", 5), db2=("starting", 5)), ["db1"]),
        # Patroni began a timeline when it led with it, and another one since.
        (seen(RECOVERED), cluster("db1", 6, (4, 5), db1=("running", 6), db2=("running", 5)), ["db1"]),
        (seen(RECOVERED), cluster("db1", 7, (4, 5, 6), db1=("running", 7), db2=("running", 7)), ["db1", "db2"]),
    ],
)
def test_what_is_left_after_the_leader_was_restored(one, state, whole):
    done = {**NOTHING, "host": "db1", "leads": True, "finished": True, "timeline": 5, "whole": whole}
    assert to_go_on_with([one], state, "latest timeline newest") == done


@pytest.mark.parametrize(
    "state",
    [
        cluster("db2", 6, (5,), db1=("running", 6), db2=("running", 6)),
        cluster("db2", 5, db1=("running", 5), db2=("running", 5)),
    ],
)
def test_who_leads_with_it_since_is_told(state):
    done = {**NOTHING, "host": "db1", "finished": True, "timeline": 5, "elsewhere": "db2"}
    assert to_go_on_with([seen(RECOVERED)], state, "latest timeline newest") == done


@pytest.mark.parametrize(
    ("mark", "state", "why"),
    [
        # The host was booted before what only the recovery needed was taken out, and Patroni led with it.
        (REACHED, LED, "db1 leads with what an earlier run of this restore brought back on db1 and did not end"),
        (
            REACHED,
            cluster("db2", 7, (5, 6), db2=("running", 7)),
            "db2 leads with what an earlier run of this restore brought back on db1 and did not end",
        ),
        # The history was forgotten with the cluster of before, and the leader has not written its own yet.
        (RECOVERED, cluster("db1", 6), "db1 leads on timeline 6, and does not tell yet which ones it came along"),
        (REACHED, cluster("db2", 6), "db2 leads on timeline 6, and does not tell yet which ones it came along"),
        # It has the lease, and its server is starting.
        (RECOVERED, cluster("db1", None), "db1 leads, and does not tell on which timeline"),
        (RECOVERED, cluster("db1", None, (4,)), "db1 leads, and does not tell on which timeline"),
    ],
)
def test_what_may_be_what_was_restored_is_never_restored_over(mark, state, why):
    done = to_go_on_with([seen(mark)], state, "latest timeline newest")
    assert done["unclear"].startswith(f"{why}. ")
    assert (done["host"], done["leads"], done["finished"]) == ("db1", False, mark is RECOVERED)


def member(name, timeline=5, replication="streaming"):
    """Return a member of a region that follows."""
    return {"name": name, "state": "running", "timeline": timeline, "replication": replication}


@pytest.mark.parametrize(
    ("elsewhere", "whole"),
    [
        ([member("west1"), member("west2")], ["db1", "west1", "west2"]),
        # A region is copied as one.
        ([member("west1"), member("west2", 4)], ["db1"]),
        ([member("west1"), member("west2", None, "")], ["db1"]),
        # It is on a timeline of that number, and nothing comes from the leader.
        ([member("west1", 5, "in archive recovery")], ["db1"]),
        ([member("west1", 6)], ["db1"]),
        ([], ["db1"]),
    ],
)
def test_a_region_that_has_what_was_restored_is_not_copied_again(elsewhere, whole):
    done = to_go_on_with([seen(RECOVERED)], LED, "latest timeline newest", elsewhere)
    assert done == {**NOTHING, "host": "db1", "leads": True, "finished": True, "timeline": 5, "whole": whole}
    assert to_go_on_with([seen(RECOVERED)], NOBODY, "latest timeline newest", elsewhere)["whole"] == []


@pytest.mark.parametrize(("mark", "finished"), [(RECOVERED, True), (REACHED, False)])
def test_what_was_restored_leads_where_nobody_does(mark, finished):
    """Along the timeline that it began nothing leads to the target again."""
    done = {**NOTHING, "host": "db1", "finished": finished, "timeline": 5}
    assert to_go_on_with([seen(mark)], NOBODY, "latest timeline newest") == done


@pytest.mark.parametrize(
    ("one", "state", "request_"),
    [
        (seen(BEGUN), LED, "latest timeline newest"),
        (seen(RECOVERED), LED, "latest timeline 3"),
        (seen(RECOVERED, inode=3), LED, "latest timeline newest"),
        (seen(BEGUN), NOBODY, "latest timeline newest"),
        (seen(REACHED), NOBODY, "latest timeline 3"),
        (seen(RECOVERED), NOBODY, "latest timeline 3"),
        # What is led with came from elsewhere.
        (seen(RECOVERED), cluster("db1", 6, (3, 4), db1=("running", 6)), "latest timeline newest"),
        (seen(RECOVERED), cluster("db1", 1, db1=("running", 1)), "latest timeline newest"),
        (seen(REACHED), cluster("db1", 6, (3, 4), db1=("running", 6)), "latest timeline newest"),
        (seen(RECOVERED), cluster("db2", 6, (3, 4), db2=("running", 6)), "latest timeline newest"),
    ],
)
def test_otherwise_it_is_restored(one, state, request_):
    assert to_go_on_with([one], state, request_) == NOTHING
