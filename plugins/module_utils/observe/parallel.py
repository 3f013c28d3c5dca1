# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Many questions at once, each with a time limit of its own that holds whatever the other side does."""

from __future__ import annotations

import queue
import threading
import time
from typing import Any, Callable, Dict, Mapping, NamedTuple, Sequence, Tuple


class Outcome(NamedTuple):
    """What a question brought: a value, or why there is none."""

    value: Any
    error: str


class NoAnswer(Exception):
    """Nobody answered; the text says what happened instead."""


def ask_all(questions: Mapping[Tuple[str, str], Callable[[], Any]], limit: float) -> Dict[Tuple[str, str], Outcome]:
    """Ask all questions in parallel and return an outcome for each, in their order.

    A question that takes longer is given up: its thread is left behind and ends with the program.

    :param limit: seconds for each question.
    """
    answers: queue.Queue[Tuple[Tuple[str, str], Outcome]] = queue.Queue()
    for key, question in questions.items():
        threading.Thread(target=lambda k=key, q=question: answers.put((k, _ask(q))), daemon=True).start()
    found: Dict[Tuple[str, str], Outcome] = {}
    deadline = time.monotonic() + limit
    while len(found) < len(questions):
        try:
            key, outcome = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            break
        found[key] = outcome
    late = Outcome(None, f"no answer within {limit:g} s")
    return {key: found.get(key, late) for key in questions}


def first_of(questions: Sequence[Callable[[], Any]], limit: float) -> Any:
    """Ask all questions in parallel and return the first value that any of them brings.

    :param limit: seconds for all of them.
    :raises NoAnswer: none brought a value in time; the text says what each one said.
    """
    answers: queue.Queue[Outcome] = queue.Queue()
    for question in questions:
        threading.Thread(target=lambda q=question: answers.put(_ask(q)), daemon=True).start()
    errors: Dict[str, None] = {}
    deadline = time.monotonic() + limit
    for _question in questions:
        try:
            outcome = answers.get(timeout=max(0.0, deadline - time.monotonic()))
        except queue.Empty:
            errors[f"no answer within {limit:g} s"] = None
            break
        if not outcome.error:
            return outcome.value
        errors[outcome.error] = None
    raise NoAnswer("; ".join(errors) or "nobody was asked")


def _ask(question: Callable[[], Any]) -> Outcome:
    try:
        return Outcome(question(), "")
    except Exception as error:
        # Whatever goes wrong with one question must not keep the others from being answered.
        return Outcome(None, " ".join(str(error).split()) or type(error).__name__)
