# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a ledger says of a database, by tables."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.drill.ledger import (
    Attempt,
    Findings,
    Outage,
    compare,
    failed,
    outage,
    overtaken,
    read,
)

SENT = '{"at": 7.0, "key": "a-0-1", "value": "f2"}\n'


def attempt(key, ended, status=201):
    return Attempt(key, f"value of {key}", ended - 0.1, ended, status)


STORED = (attempt("a", 1.0), attempt("b", 2.0))
REFUSED = attempt("r", 3.0, 429)
UNKNOWN = attempt("u", 4.0, 503)
CUT = Attempt("c", "value of c", 5.0, error="ConnectionResetError: reset")


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([SENT], Attempt("a-0-1", "f2", 7.0)),
        ([SENT, '{"at": 7.5, "key": "a-0-1", "status": 201}\n'], Attempt("a-0-1", "f2", 7.0, 7.5, 201)),
        ([SENT, '{"at": 7.5, "key": "a-0-1", "error": "cut"}\n'], Attempt("a-0-1", "f2", 7.0, 7.5, None, "cut")),
        ([SENT, '{"at": 7.5, "key": "a-0-1", "sta'], Attempt("a-0-1", "f2", 7.0)),
    ],
    ids=["sent", "answered", "given up", "torn"],
)
def test_a_ledger_is_read(lines, expected):
    assert read(lines) == [expected]


def test_an_answer_to_nothing_is_no_ledger():
    with pytest.raises(ValueError, match=r"^a-0-1 was answered and never sent$"):
        read(['{"at": 7.5, "key": "a-0-1", "status": 201}\n'])


@pytest.mark.parametrize(
    ("status", "error", "outcome", "failure"),
    [
        (201, "", "acknowledged", "status 201"),
        (429, "", "refused", "status 429"),
        (503, "", "unknown", "status 503"),
        (200, "", "unknown", "status 200"),
        (None, "TimeoutError: timed out", "unknown", "TimeoutError: timed out"),
        (None, "", "unknown", "the client ended first"),
    ],
)
def test_an_attempt_ends_in_one_of_three_ways(status, error, outcome, failure):
    ended = Attempt("a", "f2", 7.0, 7.5, status, error)
    assert (ended.outcome, ended.failure) == (outcome, failure)


def test_what_failed_is_listed():
    assert failed([*STORED, REFUSED, CUT]) == ["r: status 429", "c: ConnectionResetError: reset"]


@pytest.mark.parametrize(
    ("ends", "since", "until", "expected"),
    [
        ([1.0, 1.1, 3.0, 3.1], 0.0, 9.0, Outage(1.1, 3.0)),
        ([3.1, 1.0, 3.0, 1.1], 0.0, 9.0, Outage(1.1, 3.0)),
        ([1.0, 5.0, 5.1, 6.0], 5.05, 9.0, Outage(5.1, 6.0)),
        ([1.0, 5.0, 5.1, 6.0], 2.0, 9.0, Outage(1.0, 5.0)),
        ([1.0, 1.5, 5.0, 9.0], 0.0, 1.4, Outage(1.0, 1.5)),
    ],
    ids=["longest", "by acknowledgement", "after the fault", "around the fault", "before another fault"],
)
def test_an_outage_is_the_longest_gap(ends, since, until, expected):
    attempts = [attempt(str(end), end) for end in ends]
    assert outage([*attempts, UNKNOWN], since, until) == expected


def test_an_outage_without_an_end_is_an_error():
    with pytest.raises(ValueError, match=r"^no two writes were acknowledged around the fault$"):
        outage([attempt("a", 1.0), attempt("b", 2.0)], since=3.0)


@pytest.mark.parametrize(
    ("found", "expected", "text"),
    [
        ("ab", Findings(), "nothing"),
        ("abuc", Findings(), "nothing"),
        ("b", Findings(lost=("a",)), "1 lost (a)"),
        ("", Findings(lost=("a", "b")), "2 lost (a, b)"),
        ("aab", Findings(doubled=("a",)), "1 doubled (a)"),
        ("abuu", Findings(doubled=("u",)), "1 doubled (u)"),
        ("abr", Findings(unexpected=("r",)), "1 unexpected (r)"),
        ("abx", Findings(unexpected=("x",)), "1 unexpected (x)"),
    ],
)
def test_a_database_holds_each_acknowledged_record_once(found, expected, text):
    findings = compare([*STORED, REFUSED, UNKNOWN, CUT], [(key, f"value of {key}") for key in found])
    assert findings == expected
    assert str(findings) == text
    assert bool(findings) == (text != "nothing")


def test_a_wrong_value_is_found():
    findings = compare(STORED, [("a", "value of a"), ("b", "another")])
    assert str(findings) == "1 wrong (b)"


def test_many_keys_are_shortened():
    assert str(Findings(lost=("a", "b", "c", "d"))) == "4 lost (a, b, c, ...)"


def on_timelines(*rows):
    """Attempts from a moment to another one, named a, b, c and so on, and the timelines on which they are found."""
    attempts = [Attempt(key, "v", sent, ended, 201) for key, (sent, ended, _timeline) in zip("abcdef", rows)]
    found = [(key, "v", str(timeline)) for key, (_sent, _ended, timeline) in zip("abcdef", rows) if timeline]
    return attempts, found


@pytest.mark.parametrize(
    ("rows", "keys"),
    [
        (((1, 2, 5), (2, 3, 5), (3, 4, 6), (4, 5, 6)), ""),
        # Somebody who did not lead any more stored it: another one had acknowledged before it was sent.
        (((1, 2, 5), (2, 3, 6), (4, 5, 5), (6, 7, 6)), "c"),
        (((1, 2, 9), (2, 3, 10), (4, 5, 9), (6, 7, 10), (8, 9, 9)), "ce"),
        # They were on their way at one time, so that either may have come first.
        (((1, 4, 5), (2, 3, 6)), ""),
        (((1, 3, 6), (2, 4, 5)), ""),
        (((1, 2, 6), (2, 3, 5)), ""),
        # What is not there counts as lost, and tells nothing of a timeline.
        (((1, 2, 0), (3, 4, 5)), ""),
        ((), ""),
    ],
)
def test_nobody_writes_whom_another_one_has_overtaken(rows, keys):
    attempts, found = on_timelines(*rows)
    assert overtaken(attempts, {key: int(timeline) for key, _value, timeline in found}) == tuple(keys)
    assert compare(attempts, found).overtaken == tuple(keys)
    assert compare(attempts, [row[:2] for row in found]).overtaken == ()


def test_what_was_not_acknowledged_tells_nothing_of_who_led():
    attempts = [Attempt("a", "v", 1, 2, 503), Attempt("b", "v", 3, 4, 201), Attempt("c", "v", 5)]
    assert overtaken(attempts, {"a": 7, "b": 6, "c": 5}) == ()


def test_a_record_that_was_overtaken_is_told():
    attempts, found = on_timelines((1, 2, 6), (3, 4, 5))
    assert str(compare(attempts, found)) == "1 overtaken (b)"
