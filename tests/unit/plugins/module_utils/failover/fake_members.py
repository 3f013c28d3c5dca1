# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Members of a cluster as they would be seen, and the ways that their logs went."""

from __future__ import annotations

from dataclasses import replace

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.seen import Member
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.timeline import History, Switch

HISTORY = History(3, (Switch(1, 100), Switch(2, 200)))
OTHER_WAY = History(3, (Switch(1, 100), Switch(2, 150)))


def standby(name, position=1000, **changes):
    """A member that is well and follows."""
    member = Member(
        name,
        patroni="active",
        process="S",
        answers=True,
        in_recovery=True,
        identifier="7",
        history=HISTORY,
        position=position,
        exact=True,
        role="replica",
        state="running",
    )
    return replace(member, **changes)


def primary(name="db1", **changes):
    """A member that takes writes."""
    return standby(name, **{"in_recovery": False, "role": "primary", **changes})


def dead(name, **changes):
    """A member whose host does not answer."""
    return Member(name, unreached="Connection timed out", **changes)
