# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pack the reference service as a release: the same files always give the same archive."""

from __future__ import annotations

import gzip
import io
import sys
import tarfile
from pathlib import Path

SOURCE = Path(__file__).resolve().parent / "reference_service"


def archive() -> bytes:
    """Return the release as a gzipped tar archive, the same bytes for the same files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in sorted(SOURCE.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                _add(tar, path)
    return gzip.compress(buffer.getvalue(), mtime=0)


def _add(tar: tarfile.TarFile, path: Path) -> None:
    content = path.read_bytes()
    entry = tarfile.TarInfo(str(path.relative_to(SOURCE.parent)))
    entry.size, entry.mode = len(content), 0o644
    tar.addfile(entry, io.BytesIO(content))


def main() -> None:
    """Write the archive to the path given."""
    target = Path(sys.argv[1])
    target.parent.mkdir(parents=True, exist_ok=True)
    content = archive()
    if not target.is_file() or target.read_bytes() != content:
        target.write_bytes(content)
    print(target)


if __name__ == "__main__":
    main()
