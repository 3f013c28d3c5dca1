"""Files are changed only where they differ."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.config_files.plan import (
    Change,
    Found,
    PlanError,
    Wanted,
    difference,
    plan,
)

OLD = Found("file", "old\n", None, "root", "root", 0o644)


@pytest.mark.parametrize(
    ("wanted", "found", "write", "own"),
    [
        (Wanted("/f", content="old\n"), OLD, None, None),
        (Wanted("/f", content="new\n"), OLD, True, False),
        (Wanted("/f", content="old\n", mode=0o600), OLD, False, True),
        (Wanted("/f", content="old\n", group="www"), OLD, False, True),
        (Wanted("/f", content="old\n"), Found(), True, True),
        (Wanted("/f", content="old\n"), Found("link", None, "/elsewhere"), True, True),
        (Wanted("/f", state="absent"), OLD, True, False),
        (Wanted("/f", state="absent"), Found(), None, None),
        (Wanted("/d", state="directory"), Found("directory", None, None, "root", "root", 0o700), None, None),
        (Wanted("/d", state="directory", mode=0o755), Found("directory", None, None, "root", "root", 0o700), False, True),
        (Wanted("/l", state="link", target="/a"), Found("link", None, "/a"), None, None),
        (Wanted("/l", state="link", target="/b"), Found("link", None, "/a"), True, False),
    ],
)
def test_only_differences_are_changed(wanted, found, write, own):
    expected = () if write is None else (Change(wanted, found, write, own),)
    assert plan(((wanted, found),)) == expected


@pytest.mark.parametrize(("state", "found"), [("file", "directory"), ("directory", "file"), ("link", "directory"), ("file", "other")])
def test_nothing_is_replaced_by_another_kind(state, found):
    with pytest.raises(PlanError) as caught:
        plan(((Wanted("/p", state=state), Found(found)),))
    assert str(caught.value) == (
        f"/p: a {state} is wanted, but a {found} is there; nothing was changed. Look at it, and move it away if nobody needs it."
    )


def test_the_difference_shows_content_and_owner():
    wanted = Wanted("/f", content="new\n", mode=0o600)
    assert difference(Change(wanted, OLD, True, True)) == {
        "before_header": "/f",
        "after_header": "/f",
        "before": "old\n# root:root 0644\n",
        "after": "new\n# root:root 0600\n",
    }


def test_a_secret_is_not_shown():
    shown = difference(Change(Wanted("/f", content="hunter2", secret=True), OLD, True, False))
    assert shown["before"] == "(secret content)\n# root:root 0644\n"
    assert shown["after"] == "(secret content)\n# root:root kept\n"
