# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which backup of which repository leads to a target, or why none does, and what stands against restoring it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable, List, Mapping, Optional, Sequence, Tuple

from ..pgbackrest.archive import SEGMENT_SIZE
from ..postgres_observe.lsn import first_byte, parse_lsn, show_lsn
from .target import LATEST, LSN, TIME, RestoreError, Target

#: The part of a file system that is left free beside what a restore needs.
MARGIN = 0.1


@dataclass(frozen=True)
class Backup:
    """A base backup: when it ended (seconds since 1970) and at which position, and the database's size in bytes.

    ``version`` is the one of PostgreSQL, empty where it is not known.
    """

    label: str
    stop: float
    stop_lsn: int
    content: int
    version: str = ""


@dataclass(frozen=True)
class Span:
    """What can be restored without a break: from the end of the first of its backups to the end of the log."""

    start: float
    end: float
    start_lsn: int
    end_lsn: int
    start_time: str
    end_time: str
    backups: Tuple[Backup, ...]

    def holds(self, target: Target) -> bool:
        """Return whether the target is inside; of a transaction or a named point nobody can tell beforehand."""
        if target.kind == TIME:
            return self.start <= (target.moment or 0) <= self.end
        if target.kind == LSN:
            return self.start_lsn <= (target.position or 0) <= self.end_lsn
        return True


@dataclass(frozen=True)
class Repository:
    """A repository: why it cannot be read, or its spans, the oldest first, and whether the log goes on after a gap.

    ``timeline`` is the one along which the spans lead, ``end`` where its log ends, whether it leads there or not.
    """

    number: int
    error: str
    spans: Tuple[Span, ...]
    breaks_off: str = ""
    timeline: int = 0
    end: int = 0

    def log(self) -> str:
        """Return how far its log goes, in words."""
        return f"repository {self.number} has log up to {show_lsn(self.end)} on timeline {self.timeline}"


@dataclass(frozen=True)
class Choice:
    """The backup that a restore begins with, and how much log follows it at most, in bytes.

    ``at_least`` is the position that a restore of the newest transaction gets to at least, because there the last
    segment of the archive begins, or None for other targets. What is archived after the plan only adds to it.
    """

    repository: int
    backup: Backup
    log: int
    why: str
    at_least: Optional[int] = None


def read(backups: Iterable[Mapping[str, Any]], archives: Iterable[Mapping[str, Any]]) -> Tuple[Repository, ...]:
    """Put together what the modules ``backup_info`` and ``wal_archive_info`` return of repositories.

    :param backups: ``repositories`` of ``backup_info``.
    :param archives: ``repositories`` of ``wal_archive_info``.
    """
    by_number = {one["number"]: one for one in backups}
    return tuple(_repository(archive, by_number.get(archive["number"], {})) for archive in archives)


def _repository(archive: Mapping[str, Any], info: Mapping[str, Any]) -> Repository:
    known = {one["label"]: one for one in info.get("backups", ())}
    spans = tuple(_span(window, known) for window in archive.get("windows", ()))
    last, end = archive.get("last"), spans[-1].end_lsn if spans else 0
    # Of 16 MiB; larger ones only begin later.
    followed = [gap["first"] for gap in archive.get("gaps", ()) if gap["followed"]]
    later = [first for first in followed if spans and first_byte(first) >= end]
    breaks_off = later[0] if last and later else ""
    timeline = archive.get("timeline", 0)
    if last and int(last["segment"][:8], 16) == timeline:
        end = max(end, first_byte(last["segment"]) + SEGMENT_SIZE)
    return Repository(archive["number"], archive.get("error", ""), spans, breaks_off, timeline, end)


def _span(window: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> Span:
    return Span(
        window["start"],
        window["end"],
        parse_lsn(window["start_lsn"]),
        parse_lsn(window["end_lsn"]),
        window["start_time"],
        window["end_time"],
        tuple(_backup(known[label]) for label in window["backups"] if label in known),
    )


def _backup(one: Mapping[str, Any]) -> Backup:
    return Backup(one["label"], one["stop"], parse_lsn(one["stop_lsn"]), one["content"], one.get("version", ""))


def choose(target: Target, repositories: Sequence[Repository], wanted: Optional[int] = None, label: str = "") -> Choice:
    """Return the backup that is nearest before the target, from the first repository that leads there.

    The newest transaction is in the repository that has most of the log; one that was away has less than the others.

    :param wanted: the only repository to look at.
    :param label: the only backup to take.
    :raises RestoreError: none leads to the target. The message says what can be restored.
    """
    considered = [one for one in repositories if wanted in (None, one.number)]
    if not considered:
        numbers = ", ".join(str(one.number) for one in repositories) or "none"
        raise RestoreError(f"there is no repository {wanted}; the repositories are {numbers}")
    leading = [found for found in (_leads(target, one, label) for one in considered) if found]
    if leading and target.kind == LATEST:
        # Of those that have the same log, this is the first one.
        return _choice(target, *max(leading, key=lambda one: (one[0].timeline, one[1].end_lsn)))
    if leading:
        return _choice(target, *leading[0])
    with_backup = f" from backup {label}" if label else ""
    raise RestoreError(
        f"{target.words()} cannot be restored{with_backup}. {'; '.join(describe(one) for one in considered)}"
    )


def _leads(target: Target, repository: Repository, label: str) -> Optional[Tuple[Repository, Span, Backup]]:
    """Return a repository with the span and the backup of it that lead to the target, or None where none do."""
    if target.kind == LATEST and repository.breaks_off:
        return None
    # The newest transaction is at the end of the log, so no span before a gap leads to it.
    spans = repository.spans[-1:] if target.kind == LATEST else repository.spans
    for span in reversed(spans):
        backup = _nearest(target, span, label)
        if backup is not None:
            return repository, span, backup
    return None


def _nearest(target: Target, span: Span, label: str) -> Optional[Backup]:
    """Return the youngest backup of a span that ended before the target, or the oldest one if that is not known."""
    if not span.holds(target):
        return None
    usable = [one for one in span.backups if label in ("", one.label) and _before(one, target)]
    if not usable:
        return None
    return usable[-1] if target.kind in (LATEST, TIME, LSN) else usable[0]


def _before(backup: Backup, target: Target) -> bool:
    if target.kind == TIME:
        return backup.stop <= (target.moment or 0)
    if target.kind == LSN:
        return backup.stop_lsn <= (target.position or 0)
    return True


def _choice(target: Target, repository: Repository, span: Span, backup: Backup) -> Choice:
    end = target.position if target.position is not None else span.end_lsn
    if target.kind in (LATEST, TIME, LSN):
        why = "the youngest one that ended before the target"
    else:
        why = "the oldest one, as nothing tells where the target is; -e backup=<label> takes another one"
    at_least = span.end_lsn - SEGMENT_SIZE if target.kind == LATEST else None
    return Choice(repository.number, backup, max(0, end - backup.stop_lsn), why, at_least)


def check_version(choice: Choice, version: str) -> None:
    """See that a backup is of the version whose server is to recover it; any other one's cannot read it.

    :param version: empty where it is not known.
    :raises RestoreError: it is of another one.
    """
    of_backup = choice.backup.version
    if of_backup and version and of_backup != version:
        raise RestoreError(
            f"backup {choice.backup.label} of repository {choice.repository} is of PostgreSQL {of_backup}, and "
            f"postgres_version is {version}, whose server cannot read it: set postgres_version and the packages to "
            f"{of_backup} (docs/postgres.md, Another version of PostgreSQL)"
        )


def uneven(choice: Choice, repositories: Sequence[Repository]) -> str:
    """Return how far the log of each repository goes where it is not the same and the newest transaction is wanted."""
    having = [one for one in repositories if one.end]
    if choice.at_least is None or len({(one.timeline, one.end) for one in having}) < 2:
        return ""
    return ", ".join(one.log() for one in having)


def later(choice: Choice, repositories: Sequence[Repository]) -> Tuple[str, ...]:
    """Return which repositories have log that is later than all that is restored of the newest transaction."""
    if choice.at_least is None:
        return ()
    chosen = next(one for one in repositories if one.number == choice.repository)
    return tuple(
        f"{one.log()}, and {chosen.log()}: what was written in between would be missing in what is restored. "
        f"{_take(one)}, with -e later_log_is_left=true"
        for one in repositories
        if (one.timeline, one.end) > (chosen.timeline, chosen.end)
    )


def _take(repository: Repository) -> str:
    if repository.spans and not repository.breaks_off:
        return f"Use -e repository={repository.number}, or leave that log there"
    return f"It cannot be restored from there, as {describe(repository)}. Leave that log there"


def describe(repository: Repository) -> str:
    """Return what can be restored from a repository, in words."""
    name = f"repository {repository.number}"
    if repository.error:
        return f"{name} cannot be read: {repository.error}"
    if not repository.spans:
        return f"{name} has no backup that can be rolled forward"
    spans = " and ".join(f"from {span.start_time} to {span.end_time}" for span in repository.spans)
    breaks = f", then the log lacks {repository.breaks_off}" if repository.breaks_off else ""
    return f"{name} restores every moment {spans}{breaks}"


def objections(
    choice: Optional[Choice],
    free: Mapping[str, int],
    in_place: bool,
    platform: str,
    confirm: str,
    primary_kept: bool = True,
    following: Iterable[str] = (),
    unarchived_log: str = "",
    later_log: Sequence[str] = (),
) -> Tuple[str, ...]:
    """Return what stands against carrying out a plan; each one names the variable that overrules it.

    :param choice: what the restore begins with; None where an earlier run made it, and no backup leads there any more.
    :param free: the free bytes beside the data directory by host; the old data stay there, too.
    :param primary_kept: whether all database hosts of all regions can be reached, so that none of them goes on writing.
    :param following: the hosts of regions that follow, which copy what was restored.
    :param unarchived_log: what :func:`unarchived` returns, empty where the newest log is archived. A copy may lack it.
    :param later_log: what :func:`later` returns. A copy may lack it, too.
    """
    found: List[str] = []
    if in_place and confirm != platform:
        found.append(f"the database of {platform} would be replaced: confirm it with -e confirm={platform}")
    if in_place and not primary_kept:
        found.append(
            "not every database host of every region can be reached, and one that goes on writing would lose what it "
            "writes: bring it back or power it off, then use -e members_are_off=true"
        )
    if in_place and unarchived_log:
        found.append(unarchived_log)
    if in_place:
        found += later_log
    needed = round((choice.backup.content + choice.log) * (1 + MARGIN)) if choice else 0
    copying = frozenset(following)
    for host, bytes_free in sorted(free.items()):
        if bytes_free < needed:
            what = "the copy of its region, which follows," if host in copying else "the restore"
            found.append(
                f"{host} has {in_mebibytes(bytes_free)} free and {what} needs {in_mebibytes(needed)}: make room, "
                "or use -e little_space=true"
            )
    return tuple(found)


def unarchived(host: str, said: str) -> str:
    """Return that the newest log of a host cannot be brought into the archive.

    :param said: what ``pgbackrest check`` said, of which the last line tells why.
    """
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    why = lines[-1] if lines else "pgbackrest check says nothing"
    return (
        f"the newest log of {host} cannot be brought into the archive, and would be missing in what is restored: "
        f"{why}. Mend the archive, or leave that log in the old data, which stay beside the new, "
        "with -e unarchived_log_is_left=true"
    )


def in_mebibytes(size: int) -> str:
    """Return a size in words."""
    return f"{size / 1048576:.0f} MiB"
