"""Reports are whole or not there, and no more are kept than are wanted."""

from __future__ import annotations

import os

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io.command import BackupError
from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io.reports import PARTIAL, keep

NAMES = [f"2026-11-{day:02}T090000Z" for day in (1, 8, 15, 22)]


@pytest.mark.parametrize(("count", "kept"), [(9, NAMES), (2, NAMES[2:]), (1, NAMES[3:]), (0, NAMES[3:])])
def test_so_many_of_the_newest_are_kept_and_what_is_of_others_stays(tmp_path, count, kept):
    (tmp_path / "notes").mkdir()
    for name in NAMES:
        assert keep(str(tmp_path), name, {"report.json": name}, count) == str(tmp_path / name)
    assert sorted(os.listdir(tmp_path)) == [*kept, "notes"]
    assert (tmp_path / NAMES[-1] / "report.json").read_text() == NAMES[-1]


def test_what_an_earlier_run_did_not_complete_goes(tmp_path):
    (tmp_path / (PARTIAL + NAMES[0])).mkdir()
    keep(str(tmp_path), NAMES[1], {}, 5)
    assert os.listdir(tmp_path) == [NAMES[1]]


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(BackupError) as error:
        keep(str(tmp_path / "none"), NAMES[0], {}, 5)
    assert str(error.value) == (f"the report cannot be written: [Errno 2] No such file or directory: '{tmp_path}/none'")
