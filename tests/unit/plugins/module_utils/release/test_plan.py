"""Which release is active after which step."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.release.plan import Plan, ReleaseError, State, activate, back


@pytest.mark.parametrize(
    ("state", "version", "keep", "expected"),
    [
        (State(("1",), "", ""), "1", 5, Plan("1", "", ())),
        (State(("1",), "1", ""), "1", 5, Plan("", "", ())),
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


def test_going_back_exchanges_the_links():
    assert back(State(("1", "2"), "2", "1")) == Plan("1", "2", ())


@pytest.mark.parametrize("state", [State(("1",), "1", ""), State(("2",), "2", "1")])
def test_without_a_previous_release_there_is_no_way_back(state):
    with pytest.raises(ReleaseError) as caught:
        back(state)
    assert str(caught.value) == "there is no previous release on this host to go back to; deploy the release that you want instead"


@pytest.mark.parametrize(("plan", "changes"), [(Plan("", "", ()), False), (Plan("2", "1", ()), True), (Plan("", "", ("1",)), True)])
def test_a_plan_knows_whether_it_changes_anything(plan, changes):
    assert plan.changes is changes
