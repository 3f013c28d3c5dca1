"""Download the packages that the requirements name, for a Python and a machine, into a tar archive."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
REQUIREMENTS = ("patroni-build-requirements.txt", "patroni-requirements.txt")
#: Oldest C library first: https://packaging.python.org/en/latest/specifications/platform-compatibility-tags/.
PLATFORMS = ("manylinux2014", "manylinux_2_17", "manylinux_2_28")


def download(python: str, machine: str, target: Path) -> None:
    """Write the archive; it appears when it is whole.

    :param python: major and minor version.
    :param machine: the machine as packages name it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="patroni-", dir=target.parent) as work:
        packages = Path(work) / "packages"
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
        command += ["--require-hashes", "--dest", str(packages), "--implementation", "cp", "--python-version", python]
        for platform in PLATFORMS:
            command += ["--platform", f"{platform}_{machine}"]
        for requirements in REQUIREMENTS:
            command += ["--requirement", str(FOLDER / requirements)]
        subprocess.run(command, check=True)
        partial = Path(work) / "archive.tar"
        with tarfile.open(partial, "w") as archive:
            for path in sorted([*packages.iterdir(), *(FOLDER / name for name in REQUIREMENTS)]):
                archive.add(path, arcname=path.name)
        os.replace(partial, target)


def main() -> None:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", required=True)
    parser.add_argument("--machine", required=True)
    parser.add_argument("target", type=Path)
    arguments = parser.parse_args()
    download(arguments.python, arguments.machine, arguments.target)


if __name__ == "__main__":
    main()
