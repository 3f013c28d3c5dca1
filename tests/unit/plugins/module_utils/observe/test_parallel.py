"""Questions do not wait for each other, and no answer takes longer than the limit."""

from __future__ import annotations

import threading
import time

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.observe.parallel import (
    NoAnswer,
    Outcome,
    ask_all,
    first_of,
)


def test_every_question_has_an_outcome_in_order():
    def fail():
        raise ValueError("first line\n  second line")

    def fail_without_words():
        raise KeyError

    found = ask_all({("b", "x"): lambda: 1, ("a", "x"): fail, ("c", "x"): fail_without_words}, 5)
    assert list(found.items()) == [
        (("b", "x"), Outcome(1, "")),
        (("a", "x"), Outcome(None, "first line second line")),
        (("c", "x"), Outcome(None, "KeyError")),
    ]


def test_who_does_not_answer_in_time_is_given_up_and_the_others_are_heard():
    never = threading.Event()
    started = time.monotonic()
    found = ask_all({("a", "x"): never.wait, ("b", "x"): lambda: 2}, 0.2)
    assert time.monotonic() - started < 2
    never.set()
    assert found == {("a", "x"): Outcome(None, "no answer within 0.2 s"), ("b", "x"): Outcome(2, "")}


def test_questions_are_asked_at_once():
    both = threading.Barrier(2)
    found = ask_all({("a", "x"): lambda: both.wait(5), ("b", "x"): lambda: both.wait(5)}, 5)
    assert sorted(outcome.value for outcome in found.values()) == [0, 1]


def test_the_first_answer_counts_and_nobody_is_waited_for():
    def late():
        time.sleep(5)

    def wrong():
        raise ValueError("refused")

    begin = time.monotonic()
    assert first_of([late, wrong, lambda: "here"], 3) == "here"
    assert time.monotonic() - begin < 1


def test_where_nobody_answers_it_is_said_why():
    def wrong():
        raise ValueError("refused")

    def late():
        time.sleep(5)

    with pytest.raises(NoAnswer, match=r"^refused; no answer within 0\.2 s$"):
        first_of([wrong, late, wrong], 0.2)
    with pytest.raises(NoAnswer, match=r"^nobody was asked$"):
        first_of([], 0.2)
