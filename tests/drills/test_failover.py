# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The database's primary is lost under load, again and again; the clients' ledgers say what came of it (R61, R62)."""

from __future__ import annotations

from typing import Callable, ContextManager

from ansible_collections.freeagentics.platform.plugins.module_utils.drill import ledger as ledger_book
from tests.acceptance.data.figures import Figures
from tests.drills.load import Load, assert_outages

#: The outages in seconds that are borne where 44 hosts share a machine that does much else, and is slow at times.
#: Less than 2, 3 and 23 s are wanted; `make bench` measures them on a quiet one.
SWITCHOVER, CRASH, HOST_LOSS = 20.0, 18.0, 60.0


def test_a_planned_switchover_is_seen_by_no_client(
    load: Callable[[], ContextManager[Load]], runs: int, figures: Figures
) -> None:
    with load() as writers:
        for _ in range(runs):
            writers.faults.switch_over()
    assert ledger_book.failed(writers.public()) == []
    assert ledger_book.failed(writers.local.attempts) == []
    assert_outages(figures, "planned switchover", writers.faults, SWITCHOVER)


def test_a_killed_server_process_loses_no_acknowledged_write(
    load: Callable[[], ContextManager[Load]], runs: int, figures: Figures
) -> None:
    with load() as writers:
        for _ in range(runs):
            writers.faults.crash()
    assert_outages(figures, "kill of the primary's server process", writers.faults, CRASH)


def test_a_lost_host_loses_no_acknowledged_write(
    load: Callable[[], ContextManager[Load]], runs: int, figures: Figures
) -> None:
    with load() as writers:
        for _ in range(runs):
            writers.faults.lose_host()
    assert_outages(figures, "loss of the primary's host", writers.faults, HOST_LOSS)


def test_a_host_that_is_cut_off_takes_no_write_beside_the_one_that_leads(
    load: Callable[[], ContextManager[Load]], runs: int, figures: Figures
) -> None:
    with load() as writers:
        for _ in range(runs):
            writers.faults.cut_off()
    assert_outages(figures, "primary's host cut off", writers.faults, HOST_LOSS)
