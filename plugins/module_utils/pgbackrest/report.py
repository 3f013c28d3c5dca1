# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Backups and archives as modules return them: plain values, moments in words."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime, timezone
from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence

from ..postgres_observe.lsn import show_lsn
from ..postgres_observe.timeline import History
from .archive import SEGMENT_SIZE, Archive, Gap, Window, gaps, segment_name, windows
from .info import KINDS, Backup, Info, newest


def show_time(moment: float) -> str:
    """Return a moment as PostgreSQL reads it.

    >>> show_time(0)
    '1970-01-01 00:00:00+00'
    """
    return datetime.fromtimestamp(moment, timezone.utc).strftime("%Y-%m-%d %H:%M:%S+00")


def of_info(info: Info, now: float) -> List[Dict[str, Any]]:
    """Return each repository with its backups."""
    return [
        {
            **asdict(repository),
            "backups": [of_backup(backup, now) for backup in info.of(repository.number)],
            "newest": {kind: _label(newest(info.of(repository.number), (kind,))) for kind in KINDS},
            "stored": sum(backup.stored for backup in info.of(repository.number)),
        }
        for repository in info.repositories
    ]


def of_backup(backup: Backup, now: float) -> Dict[str, Any]:
    """Return one backup."""
    return {
        **asdict(backup),
        "start_time": show_time(backup.start),
        "stop_time": show_time(backup.stop),
        "seconds": backup.stop - backup.start,
        "age": round(now - backup.stop),
    }


def _label(backup: Optional[Backup]) -> str:
    return backup.label if backup else ""


def of_archive(
    archive: Archive,
    histories: Mapping[int, History],
    backups: Iterable[Backup],
    target: Optional[int],
    now: float,
    segment_size: int = SEGMENT_SIZE,
) -> Dict[str, Any]:
    """Return one archive: timelines, gaps, the age of its last segment and what can be restored.

    :param histories: of all timelines that have a file; the first timeline has none.
    :param target: the timeline to restore along; the newest one without it.
    """
    wanted = target or (archive.timelines[-1] if archive.timelines else 1)
    line = histories.get(wanted, History(wanted))
    last, of_backups = archive.last, tuple(backups)
    lacks = gaps(archive, histories, of_backups, segment_size)
    return {
        "archive": archive.name,
        "timelines": [_timeline(archive, one, histories, segment_size) for one in archive.timelines],
        "timeline": wanted,
        "gaps": [_gap(gap, line, segment_size) for gap in lacks],
        "last": None
        if last is None
        else {
            "segment": segment_name(last.timeline, last.number, segment_size),
            "time": show_time(last.time),
            "age": round(now - last.time),
        },
        "size": sum(segment.size for segment in archive.segments),
        "windows": of_windows(windows(archive, line, of_backups, segment_size)),
    }


def of_windows(found: Sequence[Window]) -> List[Dict[str, Any]]:
    """Return windows."""
    return [
        {
            "start": one.start,
            "end": one.end,
            "start_time": show_time(one.start),
            "end_time": show_time(one.end),
            "start_lsn": show_lsn(one.start_lsn),
            "end_lsn": show_lsn(one.end_lsn),
            "backups": list(one.backups),
        }
        for one in found
    ]


def _timeline(archive: Archive, timeline: int, histories: Mapping[int, History], segment_size: int) -> Dict[str, Any]:
    segments = archive.of(timeline)
    history = histories.get(timeline)
    switch = history.switches[-1] if history and history.switches else None
    return {
        "timeline": timeline,
        "segments": len(segments),
        "first": segment_name(timeline, segments[0].number, segment_size) if segments else "",
        "last": segment_name(timeline, segments[-1].number, segment_size) if segments else "",
        "history": timeline in archive.histories,
        "left": switch.timeline if switch else None,
        "left_at": show_lsn(switch.end) if switch else None,
        "reason": switch.reason if switch else "",
    }


def _gap(gap: Gap, line: History, segment_size: int) -> Dict[str, Any]:
    left = line.end_of(gap.timeline)
    return {
        "first": segment_name(gap.timeline, gap.first, segment_size),
        "last": segment_name(gap.timeline, gap.last, segment_size),
        "segments": gap.last - gap.first + 1,
        "followed": gap.timeline == line.timeline or (left is not None and gap.first < left // segment_size),
    }
