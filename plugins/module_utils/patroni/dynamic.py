# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Patroni's dynamic configuration: what a PATCH of /config must contain, so that it becomes what is declared."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Tuple

#: Where undeclared keys are removed. Elsewhere they are left alone: Patroni and operators keep their own there.
OWNED: Tuple[Tuple[str, ...], ...] = (("postgresql", "parameters"),)
#: Says whether the cluster follows another one. Failovers decide that, so a key is changed in it and it never
#: comes or goes by a run.
STANDBY = "standby_cluster"


def patch(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the difference as Patroni takes it: changed and new keys with their values, removed ones with None.

    >>> patch({"ttl": 30, "loop_wait": 10}, {"ttl": 20, "loop_wait": 10})
    {'ttl': 20}
    """
    declared = {key: value for key, value in wanted.items() if key != STANDBY or current.get(STANDBY)}
    return _difference(current, declared, ())


def _difference(current: Mapping[str, Any], wanted: Mapping[str, Any], path: Tuple[str, ...]) -> Dict[str, Any]:
    found: Dict[str, Any] = {}
    for key, value in wanted.items():
        now = current.get(key)
        if isinstance(value, Mapping):
            inner = _difference(now if isinstance(now, Mapping) else {}, value, (*path, key))
            if inner or now is None:
                found[key] = inner
        elif not _same(now, value):
            found[key] = value
    if path in OWNED:
        found.update(dict.fromkeys(sorted(set(current) - set(wanted))))
    return found


def _same(one: Any, other: Any) -> bool:
    """Return whether two values mean the same; the store keeps numbers and switches as they were written."""
    return type(one) is type(other) and one == other


def apply(current: Mapping[str, Any], change: Mapping[str, Any]) -> Dict[str, Any]:
    """Return the configuration after a patch, as Patroni applies it: None removes, mappings merge.

    >>> apply({"ttl": 30, "pause": True}, {"ttl": 20, "pause": None})
    {'ttl': 20}
    """
    after = dict(current)
    for key, value in change.items():
        if value is None:
            after.pop(key, None)
        elif isinstance(value, Mapping):
            inner = after.get(key)
            after[key] = apply(inner if isinstance(inner, Mapping) else {}, value)
        else:
            after[key] = value
    return after


def follows(current: Mapping[str, Any]) -> bool:
    """Return whether the cluster follows another one."""
    return bool(current.get(STANDBY))
