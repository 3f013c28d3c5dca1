# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""An operator runs failover.yml under load, the moment that the primary is lost; the ledgers say what came of it."""

from __future__ import annotations

import time
from typing import Callable, ContextManager

from ansible_collections.freeagentics.platform.plugins.module_utils.drill import ledger as ledger_book
from tests.acceptance.data.archive import Archive
from tests.acceptance.data.figures import Figures
from tests.drills.load import Load, assert_outages

#: Seconds from the fault to service that are borne on a machine that does much else; 8 s are wanted for a dead host.
COMMANDED = 40.0
#: And from the beginning of a planned change, there; 1 s is wanted.
PLANNED = 20.0
#: Seconds that the whole command may take, the proof and the report included.
LIMIT = 180.0


def operator(play: Callable[..., str], confirm: str, playbook: str = "failover") -> Callable[[], None]:
    """Return what the operator does."""
    return lambda: print(play(playbook, "scope=database", f"confirm={confirm}", limit=LIMIT))


def test_an_operator_switches_over_and_no_client_sees_it(
    load: Callable[[], ContextManager[Load]], play: Callable[..., str], platform_name: str, runs: int, figures: Figures
) -> None:
    with load() as writers:
        for _ in range(runs):
            writers.faults.planned(operator(play, platform_name, "switchover"))
    assert ledger_book.failed(writers.public()) == []
    assert ledger_book.failed(writers.local.attempts) == []
    assert_outages(figures, "switchover.yml", writers.faults, PLANNED)


def test_an_operator_fails_over_from_a_dead_host(
    load: Callable[[], ContextManager[Load]], play: Callable[..., str], platform_name: str, runs: int, figures: Figures
) -> None:
    with load() as writers:
        for _ in range(runs):
            writers.faults.fail_over(operator(play, platform_name))
    assert_outages(figures, "failover.yml, the primary's host dead", writers.faults, COMMANDED)


def test_an_operator_fails_over_from_a_server_that_hangs(
    load: Callable[[], ContextManager[Load]],
    play: Callable[..., str],
    platform_name: str,
    runs: int,
    figures: Figures,
    archive: Archive,
) -> None:
    archive.wait_until_nothing_is_saved(archive.backup)
    begin = time.time()
    with load() as writers:
        for _ in range(runs):
            writers.faults.freeze(operator(play, platform_name))
    # Of several runs one is enough: the next fault may end the backup of the one before.
    archive.wait_until_saved_since(begin)
    assert_outages(figures, "failover.yml, the primary's server frozen", writers.faults, COMMANDED)
