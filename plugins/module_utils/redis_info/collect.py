# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Asks all nodes of a cluster at once; each has a time limit of its own."""

from __future__ import annotations

from functools import partial
from typing import Any, Callable, Mapping, Sequence, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.observe.parallel import ask_all
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_info.ask import (
    QUESTIONS,
    Declared,
    silent,
    understand,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_info.describe import Cluster

#: Sends commands to a node in one go and returns for each its answer, or the error that the server gave.
Ask = Callable[[Declared, Sequence[Tuple[str, ...]]], Sequence[Any]]


def collect(declared: Sequence[Declared], ask: Ask, timeout: float) -> Cluster:
    """Ask every node every question.

    :param timeout: seconds for each node.
    """
    commands = [tuple(question.split()) for question in QUESTIONS]

    def questions(node: Declared) -> Mapping[str, Any]:
        return dict(zip(QUESTIONS, ask(node, commands)))

    outcomes = ask_all({(node.name, ""): partial(questions, node) for node in declared}, timeout)
    told = {
        name: silent(outcome.error) if outcome.error else understand(outcome.value)
        for (name, _question), outcome in outcomes.items()
    }
    return Cluster(tuple(declared), told)
