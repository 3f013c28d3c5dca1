# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A report says what of a cache was warmed, and never leaves out what was not."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.warmth import cold, warmed

PLANS = {kind: {"kind": kind, "to": "west", "old": "east"} for kind in ("planned", "unplanned")}
PLANS["leads"] = {"kind": "leads", "to": "west", "old": ""}
EMPTY = (
    "the cache of west begins empty, and fills as visitors come: failover_warm_urls names no path that would fill it"
)
NOT_SENT = "api1 sent no requests that fill the cache: timed out"
PROBLEMS = [{"reason": "HTTP status 404", "count": 2, "example": "/api/a"}, {"reason": "reset", "count": 1}]


def replayed(seen, copied, **more):
    return {"seen": seen, "copied": copied, "errors": 0, "left": 0, "problems": [], **more}


@pytest.mark.parametrize(
    ("kind", "cache", "done", "left"),
    [
        # A platform without a cache, and a region that led already, have nothing to tell.
        ("planned", {}, [], []),
        ("unplanned", {"here": False}, [], []),
        ("leads", {"here": True, "filled": {"api1": {"skipped": True}, "api2": {}}}, [], []),
        # Keys are carried over.
        (
            "planned",
            {"here": True, "saved": replayed(9, 9), "loaded": replayed(9, 9), "filled": {"api1": {"skipped": True}}},
            ["9 keys of the cache of east were carried over"],
            [],
        ),
        (
            "planned",
            {
                "here": True,
                "saved": replayed(9, 6, left=2, errors=1, problems=PROBLEMS),
                "loaded": replayed(6, 4, left=1, errors=1),
            },
            ["4 keys of the cache of east were carried over"],
            [
                "1 keys of the cache of east were not carried over: HTTP status 404, such as /api/a",
                "1 keys of the cache of east were not carried over: nobody knows why",
                "3 keys of the cache of east that are used less were not carried over: failover_warm_seconds and "
                "failover_warm_bytes bound how much is",
            ],
        ),
        # They are not.
        (
            "planned",
            {"here": True, "saved": {"msg": "source: no node answers"}, "paths": 2, "filled": {"api1": replayed(2, 2)}},
            ["api1: 2 of 2 requests that fill the cache were answered"],
            ["the cache of east was not carried over: source: no node answers"],
        ),
        (
            "planned",
            {"here": True, "saved": replayed(9, 9), "failed": "no space left"},
            [],
            ["the cache of east was not carried over: no space left", EMPTY],
        ),
        ("planned", {"here": True}, [], ["the cache of east was not carried over: it was not asked", EMPTY]),
        (
            "planned",
            {"here": True, "saved": {"skipped": True}, "paths": 1},
            [],
            ["the cache of east was not carried over: it was not asked"],
        ),
        # An empty cache has nothing to carry.
        ("planned", {"here": True, "saved": replayed(0, 0), "loaded": {"skipped": True}, "paths": 1}, [], []),
        # Requests fill it.
        ("unplanned", {"here": True}, [], [EMPTY]),
        (
            "unplanned",
            {
                "here": True,
                "paths": 9,
                "filled": {"api2": replayed(9, 9), "api1": {"unreachable": True, "msg": "timed out"}},
            },
            ["api2: 9 of 9 requests that fill the cache were answered"],
            [NOT_SENT],
        ),
        (
            "leads",
            {"here": True, "paths": 9, "filled": {"api1": replayed(9, 4, errors=3, left=2, problems=PROBLEMS)}},
            ["api1: 4 of 9 requests that fill the cache were answered"],
            [
                "api1: 3 of 9 requests that fill the cache failed: HTTP status 404, such as /api/a",
                "api1: 2 requests that fill the cache were not sent in time: raise failover_warm_seconds",
            ],
        ),
        (
            "unplanned",
            {"here": True, "paths": 1, "filled": {"api1": replayed(1, 0, errors=1, problems=[{"reason": "refused"}])}},
            [],
            ["api1: 1 of 1 requests that fill the cache failed: refused"],
        ),
    ],
)
def test_what_is_warm_and_what_is_cold_is_told(kind, cache, done, left):
    assert list(warmed(PLANS[kind], cache)) == done
    assert list(cold(PLANS[kind], cache)) == left
