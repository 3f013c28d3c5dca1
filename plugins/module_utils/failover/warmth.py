# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What came of warming the cache of a region that leads, for the report: what was warmed, and what was not."""

from __future__ import annotations

from typing import Any, Iterator, List, Mapping, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.region import LEADS, PLANNED


def warmed(plan: Mapping[str, Any], cache: Mapping[str, Any]) -> Iterator[str]:
    """Return what was warmed.

    :param plan: what the filter ``region_plan`` returns.
    :param cache: ``saved`` and ``loaded`` of ``redis_cache_warm``, and ``failed``, why it did not come over;
        ``filled`` by API host, of the same module; how many ``paths`` are declared, and whether a cache is ``here``.
    """
    if _keys(cache):
        yield f"{_keys(cache)} keys of the cache of {plan['old']} were carried over"
    for name, done in _filled(cache):
        if done.get("copied"):
            yield f"{name}: {done['copied']} of {done['seen']} requests that fill the cache were answered"


def cold(plan: Mapping[str, Any], cache: Mapping[str, Any]) -> Iterator[str]:
    """Return what was not warmed, and why."""
    if plan["kind"] == PLANNED and cache.get("here"):
        yield from _not_carried(plan, cache)
    for name, done in _filled(cache):
        yield from _not_filled(name, done)
    if plan["kind"] != LEADS and cache.get("here") and not _keys(cache) and not cache.get("paths"):
        yield (
            f"the cache of {plan['to']} begins empty, and fills as visitors come: failover_warm_urls names no path "
            "that would fill it"
        )


def _keys(cache: Mapping[str, Any]) -> int:
    return int((cache.get("loaded") or {}).get("copied") or 0)


def _filled(cache: Mapping[str, Any]) -> List[Tuple[str, Mapping[str, Any]]]:
    """Return what came of requests, by the host that sent them, where some were to be sent."""
    filled = cache.get("filled") or {}
    return [(name, done) for name, done in sorted(filled.items()) if done and not done.get("skipped")]


def _not_carried(plan: Mapping[str, Any], cache: Mapping[str, Any]) -> Iterator[str]:
    saved, loaded = cache.get("saved") or {}, cache.get("loaded") or {}
    begin = f"the cache of {plan['old']} was not carried over"
    reason = cache.get("failed") or saved.get("msg") or loaded.get("msg")
    if reason or not saved or saved.get("skipped"):
        yield f"{begin}: {reason or 'it was not asked'}"
        return
    for done in (saved, loaded):
        if done.get("errors"):
            yield f"{done['errors']} keys of the cache of {plan['old']} were not carried over: {_why(done)}"
    left = int(saved.get("left") or 0) + int(loaded.get("left") or 0)
    if left:
        yield (
            f"{left} keys of the cache of {plan['old']} that are used less were not carried over: "
            "failover_warm_seconds and failover_warm_bytes bound how much is"
        )


def _not_filled(name: str, done: Mapping[str, Any]) -> Iterator[str]:
    if "seen" not in done:
        yield f"{name} sent no requests that fill the cache: {done.get('msg') or 'nobody knows why'}"
        return
    if done.get("errors"):
        yield f"{name}: {done['errors']} of {done['seen']} requests that fill the cache failed: {_why(done)}"
    if done.get("left"):
        yield f"{name}: {done['left']} requests that fill the cache were not sent in time: raise failover_warm_seconds"


def _why(done: Mapping[str, Any]) -> str:
    """Return the most frequent reason for what failed, with an example."""
    first = next(iter(done.get("problems") or ()), {"reason": "nobody knows why", "example": ""})
    return first["reason"] + (f", such as {first['example']}" if first.get("example") else "")
