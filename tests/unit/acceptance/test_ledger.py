"""What members are asked for, and what is said of them."""

from __future__ import annotations

from ansible_collections.freeagentics.platform.plugins.module_utils.drill.ledger import Attempt, Findings
from tests.acceptance.ledger import CLIENTS, RATE_OF_ONE, prove

WRITTEN = [Attempt("run-0-1", "f2", 1.0, 1.1, 201), Attempt("run-0-2", "f3", 2.0, 2.1, 201)]


def test_members_that_are_right_are_not_mentioned():
    def whole(prefix):
        assert prefix == "run-"
        return [("run-0-1", "f2"), ("run-0-2", "f3")]

    assert prove(WRITTEN, "run", {"db1": whole, "db2": lambda _prefix: [("run-0-1", "f2")]}) == {
        "db2": Findings(lost=("run-0-2",))
    }


def test_no_client_comes_near_the_rate_limits():
    """R22: 100 requests in 10 s; R29: 100 in a minute."""
    assert RATE_OF_ONE * 60 <= 100 * 0.8
    assert CLIENTS <= 100
