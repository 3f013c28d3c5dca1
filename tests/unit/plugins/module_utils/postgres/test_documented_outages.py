# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the page about timings says beside each other is what the profile gives, and what was measured."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.postgres.failover_profile import profile

DOCS = Path(__file__).resolve().parents[5] / "docs"
OUTAGE = profile("fast").outage
AT_MOST = {
    "planned switchover, by switchover.yml": f"{OUTAGE.switchover_s:g} s",
    "planned switchover, by Patroni alone": f"{OUTAGE.switchover_s:g} s",
    "kill of the primary's postmaster": f"{OUTAGE.postmaster_s:g} s",
    "loss of the primary's host": f"{OUTAGE.host_s:g} s, {OUTAGE.host_and_store_leader_s:g} s where it led etcd",
}


def row(page, fault):
    """Return the cells of the row of a page about a fault, behind its name."""
    found = re.search(rf"^\| {re.escape(fault)} \| (.*) \|$", (DOCS / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert found, (page, fault)
    return found[1].split(" | ")


@pytest.mark.parametrize("fault", AT_MOST)
def test_the_outages_of_the_fast_profile_are_those_that_were_measured(fault):
    most, *measured = row("postgres-settings.md", fault)
    assert most == AT_MOST[fault]
    assert measured == row("benchmarks.md", fault)[1:3]
