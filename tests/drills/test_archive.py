# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A repository of the archive cannot be written: clients do not notice, operators do, and nothing is lost (R55)."""

from __future__ import annotations

import time
from typing import Callable, ContextManager

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.drill import ledger as ledger_book
from tests.acceptance.data.archive import Archive
from tests.acceptance.data.cluster import Cluster
from tests.acceptance.data.figures import Figures
from tests.acceptance.data.sink import Sink
from tests.acceptance.ledger import prove
from tests.acceptance.site_client import until
from tests.drills.load import Outside

#: Seconds until a failure is reported, and until everything is archived after it has ended: PostgreSQL itself tries
#: once a minute after three failures.
REPORTED, RECOVERED = 120.0, 150.0
#: Seconds until operators have the alert.
TOLD = 600.0


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("the archive's disk is full", Archive.full_disk),
        ("the object store is cut off", Archive.without_object_store),
    ],
    ids=["disk", "s3"],
)
def test_a_repository_that_cannot_be_written_loses_nothing(
    archive: Archive,
    cluster: Cluster,
    sink: Sink,
    outside: Outside,
    prefix: str,
    figures: Figures,
    name: str,
    fault: Callable[[Archive], ContextManager[None]],
) -> None:
    cluster.wait_until_whole()
    before = archive.finish_segment()
    until("archiving works", lambda: archive.holds([before]), RECOVERED)
    with outside() as attempts:
        with fault(archive):
            begin, failures = time.time(), archive.failures
            segments = [archive.finish_segment()]
            until("the server says that archiving fails", lambda: archive.failures > failures, REPORTED)
            figures.add(f"{name}: until it is reported", [time.time() - begin])
            segments.append(archive.finish_segment())
            # One that was archived five minutes ago may be the last one because nothing was written.
            told = sink.wait("WalArchiveFailing", begin, TOLD)
            assert "pager" not in told
        healed = time.time()
        until("the archive has what it missed", lambda: archive.holds(segments), RECOVERED)
        figures.add(f"{name}: until the archive has what it missed", [time.time() - healed])
    assert ledger_book.failed(attempts()) == []
    assert prove(attempts(), prefix, cluster.records("records")) == {}
