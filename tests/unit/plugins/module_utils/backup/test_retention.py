"""Which copies are kept."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.freeagentics.platform.plugins.module_utils.backup import retention
from ansible_collections.freeagentics.platform.plugins.module_utils.backup.retention import Policy, expired

START = datetime(2026, 1, 1, 2, tzinfo=timezone.utc)


def daily(count, start=START):
    """The names of copies that are made every day."""
    return [retention.name_at(start + timedelta(days=number)) for number in range(count)]


def day_by_day(names, policy):
    """What is left where each day one copy is made and those that expired are removed."""
    kept = []
    for name in names:
        kept.append(name)
        kept = [one for one in kept if one not in expired(kept, [], policy)]
    return kept


moments = st.integers(0, 315_360_000).map(lambda seconds: retention.name_at(START + timedelta(seconds=seconds)))
names = st.sets(moments | st.text(max_size=20) | st.sampled_from(["lost+found", "2026-13-01T000000Z", "2026-01-01"]))
policies = st.builds(Policy, st.integers(0, 40), st.integers(0, 14))


def test_seven_days_here():
    assert day_by_day(daily(400), Policy(days=7)) == daily(400)[-7:]


def test_thirty_days_and_twelve_months_there():
    names = daily(800)
    kept = day_by_day(names, Policy(days=30, months=12))
    last = names[-1]
    assert last == "2028-03-10T020000Z"
    assert kept[-30:] == names[-30:]
    months = [f"2027-{month:02}-01T020000Z" for month in range(4, 13)] + ["2028-01-01T020000Z", "2028-02-01T020000Z"]
    assert kept[:-30] == months
    assert "2028-03-01T020000Z" in kept


def test_several_copies_of_a_day_stay_as_long_as_the_day():
    names = ["2026-01-01T020000Z", "2026-01-01T090000Z", "2026-01-02T020000Z", "2026-01-03T020000Z"]
    assert expired(names, [], Policy(days=2)) == tuple(names[:2])
    assert expired(names, [], Policy(days=3)) == ()


def test_while_no_copy_is_made_none_is_removed():
    names = daily(7)
    assert expired(names, daily(30, START + timedelta(days=7)), Policy(days=7)) == ()


def test_an_incomplete_copy_goes_when_a_younger_one_is_complete():
    assert expired(["2026-01-02T020000Z"], ["2026-01-01T020000Z", "2026-01-03T020000Z"], Policy(days=1)) == (
        "2026-01-01T020000Z",
    )


@given(names, names, policies)
def test_the_newest_complete_copy_is_never_removed(complete, incomplete, policy):
    good = sorted(filter(retention.is_copy, complete))
    gone = expired(complete, incomplete, policy)
    assert not good or good[-1] not in gone
    assert good or gone == ()


@given(names, names, policies)
def test_what_is_unknown_is_never_removed(complete, incomplete, policy):
    gone = expired(complete, incomplete, policy)
    assert all(retention.is_copy(name) for name in gone)
    assert set(gone) <= complete | incomplete


@given(names, names, policies)
def test_once_removed_nothing_more_expires(complete, incomplete, policy):
    gone = set(expired(complete, incomplete, policy))
    assert expired(complete - gone, incomplete - gone, policy) == ()


@given(names, policies, st.integers(0, 5), st.integers(0, 5))
def test_who_wants_more_keeps_more(complete, policy, days, months):
    more = Policy(policy.days + days, policy.months + months)
    assert set(expired(complete, [], more)) <= set(expired(complete, [], policy))


@given(names, policies)
def test_so_many_days_and_months_are_there(complete, policy):
    good = set(filter(retention.is_copy, complete))
    kept = good - set(expired(complete, [], policy))
    assert len({name[:10] for name in kept}) >= min(policy.days, len({name[:10] for name in good}))
    assert len({name[:7] for name in kept}) >= min(policy.months, len({name[:7] for name in good}))


@given(moments)
def test_a_name_is_a_moment(name):
    assert retention.name_at(retention.moment_of(name)) == name


@pytest.mark.parametrize("name", ["", "2026-01-01", "2026-02-30T020000Z", "2026-01-01T020000Z ", "a2026-01-01T020000Z"])
def test_no_copies(name):
    assert not retention.is_copy(name)
