# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Only what differs is patched, and what failovers decide is left to them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.freeagentics.platform.plugins.module_utils.patroni.dynamic import apply, follows, patch


def parameters(**values):
    return {"postgresql": {"parameters": values}}


@pytest.mark.parametrize(
    ("current", "wanted", "difference"),
    [
        ({"ttl": 20}, {"ttl": 20}, {}),
        ({"ttl": 30}, {"ttl": 20}, {"ttl": 20}),
        ({}, {"slots": {}}, {"slots": {}}),
        # True is no 1, and "1" neither: Patroni keeps what was written.
        ({"a": 1}, {"a": True}, {"a": True}),
        ({"a": "1"}, {"a": 1}, {"a": 1}),
        # What nobody declared stays, but for parameters.
        ({"pause": True, "slots": {"mine": {}}}, {"slots": {"west": {}}}, {"slots": {"west": {}}}),
        (parameters(jit=False, work_mem="1MB"), parameters(jit=False), parameters(work_mem=None)),
        ({"postgresql": {"use_slots": True}}, parameters(jit=False), parameters(jit=False)),
    ],
)
def test_patch(current, wanted, difference):
    assert patch(current, wanted) == difference


@pytest.mark.parametrize(
    ("current", "difference"),
    [
        ({}, {}),
        ({"standby_cluster": None}, {}),
        ({"standby_cluster": {"host": "a", "port": 5432}}, {"standby_cluster": {"host": "b"}}),
    ],
)
def test_whether_it_follows_is_up_to_failovers(current, difference):
    assert patch(current, {"standby_cluster": {"host": "b", "port": 5432}}) == difference


def test_a_cluster_that_follows_is_not_detached():
    current = {"standby_cluster": {"host": "a"}}
    assert patch(current, {}) == {}
    assert follows(current)
    assert not follows({})


VALUES = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
CONFIGS = st.dictionaries(st.sampled_from(["ttl", "slots", "postgresql"]), VALUES, max_size=3)


@given(CONFIGS, CONFIGS)
def test_a_second_run_changes_nothing(current, wanted):
    after = apply(current, patch(current, wanted))
    assert patch(after, wanted) == {}
