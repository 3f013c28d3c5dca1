# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The package source of the hosts: every .deb that a role of the collection installs, with what it depends on.

The names are read from the roles (``<role>_packages`` in ``defaults/main.yml``) and, for what only a scenario needs,
from ``molecule/<scenario>/packages.yml``. Downloaded once, indexed, and mounted read-only on every host, where it is
the only source of apt.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Dict, List, Mapping, Sequence, Tuple

from ansible_collections.freeagentics.platform.plugins.plugin_utils.role_packages import (
    RolePackagesError,
    packages_of_file,
    packages_of_role,
)
from lab import image
from lab.errors import LabError
from lab.run import capture, say, step
from lab.state import CACHE, REPOSITORY, replace, shared_lock

DIRECTORY = CACHE / "packages"
#: What hosts see as /opt/lab/packages.
SOURCE = DIRECTORY / "source"
#: What the application needs that a lab runs.
REFERENCE_SERVICE = REPOSITORY / "lab" / "reference_service" / "packages.yml"
#: What is installed in a lab to let it meet faults.
DRILLS = REPOSITORY / "tests" / "drills" / "packages.yml"
#: What roles and scenarios are told of the release that hosts have.
GIVEN = {"postgres_version": image.POSTGRES[image.SUITE]}
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
UNKNOWN = re.compile(r"(?:Unable to locate package |Package '?|any package by \w+ ')([a-z0-9][a-z0-9+.-]+)")


def wanted(roles: Path = REPOSITORY / "roles") -> Dict[str, Tuple[str, ...]]:
    """Return the packages of every role that installs any.

    :raises LabError: a role's list cannot be read.
    """
    found = {}
    for role in sorted(path.name for path in roles.iterdir() if path.is_dir()):
        try:
            packages = packages_of_role(roles, role, GIVEN.get)
        except RolePackagesError as error:
            raise LabError(
                f"role {role}: its packages cannot be read", str(error), "write a plain list of package names"
            ) from error
        if packages:
            found[role] = packages
    return found


def of_scenarios(molecule: Path = REPOSITORY / "molecule") -> Dict[str, Tuple[str, ...]]:
    """Return the packages that scenarios need beyond those of roles, by ``molecule/<scenario>``.

    :raises LabError: a scenario's list cannot be read.
    """
    found = {}
    for path in sorted(molecule.glob("*/packages.yml")):
        name = f"molecule/{path.parent.name}"
        try:
            found[name] = packages_of_file(path, GIVEN.get)
        except RolePackagesError as error:
            raise LabError(
                f"{name}: its packages cannot be read", str(error), "write a plain list of package names"
            ) from error
    return found


def ensure() -> str:
    """Bring the package source up to date with the roles; return a short hash of its index."""
    with shared_lock("packages"):
        others = {"reference_service": packages_of_file(REFERENCE_SERVICE), "drills": packages_of_file(DRILLS)}
        roles = {**wanted(), **others, **of_scenarios()}
        key = hashlib.sha256(json.dumps([image.recipe(), roles]).encode()).hexdigest()
        stamp = DIRECTORY / "stamp"
        if not stamp.is_file() or stamp.read_text(encoding="utf-8") != key:
            with step(f"download the packages of {len(roles)} roles (incremental)"):
                _refresh(roles)
            replace(stamp, key)
    return hashlib.sha256((SOURCE / "Packages").read_bytes()).hexdigest()[:12]


def _refresh(roles: Mapping[str, Sequence[str]]) -> None:
    for folder in ("state/lists/partial", "cache/archives/partial", "source/lists"):
        (DIRECTORY / folder).mkdir(parents=True, exist_ok=True)
    capture([*_apt(), "update"])
    for role, packages in roles.items():
        _download(role, packages)
    _collect()
    _index()


def _apt() -> List[str]:
    """Return apt-get as if the machine were the image: its installed packages, its sources, no recommendations."""
    options = {
        "Dir::State": DIRECTORY / "state",
        "Dir::State::status": image.dpkg_status(),
        "Dir::Cache": DIRECTORY / "cache",
        "Dir::Etc::sourcelist": image.sources(),
        "Dir::Etc::sourceparts": "-",
        "Dir::Etc::preferencesparts": "-",
        "Dir::Etc::trusted": KEYRING,
        "APT::Install-Recommends": "false",
        "Acquire::Languages": "none",
        "APT::Sandbox::User": "root",
        "Debug::NoLocking": "true",
    }
    return [
        "apt-get",
        "--quiet",
        "--yes",
        *(part for key, value in options.items() for part in ("-o", f"{key}={value}")),
    ]


def _download(role: str, packages: Sequence[str]) -> None:
    try:
        capture([*_apt(), "--download-only", "install", *packages])
    except LabError as error:
        unknown = unknown_packages(packages, str(error))
        owner, path = owner_and_list(role)
        if unknown:
            problem = f"{owner}: {', '.join(unknown)}: no such package"
            cause = f"Debian {image.SUITE} has none of this name"
        else:
            problem, cause = f"{owner}: its packages cannot be downloaded", str(error)
        raise LabError(problem, cause, f"correct the list in {path}, or try again if the mirror failed") from error


def owner_and_list(name: str) -> Tuple[str, str]:
    """Return who needs packages as messages name it, and the file with the list."""
    if name.startswith("molecule/"):
        return name, f"{name}/packages.yml"
    return f"role {name}", f"roles/{name}/defaults/main.yml"


def unknown_packages(packages: Sequence[str], said: str) -> List[str]:
    """Return those of some packages that apt says it does not know."""
    found = UNKNOWN.findall(said)
    return [package for package in packages if package in found]


def _collect() -> None:
    """Link downloaded files into the source under names without the percent signs of apt's cache."""
    for archive in sorted((DIRECTORY / "cache/archives").glob("*.deb")):
        target = SOURCE / archive.name.replace("%3a", "_")
        if not target.exists():
            target.hardlink_to(archive)


def _index() -> None:
    before = (
        len((SOURCE / "Packages").read_text(encoding="utf-8").split("\n\n")) if (SOURCE / "Packages").is_file() else 1
    )
    index = capture(
        ["sh", "-c", 'cd "$1" && apt-ftparchive --db "$2" packages .', "sh", str(SOURCE), str(DIRECTORY / "index.db")]
    )
    replace(SOURCE / "Packages", index)
    replace(
        SOURCE / "Release",
        capture(
            [
                "sh",
                "-c",
                'cd "$1" && apt-ftparchive release . | sed "s/^Date:.*/Date: Thu, 01 Jan 1970 00:00:00 UTC/"',
                "sh",
                str(SOURCE),
            ]
        ),
    )
    for name in ("Packages", "Release"):
        replace(SOURCE / "lists" / f"_opt_lab_packages_._{name}", (SOURCE / name).read_text(encoding="utf-8"))
    say(f"    {len(index.split(chr(10) * 2)) - 1} packages in the source, {before - 1} before")
