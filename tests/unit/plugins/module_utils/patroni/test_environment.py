# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An environment is built once, the link is switched to it, and the one before stays."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.patroni.environment import (
    BUILD,
    REMOVE,
    SWITCH,
    Step,
    plan,
    stamp,
)


def test_the_stamp_tells_packages_and_pythons_apart():
    stamps = {stamp(digest * 16, python, "x86_64") for digest in ("a", "b") for python in ("3.11", "3.12")}
    assert len(stamps) == 4
    assert stamp("0123456789abcdef", "3.11", "aarch64") == "0123456789ab-py3.11-aarch64"


@pytest.mark.parametrize(
    ("complete", "linked", "steps"),
    [
        ([], "", (Step(BUILD, "/opt/p-new"), Step(SWITCH, "/opt/p-new"))),
        (["/opt/p-new"], "/opt/p-new", ()),
        (["/opt/p-new"], "/opt/p-old", (Step(SWITCH, "/opt/p-new"),)),
        # A folder that was not built to its end is built again, although the link leads to it.
        ([], "/opt/p-new", (Step(BUILD, "/opt/p-new"), Step(SWITCH, "/opt/p-new"))),
        (
            ["/opt/p-a", "/opt/p-b", "/opt/p-old"],
            "/opt/p-old",
            (Step(BUILD, "/opt/p-new"), Step(SWITCH, "/opt/p-new"), Step(REMOVE, "/opt/p-a"), Step(REMOVE, "/opt/p-b")),
        ),
    ],
)
def test_steps(complete, linked, steps):
    assert plan("/opt/p", "new", complete, linked) == steps
