# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A report says what was measured and proved, and what is left to do."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.failover.story import tell

PLAN = {
    "kind": "failover",
    "old": "db1",
    "fence": "power",
    "loss": "no acknowledged write",
    "leader": "db1",
    "members": ["db1", "db2", "db3"],
    "shown": ["found  db2"],
}
SITE = {"endpoints": [{"url": "https://a.b/health", "healthy": True, "error": ""}]}
OUTCOME = {
    "led": {"leader": "db2", "seconds": 2.1},
    "fenced": {"stdout": "", "stderr": "db1 is off"},
    "site": SITE,
    "answering": ["db2", "db3"],
    "backup": True,
}


def test_a_failover_is_told():
    told = tell(PLAN, OUTCOME)
    assert told["verdict"] == "db2 leads instead of db1"
    assert told["figures"] == [
        {"name": "writes lost", "measured": "no acknowledged write", "target": "none inside the region (R62)"},
        {
            "name": "from taking the lease to a server that leads",
            "measured": "2.1 s",
            "target": "under 5 min to service (R62)",
        },
    ]
    assert told["sections"] == [
        {"heading": "The plan", "lines": ["found  db2"]},
        {
            "heading": "What was proved",
            "lines": [
                "db1: db1 is off",
                "exactly one server takes writes, and it committed one",
                "https://a.b/health answers",
            ],
        },
    ]
    assert told["next"] == [
        "db1 is off. Give it its power back when you know what it died of: it follows by itself, and is rewound where "
        "it has more",
        "a full backup was begun: `journalctl -u pgbackrest-after-failover` on the backup host",
    ]


@pytest.mark.parametrize(
    ("fence", "fenced", "line"),
    [("host", {"proof": "no process works"}, "db1: no process works"), ("lease", {}, "db1: its lease ran out")],
)
def test_how_the_old_primary_was_kept_from_writing_is_told(fence, fenced, line):
    told = tell({**PLAN, "fence": fence}, {**OUTCOME, "fenced": fenced, "returned": ["db1"]})
    assert told["sections"][1]["lines"][0] == line
    assert [entry for entry in told["next"] if entry.startswith("db1")] == []


def test_what_is_not_as_it_should_be_comes_first():
    site = {"endpoints": [{"url": "https://a.b/health", "healthy": False, "error": "status 503, not 200"}]}
    told = tell({**PLAN, "fence": "host"}, {**OUTCOME, "site": site, "answering": ["db2"], "backup": False})
    assert told["next"] == [
        "visitors get no answer at https://a.b/health: status 503, not 200",
        "db1 does not answer; until it does, `patronictl list` on another member says what it is at",
        "db3 does not answer; until it does, `patronictl list` on another member says what it is at",
        "no backup was begun, as the backup host does not answer: run playbooks/backup.yml when it does",
    ]


@pytest.mark.parametrize(("hastened", "how"), [(True, "given away when it was safe"), (False, "given away by Patroni")])
def test_a_switchover_is_told(hastened, how):
    plan = {**PLAN, "kind": "switchover", "fence": ""}
    led = {"leader": "db3", "hastened": hastened, "seconds": {"led": 1.2}}
    told = tell(plan, {"led": led, "answering": ["db1", "db2", "db3"], "pools": ["api2"]})
    assert told["verdict"] == "db3 leads instead of db1"
    assert told["figures"][1]["name"] == f"from the beginning to a server that leads, the lease {how}"
    assert told["figures"][1]["measured"] == "1.2 s"
    assert told["next"] == ["the pool on api2 did not hold its clients back: some of them may have seen an error"]


def test_where_nothing_was_to_be_done_that_is_told():
    told = tell({**PLAN, "kind": "nothing", "fence": "", "old": "", "leader": "db2"}, {"answering": PLAN["members"]})
    assert (told["verdict"], told["figures"], told["next"]) == ("db2 leads, as before", [], [])


def test_where_nobody_held_the_lease_nobody_was_replaced():
    assert tell({**PLAN, "old": "", "fence": ""}, OUTCOME)["verdict"] == "db2 leads"
