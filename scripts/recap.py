"""Reads the end of a playbook's output: every host of the inventory took part, and nothing changed on any.

``python -m scripts.recap OUTPUT INVENTORY``
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, Iterator, Mapping, Sequence

LINE = re.compile(r"^(\S+)\s+: ok=(\d+)\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)", re.MULTILINE)


def complaints(output: str, hosts: Sequence[str]) -> Iterator[str]:
    """Return what speaks against a run that should have found nothing to do on any host, wanted or not."""
    recap = {name: tuple(map(int, counts)) for name, *counts in LINE.findall(output)}
    for host in dict.fromkeys([*hosts, *recap]):
        if host not in recap:
            yield f"{host}: took no part in the run"
            continue
        ok, changed, unreachable, failed = recap[host]
        if ok == 0:
            yield f"{host}: executed no task"
        if (changed, unreachable, failed) != (0, 0, 0):
            yield f"{host}: changed={changed} unreachable={unreachable} failed={failed}, all should be 0"


def members(listing: Mapping[str, Any], group: str) -> list[str]:
    """Return the hosts of a group and of its children, from the output of ``ansible-inventory --list``."""
    entry = listing.get(group, {})
    below = [host for child in entry.get("children", []) for host in members(listing, child)]
    return sorted({*entry.get("hosts", []), *below})


def platform_hosts(inventory: str) -> list[str]:
    """Return the hosts of the platform, as Ansible sees the inventory."""
    command = ["ansible-inventory", "-i", inventory, "--list"]
    return members(json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout), "platform")


def main(arguments: Sequence[str]) -> int:
    """Print the complaints, or how many hosts had nothing to do."""
    output, inventory = arguments
    hosts = platform_hosts(inventory)
    wrong = list(complaints(Path(output).read_text(encoding="utf-8"), hosts))
    if not hosts:
        wrong.append(f"{inventory}: the group platform has no host")
    print("\n".join(wrong) or f"nothing to change on {len(hosts)} hosts")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
