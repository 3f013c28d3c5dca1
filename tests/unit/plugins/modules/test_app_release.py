# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Releases are unpacked whole, activated by links, taken back and removed."""

from __future__ import annotations

import io
import os
import tarfile

import pytest


@pytest.fixture
def root(tmp_path):
    """The folder of an application, as text."""
    folder = tmp_path / "app"
    folder.mkdir()
    return folder


@pytest.fixture
def archive(tmp_path):
    """A release with one file."""
    path = tmp_path / "release.tar"
    with tarfile.open(path, "w") as tar:
        entry = tarfile.TarInfo("bin/serve")
        entry.size, entry.mode, entry.uid = 5, 0o755, 4711
        tar.addfile(entry, io.BytesIO(b"serve"))
    return path


@pytest.fixture
def release(run_module, root):
    """Run the module on the application."""
    return lambda **arguments: run_module("app_release", root=str(root), **arguments)


def links(root):
    """Return where the links lead, None for a link that is not there."""
    return [os.readlink(root / link) if (root / link).is_symlink() else None for link in ("current", "previous")]


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_nothing_is_there_before_the_first_release(release, root):
    done = release(state="unpacked", version="1")
    assert (done["missing"], done["changed"], done["releases"]) == (True, False, [])
    assert names(root) == []


def test_a_release_is_unpacked_whole_and_once(release, root, archive):
    done = release(state="unpacked", version="1", archive=str(archive))
    assert (done["changed"], done["missing"], done["current"], done["releases"]) == (True, False, "", ["1"])
    assert names(root / "releases") == ["1"]
    assert (root / "releases/1/bin/serve").read_text() == "serve"
    assert (root / "releases/1/bin/serve").stat().st_uid == os.getuid()
    assert (root / "releases/1/.release").read_text() == 'RELEASE="1"\n'
    assert (root / "releases/1").stat().st_mode & 0o7777 == 0o755
    assert release(state="unpacked", version="1", archive=str(archive))["changed"] is False


def test_check_mode_unpacks_nothing_and_tells_the_same(release, root, archive):
    arguments = {"state": "unpacked", "version": "1", "archive": str(archive)}
    told = release(check_mode=True, **arguments)
    assert names(root) == []
    done = release(**arguments)
    assert (told["changed"], told["diff"], told["releases"]) == (done["changed"], done["diff"], done["releases"])


def test_what_is_no_archive_leaves_nothing(release, root, archive):
    archive.write_bytes(b"no archive")
    done = release(state="unpacked", version="1", archive=str(archive))
    assert done["msg"].startswith(f"{archive} cannot be unpacked: ")
    assert done["msg"].endswith("; nothing was changed")
    assert names(root / "releases") == []


@pytest.mark.parametrize("mode", ["w", "w:gz"])
def test_an_archive_that_ends_too_soon_leaves_nothing(release, root, archive, mode):
    with tarfile.open(archive, mode) as tar:
        for name in ("first", "second"):
            entry = tarfile.TarInfo(name)
            entry.size = 100_000
            tar.addfile(entry, io.BytesIO(os.urandom(entry.size)))
    archive.write_bytes(archive.read_bytes()[:150_000])
    done = release(state="unpacked", version="1", archive=str(archive))
    assert done["failed"] is True
    assert "Unexpected EOF in archive" in done["msg"]
    assert names(root / "releases") == []


def test_an_archive_that_reaches_outside_leaves_nothing(release, root, archive):
    with tarfile.open(archive, "w") as tar:
        tar.addfile(tarfile.TarInfo("../outside"))
    done = release(state="unpacked", version="1", archive=str(archive))
    assert "Member name contains '..'" in done["msg"]
    assert (names(root), names(root / "releases")) == (["releases"], [])


def test_activation_leads_both_links_and_says_so(release, root, archive):
    for version in ("1", "2"):
        release(state="unpacked", version=version, archive=str(archive))
    assert release(version="1")["changed"] is True
    assert links(root) == ["releases/1", None]
    done = release(version="2")
    assert done["diff"] == {"before": "current: 1\nprevious: \n", "after": "current: 2\nprevious: 1\n"}
    assert links(root) == ["releases/2", "releases/1"]
    assert release(version="2")["changed"] is False


def test_old_releases_are_removed(release, root, archive):
    for version in ("1", "2", "3"):
        release(state="unpacked", version=version, archive=str(archive))
        release(version=version, keep=2)
    assert names(root / "releases") == ["2", "3"]


def test_a_release_is_taken_back(release, root, archive):
    for version in ("1", "2"):
        release(state="unpacked", version=version, archive=str(archive))
    release(version="1")
    release(version="2")
    assert release(state="restored", current="1", previous="")["changed"] is True
    assert links(root) == ["releases/1", None]
    assert release(state="restored", current="", previous="")["changed"] is True
    assert links(root) == [None, None]


def test_a_release_that_is_not_there_is_refused(release, root, archive):
    release(state="unpacked", version="1", archive=str(archive))
    done = release(state="restored", current="2", previous="1")
    assert done["msg"] == "release 2 is not on this host any more; deploy it again. These are: 1"
    assert links(root) == [None, None]


def test_activation_needs_a_version(release):
    assert release()["msg"] == "state is active but all of the following are missing: version"


def test_an_application_that_does_not_run_is_stale(release):
    assert release(state="unpacked", unit="no-such-unit-here.service")["stale"] is True
