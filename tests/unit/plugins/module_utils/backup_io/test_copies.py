"""Copies on the disk and in a storage."""

from __future__ import annotations

import hashlib
import os

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.backup.manifest import Entry, Manifest
from ansible_collections.freeagentics.platform.plugins.module_utils.backup.retention import Policy, is_copy
from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io.command import BackupError
from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io.copies import Copies, check, entries
from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io.storage import Storage

ONE, TWO, THREE, FOUR = (f"2026-03-0{day}T020000Z" for day in range(1, 5))


def entry(text):
    return Entry(len(text), hashlib.sha256(text.encode()).hexdigest())


def fill(folder, text):
    """Put files into a folder."""
    (folder / "databases").mkdir(parents=True)
    (folder / "globals.sql").write_text(text)
    (folder / "databases" / "app").write_text(text * 2)


@pytest.fixture
def here(tmp_path):
    folder = tmp_path / "dumps"
    folder.mkdir()
    return folder


@pytest.fixture
def copies(here, s3):
    return Copies(str(here), Storage(s3), "dumps")


@pytest.fixture
def made(here):
    """Make complete copies."""

    def make(*names):
        for name in names:
            fill(here / f".partial-{name}", name)
            Copies(str(here)).complete(name, {"server": "db2"})

    return make


def test_a_copy_gets_its_name_once_it_has_its_manifest(here):
    copies = Copies(str(here))
    name = copies.begin()
    assert is_copy(name)
    assert os.listdir(here) == [f".partial-{name}"]
    assert (here / f".partial-{name}").stat().st_mode & 0o777 == 0o700
    assert copies.here() == ([], [name])
    fill(here / f".partial-{name}", "text")
    files = {"globals.sql": entry("text"), "databases/app": entry("texttext")}
    assert copies.complete(name, {"server": "db2"}) == Manifest(files, {"server": "db2"})
    assert os.listdir(here) == [name]
    assert copies.here() == ([name], [])
    assert check(copies.path(name)) == Manifest(files, {"server": "db2"})
    assert entries(copies.path(name)) == files


def test_what_a_killed_run_left_goes_with_the_next_one(here, made):
    made(ONE)
    fill(here / f".partial-{TWO}", "half")
    name = Copies(str(here)).begin()
    assert sorted(os.listdir(here)) == [f".partial-{name}", ONE]


def test_a_large_file_is_read_to_its_end(here):
    text = "text" * (1 << 19)
    (here / "file").write_text(text)
    assert entries(str(here)) == {"file": entry(text)}


def test_a_copy_that_failed_leaves_nothing(here):
    copies = Copies(str(here))
    name = copies.begin()
    fill(here / f".partial-{name}", "text")
    copies.discard(name)
    assert os.listdir(here) == []


def test_everything_that_differs_is_told(here, made):
    made(ONE)
    (here / ONE / "globals.sql").write_text("changed")
    (here / ONE / "databases" / "app").unlink()
    (here / ONE / "more").write_text("")
    with pytest.raises(BackupError) as error:
        check(str(here / ONE))
    old, new = entry(ONE).sha256[:16], entry("changed").sha256[:16]
    assert str(error.value).splitlines() == [
        f"{here}/{ONE}: databases/app is not there",
        f"{here}/{ONE}: globals.sql has 7 bytes with SHA-256 {new} instead of 18 bytes with SHA-256 {old}",
        f"{here}/{ONE}: more is not in manifest.json",
    ]


def test_what_is_no_complete_copy(here):
    with pytest.raises(BackupError) as error:
        check(str(here))
    assert str(error.value) == f"{here} is no complete copy: manifest.json: No such file or directory"
    (here / "manifest.json").write_text('{"format": 2, "files": {}}')
    with pytest.raises(BackupError) as error:
        check(str(here))
    assert str(error.value) == f"{here}: manifest.json has format 2; this program knows format 1"


def test_what_is_here(here, made):
    made(TWO, ONE)
    (here / THREE).mkdir()
    (here / f".partial-{FOUR}").mkdir()
    (here / f".partial-{FOUR}" / "manifest.json").write_text("")
    (here / "a-file").write_text("")
    (here / "of-a-person").mkdir()
    (here / "of-a-person" / "manifest.json").write_text("")
    assert Copies(str(here)).here() == ([ONE, TWO], [FOUR, THREE])


def test_what_is_not_in_the_storage_is_sent_and_its_manifest_last(copies, made, store, programs):
    made(ONE, TWO)
    assert copies.there() == ([], [])
    assert copies.send() == (ONE, TWO)
    assert copies.there() == ([ONE, TWO], [])
    assert (store / "dumps" / ONE / "databases" / "app").read_text() == ONE * 2
    made(THREE)
    programs.forget()
    assert copies.send() == (THREE,)
    path, place = copies.path(THREE), f"store:dumps/{THREE}"
    assert programs.lines("rclone")[2:] == [
        f"rclone sync --exclude /manifest.json {path} {place}",
        f"rclone check --download --exclude /manifest.json {path} {place}",
        f"rclone copy --include /manifest.json {path} {place}",
    ]
    assert copies.send() == ()


def test_what_was_sent_in_part_is_sent_again(copies, made, store):
    made(ONE)
    fill(store / "dumps" / ONE, "half")
    (store / "dumps" / ONE / "left").write_text("from before")
    assert copies.there() == ([], [ONE])
    assert copies.send() == (ONE,)
    assert check(str(store / "dumps" / ONE)) == check(copies.path(ONE))


def test_what_arrives_damaged_gets_no_manifest(here, made, s3, monkeypatch):
    monkeypatch.setenv("DAMAGE", "yes")
    made(ONE)
    copies = Copies(str(here), Storage(s3), "dumps")
    with pytest.raises(BackupError) as error:
        copies.send()
    assert str(error.value) == "rclone ended with status 1: 1 differences found"
    assert copies.there() == ([], [ONE])


def test_a_copy_comes_back(copies, made, here, tmp_path):
    made(ONE)
    copies.send()
    target = tmp_path / "new" / "folder"
    assert copies.fetch(ONE, str(target)) == check(str(here / ONE))
    assert target.stat().st_mode & 0o777 == 0o700
    with pytest.raises(BackupError) as error:
        copies.fetch(ONE, str(target))
    assert str(error.value) == f"{target} exists; name a folder that does not"


def test_a_copy_that_comes_back_damaged_is_refused(copies, made, store, tmp_path):
    made(ONE)
    copies.send()
    (store / "dumps" / ONE / "globals.sql").unlink()
    with pytest.raises(BackupError) as error:
        copies.fetch(ONE, str(tmp_path / "new"))
    assert str(error.value) == f"{tmp_path}/new: globals.sql is not there"
    with pytest.raises(BackupError) as error:
        copies.fetch(TWO, str(tmp_path / "other"))
    assert str(error.value) == "rclone ended with status 3: directory not found"


def test_copies_that_have_served_their_time_are_removed_here(here, made):
    made(ONE, TWO, FOUR)
    (here / f".partial-{THREE}").mkdir()
    (here / "2026-03-09T020000Z").mkdir()
    (here / "of-a-person").mkdir()
    assert Copies(str(here)).remove_here(Policy(2)) == (ONE, THREE)
    assert sorted(os.listdir(here)) == [TWO, FOUR, "2026-03-09T020000Z", "of-a-person"]


def test_copies_that_have_served_their_time_are_removed_there_and_their_manifest_first(copies, made, store, programs):
    made(ONE, TWO, FOUR)
    copies.send()
    (store / "dumps" / THREE).mkdir()
    (store / "dumps" / "of-a-person").mkdir()
    programs.forget()
    assert copies.remove_there(Policy(1, 1)) == (TWO, THREE)
    assert programs.lines("rclone")[2:] == [
        f"rclone deletefile store:dumps/{TWO}/manifest.json",
        f"rclone purge store:dumps/{TWO}",
        f"rclone purge store:dumps/{THREE}",
    ]
    assert sorted(os.listdir(store / "dumps")) == [ONE, FOUR, "of-a-person"]


def test_without_a_storage(here, made, tmp_path):
    made(ONE)
    copies = Copies(str(here))
    assert (copies.there(), copies.send(), copies.remove_there(Policy(0))) == (([], []), (), ())
    with pytest.raises(BackupError) as error:
        copies.fetch(ONE, str(tmp_path / "new"))
    assert str(error.value) == "this host has no object storage to fetch from"
    assert not (tmp_path / "new").exists()
