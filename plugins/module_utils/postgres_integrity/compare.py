# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What differs between the states of two servers, in words. A state is what the module tells of a server:

    name, databases: {<name>: {as_of, tables: {<name>: {rows, fingerprint, differ}},
    sequences: {<name>: {last, increment}}, extensions: {<name>: <version>}}}

A table whose content could not be read has no fingerprint and is compared no further: where that is so of the copy,
that finding has been made, and where it is so of the original, :func:`not_compared` tells.
Sequences and extensions that were not looked at are None. ``differ`` is there where rows were compared one by one.
"""

from __future__ import annotations

from typing import Any, Iterator, List, Mapping, Tuple

from ..observe.findings import NotChecked
from . import moment
from .findings import Finding

State = Mapping[str, Any]
#: Why a table was not compared.
UNREAD = "its content could not be read there, so the copy's was compared with nothing"


class StateError(ValueError):
    """A state is not what the module tells; the text says where."""


def compare(original: State, copy: State) -> List[Finding]:
    """Return what a copy has otherwise than the original, by database, kind and name.

    :raises StateError: a state has another form.
    """
    try:
        return list(_compare(original, copy))
    except (KeyError, TypeError, AttributeError) as error:
        raise StateError(f"the state to compare with is not one that this module told: {error!r}") from error


def not_compared(original: State, copy: State) -> List[NotChecked]:
    """Return the tables of both whose content the original did not show, so that the copy's may be anything.

    :raises StateError: a state has another form.
    """
    try:
        return [
            NotChecked("fingerprints", name, f"{original['name']}/{database}", UNREAD)
            for database, ours, theirs in _pairs(original["databases"], copy["databases"])
            if ours is not None and theirs is not None
            for name in sorted({*ours["tables"]} & {*theirs["tables"]})
            if ours["tables"][name]["fingerprint"] is None
        ]
    except (KeyError, TypeError, AttributeError) as error:
        raise StateError(f"the state to compare with is not one that this module told: {error!r}") from error


def _compare(original: State, copy: State) -> Iterator[Finding]:
    for name, ours, theirs in _pairs(original["databases"], copy["databases"]):
        where = f"{copy['name']}/{name}"
        if ours is None or theirs is None:
            yield Finding("database_missing", name, copy["name"], _only(original["name"], copy["name"], theirs is None))
            continue
        sides = (f"{original['name']}/{name}", where)
        yield from _tables(ours["tables"], theirs["tables"], sides)
        for part, function in (("sequences", _sequences), ("extensions", _extensions)):
            if ours[part] is not None and theirs[part] is not None:
                yield from function(ours[part], theirs[part], sides)


def _pairs(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Iterator[Tuple[str, Any, Any]]:
    for name in sorted({*ours, *theirs}):
        yield name, ours.get(name), theirs.get(name)


def _only(original: str, copy: str, missing_in_copy: bool) -> str:
    return f"only {original} has it" if missing_in_copy else f"only {copy} has it"


def _tables(ours: State, theirs: State, sides: Tuple[str, str]) -> Iterator[Finding]:
    for name, mine, other in _pairs(ours, theirs):
        if mine is None or other is None:
            yield Finding("table_missing", name, sides[1], _only(*sides, other is None))
        elif mine["fingerprint"] is None or other["fingerprint"] is None:
            continue
        elif mine["rows"] != other["rows"]:
            more = int(other["rows"]) - int(mine["rows"])
            words = f"{abs(more)} {'more' if more > 0 else 'fewer'}"
            detail = f"{other['rows']} rows, {words} than the {mine['rows']} of {sides[0]}"
            yield Finding("table_rows", name, sides[1], detail + _rows(other))
        elif mine["fingerprint"] != other["fingerprint"]:
            detail = f"the same number of rows as {sides[0]}, {mine['rows']}, with other content"
            yield Finding("table_content", name, sides[1], detail + _rows(other))


def _rows(other: State) -> str:
    return f": {other['differ']}" if other.get("differ") else ""


def _sequences(ours: State, theirs: State, sides: Tuple[str, str]) -> Iterator[Finding]:
    """A sequence of a standby may be ahead: PostgreSQL logs 32 values at a time, and skips those after a failover."""
    for name, mine, other in _pairs(ours, theirs):
        if mine is None or other is None:
            yield Finding("sequence_missing", name, sides[1], _only(*sides, other is None))
        elif _behind(mine, other):
            last = "unused" if other["last"] is None else f"at {other['last']}"
            yield Finding("sequence_behind", name, sides[1], f"{last}, while {sides[0]} is at {mine['last']}")


def _behind(mine: State, other: State) -> bool:
    if mine["last"] is None or other["last"] is None:
        return mine["last"] is not None
    ahead = int(other["last"]) - int(mine["last"])
    return (ahead if int(mine["increment"]) > 0 else -ahead) < 0


def _extensions(ours: State, theirs: State, sides: Tuple[str, str]) -> Iterator[Finding]:
    for name, mine, other in _pairs(ours, theirs):
        if mine != other:
            words = [f"version {version}" if version else "not there" for version in (other, mine)]
            yield Finding("extension_differs", name, sides[1], f"{words[0]}, on {sides[0]} {words[1]}")


def as_of(original: State, copy: State) -> Mapping[str, Mapping[str, Any]]:
    """Return for each database of both whether it was seen as of one moment, and why that is known or not.

    :raises StateError: a state has another form.
    """
    found = {}
    try:
        for name, ours, theirs in _pairs(original["databases"], copy["databases"]):
            if ours is not None and theirs is not None:
                exact, reason = moment.same(moment.read(ours["as_of"]), moment.read(theirs["as_of"]))
                found[name] = {"exact": exact, "reason": reason}
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StateError(f"the state to compare with is not one that this module told: {error!r}") from error
    return found
