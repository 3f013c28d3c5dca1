"""Copies on this host; those in object storage are looked at on hosts that have one."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.backup.retention import Policy, is_copy
from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io.command import BackupError
from ansible_collections.freeagentics.platform.plugins.module_utils.backup_io.copies import Copies, check


@pytest.fixture
def copies(tmp_path):
    return Copies(str(tmp_path))


def fill(copies, name):
    with open(f"{copies.partial(name)}/data", "w", encoding="utf-8") as file:
        file.write("content")


def make(tmp_path, *names):
    """Make folders that look like complete copies."""
    for name in names:
        (tmp_path / name).mkdir()
        (tmp_path / name / "manifest.json").write_text('{"format": 1, "files": {}}')


def test_a_copy_gets_its_name_when_it_is_complete(copies, tmp_path):
    name = copies.begin()
    assert is_copy(name)
    fill(copies, name)
    assert copies.here() == ([], [name])
    made = copies.complete(name, {"server": "db1"})
    assert copies.here() == ([name], [])
    assert made.size == len("content")
    assert check(copies.path(name)) == made
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o700


def test_what_was_changed_is_found(copies, tmp_path):
    name = copies.begin()
    fill(copies, name)
    copies.complete(name, {})
    (tmp_path / name / "data").write_text("Content")
    (tmp_path / name / "more").touch()
    with pytest.raises(BackupError) as error:
        check(copies.path(name))
    first, second = str(error.value).splitlines()
    assert first.startswith(f"{tmp_path}/{name}: data has 7 bytes with SHA-256 ")
    assert second == f"{tmp_path}/{name}: more is not in manifest.json"


def test_what_is_no_copy(tmp_path):
    with pytest.raises(BackupError) as error:
        check(str(tmp_path))
    assert str(error.value) == f"{tmp_path} is no complete copy: manifest.json: No such file or directory"
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(BackupError) as error:
        check(str(tmp_path))
    assert str(error.value) == f"{tmp_path}: manifest.json cannot be read: KeyError: 'format'"


def test_old_copies_go_and_what_is_none_stays(copies, tmp_path):
    make(tmp_path, *(f"2026-01-0{day}T020000Z" for day in range(1, 6)), "of-a-person", ".partial-2026-01-01T030000Z")
    (tmp_path / "2026-01-02T030000Z").mkdir()
    (tmp_path / "a file").touch()
    assert copies.remove_here(Policy(days=2)) == (
        "2026-01-01T020000Z",
        "2026-01-01T030000Z",
        "2026-01-02T020000Z",
        "2026-01-02T030000Z",
        "2026-01-03T020000Z",
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "2026-01-04T020000Z",
        "2026-01-05T020000Z",
        "a file",
        "of-a-person",
    ]


def test_without_a_storage(copies, tmp_path):
    make(tmp_path, "2026-01-01T020000Z")
    assert (copies.there(), copies.send(), copies.remove_there(Policy(1))) == (([], []), (), ())
    with pytest.raises(BackupError) as error:
        copies.fetch("2026-01-01T020000Z", str(tmp_path / "new"))
    assert str(error.value) == "this host has no object storage to fetch from"
