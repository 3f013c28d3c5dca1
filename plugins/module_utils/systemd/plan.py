# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which ``systemctl`` calls bring units from the state found to the state wanted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

Action = Tuple[str, ...]
RUNNING = ("active", "activating", "reloading")
ENABLED = ("enabled", "enabled-runtime", "static", "alias", "indirect", "generated")


@dataclass(frozen=True)
class Unit:
    """A unit as wanted; None leaves that side of it as it is."""

    name: str
    enabled: Optional[bool] = None
    state: Optional[str] = None
    masked: Optional[bool] = None
    optional: bool = False


class MissingUnit(Exception):
    """A unit is not on the host."""


def parse_show(text: str, names: Sequence[str]) -> Dict[str, Mapping[str, str]]:
    """Return the properties of each unit from the output of ``systemctl show``.

    :param text: blocks of ``Key=Value`` lines divided by empty lines, one block per unit in the order asked.
    :param names: the units that were asked for.
    """
    blocks = [block for block in text.strip().split("\n\n") if block]
    properties = [dict(line.split("=", 1) for line in block.splitlines() if "=" in line) for block in blocks]
    return dict(zip(names, properties))


def plan(
    wanted: Iterable[Unit], found: Mapping[str, Mapping[str, str]], tolerate_missing: bool = False
) -> Tuple[Action, ...]:
    """Return the arguments of the ``systemctl`` calls, in order.

    :param tolerate_missing: take a missing unit as one that is neither enabled nor running (check mode on a new host).
    :raises MissingUnit: a unit that is not optional does not exist.
    """
    actions: List[Action] = []
    for unit in wanted:
        properties = found.get(unit.name, {})
        if properties.get("LoadState", "not-found") == "not-found":
            if unit.optional:
                continue
            if not tolerate_missing:
                raise MissingUnit(f"{unit.name}: this host has no such unit; install the package that brings it")
        actions.extend(_unit_actions(unit, properties))
    reload_needed = any(properties.get("NeedDaemonReload") == "yes" for properties in found.values())
    return ((("daemon-reload",),) if reload_needed else ()) + tuple(actions)


def _unit_actions(unit: Unit, properties: Mapping[str, str]) -> List[Action]:
    actions: List[Action] = []
    masked = properties.get("LoadState") == "masked"
    if unit.masked is False and masked:
        actions.append(("unmask", unit.name))
    if unit.enabled is not None and unit.enabled != (properties.get("UnitFileState") in ENABLED):
        actions.append(("enable" if unit.enabled else "disable", unit.name))
    if unit.state is not None and (unit.state == "started") != (properties.get("ActiveState") in RUNNING):
        actions.append(("start" if unit.state == "started" else "stop", unit.name))
    if unit.masked and not masked:
        actions.append(("mask", unit.name))
    return actions
