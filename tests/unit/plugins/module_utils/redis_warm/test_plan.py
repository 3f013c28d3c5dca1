"""What is worth most comes first, in pieces of the right size, and failures are told once."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm.plan import (
    Candidate,
    Choice,
    Copied,
    Problems,
    measure_of,
    piece_limits,
    pieces,
    verdict,
)


@pytest.mark.parametrize(
    ("policy", "measure"),
    [
        ("allkeys-lfu", "FREQ"),
        ("volatile-lfu", "FREQ"),
        ("allkeys-lru", "IDLETIME"),
        ("volatile-ttl", "IDLETIME"),
        ("noeviction", "IDLETIME"),
        ("", "IDLETIME"),
    ],
)
def test_the_policy_decides_what_is_measured(policy, measure):
    assert measure_of(policy) == measure


@pytest.mark.parametrize(
    ("measure", "max_keys", "keys", "counts"),
    [
        ("FREQ", 9, [b"hot", b"small", b"large"], (5, 1, 0)),
        ("IDLETIME", 9, [b"small", b"large", b"hot"], (5, 1, 0)),
        ("FREQ", 2, [b"hot", b"small"], (5, 1, 2)),
        ("FREQ", 1, [b"hot"], (5, 1, 3)),
    ],
)
def test_the_most_valuable_keys_are_chosen_each_once(measure, max_keys, keys, counts):
    choice = Choice(measure, max_keys, 1000)
    seen = [(b"large", 1, 900), (b"hot", 200, 100), (b"huge", 255, 1001), (b"small", 1, 10), (b"large", 1, 900)]
    for entry in seen:
        choice.add(Candidate(*entry))
    assert [candidate.key for candidate in choice.best_first()] == keys
    assert (choice.seen, choice.too_large, choice.dropped) == counts


@pytest.mark.parametrize(
    ("sizes", "max_keys", "max_bytes", "cut"),
    [
        ([], 2, 100, []),
        ([10, 10, 10], 2, 100, [[10, 10], [10]]),
        ([60, 60, 30], 9, 100, [[60], [60, 30]]),
        ([500, 1, 500], 9, 100, [[500], [1], [500]]),
    ],
)
def test_pieces_hold_no_more_than_they_may(sizes, max_keys, max_bytes, cut):
    assert list(pieces(sizes, lambda size: size, max_keys, max_bytes)) == cut


@pytest.mark.parametrize(
    ("rates", "limits"),
    [((1000, 1e6), (100, 100000)), ((1e9, 1e9), (500, 100000000)), ((1, 1), (1, 1))],
)
def test_a_piece_is_a_tenth_of_a_second(rates, limits):
    assert piece_limits(*rates) == limits


@pytest.mark.parametrize(
    ("copied", "replace", "command"),
    [
        ((b"k", b"p", None, "FREQ", 7), False, (b"RESTORE", b"k", b"0", b"p", b"FREQ", b"7")),
        ((b"k", b"p", 99, "IDLETIME", 3), False, (b"RESTORE", b"k", b"99", b"p", b"ABSTTL", b"IDLETIME", b"3")),
        ((b"k", b"p", None, "FREQ", 7), True, (b"RESTORE", b"k", b"0", b"p", b"REPLACE", b"FREQ", b"7")),
    ],
)
def test_a_key_is_restored_with_expiry_and_use(copied, replace, command):
    assert Copied(*copied).restore(replace) == command


@pytest.mark.parametrize(
    ("error", "counts_as"),
    [
        ("BUSYKEY Target key name already exists.", "kept"),
        ("MOVED 1 10.0.0.1:6379", "moved"),
        ("ASK 1 10.0.0.1:6379", "moved"),
        ("OOM command not allowed", ""),
        ("BUSY Redis is busy", ""),
    ],
)
def test_what_an_error_means(error, counts_as):
    assert verdict(error) == counts_as


def test_failures_with_one_reason_are_told_once():
    problems = Problems()
    problems.add("MOVED 1 10.0.0.1:6379", "a")
    problems.add("NOPERM this user has no permissions", "b")
    problems.add("MOVED 2 10.0.0.2:6379", "c")
    problems.add("something new", "d")
    assert problems.records() == [
        {
            "reason": "MOVED the key's slot is elsewhere",
            "count": 2,
            "example": "a",
            "remedy": "slots are being moved: run it again when that is done",
        },
        {
            "reason": "NOPERM this user has no permissions",
            "count": 1,
            "example": "b",
            "remedy": "give the user the command and the keys",
        },
        {"reason": "something new", "count": 1, "example": "d", "remedy": "look at the server's log"},
    ]
