# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A platform is whole after a drill where the site answers and every cache has all its slots and nodes."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.drill.health import ill, well

SITE = {"endpoints": [{"url": "https://a.b/health", "healthy": True, "error": ""}]}
CACHE = {"state": "ok", "missing": [], "coverage": {"missing": ""}, "agreement": {"agreed": True, "groups": [["r1"]]}}
ANSWERS = "https://a.b/health answers"


def whole(name):
    return f"the cache that {name} belongs to has all slots, and all its nodes answer"


def test_a_platform_that_is_whole_is_told():
    assert ill(SITE, {"r9": CACHE, "r1": CACHE}) == []
    assert well(SITE, {"r9": CACHE, "r1": CACHE}) == [ANSWERS, whole("r1"), whole("r9")]


def test_a_platform_without_a_cache_has_none_to_look_at():
    assert (ill(SITE, {}), well(SITE, {})) == ([], [ANSWERS])


@pytest.mark.parametrize(
    ("site", "said"),
    [
        ({}, "the site was not asked as visitors ask it: the client did not answer"),
        ({"unreachable": True, "msg": "timed out"}, "the site was not asked as visitors ask it: timed out"),
        (
            {"endpoints": [*SITE["endpoints"], {"url": "https://c", "healthy": False, "error": "status 503, not 200"}]},
            "visitors get no answer at https://c: status 503, not 200",
        ),
    ],
)
def test_a_site_that_does_not_answer_is_told(site, said):
    assert (ill(site, {"r1": CACHE}), well(site, {"r1": CACHE})) == ([said], [whole("r1")])


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        (
            {"missing": [{"node": "r2", "question": "INFO"}, {"node": "r2", "question": "CLUSTER INFO"}]},
            ["the cache that r1 belongs to: no answer of r2"],
        ),
        (
            {"state": "fail", "coverage": {"missing": "0-99"}},
            ["the cache that r1 belongs to has no master for the slots 0-99"],
        ),
        (
            {"agreement": {"agreed": False, "groups": [["r1", "r3"], ["r2"]]}},
            ["the cache that r1 belongs to: its nodes do not agree (r1, r3 and r2)"],
        ),
        ({"state": "fail"}, ["the cache that r1 belongs to says that it is not in order: fail"]),
    ],
)
def test_a_cache_that_is_not_whole_is_told(changes, said):
    caches = {"r1": {**CACHE, **changes}}
    assert (ill(SITE, caches), well(SITE, caches)) == (said, [ANSWERS])


@pytest.mark.parametrize(("seen", "why"), [({}, "the host did not answer"), ({"msg": "timed out"}, "timed out")])
def test_a_cache_that_nobody_looked_at_is_told(seen, why):
    assert ill(SITE, {"r1": seen}) == [f"the cache that r1 belongs to was not looked at: {why}"]
