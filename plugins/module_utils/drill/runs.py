# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a drill that noted what it takes still runs. Pure.

A note is JSON: what was taken from whom, and ``run``, which says who does it: C(scenario), C(user), C(host), C(pid) and
C(since) for a person; C(machine), which a control host keeps when it boots, C(boot), which it does not, and C(start),
which a later process with the same number does not have.
"""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, Mapping, Optional

#: Returns the ``start`` of a process of this control host: empty where it has ended, None where that cannot be seen.
StartOf = Callable[[int], Optional[str]]


def read(text: str) -> Dict[str, Any]:
    """Return a note; empty where there is none.

    :raises ValueError: it is none that a drill wrote.
    """
    if not text:
        return {}
    note = json.loads(text)
    if not isinstance(note, dict):
        raise ValueError("it is no mapping")
    return note


def named(run: Mapping[str, Any]) -> str:
    """Return what an operator calls a run, to say that it is dead."""
    return f"{run['host']}:{run['pid']}"


def lives(run: Mapping[str, Any], here: Mapping[str, str], start_of: StartOf) -> Optional[bool]:
    """Return whether a run still does something; None where this control host cannot tell.

    :param here: ``host``, ``machine`` and ``boot`` of this control host.
    """
    if not run["start"] or any(run[key] != here[key] for key in ("host", "machine")):
        return None
    if run["boot"] != here["boot"]:
        return False
    start = start_of(run["pid"])
    return None if start is None else start == run["start"]


def refusal(note: Mapping[str, Any], here: Mapping[str, str], start_of: StartOf, dead: str) -> str:
    """Return why no other drill may begin; empty where the one that wrote the note is dead, or there is none.

    A note without ``run`` is of a version that did not say it.

    :param dead: the run of which the operator says that it is dead; not believed where it is seen to live.
    """
    run = note.get("run")
    alive = lives(run, here, start_of) if run else False
    if not run or alive is False or (alive is None and dead == named(run)):
        return ""
    who = f"{run['scenario']}, by {run['user']} on {run['host']} (process {run['pid']}) since {run['since']}"
    if alive:
        return (
            f"a drill runs: {who}. Wait until it has ended. Where it hangs, kill {run['pid']} ends it, and the same "
            "command again gives back what it took"
        )
    return (
        f"a drill may still run: {who}. {run['host']} can tell: ps -p {run['pid']}. Wait until it has ended. Where it "
        f"is dead, say -e dead_run={named(run)}, and what it took is given back first"
    )
