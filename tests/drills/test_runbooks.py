# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The commands with which a runbook says how to look work, word for word, on the hosts of the lab."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Iterator

import pytest

from tests.acceptance.data.cluster import Cluster

REPOSITORY = Path(__file__).resolve().parents[2]
RUNBOOKS = REPOSITORY / "docs" / "runbooks"
#: What the lab calls otherwise than production.
NAMES = (
    ("inventories/prod", "inventories/lab"),
    ("freeagentics.internal", "freeagentics.lab"),
)
#: What asks for a password, which the vault has, or is for a visitor, with the public's names and certificates.
NOT_HERE = re.compile(r"--askpass|^(dig|curl|echo) |app\.freeagentics\.com")
#: What stands for something else in a runbook, and what that may be.
PLACES = (("-u UNIT", "-u patroni"),)
#: Seconds that a command may take: a playbook looks at every host.
LIMIT = 180.0


def commands() -> Iterator[tuple[str, str]]:
    """Return each command of "How to look" with the name of its alert, without the remark behind it."""
    for path in sorted(RUNBOOKS.glob("*.md")):
        section = path.read_text(encoding="utf-8").partition("## How to look\n")[2].partition("\n## ")[0]
        lines = [line.strip() for line in section.splitlines() if line.startswith("    ")]
        yield from ((path.stem, re.sub(r" {2,}# .*$", "", line)) for line in lines)


def here(command: str, cluster: Cluster) -> str:
    """Return a command as it is for the lab, where another host than the runbooks' db1 may lead."""
    for production, lab in (*NAMES, *PLACES):
        command = command.replace(production, lab)
    leader = cluster.primary()
    follower = next(name for name in cluster.members if name != leader)
    return re.sub(r"\bdb[12]\b", lambda found: leader if found[0] == "db1" else follower, command)


def cases() -> list[tuple[str, str]]:
    """Return the commands, each once, with the alert that names it first."""
    first = {command: alert for alert, command in reversed(list(commands()))}
    return sorted((alert, command) for command, alert in first.items() if not NOT_HERE.search(command))


@pytest.mark.parametrize(("alert", "command"), cases())
def test_a_command_of_a_runbook_works(cluster: Cluster, alert: str, command: str) -> None:
    done = subprocess.run(
        ["bash", "-c", here(command, cluster)],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    said = "\n".join(line for line in done.stderr.splitlines() if not line.startswith("Warning: Permanently added"))
    # Of a log or a list without such a line, grep and ls say nothing.
    nothing_there = done.returncode in (1, 2) and not done.stdout
    assert done.returncode == 0 or (nothing_there and not said), f"{alert}: {command}\n{done.stdout}{said}"
