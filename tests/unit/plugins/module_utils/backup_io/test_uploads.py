"""Which files are looked at, and what rclone is asked to do with them."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import sys
from pathlib import Path

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io import uploads
from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io.command import BackupError
from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io.storage import Storage, configuration

NOW = 1_795_698_055.0
OPTIONS = "--exclude /.coming/** --min-age 5s --backup-dir store:replaced/2026-11-26 --suffix"


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "uploads" / "images").mkdir(parents=True)
    (tmp_path / "uploads" / "images" / "one.png").write_text("one")
    files = {"state_file": f"{tmp_path}/state.json", "expected_file": f"{tmp_path}/expected"}
    return {"directory": f"{tmp_path}/uploads", **files}


@pytest.fixture
def main(settings, s3, configured, monkeypatch):
    """The program with the settings."""
    path = configured({"s3": s3, "uploads": settings})
    monkeypatch.setattr(uploads, "configuration", lambda: configuration(path))

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["backup-uploads", *words])
        return uploads.main()

    return run


@pytest.fixture
def stored(store):
    """What the storage has."""
    for name, content in {"a/b/deep.png": "deep", "one.png": "stored"}.items():
        (store / "files" / name).parent.mkdir(parents=True, exist_ok=True)
        (store / "files" / name).write_text(content)


@pytest.fixture
def fresh(settings):
    """The folder of uploads, of a host that was made anew: it is not there."""
    shutil.rmtree(settings["directory"])
    return Path(settings["directory"])


def tree(folder):
    return {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}


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


def test_a_new_host_gets_its_files_back(main, stored, fresh, store, capsys):
    fresh.parent.chmod(0o750)
    assert main("back") == 0
    assert tree(fresh) == {"a/b/deep.png": "deep", "one.png": "stored"}
    assert capsys.readouterr().out == f"2 files were brought back to {fresh}, which had 0\n"
    assert {oct(path.stat().st_mode & 0o777) for path in (fresh, fresh / "a", fresh / "a" / "b")} == {"0o750"}
    assert oct((fresh / "one.png").stat().st_mode & 0o777) == "0o640"
    assert not (fresh / ".coming").exists()
    assert main("back") == 0
    assert capsys.readouterr().out == (
        f"{fresh} has 2 files: nothing is brought back; backup-uploads back all brings what it lacks\n"
    )


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_they_belong_to_whom_the_folder_around_belongs(main, stored, fresh):
    os.chown(fresh.parent, 4321, 4322)
    assert main("back") == 0
    owners = {(path.stat().st_uid, path.stat().st_gid) for path in [fresh, *fresh.rglob("*")]}
    assert owners == {(4321, 4322)}


def test_nothing_is_replaced(main, stored, settings, capsys):
    directory = Path(settings["directory"])
    (directory / "one.png").write_text("newer")
    assert main("back") == 0
    assert tree(directory) == {"images/one.png": "one", "one.png": "newer"}
    assert main("back", "all") == 0
    assert tree(directory) == {"images/one.png": "one", "one.png": "newer", "a/b/deep.png": "deep"}
    assert capsys.readouterr().out.endswith(f"1 files were brought back to {directory}, which had 2\n")


def test_a_run_that_died_is_finished(main, stored, fresh, programs):
    """A file that came in part has no name yet; one that has its name is left alone."""
    coming = fresh / ".coming"
    (coming / "files" / "a" / "b").mkdir(parents=True)
    coming.chmod(0o700)
    (coming / "files" / "a" / "b" / "deep.png").write_text("de")
    # One has its name, and waited no longer only after that.
    (fresh / "one.png").write_text("stored")
    os.link(fresh / "one.png", coming / "files" / "one.png")
    (fresh / "one.png").chmod(0o604)
    assert main("back") == 0
    assert tree(fresh) == {"a/b/deep.png": "deep", "one.png": "stored"}
    assert oct((fresh / "one.png").stat().st_mode & 0o777) == "0o604"
    assert re.fullmatch(
        rf"rclone copy --compare-dest {fresh} store:files /proc/self/fd/\d+/files", programs.lines()[-1]
    )
    assert not coming.exists()


def test_there_is_one_run_at_a_time(main, stored, fresh, capsys):
    coming = fresh / ".coming"
    coming.mkdir(parents=True, mode=0o700)
    other = os.open(coming, os.O_RDONLY)
    fcntl.flock(other, fcntl.LOCK_EX)
    for words in (["back"], ["back", "all"]):
        assert main(*words) == 1
        assert capsys.readouterr().err == (
            f"another run is bringing files back to {fresh}: wait until pgrep -a 'backup-uploads|rclone' shows none "
            "with back or --compare-dest, and start this again\n"
        )
    assert tree(fresh) == {}
    os.close(other)
    assert main("back") == 0
    assert tree(fresh) == {"a/b/deep.png": "deep", "one.png": "stored"}


def test_rclone_holds_the_folder_too(main, fresh, programs, tmp_path):
    """It goes on where the program that started it is killed."""
    script = f"""
import fcntl
if arguments[0] != "obscure":
    inherited = int(arguments[-1].split("/")[4])
    fcntl.flock(inherited, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        fcntl.flock(os.open({str(fresh / ".coming")!r}, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        open({f"{tmp_path}/held"!r}, "w").close()
"""
    programs.add("rclone", script)
    assert main("back") == 0
    assert (tmp_path / "held").exists()


def test_another_run_ends_while_this_one_begins(main, stored, fresh, monkeypatch, capsys):
    """What it held is no longer there, and neither is the lock."""
    monkeypatch.setattr(fcntl, "flock", lambda _folder, _how: (fresh / ".coming").rmdir())
    assert main("back") == 1
    assert capsys.readouterr().err == f"another run has just brought files back to {fresh}: start this again\n"


def test_a_folder_that_waits_is_filled_whatever_came_into_it_meanwhile(main, stored, fresh, tmp_path, capsys):
    assert main("expect") == 0
    assert capsys.readouterr().out == f"{fresh} waits for its files\n"
    assert not fresh.exists()
    fresh.mkdir()
    (fresh / "of-a-visitor.png").write_text("new")
    (fresh / "one.png").write_text("of a visitor, too")
    assert main("expect") == 0
    assert capsys.readouterr().out == f"{fresh} waits for its files\n"
    assert main("back") == 0
    assert tree(fresh) == {"a/b/deep.png": "deep", "one.png": "of a visitor, too", "of-a-visitor.png": "new"}
    assert capsys.readouterr().out == f"1 files were brought back to {fresh}, which had 2\n"
    assert not (tmp_path / "expected").exists()
    assert main("back") == 0
    assert "nothing is brought back" in capsys.readouterr().out


def test_a_folder_waits_before_the_application_is_there(main, settings, tmp_path, capsys):
    settings["directory"] = f"{tmp_path}/application/uploads"
    uploads.expect(settings)
    assert capsys.readouterr().out == f"{tmp_path}/application/uploads waits for its files\n"
    assert not (tmp_path / "application").exists()
    assert oct((tmp_path / "expected").stat().st_mode & 0o777) == "0o600"


def test_a_folder_waits_until_its_files_are_here(main, stored, fresh, programs, tmp_path):
    assert main("expect") == 0
    programs.add("rclone", "if arguments[0] != 'obscure':\n    sys.exit('no route to host')")
    assert main("back") == 1
    assert (tmp_path / "expected").exists()


def test_a_folder_with_files_that_wait_waits_for_the_others_too(main, settings, tmp_path, capsys):
    """A run that died has left some of them."""
    Path(settings["directory"], ".coming").mkdir(mode=0o700)
    assert main("expect") == 0
    assert capsys.readouterr().out == f"{settings['directory']} waits for its files\n"
    assert (tmp_path / "expected").exists()


def test_a_folder_with_files_waits_for_none(main, settings, tmp_path, capsys):
    assert main("expect") == 0
    assert capsys.readouterr().out == f"{settings['directory']} has 1 files, and waits for none\n"
    assert not (tmp_path / "expected").exists()


def test_where_nothing_can_be_noted_the_program_fails(main, fresh, tmp_path, capsys):
    """Nor does a link lead it elsewhere."""
    (tmp_path / "expected").symlink_to(tmp_path / "elsewhere")
    assert main("expect") == 1
    assert f"{tmp_path}/expected" in capsys.readouterr().err
    assert not (tmp_path / "elsewhere").exists()


def test_no_link_is_followed_at_the_place_of_the_folder(main, stored, fresh, tmp_path, capsys):
    (tmp_path / "elsewhere").mkdir()
    fresh.symlink_to(tmp_path / "elsewhere")
    for words in (["back"], ["back", "all"], ["expect"]):
        assert main(*words) == 1
        assert capsys.readouterr().err == (
            f"{fresh} is a link, or no folder (Not a directory): name the folder itself with uploads_directory\n"
        )
    assert tree(tmp_path / "elsewhere") == {}


def test_no_link_is_followed_on_the_way_to_a_file(main, stored, fresh, tmp_path, capsys):
    (tmp_path / "elsewhere").mkdir()
    fresh.mkdir()
    (fresh / "a").symlink_to(tmp_path / "elsewhere")
    assert main("back", "all") == 1
    assert capsys.readouterr().err == f"{fresh}/a/b is a link, or no folder (Not a directory): move it away\n"
    assert tree(tmp_path / "elsewhere") == {}


@pytest.mark.parametrize("made", ["link", "open", "file"])
def test_nothing_comes_where_another_account_could_lead_it_elsewhere(main, stored, fresh, tmp_path, made, capsys):
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    fresh.mkdir()
    coming = fresh / ".coming"
    if made == "link":
        coming.symlink_to(tmp_path / "elsewhere")
    elif made == "open":
        coming.mkdir()
        coming.chmod(0o770)
    else:
        coming.touch()
    assert main("back") == 1
    assert capsys.readouterr().err.startswith(str(coming))
    assert tree(tmp_path / "elsewhere") == {}
    assert not (fresh / "one.png").exists()


def test_a_storage_that_has_nothing(main, fresh, store, capsys):
    assert main("back") == 0
    assert capsys.readouterr().out.endswith(f"0 files were brought back to {fresh}, which had 0\n")
    assert tree(fresh) == {}


def test_a_storage_that_cannot_be_had(main, fresh, programs, capsys):
    programs.add("rclone", "if arguments[0] != 'obscure':\n    sys.exit('no route to host')")
    assert main("back") == 1
    assert capsys.readouterr().err == "rclone ended with status 1: no route to host\n"


def test_a_host_without_the_application(tmp_path):
    settings = {"directory": f"{tmp_path}/none/uploads", "expected_file": f"{tmp_path}/expected"}
    with pytest.raises(BackupError) as error:
        uploads.bring_back(settings, None)
    assert str(error.value) == (
        f"{tmp_path}/none is not there, so nothing is brought back: install the application first"
    )


def test_a_host_without_uploads(main, s3, configured, monkeypatch, capsys):
    path = configured({"s3": s3, "uploads": {"directory": ""}})
    monkeypatch.setattr(uploads, "configuration", lambda: configuration(path))
    assert main("back") == 1
    assert capsys.readouterr().err == "this host has no folder of uploads\n"


def test_words_that_are_not_known(main, capsys):
    assert main("bakc") == 2
    assert capsys.readouterr().err == (
        "bakc is not known: use backup-uploads, backup-uploads back, backup-uploads back all, or "
        "backup-uploads expect\n"
    )
