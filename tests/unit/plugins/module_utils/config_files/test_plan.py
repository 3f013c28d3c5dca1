# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Files are changed only where they differ, and what is said of them holds no secret."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.config_files.plan import (
    ConfigFilesError,
    Found,
    Wanted,
    diff,
    mount_points,
    parse,
    plan,
)

OLD = Found("file", b"old\n", "", "root", "root", 0o644)
DIRECTORY = Found("directory", b"", "", "root", "root", 0o700)


@pytest.mark.parametrize(
    ("wanted", "found", "actions"),
    [
        (Wanted("/f", content=b"old\n"), OLD, ()),
        (Wanted("/f", content=b"old\n", mode=0o644), OLD, ()),
        (Wanted("/f", content=b"new\n"), OLD, ("write",)),
        (Wanted("/f", content=b"old\n", mode=0o600), OLD, ("attributes",)),
        (Wanted("/f", content=b"old\n", group="www"), OLD, ("attributes",)),
        (Wanted("/f", content=b"old\n"), Found("absent"), ("write",)),
        (Wanted("/f", content=b""), Found("link", b"", "/elsewhere"), ("write",)),
        (Wanted("/f", state="absent"), OLD, ("remove",)),
        (Wanted("/f", state="absent"), Found("absent"), ()),
        (Wanted("/d", state="directory"), Found("absent"), ("make_directory",)),
        (Wanted("/d", state="directory"), DIRECTORY, ()),
        (Wanted("/d", state="directory", mode=0o755), DIRECTORY, ("attributes",)),
        (Wanted("/l", state="link", target="/a"), Found("link", b"", "/a"), ()),
        (Wanted("/l", state="link", target="/b"), Found("link", b"", "/a"), ("make_link",)),
        (Wanted("/l", state="link", target="/b"), OLD, ("make_link",)),
    ],
)
def test_only_differences_are_changed(wanted, found, actions):
    assert plan(wanted, found).actions == actions


@pytest.mark.parametrize(
    ("wanted", "found", "message"),
    [
        (
            Wanted("/p"),
            DIRECTORY,
            "/p: is a directory, but a file is wanted; remove it or choose another path",
        ),
        (
            Wanted("/p", state="link", target="/a"),
            Found("other"),
            "/p: is a device, socket or pipe, but a link is wanted; remove it or choose another path",
        ),
        (
            Wanted("/p", state="directory"),
            OLD,
            "/p: is no directory, but a directory is wanted; remove it or choose another path",
        ),
    ],
)
def test_nothing_is_replaced_by_another_kind(wanted, found, message):
    with pytest.raises(ConfigFilesError) as caught:
        plan(wanted, found)
    assert str(caught.value) == message


def shown(wanted, found):
    difference = diff(plan(wanted, found))
    assert (difference["before_header"], difference["after_header"]) == (wanted.path, wanted.path)
    return difference["before"], difference["after"]


@pytest.mark.parametrize(
    ("wanted", "found", "before", "after"),
    [
        (Wanted("/f", content=b"new\n"), OLD, "old\n", "new\n"),
        (
            Wanted("/f", content=b"new\n", mode=0o600),
            OLD,
            "owner=root group=root mode=0644\nold\n",
            "owner=root group=root mode=0600\nnew\n",
        ),
        (
            Wanted("/f", content=b"old\n", mode=0o600),
            OLD,
            "owner=root group=root mode=0644\n",
            "owner=root group=root mode=0600\n",
        ),
        (Wanted("/f", content=b"new\n"), Found("absent"), "", "owner=root group=root mode=0644\nnew\n"),
        (Wanted("/f", content=b"\xff"), OLD, "old\n", "(binary content)\n"),
        (Wanted("/f", state="absent"), OLD, "old\n", ""),
        (Wanted("/d", state="directory"), Found("absent"), "", "owner=root group=root mode=0755\n"),
        (Wanted("/d", state="absent"), DIRECTORY, "directory\n", ""),
        (Wanted("/l", state="link", target="/b"), Found("link", b"", "/a"), "link to /a\n", "link to /b\n"),
    ],
)
def test_the_difference_shows_what_changes(wanted, found, before, after):
    assert shown(wanted, found) == (before, after)


@pytest.mark.parametrize(
    ("wanted", "found", "before", "after"),
    [
        (Wanted("/s", content=b"n", secret=True), OLD, "(secret)\n", "(secret, another one)\n"),
        (Wanted("/s", content=b"n", secret=True), Found("absent"), "", "owner=root group=root mode=0600\n(secret)\n"),
        (Wanted("/s", state="absent", secret=True), OLD, "(secret)\n", ""),
    ],
)
def test_a_secret_is_not_shown(wanted, found, before, after):
    assert shown(wanted, found) == (before, after)


def test_entries_become_values():
    files = [
        {"path": "/d", "state": "directory", "mode": "0750", "group": "www"},
        {"path": "/f", "mode": "0600", "validate": "true %s", "secret": True},
    ]
    assert parse(files, {"/f": "aGVsbG8="}) == (
        Wanted("/d", "directory", group="www", mode=0o750),
        Wanted("/f", content=b"hello", mode=0o600, validate="true %s", secret=True),
    )


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"path": "f"}, "f: is not an absolute path; begin it with /"),
        ({"path": "/f"}, "/f: has no content; give template or content"),
        ({"path": "/l", "state": "link"}, "/l: a link needs a target; say where it points to"),
        (
            {"path": "/d", "state": "directory", "mode": "420"},
            '/d: 420 is no mode; write four octal digits in quotes, such as "0644"',
        ),
        (
            {"path": "/d", "state": "directory", "validate": "true"},
            "/d: validate has no %s; write %s where the file to be checked belongs",
        ),
    ],
)
def test_wrong_entries_are_refused(entry, message):
    with pytest.raises(ConfigFilesError) as caught:
        parse([entry], {})
    assert str(caught.value) == message


def test_a_path_is_wanted_once():
    with pytest.raises(ConfigFilesError) as caught:
        parse([{"path": "/d", "state": "absent"}, {"path": "/d", "state": "directory"}], {})
    assert str(caught.value) == "/d: is named twice; a path can be wanted in one way only"


def test_mount_points_are_read():
    text = "1 2 0:1 / /proc rw - proc proc rw\n3 2 0:2 /x /etc/my\\040hosts rw - ext4 /dev/a rw\n"
    assert mount_points(text) == ("/proc", "/etc/my hosts")
