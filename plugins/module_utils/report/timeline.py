# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a run did when: its plays as phases, and in them the tasks."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Dict, List, Set


@dataclass
class Step:
    """A task, with when it began and ended in seconds of the epoch, and on which hosts it failed."""

    name: str
    start: float
    end: float
    failed: List[str] = field(default_factory=list)


@dataclass
class Phase:
    """A play and its tasks."""

    name: str
    start: float
    end: float
    steps: List[Step] = field(default_factory=list)

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.end - self.start

    @property
    def failed(self) -> bool:
        """Whether a task failed on a host."""
        return any(step.failed for step in self.steps)


class Timeline:
    """The phases of a run, written down as it goes on."""

    def __init__(self) -> None:
        self.phases: List[Phase] = []

    def play(self, name: str, now: float) -> None:
        """Note that a play begins."""
        self.close(now)
        self.phases.append(Phase(name, now, now))

    def task(self, name: str, now: float) -> None:
        """Note that a task begins."""
        self.close(now)
        if self.phases:
            self.phases[-1].steps.append(Step(name, now, now))

    def result(self, host: str, failed: bool, now: float) -> None:
        """Note that a host has done the present task."""
        if self.phases and self.phases[-1].steps:
            step = self.phases[-1].steps[-1]
            step.end = self.phases[-1].end = now
            if failed:
                step.failed.append(host)

    def close(self, now: float) -> None:
        """Note that whatever is under way has ended."""
        if self.phases:
            self.phases[-1].end = now
            if self.phases[-1].steps:
                self.phases[-1].steps[-1].end = max(self.phases[-1].steps[-1].end, self.phases[-1].steps[-1].start)

    def keep_failures_of(self, hosts: Set[str]) -> None:
        """Forget the failures of all hosts but some."""
        for phase in self.phases:
            for step in phase.steps:
                step.failed = [host for host in step.failed if host in hosts]

    @property
    def done(self) -> List[Phase]:
        """The phases in which anything was done; plays without hosts have none."""
        return [phase for phase in self.phases if phase.steps]

    def record(self) -> List[Dict[str, Any]]:
        """Return it as JSON has it: seconds since the run began."""
        begin = self.phases[0].start if self.phases else 0.0
        return [
            {
                "phase": phase.name,
                "from": round(phase.start - begin, 3),
                "seconds": round(phase.seconds, 3),
                "failed": phase.failed,
                "steps": [
                    {
                        "step": step.name,
                        "from": round(step.start - begin, 3),
                        "seconds": round(step.end - step.start, 3),
                        "failed_on": step.failed,
                    }
                    for step in phase.steps
                ],
            }
            for phase in self.done
        ]
