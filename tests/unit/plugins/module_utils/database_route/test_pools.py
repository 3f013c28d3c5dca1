# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""All pools together fit into one server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.freeagentics.platform.plugins.module_utils.database_route.pools import (
    Pools,
    PoolsError,
    pools,
)


@pytest.mark.parametrize(
    ("hosts", "expected"),
    [(1, Pools(write=108, read=72)), (3, Pools(write=36, read=24)), (20, Pools(write=6, read=3)), (90, Pools(1, 1))],
)
def test_the_budget_is_shared_among_the_hosts(hosts, expected):
    assert pools(hosts, max_connections=200, reserved=20) == expected


@given(st.integers(1, 100), st.integers(1, 5000), st.integers(0, 100))
def test_all_pools_fit_or_the_call_is_refused(hosts, max_connections, reserved):
    try:
        size = pools(hosts, max_connections, reserved)
    except PoolsError:
        assert max_connections - reserved < 2 * hosts
        return
    assert min(size.write, size.read) >= 1
    assert hosts * (size.write + size.read) <= max_connections - reserved


@pytest.mark.parametrize(
    ("hosts", "message"),
    [
        (0, "there are 0 application hosts: a region that uses a database has one at least"),
        (
            91,
            "200 connections less 20 reserved ones leave 1 for each of 91 application hosts, which need 2 at least: "
            "raise max_connections of PostgreSQL, or run fewer hosts",
        ),
    ],
)
def test_what_cannot_work_is_refused(hosts, message):
    with pytest.raises(PoolsError) as caught:
        pools(hosts, max_connections=200, reserved=20)
    assert str(caught.value) == message
