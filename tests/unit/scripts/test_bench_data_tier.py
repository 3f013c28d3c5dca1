# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What faults cost stands beside what is wanted of it."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from functools import partial

import pytest

from scripts import bench_data_tier, benchmarks
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


@pytest.fixture(name="bench")
def bench_of_two_faults(monkeypatch, tmp_path):
    """Return what runs the bench, given how many writes each of two faults lost, and what its page has then."""
    page = tmp_path / "benchmarks.md"
    page.write_text("# Benchmarks\n", encoding="utf-8")
    monkeypatch.setattr(benchmarks, "PAGE", page)
    monkeypatch.setattr(benchmarks, "write", partial(benchmarks.write, path=page))

    def run(**lost):
        faults = {
            name: lambda _bench, fault, runs: Cost(fault, [1.0] * runs, 0, lost[fault]) for name in ("crash", "loss")
        }
        monkeypatch.setattr(bench_data_tier, "FAULTS", faults)
        monkeypatch.setattr(bench_data_tier, "Bench", object)
        monkeypatch.setattr(bench_data_tier, "a_lab", nullcontext)
        monkeypatch.setattr(sys, "argv", ["bench", "--runs", "2", "--only", "crash", "--only", "loss"])
        bench_data_tier.main()

    run.rows = lambda: [line for line in page.read_text(encoding="utf-8").splitlines() if " s |" in line]
    return run


def test_lost_writes_fail_the_bench_once_its_table_is_written(bench):
    with pytest.raises(SystemExit) as ended:
        bench(crash=3, loss=0)
    assert ended.value.code == "crash: acknowledged writes lost: 3"
    assert bench.rows() == [
        "| crash | 2 | 1.00 s | 1.00 s | 0 | 3 |  |",
        "| loss | 2 | 1.00 s | 1.00 s | 0 | 0 |  |",
    ]


def test_every_fault_that_lost_writes_is_named(bench):
    with pytest.raises(SystemExit) as ended:
        bench(crash=3, loss=1)
    assert ended.value.code == "crash: acknowledged writes lost: 3\nloss: acknowledged writes lost: 1"


def test_without_a_lost_write_the_bench_ends_well(bench):
    bench(crash=0, loss=0)
    assert len(bench.rows()) == 2


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
