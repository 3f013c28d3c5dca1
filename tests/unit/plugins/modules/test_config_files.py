# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Steps are applied to real files, and taken back where one fails."""

from __future__ import annotations

import getpass
import grp
import os
import subprocess

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.config_files.plan import (
    ConfigFilesError,
    Wanted,
    plan,
)
from ansible_collections.freeagentics.platform.plugins.modules.config_files import Files, look_for

OWN = {"owner": getpass.getuser(), "group": grp.getgrgid(os.getgid()).gr_name}


def run(command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def apply(*wanted, mounted=()):
    steps = tuple(plan(one, look_for(one)) for one in wanted)
    Files(run, mounted).apply(tuple(step for step in steps if step.actions))
    assert [plan(one, look_for(one)).actions for one in wanted] == [()] * len(wanted)


def names(directory):
    return sorted(path.name for path in directory.iterdir())


def test_everything_is_written_and_nothing_left_over(tmp_path):
    apply(
        Wanted(f"{tmp_path}/d", "directory", mode=0o700, **OWN),
        Wanted(f"{tmp_path}/d/f", content=b"hello\n", mode=0o640, validate="grep -q hello %s", **OWN),
        Wanted(f"{tmp_path}/l", "link", target="d/f"),
    )
    assert (tmp_path / "l").read_bytes() == b"hello\n"
    assert (tmp_path / "d/f").stat().st_mode & 0o7777 == 0o640
    assert names(tmp_path) == ["d", "l"]
    assert names(tmp_path / "d") == ["f"]


def test_the_file_is_validated_under_its_own_name(tmp_path):
    apply(
        Wanted(
            f"{tmp_path}/a.service",
            content=b"x",
            validate="/bin/sh -c 'case $0 in */a.service) ;; *) exit 1; esac' %s",
            **OWN,
        )
    )
    assert (tmp_path / "a.service").read_bytes() == b"x"


def test_a_file_that_is_a_mount_point_is_written_in_place(tmp_path):
    path = tmp_path / "hosts"
    path.write_bytes(b"old\n")
    number = path.stat().st_ino
    apply(Wanted(str(path), content=b"new\n", mode=0o644, **OWN), mounted=(str(path),))
    assert path.read_bytes() == b"new\n"
    assert path.stat().st_ino == number


def test_the_old_content_is_kept_where_wanted(tmp_path):
    path = tmp_path / "f"
    path.write_bytes(b"old\n")
    apply(Wanted(str(path), content=b"new\n", backup=True, **OWN))
    assert (tmp_path / "f.before").read_bytes() == b"old\n"


def test_a_refused_file_takes_back_those_before_it(tmp_path):
    first, second, link = tmp_path / "first", tmp_path / "second", tmp_path / "link"
    first.write_bytes(b"old\n")
    first.chmod(0o640)
    link.symlink_to("before")
    with pytest.raises(ConfigFilesError) as caught:
        apply(
            Wanted(str(first), content=b"new\n", mode=0o600, **OWN),
            Wanted(str(link), "link", target="after"),
            Wanted(f"{tmp_path}/d", "directory", **OWN),
            Wanted(str(second), content=b"bad\n", validate="/bin/sh -c 'echo $0 is bad; exit 1' %s", **OWN),
        )
    assert str(caught.value) == (
        f"{second}: /bin/sh -c 'echo $0 is bad; exit 1' {second} refused the new content, "
        f"which was not put in place: {second} is bad"
    )
    assert first.read_bytes() == b"old\n"
    assert first.stat().st_mode & 0o7777 == 0o640
    assert os.readlink(link) == "before"
    assert names(tmp_path) == ["first", "link"]


def test_what_is_said_of_a_refused_secret_is_not_shown(tmp_path):
    with pytest.raises(ConfigFilesError) as caught:
        apply(Wanted(f"{tmp_path}/s", content=b"geheim", secret=True, validate="/bin/sh -c 'cat $0; exit 1' %s", **OWN))
    assert "geheim" not in str(caught.value)
    assert str(caught.value).endswith("what it said is not shown, because the file is secret")


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        (
            Wanted("{tmp}/no/f", **OWN),
            "{tmp}/no/f: there is no directory {tmp}/no; name it before this file with state: directory",
        ),
        (
            Wanted("{tmp}/f", owner="nobody-here"),
            "{tmp}/f: there is no user nobody-here on this host; create it before this task",
        ),
        (
            Wanted("{tmp}/f", owner=OWN["owner"], group="nobody-here"),
            "{tmp}/f: there is no group nobody-here on this host; create it before this task",
        ),
    ],
)
def test_what_is_missing_is_named(tmp_path, wanted, message):
    here = Wanted(**{**vars(wanted), "path": wanted.path.replace("{tmp}", str(tmp_path))})
    with pytest.raises(ConfigFilesError) as caught:
        apply(here)
    assert str(caught.value) == message.replace("{tmp}", str(tmp_path))
    assert names(tmp_path) == []
