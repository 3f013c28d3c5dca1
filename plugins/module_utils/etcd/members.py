# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How a host becomes, stays or is again a member of an etcd cluster, decided from its data and what the others list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Iterable, List, Mapping, Optional, Sequence, Tuple

#: What a host does next.
RUN = "run"
FOUND = "found"
ENTER = "enter"
JOIN = "join"
#: What is in a data directory.
EMPTY = "empty"
OURS = "ours"
#: Names in a data directory that are not data: the file system's own.
_NO_DATA = ("lost+found",)


class MemberError(Exception):
    """The host must not become a member as it is; the text says why and what to do."""


@dataclass(frozen=True)
class Peer:
    """A member as the declaration wants it: its name and the URL by which the others call it."""

    name: str
    url: str


@dataclass(frozen=True)
class Listed:
    """A member as the cluster lists it. ``name`` is empty until a member that was added has started; ``started`` says
    whether it ever told the cluster its client URLs."""

    id: str
    name: str
    urls: Tuple[str, ...]
    started: bool


@dataclass(frozen=True)
class Plan:
    """What to do, in this order: remove members by their numbers, add this one, start it with ``initial_cluster``.

    ``state`` is RUN (go on with the data that is there), FOUND (a new cluster), ENTER (a new cluster that others have
    started) or JOIN (a cluster that works). ``undeclared`` are members that nobody declares and nobody asked to remove.
    """

    state: str
    remove: Tuple[Listed, ...] = ()
    add: bool = False
    initial_cluster: str = ""
    undeclared: Tuple[str, ...] = ()


def content(directory: str, names: Iterable[str], wal: Iterable[str]) -> str:
    """Say what is in a data directory.

    :param names: what the directory has in it; none where there is no directory.
    :param wal: what its ``member/wal`` has in it. Only the log makes data a member's: without it etcd starts anew.
    :raises MemberError: it has something else in it.
    """
    foreign = sorted(set(names) - {"member", *_NO_DATA})
    if foreign:
        raise MemberError(
            f"{directory}: here is {', '.join(foreign)}, which is not etcd's; move it away, or choose another directory"
        )
    return OURS if any(name.endswith(".wal") for name in wal) else EMPTY


def parse_members(document: Any) -> Tuple[Listed, ...]:
    """Return the members that the peers' ``/members`` or the gateway's ``member/list`` names.

    :raises MemberError: the answer has another form.
    """
    try:
        entries = document if isinstance(document, list) else document["members"]
        return tuple(_listed(entry) for entry in entries)
    except (KeyError, TypeError) as error:
        raise MemberError("the list of members has a form that is not etcd's") from error


def _listed(entry: Mapping[str, Any]) -> Listed:
    number = entry["ID"] if "ID" in entry else entry["id"]
    urls = tuple(entry.get("peerURLs") or ())
    return Listed(str(number), str(entry.get("name", "")), urls, bool(entry.get("clientURLs")))


def plan(name: str, declared: Sequence[Peer], data: str, listed: Sequence[Listed], remove: Sequence[str] = ()) -> Plan:
    """Return what this host has to do.

    :param name: this host's member; it is among ``declared``.
    :param data: EMPTY or OURS.
    :param listed: the members that another member lists; none where no other member answers.
    :param remove: names of members that shall leave. The first of ``declared`` lets them go.
    :raises MemberError: the cluster removed this member, so its data is of no use.
    """
    me = next(peer for peer in declared if peer.name == name)
    mine = _find(me, listed)
    strangers = [member for member in listed if not any(_is(peer, member) for peer in declared)]
    leaving = [member for member in strangers if _title(member) in remove] if me is declared[0] else []
    undeclared = tuple(_title(member) for member in strangers if _title(member) not in remove)
    if data == OURS:
        if listed and mine is None:
            raise MemberError("the cluster has removed this member, so its data is of no use: delete it and run again")
        return Plan(RUN, tuple(leaving), undeclared=undeclared)
    if not listed:
        return Plan(FOUND)
    if mine is not None and mine.name and not mine.started:
        return Plan(ENTER, tuple(leaving), undeclared=undeclared)
    lost = [mine] if mine is not None and mine.started else []
    stay = [member for member in listed if member not in (*leaving, mine)]
    return Plan(
        JOIN,
        (*leaving, *lost),
        add=mine is None or bool(lost),
        initial_cluster=_initial_cluster(me, stay, declared),
        undeclared=undeclared,
    )


def new_cluster_objection(name: str, states: Mapping[str, str], declared: Sequence[str]) -> str:
    """Say why this host must not start a new cluster with the others, or nothing.

    :param states: what each host of this run would do, by name.
    """
    if states.get(name) != FOUND:
        return ""
    reaches = "it has no data and reaches no member"
    absent = [other for other in declared if other not in states]
    if absent:
        return (
            f"{reaches}: a new cluster needs all its members in one run, and these are not in it: {', '.join(absent)}"
        )
    others = [other for other in declared if states[other] != FOUND]
    if others:
        return (
            f"{reaches}, but others have data: start etcd or open the network there, and run again: {', '.join(others)}"
        )
    return ""


def _is(peer: Peer, member: Listed) -> bool:
    return peer.name == member.name or peer.url in member.urls


def _find(peer: Peer, listed: Iterable[Listed]) -> Optional[Listed]:
    return next((member for member in listed if _is(peer, member)), None)


def _title(member: Listed) -> str:
    """Return a member's name, or its URL where it has none yet."""
    return member.name or ", ".join(member.urls)


def _initial_cluster(me: Peer, others: Sequence[Listed], declared: Sequence[Peer]) -> str:
    """Return the members in the order of the declaration, each with its URLs, this one last.

    A member that has not started has no name in the list; etcd compares URLs alone then.
    """
    entries: List[Tuple[str, str]] = []
    for member in others:
        known = next((peer.name for peer in declared if _is(peer, member)), member.id)
        entries += [(member.name or known, url) for url in member.urls]
    return ",".join(f"{name}={url}" for name, url in (*entries, (me.name, me.url)))
