"""Rows that differ are found by their keys and told in words."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_integrity.rows import (
    buckets_for,
    buckets_statement,
    describe,
    differing,
    rows_statement,
)

SIDES = ("db1/app", "db2/app")
ROWS = [("(1)", 10, 11), ("(2)", 20, 21), ("(3)", 30, 31)]


@pytest.mark.parametrize(
    ("rows", "buckets"), [(0, 1), (1, 1), (1000, 1), (1001, 2), (2001, 4), (10**6, 1024), (10**12, 65536)]
)
def test_buckets_are_a_power_of_two_and_not_too_many(rows, buckets):
    assert buckets_for(rows) == buckets


@pytest.mark.parametrize(
    ("ours", "theirs", "buckets"),
    [
        ([(0, 1, "5", "6"), (1, 2, "7", "8")], [(1, 2, "7", "8"), (0, 1, "5", "6")], []),
        ([(0, 1, "5", "6"), (1, 2, "7", "8")], [(0, 1, "5", "6"), (1, 2, "7", "9")], [1]),
        ([(3, 1, "5", "6")], [(2, 1, "5", "6")], [2, 3]),
    ],
)
def test_buckets_that_differ(ours, theirs, buckets):
    assert differing(ours, theirs) == buckets


@pytest.mark.parametrize(
    ("theirs", "all_seen", "words"),
    [
        (ROWS, True, ""),
        ([ROWS[0], ("(2)", 20, 0), ROWS[2]], True, "(2) has other content"),
        ([ROWS[0], ROWS[2]], True, "(2) is only on db1/app"),
        ([*ROWS, ("(4)", 1, 1)], True, "(4) is only on db2/app"),
        ([*ROWS, ("(4)", 1, 1)], False, "(4) is only on db2/app; and more"),
        (
            [*ROWS, *((f"(9{n})", 1, 1) for n in range(7))],
            True,
            "(90) is only on db2/app; (91) is only on db2/app; (92) is only on db2/app; (93) is only on db2/app; "
            "(94) is only on db2/app; and 2 more",
        ),
    ],
)
def test_rows_that_differ_are_told(theirs, all_seen, words):
    assert describe(ROWS, theirs, SIDES, all_seen) == words


def test_the_statements_sort_rows_by_a_hash_of_their_key():
    rows = (
        "SELECT hashtextextended(k, 0) & 7 AS bucket, k, r FROM "
        '(SELECT ROW(id, "b c")::text COLLATE "C" AS k, (t.*)::text COLLATE "C" AS r FROM ONLY public.t AS t OFFSET 0)'
        " AS keyed"
    )
    assert buckets_statement("public.t", 'id, "b c"', 8) == (
        "SELECT bucket, count(*), sum(hashtextextended(r, 0))::text, sum(hashtextextended(r, 1))::text "
        f"FROM ({rows}) AS rows GROUP BY bucket"
    )
    assert rows_statement("public.t", 'id, "b c"', 8) == (
        f"SELECT k, hashtextextended(r, 0), hashtextextended(r, 1) FROM ({rows}) AS rows WHERE bucket = ANY(%s::int8[])"
    )
