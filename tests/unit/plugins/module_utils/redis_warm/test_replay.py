"""Requests go out in order, at a rate, several at once; each is counted once."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm.pace import Pace
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm.plan import Problems
from ansible_collections.freeagentics.platform.plugins.module_utils.redis_warm.replay import Site, replay


@pytest.fixture
def nobody():
    """A port where nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield unused.getsockname()[1]


def test_an_application_is_asked_over_tls_and_failures_are_told_once(api):
    api.answers.update({"/a": (200, "12345"), "/b": (302, ""), "/broken": (500, "oops")})
    problems = Problems()
    paths = ["/a", "/none", "/b", "/broken", "/none"]
    pace = Pace({"requests": 1000}, 60, time.monotonic, time.sleep)
    done = replay(
        paths, lambda: Site(f"https://127.0.0.1:{api.port}", {"X-Warm": "1"}, api.ca_file, 5), pace, 3, problems
    )
    assert done == (2, 3, 0, 9)
    assert [(problem["reason"], problem["count"], problem["example"]) for problem in problems.records()] == [
        ("HTTP status 404", 2, "/none"),
        ("HTTP status 500", 1, "/broken"),
    ]


def test_a_server_that_is_not_there_is_told_once(nobody):
    problems = Problems()
    pace = Pace({}, 60, time.monotonic, time.sleep)
    done = replay(["/a", "/b"], lambda: Site(f"http://127.0.0.1:{nobody}", {}, None, 5), pace, 2, problems)
    assert done == (0, 2, 0, 0)
    assert [problem["reason"] for problem in problems.records()] == ["[Errno 111] Connection refused"]


def test_the_rate_holds_and_the_time_ends_it(clock):
    asked = []
    pace = Pace({"requests": 2}, 2, clock, clock.sleep)
    done = replay(
        [f"/{number}" for number in range(9)], lambda: lambda path: asked.append(path) or (200, 1), pace, 1, Problems()
    )
    assert done == (4, 0, 5, 4)
    assert (asked, clock.slept) == (["/0", "/1", "/2", "/3"], [0.5, 0.5, 0.5])


def test_several_requests_are_under_way_at_once(clock):
    together = threading.Barrier(3, timeout=5)

    def request(path):
        together.wait()
        return 200, 1

    done = replay(["/a", "/b", "/c"], lambda: request, Pace({}, 60, clock, clock.sleep), 3, Problems())
    assert done == (3, 0, 0, 3)
