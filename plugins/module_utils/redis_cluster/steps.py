# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What can be done to a cluster, as values; nodes are named by their ids."""

from __future__ import annotations

from typing import Callable, NamedTuple, Tuple, Union

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.observe import slot_ranges

#: Returns what a message calls a node of an id.
Name = Callable[[str], str]


class Forget(NamedTuple):
    """Take a node off every member's list that is gone for good."""

    node: str

    def words(self, name: Name) -> str:
        """Return the step in words."""
        return f"forget {name(self.node)}, which is gone"


class Meet(NamedTuple):
    """Make a node a member that belongs to no cluster."""

    node: str

    def words(self, name: Name) -> str:
        """Return the step in words."""
        return f"let {name(self.node)} join"


class Close(NamedTuple):
    """End moves on one node that no other node knows of."""

    node: str
    slots: Tuple[int, ...]

    def words(self, name: Name) -> str:
        """Return the step in words."""
        return f"close {_count(self.slots)} on {name(self.node)} that nobody moves"


class Move(NamedTuple):
    """Hand slots over with all their keys."""

    source: str
    target: str
    slots: Tuple[int, ...]

    def words(self, name: Name) -> str:
        """Return the step in words."""
        return f"move {_count(self.slots)} from {name(self.source)} to {name(self.target)}"


class Failover(NamedTuple):
    """Let a replica and its master change places, with no write lost."""

    replica: str
    master: str

    def words(self, name: Name) -> str:
        """Return the step in words."""
        return f"let {name(self.replica)} take over from {name(self.master)}"


class Detach(NamedTuple):
    """Make a master without slots of a replica, whose copy is given up."""

    node: str

    def words(self, name: Name) -> str:
        """Return the step in words."""
        return f"make {name(self.node)} a master instead of a replica"


class Assign(NamedTuple):
    """Give a master slots that nobody has."""

    node: str
    slots: Tuple[int, ...]

    def words(self, name: Name) -> str:
        """Return the step in words."""
        return f"give {name(self.node)} {_count(self.slots)} that nobody has"


class Replicate(NamedTuple):
    """Make a node a replica of a master."""

    node: str
    master: str

    def words(self, name: Name) -> str:
        """Return the step in words."""
        return f"let {name(self.node)} replicate {name(self.master)}"


class Remove(NamedTuple):
    """Let all members forget a node that has nothing any more, and let it forget them."""

    node: str

    def words(self, name: Name) -> str:
        """Return the step in words."""
        return f"let {name(self.node)} leave"


Step = Union[Forget, Meet, Close, Move, Failover, Detach, Assign, Replicate, Remove]


def _count(slots: Tuple[int, ...]) -> str:
    return f"slot {slots[0]}" if len(slots) == 1 else f"{len(slots)} slots ({slot_ranges(slots)})"
