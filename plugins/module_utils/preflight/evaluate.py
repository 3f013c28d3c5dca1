# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Compares hosts with the profile that they have to meet; pure, from facts to every shortfall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple

#: What a profile can ask of a host's hardware: how it is called and its unit.
HARDWARE = {
    "vcpus": ("vCPUs", ""),
    "mhz": ("CPU clock", " MHz"),
    "memory_gb": ("memory", " GB"),
    "disk_gb": ("disk", " GB"),
    "iops": ("disk operations a second", ""),
    "network_mbps": ("network", " Mbit/s"),
}
MEGABYTE = 1024**2
GIGABYTE = 1000**3


class PreflightError(Exception):
    """The rules themselves are wrong; the message names the rule and the remedy."""


@dataclass(frozen=True)
class Shortfall:
    """Where a host, or a whole group, is below what is wanted."""

    host: str
    what: str
    wanted: str
    found: str


@dataclass(frozen=True)
class Host:
    """A host: its groups, its facts, and what its provider promises where no kernel can say it."""

    name: str
    groups: Tuple[str, ...]
    facts: Mapping[str, Any]
    declared: Mapping[str, Any]


def shortfalls(
    hosts: Sequence[Host], group_sizes: Mapping[str, int], rules: Mapping[str, Any]
) -> Tuple[Shortfall, ...]:
    """Return every shortfall of every host, host by host, then those of groups.

    :param group_sizes: how many hosts each group of the inventory has.
    :param rules: ``profile``, ``profiles``, ``supported_os``, ``python`` and ``free_percent``, as the role
        ``preflight`` has them.
    :raises PreflightError: the profile does not exist.
    """
    profile = _profile(rules)
    found: List[Shortfall] = []
    for host in hosts:
        if "freeagentics_hardware" not in host.facts:
            found.append(Shortfall(host.name, "facts", "gathered", "none"))
            continue
        found.extend(_software(host, profile.get("checks", ()), rules))
        found.extend(_hardware(host, profile.get("groups", {})))
    found.extend(_groups(hosts, group_sizes, profile.get("groups", {})))
    return tuple(found)


def _profile(rules: Mapping[str, Any]) -> Mapping[str, Any]:
    profiles: Mapping[str, Mapping[str, Any]] = rules["profiles"]
    if rules["profile"] not in profiles:
        known = ", ".join(sorted(profiles))
        raise PreflightError(f"preflight_profile: there is no profile {rules['profile']}; choose one of {known}")
    return profiles[rules["profile"]]


def _software(host: Host, checks: Iterable[str], rules: Mapping[str, Any]) -> List[Shortfall]:
    functions = {"os": _os, "python": _python, "time": _time, "dns": _dns, "free_disk": _free_disk, "peers": _peers}
    found: List[Shortfall] = []
    for check in checks:
        if check not in functions:
            known = ", ".join(functions)
            raise PreflightError(f"preflight_profiles: there is no check {check}; choose from {known}")
        found.extend(functions[check](host, rules))
    return found


def _os(host: Host, rules: Mapping[str, Any]) -> List[Shortfall]:
    system = host.facts.get("freeagentics_os", {})
    name, version = system.get("id", ""), system.get("version_id", "")
    supported = rules["supported_os"]
    if version in supported.get(name, ()):
        return []
    wanted = ", ".join(f"{one} {number}" for one, numbers in supported.items() for number in numbers)
    return [Shortfall(host.name, "operating system", wanted, f"{name} {version}".strip() or "unknown")]


def _python(host: Host, rules: Mapping[str, Any]) -> List[Shortfall]:
    version = str(host.facts.get("freeagentics_python", ""))
    if _numbers(version) >= _numbers(str(rules["python"])):
        return []
    return [Shortfall(host.name, "Python", f"{rules['python']} or newer", version or "unknown")]


def _numbers(version: str) -> Tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())


def _time(host: Host, rules: Mapping[str, Any]) -> List[Shortfall]:
    synchronised = host.facts.get("freeagentics_time", {}).get("synchronised")
    if synchronised:
        return []
    return [Shortfall(host.name, "clock", "synchronised", "unknown" if synchronised is None else "not synchronised")]


def _dns(host: Host, rules: Mapping[str, Any]) -> List[Shortfall]:
    resolver = host.facts.get("freeagentics_resolver", {})
    if resolver.get("works"):
        return []
    servers = ", ".join(resolver.get("name_servers", ()))
    said = f"no answer from {servers}" if servers else "no name server"
    return [Shortfall(host.name, "DNS", "an answer", said)]


def _free_disk(host: Host, rules: Mapping[str, Any]) -> List[Shortfall]:
    wanted = float(rules["free_percent"])
    found = []
    for mount in _volumes(host):
        free = 100.0 * mount["free_gb"] / mount["size_gb"] if mount["size_gb"] else 100.0
        if free < wanted:
            found.append(Shortfall(host.name, f"free space on {mount['path']}", f"{wanted:.0f} %", f"{free:.0f} %"))
    return found


def _peers(host: Host, rules: Mapping[str, Any]) -> List[Shortfall]:
    return [
        Shortfall(host.name, f"{peer['name']} ({peer['address']}:{peer['port']})", "reachable", "no answer")
        for peer in host.facts.get("freeagentics_peers", ())
        if not peer["reachable"]
    ]


def _volumes(host: Host) -> List[Mapping[str, Any]]:
    """The mounted file systems, each device once."""
    seen: Dict[str, Mapping[str, Any]] = {}
    for mount in host.facts["freeagentics_hardware"].get("mounts", ()):
        seen.setdefault(mount["device"], mount)
    return list(seen.values())


def _measures(host: Host) -> Dict[str, Optional[float]]:
    """What the host has of each kind of hardware; None where nobody knows."""
    hardware = host.facts["freeagentics_hardware"]
    speeds = [one["mbps"] for one in hardware.get("network", ()) if one["mbps"]]
    measures: Dict[str, Optional[float]] = {
        "vcpus": hardware["vcpus"],
        "mhz": hardware["mhz"] or None,
        "memory_gb": hardware["memory_mb"] * MEGABYTE / GIGABYTE,
        "disk_gb": sum(mount["size_gb"] for mount in _volumes(host)),
        "iops": None,
        "network_mbps": max(speeds) if speeds else None,
    }
    return {**measures, **{name: float(value) for name, value in host.declared.items() if name in measures}}


def _hardware(host: Host, groups: Mapping[str, Mapping[str, Any]]) -> List[Shortfall]:
    found: List[Shortfall] = []
    for name, wanted in groups.items():
        if name in host.groups:
            found.extend(_below(host, wanted))
            found.extend(_spinning(host, wanted))
    return list(dict.fromkeys(found))


def _below(host: Host, wanted: Mapping[str, Any]) -> List[Shortfall]:
    measures = _measures(host)
    found = []
    for key, (what, unit) in HARDWARE.items():
        measure = measures[key]
        if key in wanted and measure is not None and measure < wanted[key]:
            found.append(Shortfall(host.name, what, f"{wanted[key]}{unit}", f"{int(measure)}{unit}"))
    return found


def _spinning(host: Host, wanted: Mapping[str, Any]) -> List[Shortfall]:
    """A disk that the kernel calls rotational, unless the provider promises otherwise."""
    if not wanted.get("ssd") or host.declared.get("ssd"):
        return []
    disks = [disk["name"] for disk in host.facts["freeagentics_hardware"].get("disks", ()) if disk["rotational"]]
    return [Shortfall(host.name, "disk", "SSD", f"rotating: {', '.join(disks)}")] if disks else []


def _groups(
    hosts: Sequence[Host], sizes: Mapping[str, int], groups: Mapping[str, Mapping[str, Any]]
) -> List[Shortfall]:
    found = []
    for name, wanted in groups.items():
        size = sizes.get(name, 0)
        if size and size < wanted.get("hosts", 0):
            found.append(Shortfall(f"group {name}", "hosts", str(wanted["hosts"]), str(size)))
        found.extend(_strongest(name, [host for host in hosts if name in host.groups], wanted))
    return found


def _strongest(group: str, members: Sequence[Host], wanted: Mapping[str, Any]) -> List[Shortfall]:
    """At least one host of a group must meet ``one_host``, such as a database's primary."""
    members = [host for host in members if "freeagentics_hardware" in host.facts]
    if "one_host" not in wanted or not members or any(not _below(host, wanted["one_host"]) for host in members):
        return []
    parts = [
        f"{wanted['one_host'][key]}{unit} {what}" for key, (what, unit) in HARDWARE.items() if key in wanted["one_host"]
    ]
    return [Shortfall(f"group {group}", "one host", ", ".join(parts), "none")]


def message(profile: str, found: Sequence[Shortfall]) -> str:
    """Return all shortfalls as one table with the remedy; empty where there is none."""
    if not found:
        return ""
    rows = [("host", "what", "wanted", "found"), *((one.host, one.what, one.wanted, one.found) for one in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip() for row in rows]
    count = "1 shortfall" if len(found) == 1 else f"{len(found)} shortfalls"
    return (
        f"The hosts do not meet the profile {profile}: {count}. Nothing was changed.\n"
        + "\n".join(lines)
        + "\nGive the hosts what is wanted, or name the profile that is meant in the inventory's topology.yml.\n"
    )
