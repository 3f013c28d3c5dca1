"""Writers keep their rate, their turns and their ledger."""

from __future__ import annotations

import threading
import time

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.drill.ledger import read
from ansible_collections.freeagentics.platform.plugins.module_utils.drill.write import Ledger, Writers


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.jsonl"


def lines(path):
    return read(path.read_text(encoding="utf-8").splitlines(keepends=True))


def run(path, sends, per_second=100.0, seconds=0.3):
    ledger = Ledger(path)
    with Writers(ledger, "run", sends, per_second, (OSError,)):
        time.sleep(seconds)
    ledger.close()
    return lines(path)


def test_every_write_is_in_the_ledger_before_it_is_sent(path):
    seen = []

    def send(key, value):
        seen.append((key, value) in [(attempt.key, attempt.value) for attempt in lines(path)])
        return 201

    attempts = run(path, [send])
    assert seen == [True] * len(attempts)
    assert {attempt.outcome for attempt in attempts} == {"acknowledged"}


def test_keys_are_unique_over_the_writers(path):
    sent = []
    lock = threading.Lock()

    def send(key, _value):
        with lock:
            sent.append(key)
        return 201

    attempts = run(path, [send, send, send])
    assert len(set(sent)) == len(sent) == len(attempts)
    assert {key.rsplit("-", 1)[0] for key in sent} == {"run-0", "run-1", "run-2"}


def test_the_rate_is_bounded(path):
    attempts = run(path, [lambda _key, _value: 201] * 2, per_second=20.0, seconds=0.5)
    assert 1 <= len(attempts) <= 11


def test_a_late_answer_costs_its_turns(path):
    attempts = run(path, [lambda _key, _value: time.sleep(0.2) or 201], per_second=100.0, seconds=0.3)
    assert len(attempts) == 2


def test_a_failure_is_noted_and_the_writer_goes_on(path):
    def send(key, _value):
        if key.endswith("-1"):
            raise ConnectionResetError("cut")
        return 201

    attempts = run(path, [send])
    assert attempts[0].failure == "ConnectionResetError: cut"
    assert attempts[1].outcome == "acknowledged"


def test_a_mistake_of_the_test_itself_is_raised(path):
    def send(_key, _value):
        raise KeyError("mistake")

    with pytest.raises(KeyError, match="mistake"):
        run(path, [send])
    assert lines(path)[0].failure == "the client ended first"
