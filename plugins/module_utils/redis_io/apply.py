# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carries the steps of a plan out, and waits after each kind of step until all nodes know of it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import groupby
from typing import Any, Callable, Dict, List, Mapping, NamedTuple, Sequence, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.agreement import disagreements, faults
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.members import (
    Declared,
    Members,
    Refusal,
    View,
    as_new,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.observe import slot_ranges
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.plan import Plan, plan
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.steps import (
    Assign,
    Close,
    Detach,
    Failover,
    Forget,
    Meet,
    Move,
    Remove,
    Replicate,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.carry import (
    Pace,
    Side,
    move_slots,
    patiently,
    require,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.client import Client, ServerError
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_io.cluster import Nodes

#: Seconds between two looks while waiting.
PAUSE = 0.1
#: How often a plan is made at most, where the cluster changes while one is carried out.
ROUNDS = 3


class Unsettled(Exception):
    """The cluster did not become what it should in time; the text says what is wrong."""


def agreed_plan(
    nodes: Nodes, declared: Sequence[Declared], wanted: Tuple[int, int, bool], patience: float, look_ahead: bool = False
) -> Plan:
    """Return the plan for what the living members see, once they agree.

    :param wanted: shards, replicas, and whether lost slots are given up.
    :param patience: seconds to wait for a change that is under way, as a failover is.
    :param look_ahead: if no node answers, plan for new ones.
    :raises Refusal: what is declared is not done.
    :raises Unsettled: the members still do not agree.
    """
    deadline = time.monotonic() + patience
    while True:
        observed = nodes.observe([node.place for node in declared])
        if look_ahead and not observed.views:
            observed = as_new(declared)
        found = plan(declared, *wanted[:2], observed, wanted[2])
        members = found.members
        reasons = disagreements({node: members.views[node] for node in (*members.core, *members.leaving)})
        if not reasons:
            return found
        if time.monotonic() > deadline:
            raise Unsettled(f"after {patience:g} s: {'; '.join(reasons)}")
        time.sleep(PAUSE)


class Done(NamedTuple):
    """What a run did: the plans that it carried out, of which the last one led to a whole cluster, and keys moved."""

    plans: Tuple[Plan, ...]
    keys_moved: int


def make_whole(
    nodes: Nodes, declared: Sequence[Declared], wanted: Tuple[int, int, bool], pace: Pace, patience: float
) -> Done:
    """Make the cluster what is declared, and return when all nodes agree that it is.

    Where a node fails or is taken over meanwhile, what is left to do is planned anew, a few times at most.

    :param wanted: shards, replicas, and whether lost slots are given up.
    :param patience: seconds for each wait.
    :raises Refusal: what is declared is not done, and nothing was.
    :raises ServerError: a node refused or did not answer.
    :raises Unsettled: the cluster did not become whole in time, or cannot go on.
    """
    plans: List[Plan] = []
    keys_moved = 0
    while True:
        try:
            found = agreed_plan(nodes, declared, wanted, patience)
        except Refusal as refusal:
            if not plans:
                raise
            raise Unsettled(str(refusal)) from refusal
        plans.append(found)
        worker = Worker(nodes, found.members, pace, patience)
        try:
            worker.carry_out(found)
            worker.until(partial(_not_whole, found.replicas))
        except (ServerError, Unsettled):
            if len(plans) == ROUNDS:
                raise
        else:
            return Done(tuple(plans), keys_moved + worker.keys_moved)
        keys_moved += worker.keys_moved


class Worker:
    """Carries out a plan for the nodes that it is about."""

    def __init__(self, nodes: Nodes, members: Members, pace: Pace, patience: float) -> None:
        """Take over the connections.

        :param patience: seconds for each wait.
        """
        self.nodes, self.members, self.pace, self.patience = nodes, members, pace, patience
        self.joined: List[str] = [node for node in members.alive if node not in members.fresh]
        self.keys_moved = 0

    def carry_out(self, plan: Plan) -> None:
        """Carry out all steps in their order, neighbours of one kind together.

        :raises ServerError: a node refused or does not answer.
        :raises Unsettled: the nodes did not agree in time.
        """
        actions: Mapping[Any, Callable[[Any], None]] = {
            Forget: self._forget,
            Meet: self._meet,
            Close: self._close,
            Move: self._move,
            Failover: self._fail_over,
            Detach: self._detach,
            Assign: self._assign,
            Replicate: self._replicate,
            Remove: self._remove,
        }
        for kind, steps in groupby(plan.steps, type):
            actions[kind](list(steps))
            self.until(disagreements)

    def until(self, wrong: Callable[[Mapping[str, View]], Sequence[str]]) -> None:
        """Wait until nothing is wrong any more.

        :raises Unsettled: something still is.
        """
        deadline = time.monotonic() + self.patience
        while True:
            reasons = self.silent() or list(wrong(self.views))
            if not reasons:
                return
            if time.monotonic() > deadline:
                raise Unsettled(f"after {self.patience:g} s: {'; '.join(reasons)}")
            time.sleep(PAUSE)

    def silent(self) -> List[str]:
        """Look at all members, and return which of them do not answer and why."""
        places = {self._place(node): node for node in self.joined}
        observed = self.nodes.observe(places)
        self.views = {places[place]: view for place, view in observed.views.items() if place in places}
        return [f"{place}: {why}" for place, why in observed.silent.items() if place in places]

    def _place(self, node: str) -> str:
        if node in self.members.declared:
            return self.members.declared[node].place
        return self.members.views[node].me.place

    def _client(self, node: str) -> Client:
        return self.nodes.client(self._place(node))

    def _ask(self, node: str, *words: Any) -> Any:
        return self._client(node).ask(*words)

    def _ask_all(self, commands: Mapping[str, Sequence[Tuple[Any, ...]]]) -> None:
        """Send each node its commands, to all of them at once; the first error counts."""
        by_place = {self._place(node): list(words) for node, words in commands.items() if words}
        answers = self.nodes.each(by_place, lambda client: require(client, by_place[client.server.place]))
        for answer in answers.values():
            if isinstance(answer, ServerError):
                raise answer

    def _forget(self, steps: Sequence[Forget]) -> None:
        commands = {}
        for node in self.joined:
            known = self.members.views[node].known
            commands[node] = [("CLUSTER", "FORGET", step.node) for step in steps if step.node in known]
        self._ask_all(commands)

    def _meet(self, steps: Sequence[Meet]) -> None:
        newcomers = [step.node for step in steps]
        if not self.joined:
            # Different epochs from the start spare the nodes the time to find and mend equal ones.
            epochs = {node: place for place, node in enumerate(newcomers, 1)}
            empty = {node: self.members.views[node].me.config_epoch == 0 for node in newcomers}
            self._ask_all({node: [("CLUSTER", "SET-CONFIG-EPOCH", epochs[node])] for node in newcomers if empty[node]})
        self._introduce(newcomers)

    def _introduce(self, newcomers: Sequence[str]) -> None:
        """Let each newcomer meet every member and every newcomer before it, so that nobody waits for gossip."""
        commands: Dict[str, List[Tuple[Any, ...]]] = {}
        for node in newcomers:
            commands[node] = [self._meeting(other) for other in self.joined]
            self.joined.append(node)
        self._ask_all(commands)

    def _meeting(self, node: str) -> Tuple[Any, ...]:
        if node in self.members.declared:
            known = self.members.declared[node]
            return "CLUSTER", "MEET", known.address, known.port, known.bus_port
        me = self.members.views[node].me
        return "CLUSTER", "MEET", me.address, me.port, me.bus_port

    def _close(self, steps: Sequence[Close]) -> None:
        self._ask_all({step.node: [("CLUSTER", "SETSLOT", slot, "STABLE") for slot in step.slots] for step in steps})

    def _move(self, steps: Sequence[Move]) -> None:
        """Move slots, from each source at the same time."""
        self.until(lambda views: [reason for reason in faults(views, {}) if "in sync" in reason])
        by_source: Dict[str, List[Move]] = {}
        for step in steps:
            by_source.setdefault(step.source, []).append(step)
        with ThreadPoolExecutor(max_workers=len(by_source)) as pool:
            self.keys_moved += sum(pool.map(self._move_from, by_source.values()))

    def _move_from(self, steps: Sequence[Move]) -> int:
        """Carry out the moves of one source over connections of its own, and return how many keys went."""
        keys = 0
        with self.nodes.new_client(self._place(steps[0].source)) as source:
            for step in steps:
                with self.nodes.new_client(self._place(step.target)) as target:
                    keys += move_slots(Side(step.source, source), Side(step.target, target), step.slots, self.pace)
        return keys

    def _fail_over(self, steps: Sequence[Failover]) -> None:
        for step in steps:
            self._ask(step.replica, "CLUSTER", "FAILOVER")
            self.until(partial(_not_master, step.replica))

    def _detach(self, steps: Sequence[Detach]) -> None:
        for step in steps:
            self._ask(step.node, "CLUSTER", "RESET", "SOFT")
            self.joined.remove(step.node)
            self._introduce([step.node])
            self.until(partial(_not_master, step.node))

    def _assign(self, steps: Sequence[Assign]) -> None:
        self._ask_all({step.node: [("CLUSTER", "ADDSLOTSRANGE", *_bounds(step.slots))] for step in steps})

    def _replicate(self, steps: Sequence[Replicate]) -> None:
        def follow(step: Replicate) -> Any:
            return patiently(lambda: self._ask(step.node, "CLUSTER", "REPLICATE", step.master), self.patience)

        with ThreadPoolExecutor(max_workers=len(steps)) as pool:
            list(pool.map(follow, steps))

    def _remove(self, steps: Sequence[Remove]) -> None:
        """Let the others forget first: a node that was reset would be made a member again by their gossip."""
        leaving = [step.node for step in steps]
        self.joined = [node for node in self.joined if node not in leaving]
        self._ask_all({node: [("CLUSTER", "FORGET", other) for other in leaving] for node in self.joined})
        self._ask_all({node: [("CLUSTER", "RESET", "HARD")] for node in leaving})


def _not_whole(replicas: Mapping[str, int], views: Mapping[str, View]) -> List[str]:
    """Return what is wrong with a cluster whose masters shall have so many replicas.

    :raises Unsettled: one of them is master no more, so that the plan is out of date.
    """
    lost = [views[node].me.place for node in replicas if not views[node].me.is_master]
    if lost:
        raise Unsettled(f"{', '.join(lost)} lost its slots to a replica meanwhile")
    return faults(views, replicas)


def _not_master(node: str, views: Mapping[str, View]) -> List[str]:
    me = views[node].me
    return [] if me.is_master else [f"{me.place} is not a master yet"]


def _bounds(slots: Sequence[int]) -> List[int]:
    """Return the first and the last slot of each range, one after the other."""
    ranges = (part.partition("-") for part in slot_ranges(slots).split(","))
    return [int(word) for first, _dash, last in ranges for word in (first, last or first)]
