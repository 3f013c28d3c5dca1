"""What every check says: checks that could not be made are told once for each reason."""

from __future__ import annotations

from ansible_collections.freeagentics.platform.plugins.module_utils.observe.findings import NotChecked, grouped

REASON = "permission denied"


def left(name, where="db1/app", check="heaps", reason=REASON):
    return NotChecked(check, name, where, reason)


def test_it_is_told_as_a_module_tells_it():
    assert left("public.t").record() == {"check": "heaps", "object": "public.t", "where": "db1/app", "reason": REASON}


def test_objects_with_the_same_reason_are_told_once():
    assert grouped([left("public.c"), left("public.a"), left("public.b"), left("public.a")]) == [
        left("public.a and 2 more")
    ]


def test_another_place_check_or_reason_is_told_by_itself_and_in_order():
    entries = [left("t", where="db2/app"), left("t", reason="timeout"), left("t", check="indexes"), left("t")]
    assert grouped(entries) == [entries[3], entries[1], entries[2], entries[0]]


def test_nothing_left_is_nothing_told():
    assert not grouped([])
