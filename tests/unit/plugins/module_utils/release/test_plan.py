"""Which release is active after which step."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.release.plan import (
    Plan,
    ReleaseError,
    State,
    activate,
    restore,
)


@pytest.mark.parametrize(
    ("state", "version", "keep", "expected"),
    [
        (State(("1",), "", ""), "1", 5, Plan("1", "", ())),
        (State(("1",), "1", ""), "1", 5, Plan("1", "", ())),
        (State(("1", "2"), "2", "1"), "2", 1, Plan("2", "1", ())),
        (State(("1", "2"), "1", ""), "2", 5, Plan("2", "1", ())),
        (State(("1", "2", "3"), "2", "1"), "3", 2, Plan("3", "2", ("1",))),
        (State(("1", "2", "3", "4"), "3", "2"), "4", 3, Plan("4", "3", ("1",))),
        (State(("1", "2", "3"), "2", "1"), "3", 1, Plan("3", "2", ("1",))),
        (State(("1", "2"), "2", "1"), "1", 5, Plan("1", "2", ())),
    ],
)
def test_activation_keeps_a_way_back(state, version, keep, expected):
    assert activate(state, version, keep) == expected


def test_a_release_that_is_not_there_is_refused():
    with pytest.raises(ReleaseError) as caught:
        activate(State(("1", "2"), "2", "1"), "3", 5)
    assert str(caught.value) == "release 3 is not on this host; deploy it first. These are: 1, 2"


@pytest.mark.parametrize(
    "before", [State(("1", "2", "3"), "2", "1"), State(("1", "2", "3"), "2", ""), State(("3",), "", "")]
)
def test_a_release_that_is_taken_back_leaves_the_links_as_they_were(before):
    after = activate(before, "3", 5)
    plan = restore(State(before.unpacked, after.current, after.previous), before.current, before.previous)
    assert plan == Plan(before.current, before.previous, ())


def test_a_previous_release_that_was_removed_is_no_way_back():
    assert restore(State(("2", "3"), "3", "2"), "2", "1") == Plan("2", "", ())


def test_a_release_that_was_removed_cannot_be_restored():
    with pytest.raises(ReleaseError) as caught:
        restore(State(("3",), "3", ""), "2", "1")
    assert str(caught.value) == "release 2 is not on this host any more; deploy it again. These are: 3"
