"""Differences of two states are told in words, by a table."""

from __future__ import annotations

import copy

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_integrity.compare import (
    StateError,
    as_of,
    compare,
    not_compared,
)

AS_OF = {"system_identifier": "7", "timeline": 1, "lsn": "0/3000060", "snapshot": "750:750:", "in_recovery": True}
STATE = {
    "name": "db1",
    "databases": {
        "app": {
            "as_of": AS_OF,
            "tables": {
                "public.orders": {"rows": 1000, "fingerprint": "ab"},
                "public.users": {"rows": 3, "fingerprint": "cd"},
            },
            "sequences": {
                "public.down": {"last": -40, "increment": -1},
                "public.unused": {"last": None, "increment": 1},
                "public.up": {"last": 40, "increment": 1},
            },
            "extensions": {"amcheck": "1.3"},
        }
    },
}


def changed(*path, value=None):
    """The state of the copy db2 with one value changed, or taken away."""
    state = copy.deepcopy(STATE)
    state["name"] = "db2"
    place = state
    for key in path[:-1]:
        place = place[key]
    if value is None and path:
        del place[path[-1]]
    elif path:
        place[path[-1]] = value
    return state


APP = ("databases", "app")


@pytest.mark.parametrize(
    ("other", "differences"),
    [
        (changed(), []),
        (
            changed(*APP, "tables", "public.orders", value={"rows": 1000, "fingerprint": "ff"}),
            [("table_content", "public.orders", "the same number of rows as db1/app, 1000, with other content")],
        ),
        (
            changed(*APP, "tables", "public.orders", value={"rows": 998, "fingerprint": "ff"}),
            [("table_rows", "public.orders", "998 rows, 2 fewer than the 1000 of db1/app")],
        ),
        (
            changed(*APP, "tables", "public.orders", value={"rows": 1000, "fingerprint": "ff", "differ": "(7) is new"}),
            [
                (
                    "table_content",
                    "public.orders",
                    "the same number of rows as db1/app, 1000, with other content: (7) is new",
                )
            ],
        ),
        (
            changed(*APP, "tables", "public.users", value={"rows": 4, "fingerprint": "ff"}),
            [("table_rows", "public.users", "4 rows, 1 more than the 3 of db1/app")],
        ),
        (changed(*APP, "tables", "public.orders", value={"rows": None, "fingerprint": None}), []),
        (changed(*APP, "tables", "public.users"), [("table_missing", "public.users", "only db1/app has it")]),
        (
            changed(*APP, "tables", "public.more", value={"rows": 1, "fingerprint": "1"}),
            [("table_missing", "public.more", "only db2/app has it")],
        ),
        (changed(*APP, "sequences", "public.up", value={"last": 72, "increment": 1}), []),
        (changed(*APP, "sequences", "public.unused", value={"last": 1, "increment": 1}), []),
        (changed(*APP, "sequences", "public.down", value={"last": -72, "increment": -1}), []),
        (
            changed(*APP, "sequences", "public.up", value={"last": 39, "increment": 1}),
            [("sequence_behind", "public.up", "at 39, while db1/app is at 40")],
        ),
        (
            changed(*APP, "sequences", "public.down", value={"last": -39, "increment": -1}),
            [("sequence_behind", "public.down", "at -39, while db1/app is at -40")],
        ),
        (
            changed(*APP, "sequences", "public.up", value={"last": None, "increment": 1}),
            [("sequence_behind", "public.up", "unused, while db1/app is at 40")],
        ),
        (changed(*APP, "sequences", "public.up"), [("sequence_missing", "public.up", "only db1/app has it")]),
        (
            changed(*APP, "extensions", "amcheck", value="1.2"),
            [("extension_differs", "amcheck", "version 1.2, on db1/app version 1.3")],
        ),
        (
            changed(*APP, "extensions", "amcheck"),
            [("extension_differs", "amcheck", "not there, on db1/app version 1.3")],
        ),
    ],
)
def test_what_a_copy_has_otherwise(other, differences):
    assert [(finding.kind, finding.object, finding.detail) for finding in compare(STATE, other)] == differences
    assert {finding.where for finding in compare(STATE, other)} <= {"db2/app"}


@pytest.mark.parametrize("part", ["sequences", "extensions"])
def test_what_was_not_looked_at_is_not_compared(part):
    other = changed()
    other["databases"]["app"][part] = None
    assert compare(STATE, other) == compare(other, STATE) == []


@pytest.mark.parametrize("mine", [None, "ab"])
def test_a_table_whose_content_the_original_does_not_show_is_named(mine):
    """A damaged page of it is a finding there, and says nothing of the copy."""
    original, unread = changed(), {"rows": None, "fingerprint": None}
    original["databases"]["app"]["tables"]["public.orders"] = unread
    other = changed(*APP, "tables", "public.orders", value={"rows": 1000, "fingerprint": mine})
    assert compare(original, other) == []
    (left,) = not_compared(original, other)
    assert (left.check, left.object, left.where) == ("fingerprints", "public.orders", "db2/app")
    assert left.reason == "its content could not be read there, so the copy's was compared with nothing"
    # What the copy does not show is a finding on it, and a table of one side alone another one.
    assert not_compared(other if mine else STATE, changed(*APP, "tables", "public.orders")) == []


def test_a_database_that_is_on_one_side_only():
    (finding,) = compare(STATE, changed(*APP))
    assert (finding.kind, finding.object, finding.where) == ("database_missing", "app", "db2")
    assert finding.detail == "only db1 has it"


def test_whether_both_were_seen_as_of_one_moment():
    assert as_of(STATE, changed()) == {
        "app": {"exact": True, "reason": "both show every transaction before 750 and none after, at 0/3000060"}
    }
    later = changed(*APP, "as_of", value={**AS_OF, "snapshot": "751:751:"})
    assert as_of(STATE, later)["app"]["exact"] is False
    assert as_of(STATE, changed(*APP)) == {}


@pytest.mark.parametrize("state", [{}, {"databases": {"app": {}}, "name": "x"}, {"databases": []}])
def test_what_is_no_state_is_refused(state):
    for function in (compare, as_of, not_compared):
        with pytest.raises(StateError, match=r"^the state to compare with is not one that this module told: "):
            function(state, STATE)
