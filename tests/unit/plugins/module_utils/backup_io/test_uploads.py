"""Which files are looked at, and what rclone is asked to do with them."""

from __future__ import annotations

import json

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io import uploads
from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io.command import BackupError
from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io.storage import Storage, configuration

NOW = 1_795_698_055.0
OPTIONS = "--min-age 5s --backup-dir store:replaced/2026-11-26 --suffix"


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "uploads" / "images").mkdir(parents=True)
    (tmp_path / "uploads" / "images" / "one.png").write_text("one")
    return {"directory": f"{tmp_path}/uploads", "state_file": f"{tmp_path}/state.json"}


@pytest.fixture
def main(settings, s3, configured, monkeypatch):
    """The program with the settings."""
    path = configured({"s3": s3, "uploads": settings})
    monkeypatch.setattr(uploads, "configuration", lambda: configuration(path))
    return uploads.main


@pytest.mark.parametrize(
    ("state", "age"),
    [
        ({}, 0),
        ({"everything": NOW - 86400, "anything": NOW - 60}, 0),
        ({"everything": NOW - 3600, "anything": NOW - 60}, 660),
        ({"everything": NOW - 3600, "anything": NOW - 1800}, 2400),
        ({"everything": NOW - 3600, "anything": NOW + 60}, 600),
        ({"everything": NOW + 3600, "anything": NOW + 3600}, 0),
    ],
)
def test_what_is_looked_at(state, age):
    assert uploads.since(state, NOW) == age


def test_a_folder_that_is_not_there(tmp_path, capsys):
    settings = {"directory": f"{tmp_path}/none", "state_file": f"{tmp_path}/state"}
    uploads.run_job(settings, None, NOW)
    assert capsys.readouterr().out == f"{tmp_path}/none is not there, so nothing is sent\n"
    assert not (tmp_path / "state").exists()


def test_a_folder_that_was_there_once(tmp_path):
    (tmp_path / "state").write_text("{}")
    settings = {"directory": f"{tmp_path}/none", "state_file": f"{tmp_path}/state"}
    with pytest.raises(BackupError) as error:
        uploads.run_job(settings, None, NOW)
    assert str(error.value) == f"{tmp_path}/none is gone: look whether its disk is mounted, and at uploads_directory"


def test_everything_is_looked_at_first_and_then_what_changed(settings, s3, programs, store, tmp_path, monkeypatch):
    monkeypatch.setenv("BACKUP_JOB_REPORT", str(tmp_path / "report"))
    storage, directory = Storage(s3), settings["directory"]
    uploads.run_job(settings, storage, NOW)
    assert (store / "files" / "images" / "one.png").read_text() == "one"
    uploads.run_job(settings, storage, NOW + 60)
    uploads.run_job(settings, storage, NOW + 86400)
    places = f"{directory} store:files"
    assert programs.lines()[1:] == [
        f"rclone copy {OPTIONS} .1795698055 --suffix-keep-extension {places}",
        f"rclone copy {OPTIONS} .1795698115 --suffix-keep-extension --max-age 660s --no-traverse {places}",
        f"rclone copy {OPTIONS.replace('11-26', '11-27')} .1795784455 --suffix-keep-extension {places}",
    ]
    assert json.loads((tmp_path / "state.json").read_text()) == {"anything": NOW + 86400, "everything": NOW + 86400}
    assert (tmp_path / "report").read_text() == "".join(
        f"synchronised_timestamp_seconds {moment:.0f}\n" for moment in (NOW, NOW + 60, NOW + 86400)
    )


def test_when_everything_was_looked_at_is_remembered(settings, s3, tmp_path):
    for moment in (NOW, NOW + 60, NOW + 120):
        uploads.run_job(settings, Storage(s3), moment)
    assert json.loads((tmp_path / "state.json").read_text()) == {"anything": NOW + 120, "everything": NOW}


def test_what_cannot_be_sent_counts_as_not_looked_at(main, programs, tmp_path, capsys):
    programs.add("rclone", "if arguments[0] != 'obscure':\n    sys.exit('no route to host')")
    assert main() == 1
    assert capsys.readouterr().err == "rclone ended with status 1: no route to host\n"
    assert not (tmp_path / "state.json").exists()


def test_the_program_begins_anew_where_its_state_cannot_be_read(main, store, programs, tmp_path):
    (tmp_path / "state.json").write_text("{")
    assert main() == 0
    assert (store / "files" / "images" / "one.png").read_text() == "one"
    assert "--max-age" not in programs.lines()[-1]
    assert main() == 0
    assert "--max-age 60" in programs.lines()[-1]
