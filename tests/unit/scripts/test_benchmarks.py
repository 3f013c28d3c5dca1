"""Benchmarks share a page."""

from __future__ import annotations

import pytest

from scripts import benchmarks

PAGE = "# Benchmarks\n\nWritten.\n\n## A\n\n1 s\n\n## B\n\n| 2 |\n"


@pytest.mark.parametrize(
    ("page", "title", "expected"),
    [
        (PAGE, "A", PAGE.replace("1 s", "9 s")),
        (PAGE, "B", PAGE.replace("| 2 |", "9 s")),
        (PAGE, "C", f"{PAGE}\n## C\n\n9 s\n"),
        ("", "A", "# Benchmarks\n\nWritten by `make bench`.\n\n## A\n\n9 s\n"),
    ],
)
def test_a_benchmark_writes_its_own_section_alone(page, title, expected):
    assert benchmarks.with_section(page, title, ["9 s"]) == expected


def test_the_page_is_written_and_shown(tmp_path, capsys):
    path = tmp_path / "page.md"
    for figure in ("1 s", "2 s"):
        benchmarks.write("A", [figure], path)
    assert path.read_text(encoding="utf-8") == "# Benchmarks\n\nWritten by `make bench`.\n\n## A\n\n2 s\n"
    assert capsys.readouterr().out == "## A\n\n1 s\n## A\n\n2 s\n"
