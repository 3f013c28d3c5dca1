# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was measured stands beside what is wanted of it."""

from __future__ import annotations

from scripts.bench_incidents import SECTIONS, lines_of


def test_a_page_of_a_region_may_take_longer_than_another_one():
    seconds = {
        "ApiDown, from the fault to the pager": [41.26, 50.0, 44.0],
        "RegionDown, from the fault to the pager": [111.0],
        "BackupFailed, from the fault to a message": [30.0, 31.0],
    }
    head, _empty, _names, _rule, *rows = lines_of(SECTIONS["Alerts"], seconds)
    assert head.endswith("cores carry the whole lab):")
    assert rows == [
        "| ApiDown, from the fault to the pager | 3 | 44.0 s | 50.0 s | 60 s |",
        "| RegionDown, from the fault to the pager | 1 | 111.0 s | 111.0 s | 300 s |",
        "| BackupFailed, from the fault to a message | 2 | 30.5 s | 31.0 s |  |",
    ]


def test_what_was_not_measured_again_stays():
    old = (
        "| what | runs |\n| --- | ---: |\n| ApiDown, from the fault to the pager | 1 | 9.0 s | 9.0 s | 60 s |\n"
        "| Else | 2 | 1.0 s | 3.0 s |  |"
    )
    rows = lines_of(SECTIONS["Alerts"], {"ApiDown, from the fault to the pager": [44.0]}, old)[4:]
    assert rows == [
        "| ApiDown, from the fault to the pager | 1 | 44.0 s | 44.0 s | 60 s |",
        "| Else | 2 | 1.0 s | 3.0 s |  |",
    ]
