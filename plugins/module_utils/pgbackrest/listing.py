# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Reads the WAL archive of a repository through pgBackRest: what is in it, and the histories of its timelines.

This file is also read on the backup host, beside the program that writes metrics: standard library only.
"""

from __future__ import annotations

from typing import Callable, Dict, List, Tuple

from ..postgres_observe.timeline import History, parse_history
from .archive import SEGMENT_SIZE, Archive, ArchiveError, Gap, lost, parse_list
from .info import Info

#: Runs pgBackRest with arguments, and returns its exit code, its output and its errors.
Run = Callable[..., Tuple[int, str, str]]


class Unreadable(Exception):
    """A repository cannot be read; the message is pgBackRest's."""


def read_archive(
    run: Run, stanza: str, number: int, segment_size: int = SEGMENT_SIZE
) -> Tuple[Archive, Dict[int, History]]:
    """Return the archive of the newest database in a repository, and the histories by timeline.

    :raises Unreadable: pgBackRest cannot read it, or there is none.
    :raises ArchiveError: the list is none.
    :raises ValueError: a history is none.
    """
    archives = parse_list(
        _read(run, number, "--recurse", "--output=json", "repo-ls", f"archive/{stanza}"), segment_size
    )
    if not archives:
        raise Unreadable("there is no archive")
    archive = archives[-1]
    place = f"archive/{stanza}/{archive.name}"
    texts = {one: _read(run, number, "repo-get", f"{place}/{one:08X}.history") for one in archive.histories}
    return archive, {timeline: parse_history(timeline, text) for timeline, text in texts.items()}


def _read(run: Run, number: int, *arguments: str) -> str:
    code, out, err = run(f"--repo={number}", *arguments)
    if code:
        raise Unreadable(" ".join((err or out).split()))
    return out


def look_for_gaps(
    run: Run, info: Info, now: float
) -> Tuple[Tuple[Tuple[int, Archive, Tuple[Gap, ...]], ...], Tuple[str, ...]]:
    """Return each repository's number and archive with what is lost of it, and why others cannot be read.

    :param now: seconds since 1970.
    """
    found: List[Tuple[int, Archive, Tuple[Gap, ...]]] = []
    errors: List[str] = []
    for repository in info.repositories:
        try:
            archive, histories = read_archive(run, info.stanza, repository.number)
        except (Unreadable, ArchiveError, ValueError) as error:
            errors.append(f"the archive in repository {repository.number} cannot be listed: {error}")
        else:
            gaps = lost(archive, histories, info.of(repository.number), now)
            found.append((repository.number, archive, gaps))
    return tuple(found), tuple(errors)
