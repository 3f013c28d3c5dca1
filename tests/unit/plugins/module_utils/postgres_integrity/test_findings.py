"""What an error of PostgreSQL means, and what is said of a finding."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.observe.findings import NotChecked, grouped
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_integrity.findings import (
    KINDS,
    Finding,
    judge,
)


def found(kind, said):
    return Finding(kind, "public.t", "db1/app", said)


def left(check, reason):
    return NotChecked(check, "public.t", "db1/app", reason)


FILES = {"base/5/16400": ("public.other", False), "base/5/16401": ("public.other_pkey", True)}
INVALID_PAGE = "invalid page in block 3 of relation base/5/16385"


@pytest.mark.parametrize(
    ("check", "sqlstate", "message", "result"),
    [
        ("fingerprints", "XX001", f"{INVALID_PAGE}\n", found("damaged_page", INVALID_PAGE)),
        ("heaps", "XX001", INVALID_PAGE, found("damaged_page", INVALID_PAGE)),
        ("indexes", "XX001", INVALID_PAGE, found("damaged_index", INVALID_PAGE)),
        ("indexes", "XX002", "item order\nDETAIL:  x", found("damaged_index", "item order DETAIL: x")),
        ("fingerprints", "58P01", "could not open file", found("missing_file", "could not open file")),
        ("fingerprints", "58030", "could not read block", found("missing_file", "could not read block")),
        ("fingerprints", "XX000", "missing chunk number 0", found("damaged_table", "missing chunk number 0")),
        ("indexes", "XX000", "invalid memory alloc", found("damaged_index", "invalid memory alloc")),
        ("fingerprints", "22021", "invalid byte sequence", found("damaged_table", "invalid byte sequence")),
        (
            "heaps",
            "XX000",
            "could not open relation with OID 16385",
            left("heaps", "could not open relation with OID 16385; it is not there any more: look again"),
        ),
        (
            "fingerprints",
            "57014",
            "canceling statement due to statement timeout",
            left(
                "fingerprints",
                "canceling statement due to statement timeout; it took too long, or stood in the way of the replay: "
                "raise job_timeout or look at another member",
            ),
        ),
        (
            "heaps",
            "42501",
            "permission denied for function verify_heapam",
            left("heaps", "permission denied for function verify_heapam; the user may not: run it as a superuser"),
        ),
        (
            "fingerprints",
            "",
            "server closed the connection unexpectedly\n\tThis probably means",
            left(
                "fingerprints",
                "server closed the connection unexpectedly This probably means; look at the server's log",
            ),
        ),
    ],
)
def test_an_error_is_damage_or_says_why_nothing_was_checked(check, sqlstate, message, result):
    assert judge(check, "public.t", "db1/app", sqlstate, message, FILES) == result


@pytest.mark.parametrize(
    ("check", "sqlstate", "message", "kind", "name"),
    [
        ("indexes", "XX001", "invalid page in block 3 of relation base/5/16400", "damaged_page", "public.other"),
        ("heaps", "XX001", "invalid page in block 3 of relation base/5/16401", "damaged_index", "public.other_pkey"),
        ("indexes", "58030", 'could not read block 9 in file "base/5/16400.2": x', "missing_file", "public.other"),
        ("indexes", "58P01", 'could not open file "base/5/16400": x', "missing_file", "public.other"),
        ("indexes", "XX001", "invalid page in block 3 of relation base/5/16400_vm", "damaged_index", "public.t"),
        ("indexes", "XX001", "invalid page in block 3 of relation base/5/1640", "damaged_index", "public.t"),
    ],
)
def test_an_error_that_names_a_file_is_about_the_object_in_it(check, sqlstate, message, kind, name):
    assert judge(check, "public.t", "db1/app", sqlstate, message, FILES) == Finding(kind, name, "db1/app", message)


def test_a_finding_is_told_with_its_remedy():
    assert Finding("damaged_index", "public.t_pkey", "db1/app", "item order").record() == {
        "kind": "damaged_index",
        "severity": "damage",
        "object": "public.t_pkey",
        "where": "db1/app",
        "detail": "item order",
        "remedy": "REINDEX INDEX CONCURRENTLY public.t_pkey on the leader; then look for the cause",
    }


def test_what_was_not_checked_is_told():
    assert left("heaps", "because").record() == {
        "check": "heaps",
        "object": "public.t",
        "where": "db1/app",
        "reason": "because",
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_told(kind):
    record = Finding(kind, 'public."a{b}"', "db1/app", "x").record()
    assert record["severity"] in ("damage", "difference", "warning")
    assert "{object}" not in record["remedy"]


@pytest.mark.parametrize(
    ("entries", "objects"),
    [
        ([], []),
        ([("heaps", "b", "why")], [("heaps", "b")]),
        ([("heaps", "b", "why"), ("heaps", "b", "why")], [("heaps", "b")]),
        ([("heaps", "b", "why"), ("heaps", "a", "why"), ("heaps", "c", "why")], [("heaps", "a and 2 more")]),
        (
            [("indexes", "b", "why"), ("heaps", "a", "x"), ("heaps", "c", "why")],
            [("heaps", "c"), ("heaps", "a"), ("indexes", "b")],
        ),
    ],
)
def test_what_was_not_checked_for_one_reason_is_told_once(entries, objects):
    found = grouped([NotChecked(check, name, "db1/app", reason) for check, name, reason in entries])
    assert [(entry.check, entry.object) for entry in found] == objects
