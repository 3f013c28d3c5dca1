# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Archives as they are read through pgBackRest, whose answers are given."""

from __future__ import annotations

import json

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.pgbackrest.archive import Archive, Gap, Segment
from ansible_collections.freeagentics.platform.plugins.module_utils.pgbackrest.info import Info, Repository
from ansible_collections.freeagentics.platform.plugins.module_utils.pgbackrest.listing import (
    Unreadable,
    look_for_gaps,
    read_archive,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.timeline import History, Switch

CHECKSUM = "5a7324a42519eb403f4effe603b5fd61a586569e"
HISTORY = "1\t0/5000060\tno recovery target specified\n"


def listed(*segments, histories=()):
    """Return what pgBackRest lists: segments by timeline and number, archived one second after the other."""
    files = {f"15-1/{one:08X}.history": {"type": "file", "size": 57, "time": 5} for one in histories}
    for timeline, number in segments:
        name = f"15-1/{timeline:08X}00000000/{timeline:08X}{number:016X}-{CHECKSUM}.zst"
        files[name] = {"type": "file", "size": 100, "time": number}
    return (0, json.dumps({".": {"type": "path"}, **files}), "")


def answering(answers):
    """Return a runner that answers to a repository and a command, and what it was asked."""
    asked = []

    def run(*arguments):
        asked.append(arguments)
        command = next(one for one in arguments if one in ("repo-ls", "repo-get"))
        return answers[arguments[0], command]

    return run, asked


def test_an_archive_is_listed_and_its_histories_are_read():
    run, asked = answering(
        {("--repo=2", "repo-ls"): listed((1, 4), (2, 5), histories=[2]), ("--repo=2", "repo-get"): (0, HISTORY, "")}
    )
    assert read_archive(run, "lab", 2) == (
        Archive("15-1", (Segment(1, 4, 100, 4), Segment(2, 5, 100, 5)), (2,)),
        {2: History(2, (Switch(1, 0x5000060, "no recovery target specified"),))},
    )
    assert asked == [
        ("--repo=2", "--recurse", "--output=json", "repo-ls", "archive/lab"),
        ("--repo=2", "repo-get", "archive/lab/15-1/00000002.history"),
    ]


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            (49, "", "ERROR: [049]: unable to connect\n       [111] refused\n"),
            "ERROR: [049]: unable to connect [111] refused",
        ),
        ((0, '{".":{"type":"path"}}', ""), "there is no archive"),
    ],
)
def test_what_cannot_be_read_is_told(answer, message):
    run, _asked = answering({("--repo=1", "repo-ls"): answer})
    with pytest.raises(Unreadable) as error:
        read_archive(run, "lab", 1)
    assert str(error.value) == message


def test_one_repository_that_cannot_be_read_does_not_hide_the_others():
    info = Info("lab", False, tuple(Repository(number, "none", 0, "ok") for number in (1, 2, 3)), (), ())
    run, _asked = answering(
        {
            ("--repo=1", "repo-ls"): (49, "", "ERROR: [049]: refused\n"),
            ("--repo=2", "repo-ls"): listed((1, 2), (1, 5)),
            ("--repo=3", "repo-ls"): listed((1, 2), histories=[2]),
            ("--repo=3", "repo-get"): (0, "damaged\n", ""),
        }
    )
    found, errors = look_for_gaps(run, info, 1000)
    assert [(number, gaps) for number, _archive, gaps in found] == [(2, (Gap(1, 3, 4),))]
    assert errors == (
        "the archive in repository 1 cannot be listed: ERROR: [049]: refused",
        "the archive in repository 3 cannot be listed: "
        "'damaged' is no line of a history file; one looks like '1 0/3000060 no recovery target'",
    )
