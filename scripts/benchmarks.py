"""The page with the figures of all benchmarks: each benchmark owns a section and leaves the others as they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Dict, Sequence, Tuple

PAGE = Path(__file__).resolve().parents[1] / "docs" / "benchmarks.md"
HEAD = "# Benchmarks\n\nWritten by `make bench`.\n"


def with_section(page: str, title: str, lines: Sequence[str]) -> str:
    """Return a page with a section in place of the one of the same title; new ones come last.

    >>> with_section("# Benchmarks\\n\\n## Dump\\n\\n1 s\\n", "Dump", ["2 s"])
    '# Benchmarks\\n\\n## Dump\\n\\n2 s\\n'
    """
    head, sections = _parts(page or HEAD)
    sections[title] = "\n".join(lines).strip("\n")
    return "\n".join([head.rstrip("\n") + "\n", *(f"## {name}\n\n{text}\n" for name, text in sections.items())])


def _parts(page: str) -> Tuple[str, Dict[str, str]]:
    head, *parts = re.split(r"^## ", page, flags=re.MULTILINE)
    sections: Dict[str, str] = {}
    for part in parts:
        name, text = part.split("\n", 1)
        sections[name] = text.strip("\n")
    return head, sections


def section(title: str, path: Path = PAGE) -> str:
    """Return what the page has under a title, empty if it has none."""
    return _parts(path.read_text(encoding="utf-8"))[1].get(title, "") if path.is_file() else ""


def write(title: str, lines: Sequence[str], path: Path = PAGE) -> None:
    """Write a section to the page, and print it."""
    before = path.read_text(encoding="utf-8") if path.is_file() else ""
    path.write_text(with_section(before, title, lines), encoding="utf-8")
    print(f"## {title}\n\n" + "\n".join(lines))
