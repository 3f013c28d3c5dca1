# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is in a copy: every file with its size and its SHA-256, and where it all came from.

The manifest is written last. A copy without one is not complete, whatever else is there.

This file is also read on the hosts: standard library only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Tuple

NAME = "manifest.json"
FORMAT = 1


class ManifestError(Exception):
    """The text is no manifest that can be used; the message says why."""


@dataclass(frozen=True)
class Entry:
    """A file: its size in bytes and its SHA-256 in hexadecimal."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """The files of a copy by their paths, and what its maker says of it (server, position, versions)."""

    files: Mapping[str, Entry]
    about: Mapping[str, Any]

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(entry.size for entry in self.files.values())


def render(manifest: Manifest) -> str:
    """Return the manifest as JSON, in an order that depends on its content alone."""
    files = {path: {"size": entry.size, "sha256": entry.sha256} for path, entry in manifest.files.items()}
    return json.dumps({"format": FORMAT, **manifest.about, "files": files}, indent=1, sort_keys=True) + "\n"


def parse(text: str) -> Manifest:
    """Read a manifest.

    :raises ManifestError: it is none, or of a format that is not known here.
    """
    try:
        document: Dict[str, Any] = json.loads(text)
        found = document.pop("format")
        files = {path: Entry(entry["size"], entry["sha256"]) for path, entry in document.pop("files").items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ManifestError(f"{NAME} cannot be read: {type(error).__name__}: {error}") from None
    if found != FORMAT:
        raise ManifestError(f"{NAME} has format {found}; this program knows format {FORMAT}")
    return Manifest(files, document)


def differences(manifest: Manifest, found: Mapping[str, Entry]) -> Tuple[str, ...]:
    """Return how the files that were found differ from the manifest, one sentence each."""
    lacking = [f"{path} is not there" for path in manifest.files if path not in found]
    unknown = [f"{path} is not in {NAME}" for path in found if path not in manifest.files]
    changed = [
        f"{path} has {_in_words(found[path])} instead of {_in_words(entry)}"
        for path, entry in manifest.files.items()
        if path in found and found[path] != entry
    ]
    return tuple(sorted(lacking + unknown + changed))


def _in_words(entry: Entry) -> str:
    return f"{entry.size} bytes with SHA-256 {entry.sha256[:16]}"
