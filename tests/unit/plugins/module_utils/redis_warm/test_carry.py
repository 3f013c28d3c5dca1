"""Keys are carried most valuable first, with their times of expiry, and each one is counted once."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm.carry import (
    Limits,
    copy,
    foresee,
    load,
    save,
    shown,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm.cluster import Failure
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm.pace import Pace
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm.plan import Copied

NOW = 1_800_000_000_000
LIMITS = Limits(keys_per_second=10, bytes_per_second=1e6, max_key_bytes=1000, max_keys=100)
COUNTS = ("seen", "copied", "kept", "too_large", "gone", "errors", "left")


def counts(tally):
    """The counts that are not zero."""
    return {name: getattr(tally, name) for name in COUNTS if getattr(tally, name)}


@pytest.fixture
def pace(clock):
    def make(seconds=3600):
        rates = {"keys": LIMITS.keys_per_second, "bytes": LIMITS.bytes_per_second}
        return Pace(rates, seconds, clock, clock.sleep)

    return make


@pytest.fixture
def carry(source, target, pace):
    def run(seconds=3600, replace=False):
        return copy(source.cluster(), target.cluster(), LIMITS, pace(seconds), replace, lambda: NOW)

    return run


def test_keys_are_copied_with_expiry_and_use(source, target, carry):
    source.add(b"stays", use=9)
    source.add(b"expires", use=200, expires=NOW + 5000)
    tally = carry()
    assert counts(tally) == {"seen": 2, "copied": 2}
    assert (tally.payload_bytes, tally.scanned, tally.stopped) == (len(b"of stays") + len(b"of expires"), True, "")
    assert target.keys[b"expires"] == {"payload": b"of expires", "use": 200, "size": 100, "expires": NOW + 5000}
    assert target.keys[b"stays"]["expires"] == -1


@pytest.mark.parametrize(
    ("policy", "order"),
    [("allkeys-lfu", [b"most", b"some", b"least"]), ("allkeys-lru", [b"least", b"some", b"most"])],
)
def test_the_most_valuable_come_first(source, target, carry, policy, order):
    source.policy = policy
    for key, use in ((b"some", 50), (b"most", 90), (b"least", 10)):
        source.add(key, use)
    carry()
    assert list(target.keys) == order


@pytest.mark.parametrize(("replace", "payload", "counted"), [(False, b"newer", "kept"), (True, b"of same", "copied")])
def test_what_the_target_has_is_kept_unless_told(source, target, carry, replace, payload, counted):
    source.add(b"same")
    target.add(b"same", payload=b"newer")
    assert counts(carry(replace=replace)) == {"seen": 1, counted: 1}
    assert target.keys[b"same"]["payload"] == payload


def test_the_time_ends_the_work_and_what_is_left_is_counted(source, target, carry, clock):
    for number in range(30):
        source.add(b"%d" % number, use=number)
    tally = carry(seconds=0.95)
    assert counts(tally) == {"seen": 30, "copied": 10, "left": 20}
    assert (tally.stopped, sorted(target.keys)) == (
        "the time was up",
        sorted(b"%d" % number for number in range(20, 30)),
    )
    assert sum(clock.slept) == pytest.approx(0.9)


def test_looking_for_keys_takes_half_of_the_time_at_most(source, target, clock, carry):
    for number in range(4):
        source.add(b"%d" % number)
    ask = source.ask

    def slow(node, commands):
        clock.now += 3
        return ask(node, commands)

    source.ask = slow
    tally = carry(seconds=10)
    assert (tally.scanned, 0 < tally.seen < 4) == (False, True)


def test_what_expires_on_the_way_is_gone(source, target, carry):
    source.add(b"expired", expires=NOW - 1)
    source.add(b"deleted")
    source.answers["DUMP", b"deleted"] = None
    source.add(b"vanished")
    source.answers["OBJECT", b"vanished"] = Failure("no such key")
    assert counts(carry()) == {"seen": 2, "gone": 2}
    assert target.keys == {}


def test_large_keys_are_skipped(source, target, carry):
    source.add(b"large", size=1001)
    source.add(b"small", size=1000)
    assert counts(carry()) == {"seen": 2, "too_large": 1, "copied": 1}


def test_failures_are_counted_and_told_once(source, target, carry):
    for key in (b"a", b"b", b"c"):
        source.add(key)
        target.answers["RESTORE", key] = Failure("NOPERM no RESTORE for you")
    source.add(b"d")
    source.answers["DUMP", b"d"] = Failure("NOPERM no DUMP for you")
    source.add(b"e")
    source.answers["MEMORY", b"e"] = Failure("NOPERM no MEMORY for you")
    tally = carry()
    assert counts(tally) == {"seen": 4, "errors": 5}
    assert [(problem["reason"], problem["count"]) for problem in tally.problems.records()] == [
        ("NOPERM no RESTORE for you", 3),
        ("NOPERM no DUMP for you", 1),
        ("NOPERM no MEMORY for you", 1),
    ]


def test_payloads_that_the_target_cannot_read_stop_it(source, target, carry):
    for number in range(5):
        key = b"%d" % number
        source.add(key)
        target.answers["RESTORE", key] = Failure("DUMP payload version or checksum are wrong")
    tally = carry()
    assert counts(tally) == {"seen": 5, "errors": 1, "left": 4}
    assert tally.stopped == "the target cannot read what the source dumps"
    assert tally.problems.records()[0]["remedy"] == (
        "the target's Redis is older than the source's: run the same version, or replay URLs"
    )


def test_keys_are_saved_and_loaded_in_the_same_order(source, target, pace):
    for key, use in ((b"some", 50), (b"most", 90), (b"large", 95)):
        source.add(key, use, expires=NOW + 1)
    saved = []
    tally = save(source.cluster(), lambda copied: saved.append(copied) or True, LIMITS, pace())
    assert counts(tally) == {"seen": 3, "copied": 3}
    saved.append(Copied(b"huge", b"p" * 1001, None, "FREQ", 1))
    done = load(iter(saved), target.cluster(), LIMITS, pace(), False, lambda: NOW)
    assert counts(done) == {"seen": 4, "copied": 3, "too_large": 1}
    assert list(target.keys) == [b"large", b"most", b"some"]


def test_a_full_file_ends_the_work(source, pace):
    for number in range(5):
        source.add(b"%d" % number)
    room = iter([True, True, False])
    tally = save(source.cluster(), lambda copied: next(room), LIMITS, pace())
    assert (counts(tally), tally.stopped) == (
        {"seen": 5, "copied": 2, "left": 3},
        "the file has reached its largest size",
    )


@pytest.mark.parametrize(("replace", "expected"), [(False, {"copied": 1, "kept": 1}), (True, {"copied": 2})])
def test_counting_ahead_changes_nothing(source, target, pace, replace, expected):
    source.add(b"new")
    source.add(b"old")
    target.add(b"old")
    assert counts(foresee(source.cluster(), target.cluster(), LIMITS, pace(), replace)) == {"seen": 2, **expected}
    assert list(target.keys) == [b"old"]


def test_counting_ahead_without_a_target_counts_what_would_be_saved(source, pace):
    source.add(b"new")
    assert counts(foresee(source.cluster(), None, LIMITS, pace(), False)) == {"seen": 1, "copied": 1}


def test_counting_ahead_tells_failures(source, target, pace):
    source.add(b"new")
    target.answers["EXISTS", b"new"] = Failure("NOPERM no EXISTS for you")
    assert counts(foresee(source.cluster(), target.cluster(), LIMITS, pace(), False)) == {"seen": 1, "errors": 1}


def test_keys_that_are_no_text_can_be_told():
    assert shown(b"caf\xc3\xa9\xff") == "café\\xff"
