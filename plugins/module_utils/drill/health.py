# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the site answers visitors, and the caches are whole, when a drill is over. Pure."""

from __future__ import annotations

from typing import Any, Iterator, List, Mapping


def ill(site: Mapping[str, Any], caches: Mapping[str, Mapping[str, Any]]) -> List[str]:
    """Return what is not as it was before, a line each.

    :param site: what ``endpoint_health`` returned on the client.
    :param caches: what ``redis_cluster_info`` returned, by the host that looked at the cache of its region.
    """
    return [*_site(site), *(line for name, seen in sorted(caches.items()) for line in _cache(name, seen))]


def well(site: Mapping[str, Any], caches: Mapping[str, Mapping[str, Any]]) -> List[str]:
    """Return what is as it was before, a line each."""
    lines = [] if list(_site(site)) else [f"{one['url']} answers" for one in site["endpoints"]]
    whole = [name for name, seen in sorted(caches.items()) if not list(_cache(name, seen))]
    return lines + [f"the cache that {name} belongs to has all slots, and all its nodes answer" for name in whole]


def _site(site: Mapping[str, Any]) -> Iterator[str]:
    if not site.get("endpoints"):
        yield f"the site was not asked as visitors ask it: {site.get('msg') or 'the client did not answer'}"
    for one in site.get("endpoints") or ():
        if not one["healthy"]:
            yield f"visitors get no answer at {one['url']}: {one['error']}"


def _cache(name: str, seen: Mapping[str, Any]) -> Iterator[str]:
    begin = f"the cache that {name} belongs to"
    if "state" not in seen:
        yield f"{begin} was not looked at: {seen.get('msg') or 'the host did not answer'}"
        return
    silent = list(dict.fromkeys(one["node"] for one in seen["missing"]))
    if silent:
        yield f"{begin}: no answer of {', '.join(silent)}"
    if seen["coverage"]["missing"]:
        yield f"{begin} has no master for the slots {seen['coverage']['missing']}"
    if not seen["agreement"]["agreed"]:
        groups = " and ".join(", ".join(group) for group in seen["agreement"]["groups"])
        yield f"{begin}: its nodes do not agree ({groups})"
    if seen["state"] != "ok" and not silent and not seen["coverage"]["missing"]:
        yield f"{begin} says that it is not in order: {seen['state']}"
