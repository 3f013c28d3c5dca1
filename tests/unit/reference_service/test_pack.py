# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The same files always give the same release."""

from __future__ import annotations

import os
import tarfile

from lab.reference_service import pack


def test_the_release_holds_the_service_and_nothing_of_this_machine(tmp_path):
    with tarfile.open(pack.write(tmp_path / "deep" / "release.tar.gz")) as archive:
        entries = archive.getmembers()
    names = [entry.name for entry in entries]
    assert names == sorted(names)
    assert {"reference_service/api.py", "reference_service/static/index.html"} < set(names)
    assert [name for name in names if "__pycache__" in name] == []
    assert {(entry.mtime, entry.uid, entry.gid, entry.uname, entry.mode) for entry in entries} == {(0, 0, 0, "", 0o644)}


def test_the_release_does_not_depend_on_time(tmp_path):
    first = pack.write(tmp_path / "first")
    (pack.SOURCE / "api.py").touch()
    assert pack.write(tmp_path / "second").read_bytes() == first.read_bytes()
    # The time in the header (RFC 1952, section 2.3.1).
    assert first.read_bytes()[4:8] == bytes(4)


def test_an_archive_is_written_only_where_it_differs(tmp_path):
    target = pack.write(tmp_path / "release")
    os.utime(target, (1, 1))
    pack.write(target)
    assert target.stat().st_mtime == 1
    target.write_bytes(b"old")
    pack.write(target)
    assert target.read_bytes() == pack.archive()
    assert [path.name for path in tmp_path.iterdir()] == ["release"]
