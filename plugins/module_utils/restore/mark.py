# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The mark of a restore: of which directory it is, and how far the restore got.

A path alone does not tell whose data are in it: who gives a restore up renames the old data back to the same path. So
the mark names the directory's device and inode, too, and a mark of another directory counts for nothing.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Dict, List, Mapping, Optional, Sequence

#: What a directory is restored for.
COPY, IN_SERVICE = "copy", "in_service"
#: How far a restore got: anything may be in the directory; the target was reached, and what only the recovery needed is
#: still there; or nothing is left to do.
BEGUN, REACHED, RECOVERED = "begun", "reached", "recovered"

#: What is there to go on with where no earlier run has restored anything.
NOTHING: Dict[str, Any] = {
    "host": "",
    "leads": False,
    "finished": False,
    "timeline": 0,
    "whole": [],
    "elsewhere": "",
    "unclear": "",
}
#: What to do where a leader may have what was restored.
_KEEP = (
    "To keep what was written since, let the others follow it with playbooks/postgres.yml, and run pgbackrest-job full "
    "on the backup host"
)
_WAIT = "Run the same command again in some seconds"

#: What Patroni says of a server that takes part in its cluster.
_SERVING = ("running", "streaming")


@dataclass(frozen=True)
class Mark:
    """The mark of a restore: ``request`` is what was asked for, ``timeline`` the one that the restore began, or 0."""

    directory: str
    device: int
    inode: int
    purpose: str
    request: str = ""
    phase: str = BEGUN
    timeline: int = 0

    def is_of(self, directory: str, device: int, inode: int) -> bool:
        """Return whether a directory is the one that was restored, and not another one at its path."""
        return (self.directory, self.device, self.inode) == (directory, device, inode)

    def show(self) -> str:
        """Return the mark as it is written down."""
        return json.dumps(asdict(self))


def parse_mark(text: str) -> Optional[Mark]:
    """Return a mark that was written down, or None where the text is none."""
    try:
        return Mark(**json.loads(text))
    except (ValueError, TypeError):
        return None


def show_request(target: str, value: str, timeline: Optional[int]) -> str:
    """Return what is asked for, so that two requests can be compared.

    >>> show_request("xid", "741", None)
    'xid 741 timeline newest'
    """
    return " ".join(part for part in (target, value, f"timeline {timeline or 'newest'}") if part)


@dataclass(frozen=True)
class Seen:
    """What a host tells: the mark's text, and the data directory with its device and inode, 0 where there is none."""

    host: str
    text: str
    directory: str
    device: int
    inode: int

    @property
    def mark(self) -> Optional[Mark]:
        """The mark of a restore in place of this very directory, or None."""
        mark = parse_mark(self.text)
        if mark is None or mark.purpose != IN_SERVICE or not mark.is_of(self.directory, self.device, self.inode):
            return None
        return mark


def begun(hosts: Sequence[Seen], cluster: Mapping[str, Any]) -> List[str]:
    """Return the hosts on which a restore in place was begun, and is not in service.

    :param cluster: what ``postgres_cluster_info`` returns. A host whose Patroni runs its server has data that are used.
    """
    serving = {member["name"] for member in cluster["members"] if member["state"] in _SERVING}
    return [one.host for one in hosts if one.mark is not None and one.host not in serving]


def to_go_on_with(
    hosts: Sequence[Seen], cluster: Mapping[str, Any], request: str, elsewhere: Sequence[Mapping[str, Any]] = ()
) -> Dict[str, Any]:
    """Return the host that an earlier run of the same request restored, whether it leads, its timeline, and who has it.

    It also tells whether the restore was finished there, or reached its target and no more, which the module does. That
    run died before the cluster was whole, so its mark is still there. What a leader has came from the restore where its
    timeline, or one before, is the one that the restore began: Patroni begins another one as soon as it leads with it.
    Where another host leads with it by now, ``elsewhere`` names that one. ``unclear`` says why nothing is known of what
    is led with, which may be what was restored, and what to do. Where nobody leads, the host has reached the
    target and begun a timeline, and along that one nothing leads to the target again; whether the log went on along a
    later one since is for the archive to tell.
    """
    leader = cluster["leader"]
    lineage = {cluster["timeline"], *(switch["timeline"] for switch in cluster["history"])} if leader else set()
    for one in hosts:
        mark = one.mark
        if mark is None or mark.phase not in (REACHED, RECOVERED) or mark.request != request:
            continue
        finished, serves = mark.phase == RECOVERED, mark.timeline in lineage
        found = {**NOTHING, "host": one.host, "finished": finished, "timeline": mark.timeline}
        if not leader:
            return found
        if not cluster["timeline"]:
            return {**found, "unclear": f"{leader} leads, and does not tell on which timeline. {_WAIT}"}
        if serves and not finished:
            # Patroni was started by somebody else than the run, as by a boot of the host.
            why = f"{leader} leads with what an earlier run of this restore brought back on {one.host} and did not end"
            return {**found, "unclear": f"{why}. {_KEEP}"}
        if serves and one.host == leader:
            return {**found, "leads": True, "whole": _whole(cluster, elsewhere)}
        if serves:
            return {**found, "elsewhere": leader}
        if not cluster["history"] and cluster["timeline"] > mark.timeline:
            # A leader tells the timelines that it came along only some seconds after it began one.
            why = f"{leader} leads on timeline {cluster['timeline']}, and does not tell yet which ones it came along"
            return {**found, "unclear": f"{why}. {_WAIT}"}
    return dict(NOTHING)


def _whole(cluster: Mapping[str, Any], elsewhere: Sequence[Mapping[str, Any]]) -> List[str]:
    """Return who has what was restored: is on the leader's timeline and, of another region, gets the log of it."""
    here = [
        member["name"]
        for member in cluster["members"]
        if member["state"] in _SERVING and member["timeline"] == cluster["timeline"]
    ]
    lacking = [
        member
        for member in elsewhere
        if (member["replication"], member["timeline"]) != ("streaming", cluster["timeline"])
    ]
    return here if lacking else [*here, *(member["name"] for member in elsewhere)]
