# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Settings of a PostgreSQL server, computed from the machine that it runs on. Each names where its formula comes from.

The memory is what the server may have, which on a machine that it shares is less than the machine has. Settings that
a replica must have at least as large as the primary (https://www.postgresql.org/docs/15/hot-standby.html,
"Administrator's Overview") follow from ``max_connections`` and ``vcpus``: give all members of a cluster the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Callable, Mapping, Optional, Tuple

_DOCS = "https://www.postgresql.org/docs/15/"
_RESOURCE = f"{_DOCS}runtime-config-resource.html"
_WAL = f"{_DOCS}runtime-config-wal.html"
_QUERY = f"{_DOCS}runtime-config-query.html"
_VACUUM = f"{_DOCS}runtime-config-autovacuum.html"
_WIKI = "https://wiki.postgresql.org/wiki/Tuning_Your_PostgreSQL_Server"

_MB = 1024
_GB = 1024 * _MB
#: The least that a server is worth setting up for.
LEAST_MEMORY_MB = 256
DISKS = ("ssd", "hdd")
OVERRIDDEN = "set by hand"


class SettingsError(ValueError):
    """A machine or a setting that cannot be; the text says what to write instead."""


@dataclass(frozen=True)
class Machine:
    """What a server may have: memory in kB, processors, the kind of its disks, and its connections."""

    memory: int
    vcpus: int
    disk: str
    max_connections: int


@dataclass(frozen=True)
class Setting:
    """A setting: its value as ``SHOW`` prints it, what that counts, where it comes from, if it takes a restart."""

    name: str
    value: str
    unit: str
    source: str
    restart: bool


@dataclass(frozen=True)
class _Rule:
    name: str
    value: Callable[[Machine], str]
    unit: str
    source: str
    restart: bool = False


def _shared_buffers(machine: Machine) -> int:
    return _whole(machine.memory // (4 if machine.memory >= _GB else 8))


def _max_wal_size(machine: Machine) -> int:
    return _between(256 * _MB, 2 * _shared_buffers(machine), 16 * _GB)


def _maintenance(machine: Machine) -> int:
    return _whole(_between(16 * _MB, machine.memory // 16, _GB))


def _autovacuum_workers(machine: Machine) -> int:
    return min(16, max(3, machine.vcpus // 4))


def _workers(machine: Machine) -> int:
    return max(8, machine.vcpus)


def _gather(machine: Machine) -> int:
    return min(4, machine.vcpus // 2)


def _of_disk(ssd: str, hdd: str) -> Callable[[Machine], str]:
    return lambda machine: ssd if machine.disk == "ssd" else hdd


def _fixed(value: str) -> Callable[[Machine], str]:
    return lambda machine: value


_RULES: Tuple[_Rule, ...] = (
    _Rule(
        "max_connections",
        lambda machine: str(machine.max_connections),
        "connections",
        f"given; {_DOCS}runtime-config-connection.html",
        restart=True,
    ),
    _Rule(
        "shared_buffers",
        lambda machine: size(_shared_buffers(machine)),
        "bytes",
        f"a quarter of the memory, below 1 GB an eighth: {_RESOURCE}#GUC-SHARED-BUFFERS",
        restart=True,
    ),
    _Rule(
        "huge_pages",
        _fixed("try"),
        "choice",
        f"used where the kernel has some, never a reason not to start: {_RESOURCE}#GUC-HUGE-PAGES",
        restart=True,
    ),
    _Rule(
        "effective_cache_size",
        lambda machine: size(_whole(machine.memory * 3 // 4)),
        "bytes",
        f"three quarters of the memory: {_WIKI}#effective_cache_size",
    ),
    _Rule(
        "work_mem",
        lambda machine: size(_whole(_between(_MB, machine.memory // 4 // machine.max_connections, 64 * _MB))),
        "bytes",
        "a quarter of the memory over all connections, since each may use it more than once, 1 to 64 MB: "
        f"{_RESOURCE}#GUC-WORK-MEM",
    ),
    _Rule(
        "maintenance_work_mem",
        lambda machine: size(_maintenance(machine)),
        "bytes",
        f"a sixteenth of the memory, 16 MB to 1 GB, of which VACUUM uses no more: {_RESOURCE}#GUC-MAINTENANCE-WORK-MEM",
    ),
    _Rule(
        "autovacuum_work_mem",
        lambda machine: size(_whole(max(16 * _MB, _maintenance(machine) // _autovacuum_workers(machine)))),
        "bytes",
        f"maintenance_work_mem shared by the workers, at least 16 MB: {_RESOURCE}#GUC-AUTOVACUUM-WORK-MEM",
    ),
    _Rule(
        "wal_buffers",
        lambda machine: size(min(16 * _MB, _shared_buffers(machine) // 32)),
        "bytes",
        f"1/32 of shared_buffers, at most one segment of 16 MB: {_WAL}#GUC-WAL-BUFFERS",
        restart=True,
    ),
    _Rule(
        "max_wal_size",
        lambda machine: size(_max_wal_size(machine)),
        "bytes",
        "grows with shared_buffers, whose section says so: twice that, 256 MB to 16 GB: "
        f"{_RESOURCE}#GUC-SHARED-BUFFERS, {_WAL}#GUC-MAX-WAL-SIZE",
    ),
    _Rule(
        "min_wal_size",
        lambda machine: size(max(80 * _MB, _max_wal_size(machine) // 4)),
        "bytes",
        f"a quarter of max_wal_size, at least the default of 80 MB: {_WAL}#GUC-MIN-WAL-SIZE",
    ),
    _Rule(
        "checkpoint_timeout",
        _fixed("15min"),
        "time",
        "fewer whole pages in the WAL; the longer recovery is no outage where a replica takes over: "
        f"{_DOCS}wal-configuration.html",
    ),
    _Rule(
        "checkpoint_completion_target",
        _fixed("0.9"),
        "fraction",
        f"spread over almost the whole time: {_WAL}#GUC-CHECKPOINT-COMPLETION-TARGET",
    ),
    _Rule(
        "random_page_cost",
        _of_disk("1.1", "4"),
        "cost",
        f"1.1 on solid-state disks, 4 on others: {_QUERY}#GUC-RANDOM-PAGE-COST",
    ),
    _Rule(
        "effective_io_concurrency",
        _of_disk("200", "2"),
        "requests",
        f"hundreds on solid-state disks, else the number of disks: {_RESOURCE}#GUC-EFFECTIVE-IO-CONCURRENCY",
    ),
    _Rule(
        "maintenance_io_concurrency",
        _of_disk("200", "10"),
        "requests",
        f"like effective_io_concurrency, the default on others: {_RESOURCE}#GUC-MAINTENANCE-IO-CONCURRENCY",
    ),
    _Rule(
        "max_worker_processes",
        lambda machine: str(_workers(machine)),
        "processes",
        f"the processors, at least the default of 8: {_RESOURCE}#GUC-MAX-WORKER-PROCESSES",
        restart=True,
    ),
    _Rule(
        "max_parallel_workers",
        lambda machine: str(machine.vcpus),
        "processes",
        f"the processors: {_RESOURCE}#GUC-MAX-PARALLEL-WORKERS",
    ),
    _Rule(
        "max_parallel_workers_per_gather",
        lambda machine: str(_gather(machine)),
        "processes",
        "half of the processors, at most 4, so that one query leaves some to others: "
        f"{_RESOURCE}#GUC-MAX-PARALLEL-WORKERS-PER-GATHER",
    ),
    _Rule(
        "max_parallel_maintenance_workers",
        lambda machine: str(_gather(machine)),
        "processes",
        f"like max_parallel_workers_per_gather: {_RESOURCE}#GUC-MAX-PARALLEL-MAINTENANCE-WORKERS",
    ),
    _Rule(
        "autovacuum_max_workers",
        lambda machine: str(_autovacuum_workers(machine)),
        "processes",
        "a quarter of the processors, from the default of 3 to the 16 that PostgreSQL 18 has room for by default: "
        f"{_VACUUM}#GUC-AUTOVACUUM-MAX-WORKERS",
        restart=True,
    ),
    _Rule(
        "autovacuum_vacuum_cost_limit",
        _of_disk("2000", "200"),
        "cost",
        "all workers share it: ten times the default of 200 on solid-state disks: "
        f"{_VACUUM}#GUC-AUTOVACUUM-VACUUM-COST-LIMIT",
    ),
    _Rule(
        "autovacuum_vacuum_scale_factor",
        _fixed("0.05"),
        "fraction",
        f"large tables are not left alone until a fifth is dead: {_VACUUM}#GUC-AUTOVACUUM-VACUUM-SCALE-FACTOR",
    ),
    _Rule(
        "autovacuum_analyze_scale_factor",
        _fixed("0.02"),
        "fraction",
        f"nor their statistics until a tenth has changed: {_VACUUM}#GUC-AUTOVACUUM-ANALYZE-SCALE-FACTOR",
    ),
)


def settings(
    memory_mb: int,
    vcpus: int,
    disk: str = "ssd",
    max_connections: int = 200,
    overrides: Optional[Mapping[str, Any]] = None,
) -> Tuple[Setting, ...]:
    """Return the settings of a server.

    :param memory_mb: the memory that the server and the cache of its files may have, in MB.
    :param vcpus: its processors.
    :param disk: ``ssd`` or ``hdd``.
    :param overrides: values of single settings, which take the place of the computed ones.
    :raises SettingsError: the machine is too small or unknown, or there is no such setting.
    """
    for name, value, least in (
        ("memory_mb", memory_mb, LEAST_MEMORY_MB),
        ("vcpus", vcpus, 1),
        ("max_connections", max_connections, 10),
    ):
        if value < least:
            raise SettingsError(f"{name} is {value}: give {least} or more")
    if disk not in DISKS:
        raise SettingsError(f"there is no kind of disk '{disk}': use {', '.join(DISKS)}")
    by_hand = overrides or {}
    unknown = sorted(set(by_hand) - {rule.name for rule in _RULES})
    if unknown:
        raise SettingsError(f"{', '.join(unknown)}: not computed here, so there is nothing to override")
    machine = Machine(memory_mb * _MB, vcpus, disk, max_connections)
    return tuple(_setting(rule, machine, by_hand) for rule in _RULES)


def _setting(rule: _Rule, machine: Machine, overrides: Mapping[str, Any]) -> Setting:
    if rule.name in overrides:
        return Setting(rule.name, str(overrides[rule.name]), rule.unit, OVERRIDDEN, rule.restart)
    return Setting(rule.name, rule.value(machine), rule.unit, rule.source, rule.restart)


def size(kilobytes: int) -> str:
    """Return a size as PostgreSQL prints it: in the largest unit without a remainder."""
    for factor, unit in ((_GB * 1024, "TB"), (_GB, "GB"), (_MB, "MB")):
        if kilobytes % factor == 0:
            return f"{kilobytes // factor}{unit}"
    return f"{kilobytes}kB"


def _between(least: int, value: int, most: int) -> int:
    return max(least, min(value, most))


def _whole(kilobytes: int) -> int:
    """Return a size in whole megabytes."""
    return kilobytes // _MB * _MB
