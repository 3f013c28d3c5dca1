# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which operating system packages a role installs, read from the role itself.

Every role lists its packages in ``defaults/main.yml``, in variables whose names end in ``_packages``. One transaction
per host and the package source of the lab are computed from these lists. A name may have another default of the role in
it, or a variable that is given, as ``{{ name }}`` or ``{{ name | default('value') }}``; nothing else is a template.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Mapping, Tuple

import yaml

#: Returns the value of a variable that an inventory or a play gives, or None where nobody gives it.
Given = Callable[[str], Any]
_REFERENCE = re.compile(r"\{\{ (\w+)(?: \| default\('([^']*)'\))? \}\}")


class RolePackagesError(Exception):
    """A role or its package list cannot be read; the message names the file and the remedy."""


def nothing(_name: str) -> None:
    """Return that nobody gives a variable: the roles' defaults count."""


def packages_of_role(roles_directory: Path, role: str, given: Given = nothing) -> Tuple[str, ...]:
    """Return the packages of one role, in the order of its ``defaults/main.yml``.

    :param roles_directory: the folder that holds the roles of the collection.
    :param role: the role's name without namespace. ``role.part`` stands for the list ``role_part_packages`` alone, of a
        role that hosts get different parts of.
    :param given: what counts instead of the role's defaults.
    :raises RolePackagesError: no such role or list, or a list that holds something other than plain strings.
    """
    name, _dot, part = role.partition(".")
    defaults = roles_directory / name / "defaults" / "main.yml"
    if not (roles_directory / name).is_dir():
        known = ", ".join(sorted(path.name for path in roles_directory.iterdir() if path.is_dir()))
        raise RolePackagesError(f"{name}: no such role in {roles_directory}; the roles are: {known}")
    lists = _lists(defaults, given) if defaults.is_file() else {}
    if part and f"{name}_{part}_packages" not in lists:
        raise RolePackagesError(f"{defaults}: there is no {name}_{part}_packages; the lists are: {', '.join(lists)}")
    return tuple(lists[f"{name}_{part}_packages"]) if part else _all(lists)


def packages_of_file(path: Path, given: Given = nothing) -> Tuple[str, ...]:
    """Return the packages of all ``_packages`` lists of a YAML file, in its order.

    :param given: what counts instead of the file's variables.
    :raises RolePackagesError: a list holds something other than plain strings.
    """
    return _all(_lists(path, given))


def _lists(path: Path, given: Given) -> Dict[str, List[str]]:
    defaults = yaml.safe_load(path.read_text(encoding="utf-8")) or {}

    def value_of(name: str) -> Any:
        value = given(name)
        return defaults.get(name) if value is None else value

    return {
        name: _checked(path, name, _filled(value_of(name), value_of)) for name in defaults if name.endswith("_packages")
    }


def _filled(packages: object, value_of: Given) -> object:
    """Return a list with the values of the variables in its names; what is no list, or of no use, stays as it is."""

    def fill(found: re.Match[str]) -> str:
        value = value_of(found[1])
        chosen = found[2] if value is None else value
        return found[0] if chosen is None else str(chosen)

    if not isinstance(packages, list):
        return packages
    return [_REFERENCE.sub(fill, one) if isinstance(one, str) else one for one in packages]


def _all(lists: Mapping[str, List[str]]) -> Tuple[str, ...]:
    return tuple(package for packages in lists.values() for package in packages)


def packages_of_roles(roles_directory: Path, roles: Iterable[str], given: Given = nothing) -> Tuple[str, ...]:
    """Return the sorted union of the packages of several roles; see :func:`packages_of_role`."""
    return tuple(sorted({package for role in roles for package in packages_of_role(roles_directory, role, given)}))


def roles_of_groups(roles_by_group: Mapping[str, Iterable[str]], groups: Iterable[str]) -> Tuple[str, ...]:
    """Return the roles of the groups that a host is in, each once, in the order of the mapping."""
    wanted = set(groups)
    return tuple(dict.fromkeys(role for group, roles in roles_by_group.items() if group in wanted for role in roles))


def _checked(defaults: Path, name: str, value: object) -> List[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) and "{{" not in item for item in value):
        raise RolePackagesError(
            f"{defaults}: {name} must be a list of plain package names, because packages are collected before a run"
        )
    return value
