# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The backups of a stanza as metrics, in the text format of Prometheus.

This file is also read on the backup host, beside the program that writes metrics: standard library only.
"""

from __future__ import annotations

from typing import Callable, Iterable, List, Sequence, Tuple

from .archive import Archive, Gap
from .info import KINDS, Backup, Info, newest

#: Each metric of the newest backup of a kind: its name, what it says, and its value.
_OF_BACKUP: Tuple[Tuple[str, str, Callable[[Backup], float]], ...] = (
    ("completed_timestamp_seconds", "When the newest backup ended.", lambda one: one.stop),
    ("duration_seconds", "How long the newest backup took.", lambda one: one.stop - one.start),
    ("content_bytes", "The size of the database in the newest backup.", lambda one: one.content),
    ("stored_bytes", "What the newest backup takes in its repository.", lambda one: one.stored),
)


def render(info: Info) -> str:
    """Return the metrics of all repositories, each with its number and, of a backup, with its kind."""
    blocks = [
        _block("repository_status", "0 where the repository is well.", _states(info)),
        _block("backups", "How many backups there are.", _counts(info)),
        _block("backups_damaged", "How many backups have pages with wrong checksums.", _damaged(info)),
        _block("restorable_since_timestamp_seconds", "The first moment that can be restored.", _restorable(info)),
    ]
    last = [
        (repository.number, kind, found)
        for repository in info.repositories
        for kind in KINDS
        for found in [newest(info.of(repository.number), (kind,))]
        if found
    ]
    for name, text, value in _OF_BACKUP:
        blocks.append(
            _block(f"backup_{name}", text, [(_labels(number, kind), value(one)) for number, kind, one in last])
        )
    return "".join(blocks)


def render_archives(found: Iterable[Tuple[int, Archive, Sequence[Gap]]], now: float) -> str:
    """Return what lacks in each repository's archive, by timeline, and when that was seen.

    :param found: the repositories' numbers, their archives, and what is lost of each.
    :param now: seconds since 1970.
    """
    looked = tuple(found)
    missing = [
        (f'{_labels(number)},timeline="{timeline}"', _count_missing(gaps, timeline))
        for number, archive, gaps in looked
        for timeline in sorted({*(segment.timeline for segment in archive.segments), *(gap.timeline for gap in gaps)})
    ]
    return _block(
        "archive_listed_timestamp_seconds",
        "When the archive was last looked at for gaps.",
        [(_labels(number), int(now)) for number, _archive, _gaps in looked],
    ) + _block("archive_missing_segments", "How many segments lack that a restore needs.", missing)


def _count_missing(gaps: Iterable[Gap], timeline: int) -> int:
    return sum(gap.last - gap.first + 1 for gap in gaps if gap.timeline == timeline)


def _states(info: Info) -> List[Tuple[str, float]]:
    return [(_labels(one.number), one.code) for one in info.repositories]


def _counts(info: Info) -> List[Tuple[str, float]]:
    return [
        (_labels(one.number, kind), sum(backup.kind == kind for backup in info.of(one.number)))
        for one in info.repositories
        for kind in KINDS
    ]


def _damaged(info: Info) -> List[Tuple[str, float]]:
    return [(_labels(one.number), _count_damaged(info.of(one.number))) for one in info.repositories]


def _restorable(info: Info) -> List[Tuple[str, float]]:
    """Return when the oldest backup of each repository ended: WAL is kept as long as the backup that needs it."""
    found = [(one.number, info.of(one.number)) for one in info.repositories]
    return [(_labels(number), backups[0].stop) for number, backups in found if backups]


def _count_damaged(backups: Iterable[Backup]) -> int:
    return sum(bool(backup.damaged) for backup in backups)


def _labels(repository: int, kind: str = "") -> str:
    return f'repository="{repository}",type="{kind}"' if kind else f'repository="{repository}"'


def _block(name: str, text: str, values: Iterable[Tuple[str, float]]) -> str:
    lines = [f"# HELP pgbackrest_{name} {text}", f"# TYPE pgbackrest_{name} gauge"]
    lines += [f"pgbackrest_{name}{{{labels}}} {value}" for labels, value in values]
    return "\n".join(lines) + "\n"
