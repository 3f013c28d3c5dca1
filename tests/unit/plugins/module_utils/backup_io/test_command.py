"""Programs that are run for a job."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io.command import (
    BackupError,
    CommandError,
    run,
)


def test_what_a_program_prints_is_returned_and_what_it_complains_of_is_printed(capsys):
    assert run(["sh", "-c", "echo answer; echo a warning >&2"]) == "answer\n"
    assert capsys.readouterr() == ("a warning\n", "")


def test_it_reads_a_text_and_has_an_environment_of_its_own(capsys):
    assert run(["/bin/sh", "-c", "cat; echo $NAME"], {"NAME": "value"}, "text ") == "text value\n"
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("command", "status", "message"),
    [
        (["sh", "-c", "echo one >&2; echo two >&2; exit 3"], 3, "sh ended with status 3: one\ntwo"),
        (["sh", "-c", "echo not of interest; exit 4"], 4, "sh ended with status 4 and said nothing"),
        (["sh", "-c", "kill -9 $$"], -9, "sh ended with status -9 and said nothing"),
        (["/nowhere/at/all"], 127, "/nowhere/at/all: No such file or directory"),
        (["/etc"], 127, "/etc: Permission denied"),
    ],
)
def test_a_program_that_fails(command, status, message):
    with pytest.raises(CommandError) as error:
        run(command)
    assert (str(error.value), error.value.status) == (message, status)
    assert isinstance(error.value, BackupError)
