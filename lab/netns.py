# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Carries out a network plan; repeating it repairs what is missing and leaves the rest alone."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import time
from contextlib import suppress
from pathlib import Path
from typing import Dict, Iterable, List, Sequence, Set, Tuple

from lab.errors import LabError
from lab.network import Link, Namespace, Plan
from lab.run import capture, say
from lab.state import Lab, existing_lab, existing_labs, replace

NAMESPACES = Path("/run/netns")
#: Alias of the loopback interface in every namespace of a lab, by which a lab knows what another one has left.
MARK = "freeagentics-lab"


def inside(namespace: str, *command: str) -> List[str]:
    """Return the command line that runs a command in a network namespace."""
    return ["nsenter", f"--net={NAMESPACES / namespace}", *command]


def recorded(lab: Lab) -> List[str]:
    """Return the namespaces that this lab has made, or was about to make."""
    path = lab.directory / "namespaces.json"
    return list(json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else []


def build(lab: Lab, plan: Plan) -> None:
    """Make the lab's network, or what is missing of it."""
    names = [lab.namespace(namespace.name) for namespace in plan.namespaces]
    record(lab, names)
    for name in names:
        if not (NAMESPACES / name).exists():
            capture(["ip", "netns", "add", name])
    present = {namespace.name: _interfaces(lab.namespace(namespace.name)) for namespace in plan.namespaces}
    _connect(lab, plan.links, present)
    for namespace in plan.namespaces:
        _configure(lab.namespace(namespace.name), namespace, present[namespace.name])


def remove(lab: Lab, keep: Iterable[str] = ()) -> None:
    """Remove the lab's namespaces, and with them links, addresses and rules.

    :param keep: namespaces that stay.
    """
    kept = set(keep)
    names = [name for name in recorded(lab) if name not in kept and (NAMESPACES / name).exists()]
    _end_processes(names)
    for name in names:
        capture(["ip", "netns", "delete", name])


def _end_processes(names: Sequence[str]) -> None:
    """End what still runs in namespaces that go away, such as an operator's tunnel: it would keep them alive unseen."""
    inodes = {(NAMESPACES / name).stat().st_ino for name in names}
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + 2
        pids = _processes(inodes)
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal_number)
        while pids and _processes(inodes) and time.monotonic() < deadline:
            time.sleep(0.05)


def _processes(inodes: Set[int]) -> List[int]:
    """Return the processes that are in one of some network namespaces."""
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            with suppress(OSError):
                if (path / "ns/net").stat().st_ino in inodes:
                    found.append(int(path.name))
    return found


def unplug(lab: Lab, router: str, port: str) -> None:
    """Pull a host's cable out at its router, so that nothing answers for the host any more."""
    capture(["ip", "-n", lab.namespace(router), "link", "set", port, "down"], check=False)


def forget(lab: Lab, hosts: Iterable[str]) -> None:
    """Remove the namespaces of hosts that are off: what a host has set there ends with its power."""
    existing = [name for name in map(lab.namespace, hosts) if (NAMESPACES / name).exists()]
    _end_processes(existing)
    for name in existing:
        capture(["ip", "netns", "delete", name])


def add_rules(lab: Lab, namespace: str, ruleset: str) -> None:
    """Load tables into a namespace in one transaction; what they do not name stays."""
    capture(inside(lab.namespace(namespace), "nft", "-f", "-"), stdin=ruleset)


def record(lab: Lab, names: Sequence[str]) -> None:
    """Write down which namespaces are about to be made.

    :raises LabError: another lab has one of them, of this checkout or of another.
    """
    mine = recorded(lab)
    for other in existing_labs():
        taken = set() if other == lab.name else set(recorded(existing_lab(other))) & set(names)
        if taken:
            raise LabError(
                f"lab {lab.name}: {min(taken)} is taken",
                f"lab {other} has a network namespace of this name",
                "choose another name for the lab",
            )
    foreign = [name for name in names if name not in mine and (NAMESPACES / name).exists()]
    if foreign:
        _clear(lab, foreign)
    replace(lab.directory / "namespaces.json", json.dumps(sorted({*mine, *names}), indent=2) + "\n")


def _clear(lab: Lab, foreign: Sequence[str]) -> None:
    """Remove the namespaces that an ended lab of another checkout has left; they outlive what ran in them.

    :raises LabError: something still runs there, or no lab has made them.
    """
    marked = all(_is_marked(name) for name in foreign)
    inodes = {path.stat().st_ino for path in NAMESPACES.glob(f"{lab.name}-*")}
    if _processes(inodes) or not marked:
        raise LabError(
            f"lab {lab.name}: {foreign[0]} exists already",
            "a lab of the same name runs, built from another checkout"
            if marked
            else "something other than a lab has made this network namespace",
            "take that lab down where it was built, or choose another name for this one",
        )
    say(f"    remove {len(foreign)} network namespaces that an ended lab of another checkout has left")
    for name in foreign:
        capture(["ip", "netns", "delete", name])


def _is_marked(name: str) -> bool:
    return MARK in capture(["ip", "-n", name, "link", "show", "lo"], check=False)


def _interfaces(namespace: str) -> Set[str]:
    links: List[Dict[str, str]] = json.loads(capture(["ip", "-n", namespace, "-json", "link"]) or "[]")
    return {link["ifname"] for link in links}


def _connect(lab: Lab, links: Sequence[Link], present: Dict[str, Set[str]]) -> None:
    """Plug the cables that are missing. Both ends of a cable come and go together."""
    missing = [
        link
        for link in links
        if link.interface not in present[link.namespace] or link.peer_interface not in present[link.peer_namespace]
    ]
    for link in missing:
        _cut_off(lab, link, present)
    commands = [
        f"link add {link.interface} netns {lab.namespace(link.namespace)} type veth"
        f" peer name {link.peer_interface} address {hardware_address(link)} netns {lab.namespace(link.peer_namespace)}"
        for link in missing
    ]
    if commands:
        capture(["ip", "-batch", "-"], stdin="\n".join(commands) + "\n")


def hardware_address(link: Link) -> str:
    """Return the address of the card at the far end of a cable, the same each time that it is plugged in.

    With another one after every start a host could not be reached until its neighbours forget the old one, a minute at
    most. It is of those that anybody may make up (IEEE 802, the second bit of the first byte).
    """
    digest = hashlib.sha256(f"{link.peer_namespace} {link.peer_interface}".encode()).hexdigest()
    return ":".join(["02", *(digest[start : start + 2] for start in range(0, 10, 2))])


def _cut_off(lab: Lab, link: Link, present: Dict[str, Set[str]]) -> None:
    """Remove an end that is left of a cable: the kernel ends a namespace, and the cable's other end in it, later."""
    for namespace, interface in ((link.namespace, link.interface), (link.peer_namespace, link.peer_interface)):
        if interface in present[namespace]:
            capture(["ip", "-n", lab.namespace(namespace), "link", "delete", interface], check=False)


def _configure(name: str, namespace: Namespace, present: Set[str]) -> None:
    bridges = [
        f"link add {bridge} type bridge mcast_snooping 0" for bridge in namespace.bridges if bridge not in present
    ]
    if namespace.sysctls:
        capture(inside(name, "sysctl", "--quiet", "--ignore", "--write", *namespace.sysctls))
    for family, commands in by_family([f"link set lo alias {MARK}", *bridges, *namespace.commands]):
        capture(["ip", *family, "-n", name, "-batch", "-"], stdin="\n".join(commands) + "\n")
    if namespace.nft:
        capture(inside(name, "nft", "-f", "-"), stdin=f"flush ruleset\n{namespace.nft}")


def by_family(commands: Sequence[str]) -> List[Tuple[Sequence[str], List[str]]]:
    """Split lines by the address family that they begin with, because a batch of ``ip`` has one family.

    Lines without a family come first.
    """
    groups: Dict[str, List[str]] = {"": [], "-4": [], "-6": []}
    for command in commands:
        first, _, rest = command.partition(" ")
        groups[first if first in groups else ""].append(rest if first in groups else command)
    return [([family] if family else [], lines) for family, lines in groups.items() if lines]
