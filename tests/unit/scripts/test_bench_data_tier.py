# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What faults cost stands beside what is wanted of it."""

from __future__ import annotations

import pytest

from scripts import benchmarks
from scripts.bench_data_tier import FAULTS, WANTED, Cost, copies_section, faults_section

PAGE = """| fault | runs | median | worst | writes that failed | acknowledged writes lost |
| --- | ---: | ---: | ---: | ---: | ---: |
| planned switchover, by switchover.yml | 12 | 2.01 s | 2.28 s | 0 | 0 |
| loss of the primary's host | 20 | 22.76 s | 24.94 s | 5505 | 0 |
| of another section | 1 | 2.0 s |
"""


def test_what_is_wanted_is_of_a_fault():
    assert set(WANTED) <= set(FAULTS)


def test_what_was_not_measured_again_stays_and_is_judged():
    measured = [Cost("loss of the primary's host, from the call of failover.yml", [6.0, 7.5, 7.0], 3, 0)]
    head, empty, names, rule, *rows = faults_section(measured, PAGE)
    assert head.endswith("cores carry the whole lab:")
    assert empty == ""
    assert names == ("| fault | runs | median | worst | writes that failed | acknowledged writes lost | wanted |")
    assert rows == [
        "| planned switchover, by switchover.yml | 12 | 2.01 s | 2.28 s | 0 | 0 | 1 s: missed |",
        "| loss of the primary's host | 20 | 22.76 s | 24.94 s | 5505 | 0 | 23 s: met by the median |",
        "| loss of the primary's host, from the call of failover.yml | 3 | 7.00 s | 7.50 s | 3 | 0 | 8 s: met |",
    ]
    assert faults_section([], "\n".join([names, rule, *rows]))[2:] == [names, rule, *rows]


@pytest.mark.parametrize(
    ("restore", "said"),
    [(5.0, "0.50 of `cp -a`; 0.8 wanted: missed"), (3.125, "0.80 of `cp -a`; 0.8 wanted: met")],
)
def test_a_restore_is_judged_beside_a_plain_copy(restore, said):
    seconds = {"`pgbackrest restore`": [restore, 9.0, restore], "`cp -a`": [2.5, 2.5, 2.5]}
    *_head, restored, copied = copies_section(2_000_000_000, seconds, {"`pgbackrest restore`": "`cp -a`"})
    assert restored == f"| `pgbackrest restore` | {restore:.1f} s | 9.0 s | {2000 / restore:.0f} | {said} |"
    assert copied == "| `cp -a` | 2.5 s | 2.5 s | 800 | |"


def test_the_section_that_is_kept_is_what_would_be_written_today():
    kept = benchmarks.section("Faults of the data tier").splitlines()
    assert faults_section([], "\n".join(kept))[2:] == kept[2:]
