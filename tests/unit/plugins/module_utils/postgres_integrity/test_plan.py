"""Which statements look at which objects, and that a fingerprint does not depend on order or parts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_integrity.plan import (
    Index,
    Table,
    combine,
    damages,
    fingerprint_jobs,
    heap_jobs,
    index_jobs,
)

HASH = st.integers(min_value=-(2**63), max_value=2**63 - 1)


def test_a_small_table_is_one_statement():
    (job,) = fingerprint_jobs([Table(1, 'public."T x"', True, 3, "")])
    assert (job.check, job.name, job.arguments, job.pages) == ("fingerprints", 'public."T x"', (), 3)
    assert job.statement == (
        "SELECT count(*), sum(hashtextextended(r, 0)), sum(hashtextextended(r, 1)) "
        'FROM (SELECT (t.*)::text COLLATE "C" AS r FROM ONLY public."T x" AS t  OFFSET 0) AS rows'
    )


@pytest.mark.parametrize(
    ("pages", "conditions"),
    [
        (100, [""]),
        (101, ["WHERE t.ctid >= '(0,0)'::tid AND t.ctid < '(100,0)'::tid", "WHERE t.ctid >= '(100,0)'::tid"]),
        (
            300,
            [
                "WHERE t.ctid >= '(0,0)'::tid AND t.ctid < '(100,0)'::tid",
                "WHERE t.ctid >= '(100,0)'::tid AND t.ctid < '(200,0)'::tid",
                "WHERE t.ctid >= '(200,0)'::tid",
            ],
        ),
    ],
)
def test_a_large_table_is_cut_without_a_gap_and_with_an_open_end(pages, conditions):
    jobs = fingerprint_jobs([Table(1, "public.t", True, pages, "")], part=100)
    assert sorted(job.statement.split(" AS t ")[1].split(" OFFSET")[0] for job in jobs) == sorted(conditions)
    assert sum(job.pages for job in jobs) == pages


def test_the_largest_come_first_and_what_is_not_compared_is_left_out():
    tables = [
        Table(1, "a", True, 1, ""),
        Table(2, "b", False, 9, ""),
        Table(3, "c", True, 5, ""),
        Table(4, "d", True, 5, ""),
    ]
    assert [job.name for job in fingerprint_jobs(tables)] == ["c", "d", "a"]
    assert [(job.name, job.arguments) for job in heap_jobs(tables, "public")] == [
        ("b", (2,)),
        ("c", (3,)),
        ("d", (4,)),
        ("a", (1,)),
    ]


def test_valid_b_trees_are_checked_where_amcheck_is():
    def index(oid, btree, valid):
        return Index(oid, f"public.i{oid}", 10 + oid, btree, valid, False, oid, "")

    indexes = [index(1, True, True), index(2, False, True), index(3, True, False), index(4, True, True)]
    jobs = index_jobs(indexes, "x", damaged={11})
    assert [(job.name, job.arguments) for job in jobs] == [("public.i4", (4, True)), ("public.i1", (1, False))]
    assert jobs[0].statement == "SELECT x.bt_index_check(%s::oid::regclass, %s)"


@pytest.mark.parametrize(
    ("parts", "rows", "fingerprint"),
    [
        ([(0, None, None)], 0, "0" * 32),
        ([(1, -1, 2)], 1, "ffffffffffffffff0000000000000002"),
        ([(1, -1, 2), (2, 3, -4)], 3, "0000000000000002fffffffffffffffe"),
    ],
)
def test_parts_are_added(parts, rows, fingerprint):
    assert combine(parts) == {"rows": rows, "fingerprint": fingerprint}


@given(st.lists(st.tuples(HASH, HASH), min_size=1), st.randoms(use_true_random=False), st.integers(1, 5))
def test_neither_order_nor_parts_matter(rows, random, cuts):
    whole = combine([(len(rows), sum(row[0] for row in rows), sum(row[1] for row in rows))])
    random.shuffle(rows)
    parts = [rows[start::cuts] for start in range(cuts)]
    assert whole == combine([(len(part), sum(r[0] for r in part), sum(r[1] for r in part)) for part in parts])


@given(st.lists(HASH, min_size=1), HASH)
def test_a_row_that_comes_twice_is_seen(hashes, more):
    before = combine([(len(hashes), sum(hashes), 0)])
    after = combine([(len(hashes) + 2, sum(hashes) + 2 * more, 0)])
    assert before["rows"] != after["rows"]
    assert (before["fingerprint"] == after["fingerprint"]) == (2 * more % 2**64 == 0)


def test_damages_are_told_with_their_places():
    rows = [(0, 1, 2, "bad length", 3), (4, None, None, "bad page", 3)]
    assert damages(rows) == "block 0, tuple 1, column 2: bad length; block 4: bad page; and 1 more places"
    assert damages([(0, 1, None, "bad", 1)]) == "block 0, tuple 1: bad"
