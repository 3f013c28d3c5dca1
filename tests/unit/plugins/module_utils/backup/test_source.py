"""From which server a copy is read."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.backup.source import Member, Source, sources

DB1, DB2, DB3 = (Member(f"db{number}", f"db{number}.lab", 5432, 8008) for number in (1, 2, 3))
MEMBERS = (DB1, DB2, DB3)

LEADER = {"name": "db1", "role": "leader", "state": "running", "timeline": 4}
AHEAD = {"name": "db3", "role": "replica", "state": "streaming", "timeline": 4, "lag": 0}
BEHIND = {"name": "db2", "role": "sync_standby", "state": "streaming", "timeline": 4, "lag": 8192}


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ([LEADER, BEHIND, AHEAD], [Source(DB3, False, 0), Source(DB2, False, 8192), Source(DB1, True, 0)]),
        ([LEADER, {**AHEAD, "state": "stopped"}], [Source(DB1, True, 0)]),
        ([{**AHEAD, "lag": "unknown"}, BEHIND], [Source(DB2, False, 8192), Source(DB3, False, 1 << 62)]),
        ([{**LEADER, "role": "standby_leader"}], [Source(DB1, True, 0)]),
        ([{**LEADER, "state": "starting"}, {**AHEAD, "name": "db9"}], []),
        ([], []),
    ],
)
def test_the_best_comes_first(answer, found):
    assert list(sources({"members": answer}, MEMBERS)) == found


def test_an_answer_without_members():
    assert sources({}, MEMBERS) == ()
