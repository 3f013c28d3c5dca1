# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pack the reference service as a release, and one that does not work: the same files always give the same archive.

``python -m lab.reference_service.pack [PATH]``; without a path where inventories/lab expects it.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
import tarfile
import tempfile
from pathlib import Path
from types import MappingProxyType
from typing import Mapping

SOURCE = Path(__file__).resolve().parent / "reference_service"
#: Where inventories/lab expects the release.
ARTIFACT = SOURCE.parents[2] / ".lab" / "artifacts" / "reference.tar.gz"
#: And one whose API ends as soon as it is started, for drills.
BROKEN_ARTIFACT = ARTIFACT.with_name("broken.tar.gz")
BROKEN = {"reference_service/api.py": b'raise SystemExit("this release does not work")\n'}


def archive(instead: Mapping[str, bytes] = MappingProxyType({})) -> bytes:
    """Return the release as a gzipped tar archive, the same bytes for the same files.

    :param instead: what files have in it that have something else here, by their names in the archive.
    """
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(SOURCE.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                name = str(path.relative_to(SOURCE.parent))
                _add(tar, name, instead.get(name) or path.read_bytes())
    return gzip.compress(buffer.getvalue(), mtime=0)


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), 0o644
    tar.addfile(entry, io.BytesIO(content))


def write(target: Path = ARTIFACT) -> Path:
    """Write the archive; return its path."""
    return _write(target, archive())


def write_broken(target: Path = BROKEN_ARTIFACT) -> Path:
    """Write the archive of a release that does not work; return its path."""
    return _write(target, archive(BROKEN))


def _write(target: Path, content: bytes) -> Path:
    """Write a file, at once and only where it differs."""
    if target.is_file() and target.read_bytes() == content:
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    os.replace(temporary, target)
    return target


def main() -> None:
    """Write the archive to the path given and print it."""
    print(write(*map(Path, sys.argv[1:2])))


if __name__ == "__main__":
    main()
