"""Whether two snapshots show the same commits, by a table."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_integrity.moment import Moment, read, same

ORIGINAL = Moment("7", 1, "0/3000060", "750:750:", False)


def copy(snapshot="750:750:", identifier="7", in_recovery=True):
    return Moment(identifier, 1, "0/3000090", snapshot, in_recovery)


@pytest.mark.parametrize(
    ("original", "other", "exact", "reason"),
    [
        (ORIGINAL, copy(), True, "both show every transaction before 750 and none after, at 0/3000060"),
        (ORIGINAL, copy("748:748:"), False, "the copy was 2 transactions behind (748:748: against 750:750:)"),
        (ORIGINAL, copy("753:753:"), False, "the copy was 3 transactions ahead (753:753: against 750:750:)"),
        (ORIGINAL, copy("749:750:"), False, "transactions were under way on the copy (749:750:)"),
        (
            Moment("7", 1, "0/1", "745:750:745,748", False),
            copy(),
            False,
            "transactions were under way on the original (745:750:745,748)",
        ),
        (
            ORIGINAL,
            copy(in_recovery=False),
            False,
            "the copy has left recovery and counts transactions of its own: pause it at the target instead",
        ),
        (ORIGINAL, copy(identifier="8"), False, "they are different clusters, so only their content can be compared"),
    ],
)
def test_the_same_moment_or_why_not(original, other, exact, reason):
    assert same(original, other) == (exact, reason)


def test_what_is_told_is_read_again():
    assert read(ORIGINAL.record()) == ORIGINAL
    assert read(copy().record()) == copy()
    assert read({**copy().record(), "in_recovery": "True"}) == copy()
