"""The end of a playbook's output is read honestly."""

from __future__ import annotations

import pytest

from scripts.recap import complaints, members

OUTPUT = """
PLAY RECAP *********************************************************************
api1                       : ok=12   changed=0    unreachable=0    failed=0    skipped=3    rescued=0    ignored=0
db1                        : ok=12   changed=2    unreachable=0    failed=0    skipped=3    rescued=0    ignored=0
lb1                        : ok=0    changed=0    unreachable=1    failed=0    skipped=0    rescued=0    ignored=0
idle                       : ok=0    changed=0    unreachable=0    failed=0    skipped=9    rescued=0    ignored=0
"""


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("api1", []),
        ("db1", ["db1: changed=2 unreachable=0 failed=0, all should be 0"]),
        ("lb1", ["lb1: executed no task", "lb1: changed=0 unreachable=1 failed=0, all should be 0"]),
        ("idle", ["idle: executed no task"]),
        ("web1", ["web1: took no part in the run"]),
    ],
)
def test_complaints(host: str, expected: list[str]) -> None:
    assert [line for line in complaints(OUTPUT, [host]) if line.startswith(f"{host}:")] == expected


def test_a_host_that_was_not_asked_for_must_not_change_either() -> None:
    assert "db1: changed=2 unreachable=0 failed=0, all should be 0" in list(complaints(OUTPUT, ["api1"]))


def test_the_members_of_a_group_are_those_of_its_children_too() -> None:
    listing = {"platform": {"children": ["east", "west"]}, "east": {"hosts": ["b", "a"]}, "west": {"hosts": ["a"]}}
    assert members(listing, "platform") == ["a", "b"]
