"""Units are changed only where they differ."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.systemd.plan import (
    MissingUnit,
    Unit,
    parse_show,
    plan,
)

RUNS = {"LoadState": "loaded", "UnitFileState": "enabled", "ActiveState": "active", "NeedDaemonReload": "no"}
RESTS = {"LoadState": "loaded", "UnitFileState": "disabled", "ActiveState": "inactive", "NeedDaemonReload": "no"}
MISSING = {"LoadState": "not-found", "UnitFileState": "", "ActiveState": "inactive", "NeedDaemonReload": "no"}


@pytest.mark.parametrize(
    ("unit", "found", "actions"),
    [
        (Unit("a.service", enabled=True, state="started"), RUNS, ()),
        (Unit("a.service", enabled=True, state="started"), RESTS, (("enable", "a.service"), ("start", "a.service"))),
        (Unit("a.service", enabled=False, state="stopped"), RUNS, (("disable", "a.service"), ("stop", "a.service"))),
        (Unit("a.service", enabled=False, state="stopped"), RESTS, ()),
        (Unit("a.service"), RESTS, ()),
        (Unit("a.service", enabled=True), {**RESTS, "UnitFileState": "static"}, ()),
        (Unit("a.service", masked=True), RUNS, (("mask", "a.service"),)),
        (Unit("a.service", masked=True), {**RESTS, "LoadState": "masked"}, ()),
        (
            Unit("a.service", masked=False, state="started"),
            {**RESTS, "LoadState": "masked"},
            (("unmask", "a.service"), ("start", "a.service")),
        ),
        (Unit("a.service", state="stopped", optional=True), MISSING, ()),
        (Unit("a.service", state="started"), {**RUNS, "NeedDaemonReload": "yes"}, (("daemon-reload",),)),
    ],
)
def test_a_unit_is_changed_only_where_it_differs(unit, found, actions):
    assert plan([unit], {"a.service": found}) == actions


def test_a_missing_unit_stops_a_run():
    with pytest.raises(MissingUnit) as caught:
        plan([Unit("a.service", state="started")], {"a.service": MISSING})
    assert str(caught.value) == "a.service: this host has no such unit; install the package that brings it"


def test_a_missing_unit_is_a_change_to_come_in_check_mode():
    actions = plan([Unit("a.service", state="started")], {"a.service": MISSING}, tolerate_missing=True)
    assert actions == (("start", "a.service"),)


def test_blocks_belong_to_the_units_in_the_order_asked():
    text = "Id=a.service\nLoadState=loaded\n\nId=b.service\nLoadState=not-found\n"
    assert parse_show(text, ["a.service", "b.service"]) == {
        "a.service": {"Id": "a.service", "LoadState": "loaded"},
        "b.service": {"Id": "b.service", "LoadState": "not-found"},
    }
