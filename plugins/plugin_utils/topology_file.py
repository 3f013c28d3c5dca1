# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Topologies from files: YAML, `extends`, and a cache that notices changes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict, Hashable, List, Mapping, Tuple

import yaml

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.model import (
    Topology,
    TopologyError,
    TopologyErrors,
)
from ansible_collections.freeagentics.platform.plugins.module_utils.topology.parse import parse

Stamp = Tuple[Tuple[str, int], ...]

_CACHE: Dict[str, Tuple[Stamp, Topology]] = {}


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """Reads YAML and refuses a key that is written twice."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Dict[Hashable, Any]:
        """Build a mapping; see YAML 1.2, section 3.2.1.3: keys are unique."""
        seen = set()
        for key_node, _value in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise _DuplicateKey(str(key), key_node.start_mark.line + 1)
            seen.add(key)
        mapping: Dict[Hashable, Any] = super().construct_mapping(node, deep)
        return mapping


class _DuplicateKey(Exception):
    """A key is written twice in one mapping."""

    def __init__(self, key: str, line: int) -> None:
        super().__init__(f"line {line}: the key '{key}' is written a second time; keep one of them")


def load(path: str) -> Topology:
    """Return the topology that a file describes.

    The result is kept until the file, or one that it extends, changes.

    :raises TopologyErrors: with every mistake of the declaration, or the one that keeps the file from being read.
    """
    path = os.path.abspath(path)
    known = _CACHE.get(path)
    if known and all(_changed(name) == changed for name, changed in known[0]):
        return known[1]
    document, files = _read(Path(path).resolve(), ())
    stamp = tuple((str(name), _changed(str(name))) for name in files)
    topology = parse(document)
    _CACHE[path] = (stamp, topology)
    return topology


def _changed(name: str) -> int:
    """Return when a file was changed, in nanoseconds of the epoch; 0 where it is not there any more."""
    try:
        return os.stat(name).st_mtime_ns
    except OSError:
        return 0


def _read(file: Path, extending: Tuple[Path, ...]) -> Tuple[object, List[Path]]:
    """Return the content of a file with what it extends, and all files that were read."""
    if file in extending:
        raise _mistake(extending[-1], f"extends: {file} extends this file in turn; one of the two has to stand alone")
    document = _yaml(file, extending)
    if not (isinstance(document, Mapping) and "extends" in document):
        return document, [file]
    name = document["extends"]
    if not isinstance(name, str):
        raise _mistake(file, "extends: this is no path; write one relative to this file, such as ../prod/topology.yml")
    base, files = _read((file.parent / name).resolve(), (*extending, file))
    own = {key: value for key, value in document.items() if key != "extends"}
    return merge(base, own) if isinstance(base, Mapping) else own, [file, *files]


def merge(base: Mapping[Any, Any], own: Mapping[Any, Any]) -> Dict[Any, Any]:
    """Return a mapping with the entries of both, those of ``own`` winning; an empty value removes the key."""
    merged = dict(base)
    for key, value in own.items():
        if value is None:
            merged.pop(key, None)
        elif isinstance(value, Mapping) and isinstance(merged.get(key), Mapping):
            merged[key] = merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def _yaml(file: Path, extending: Tuple[Path, ...]) -> object:
    try:
        return yaml.load(file.read_text(encoding="utf-8"), _Loader)
    except OSError as error:
        where = f"extends: {file}" if extending else str(file)
        raise _mistake(extending[-1] if extending else file, f"{where}: {error.strerror}") from error
    except _DuplicateKey as error:
        raise _mistake(file, str(error)) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "the file"
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise _mistake(file, f"{place}: this is no YAML: {problem}") from error


def _mistake(file: Path, message: str) -> TopologyErrors:
    return TopologyErrors((TopologyError(file.name, message),))
