# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a node of a Redis Cluster is asked, and what it answered. Every answer may be missing; none is invented."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Callable, Dict, Mapping, Optional, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_cluster.observe import (
    Node,
    own,
    parse_info,
    parse_nodes,
)

#: The questions, by the names under which missing answers are told.
INFO, NODES, STATE = "INFO", "CLUSTER NODES", "CLUSTER INFO"
QUESTIONS = (INFO, NODES, STATE)


@dataclass(frozen=True)
class Declared:
    """A node that shall be there. Nodes with one address are on one host."""

    name: str
    address: str
    port: int
    zone: str = ""

    @property
    def place(self) -> str:
        """Its address as messages name it."""
        return f"{self.address}:{self.port}"


@dataclass(frozen=True)
class Told:
    """What a node told: the fields of INFO and CLUSTER INFO, its view of all nodes; and what is missing."""

    info: Mapping[str, str] = field(default_factory=dict)
    view: Tuple[Node, ...] = ()
    state: Mapping[str, str] = field(default_factory=dict)
    #: The reason by question.
    missing: Mapping[str, str] = field(default_factory=dict)

    @property
    def answered(self) -> bool:
        """Whether any question was answered."""
        return len(self.missing) < len(QUESTIONS)

    @property
    def myself(self) -> Optional[Node]:
        """The node as it sees itself, or None."""
        return own(self.view) if self.view else None


def silent(reason: str) -> Told:
    """Return what a node told that answered nothing."""
    return Told(missing=dict.fromkeys(QUESTIONS, reason))


def understand(answers: Mapping[str, Any]) -> Told:
    """Read the answers of a node to all questions; each is what the server sent, or an exception."""
    found: Dict[str, Any] = {}
    missing: Dict[str, str] = {}
    for question, read in _READERS.items():
        answer = answers[question]
        try:
            if isinstance(answer, Exception):
                raise answer
            found[question] = read(answer)
        except Exception as error:
            # An answer that cannot be read is one that is missing, whatever is wrong with it.
            missing[question] = " ".join(str(error).split()) or type(error).__name__
    return Told(found.get(INFO, {}), found.get(NODES, ()), found.get(STATE, {}), missing)


def _text(answer: Any) -> str:
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)


def _view(answer: Any) -> Tuple[Node, ...]:
    nodes = parse_nodes(_text(answer))
    own(nodes)
    return nodes


_READERS: Dict[str, Callable[[Any], Any]] = {
    INFO: lambda answer: parse_info(_text(answer)),
    NODES: _view,
    STATE: lambda answer: parse_info(_text(answer)),
}
