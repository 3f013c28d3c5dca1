# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""For how long there was no answer follows from the requests, by a table."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.endpoint.watch import Request, told


def requests(*ends):
    """Requests that began 0.1 s before they ended; one without an answer has a minus."""
    return [Request(abs(end) - 0.1, abs(end), end > 0) for end in ends]


@pytest.mark.parametrize(
    ("ends", "failed", "away", "back"),
    [
        ((0.1, 0.6, 1.1), 0, 0.0, 0.1),
        # From the answer before to the next one.
        ((0.1, -0.6, -1.1, 1.6, 2.1), 2, 1.5, 1.6),
        # It was away when the watch began, or still is.
        ((-0.1, -0.6, 1.1), 2, 1.1, 1.1),
        ((0.1, 0.6, -1.1, -1.6), 2, 1.0, None),
        ((-0.1, -3.0), 2, 3.0, None),
        # The longest of several counts, and the end of the last one.
        ((0.1, -0.6, 3.1, -3.6, 4.1), 2, 3.0, 4.1),
        # Slow answers are answers.
        ((0.1, 9.1), 0, 0.0, 0.1),
    ],
)
def test_how_long_there_was_no_answer(ends, failed, away, back):
    assert told(requests(*ends)) == {"asked": len(ends), "failed": failed, "away": away, "back": back}
