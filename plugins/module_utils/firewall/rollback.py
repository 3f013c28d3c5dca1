# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The way back of a change that is not confirmed yet: what is kept on the host, and the script that restores it."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict, dataclass
from typing import Optional, Tuple

from ansible_collections.freeagentics.platform.plugins.module_utils.firewall.plan import Family
from ansible_collections.freeagentics.platform.plugins.module_utils.firewall.ruleset import (
    Ruleset,
    completed,
    only_tables,
    render,
)

#: Forgotten at a reboot, as the rules of the kernel are: then the old file is loaded, which is the way back, too.
STATE_DIRECTORY = "/run/iptables-ruleset"
#: The transient systemd timer and service.
UNIT = "iptables-ruleset-rollback"


@dataclass(frozen=True)
class Pending:
    """A change that waits for its confirmation.

    ``changed_at`` is in seconds since the boot, and None before the rules are loaded.
    """

    token: str
    seconds: int
    changed_at: Optional[float]

    def to_json(self) -> str:
        """The text that is kept on the host."""
        return json.dumps(asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Pending:
        """The change that a text of the host tells of."""
        return cls(**json.loads(text))


def before_text(saved: Ruleset, names: Tuple[str, ...]) -> str:
    """The text that brings the named tables back to what they are now, those that are empty too."""
    return render(completed(only_tables(saved, names)))


def rollback_script(families: Tuple[Family, ...], tools: Tuple[str, ...], persist_directory: str) -> str:
    """The shell script that restores the kernel's rules and the files of the families.

    :param tools: the path of iptables-restore or ip6tables-restore for each of the families.
    """
    lines = [
        "#!/bin/sh",
        "# Restores the firewall as it was before a change that nobody confirmed.",
        f"cd {STATE_DIRECTORY} || exit 1",
        "status=0",
    ]
    for family, tool in zip(families, tools):
        file = shlex.quote(f"{persist_directory}/{family.file}")
        lines += [
            f"{shlex.quote(tool)} --wait 10 < before.{family.file} || status=1",
            f"if [ -e persisted.{family.file} ]; then",
            f"    cp -p persisted.{family.file} {file}.old && mv {file}.old {file} || status=1",
            "else",
            f"    rm -f {file}",
            "fi",
        ]
    lines += [
        "mv -f pending.json rolled-back.json",
        'echo "the change of the firewall was not confirmed: the old rules are back (status $status)"',
        "exit $status",
    ]
    return "".join(f"{line}\n" for line in lines)
