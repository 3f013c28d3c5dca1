# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From what was asked for and what is there to the plan of a restore."""

from __future__ import annotations

from ansible_collections.freeagentics.platform.plugins.module_utils.failover import region, role
from ansible_collections.freeagentics.platform.plugins.module_utils.postgres_observe.lsn import show_lsn
from ansible_collections.freeagentics.platform.plugins.module_utils.restore import mark, plan
from ansible_collections.freeagentics.platform.plugins.module_utils.restore.target import (
    KINDS,
    RestoreError,
    parse_target,
)


def restore_plan(
    request, backups, archives, free=None, reachable=True, following=(), unarchived=None, archived=False, done=False
):
    """Return which backup is restored, to what, and what stands against it, or why none can be.

    Where an earlier run has restored it already, which ``done`` tells, no backup has to lead there: the timeline that
    run began may be in the archive, and hide the moment at which it left the one before.
    """
    repositories = plan.read(backups, archives)
    windows = [plan.describe(one) for one in repositories]
    target = choice = None
    try:
        target = _target(request)
        wanted = _number(request.get("repository"))
        choice = plan.choose(target, repositories, wanted, str(request.get("backup", "")))
        plan.check_version(choice, str(request.get("postgres_version", "")))
    except RestoreError as error:
        if not done or target is None:
            return {"refusal": str(error), "windows": windows, "objections": []}
        choice = None
    in_place = request.get("scope") == "in_place"
    left = archived or done or choice is None or request.get("later_log_is_left")
    return {
        "refusal": "",
        "target": target.kind,
        "target_value": target.value,
        "words": target.words(),
        **_begins_with(choice),
        "windows": windows,
        "uneven": plan.uneven(choice, repositories) if choice else "",
        "objections": list(
            plan.objections(
                choice,
                {} if request.get("little_space") else free or {},
                in_place,
                str(request.get("platform", "")),
                str(request.get("confirm", "")),
                bool(reachable or request.get("members_are_off")),
                following,
                "" if request.get("unarchived_log_is_left") else _unarchived(unarchived or {}),
                () if left else plan.later(choice, repositories),
            )
        ),
    }


def _begins_with(choice):
    """Return what a restore begins with; nothing where there is no backup to begin with."""
    if choice is None:
        return {"repository": 0, "backup": "", "content": 0, "why": "", "at_least": ""}
    return {
        "repository": choice.repository,
        "backup": choice.backup.label,
        "content": choice.backup.content,
        "why": choice.why,
        "at_least": "" if choice.at_least is None else show_lsn(choice.at_least),
    }


def restore_begun(marks, cluster, request, elsewhere=()):
    """Return on which hosts a restore in place was begun, and which one of them only the rest is to be done for."""
    hosts = [
        mark.Seen(one["host"], one["text"], one["directory"], int(one["device"]), int(one["inode"])) for one in marks
    ]
    try:
        target = _target(request)
    except RestoreError:
        # The plan refuses it, and says why.
        return {"begun": mark.begun(hosts, cluster), "done": dict(mark.NOTHING), "nothing": dict(mark.NOTHING)}
    wanted = mark.show_request(target.kind, target.value, int(request.get("target_timeline") or 0))
    done = mark.to_go_on_with(hosts, cluster, wanted, elsewhere)
    return {"begun": mark.begun(hosts, cluster), "done": done, "nothing": dict(mark.NOTHING)}


def restore_epoch(timeline, settings=None):
    """Return the number by which a region leads with what was restored, by the timeline that the restore began."""
    return role.counted_on(settings or {}, region.of_restore(int(timeline)))


def _unarchived(unarchived):
    """Return that a leader's newest log is not in the archive, or the empty text where it is."""
    return plan.unarchived(unarchived["host"], unarchived["said"]) if unarchived else ""


def _target(request):
    """Return what a request names as its target."""
    kind = str(request.get("target", "latest"))
    target = parse_target(kind, str(request.get(f"target_{kind}", "")))
    # A moment without its kind would restore the newest state, with the mistake in it.
    for other in KINDS:
        if other != kind and request.get(f"target_{other}"):
            raise RestoreError(
                f"target_{other} is set, and target is {kind}: say -e target={other}, or leave target_{other} away"
            )
    return target


def _number(repository):
    """Return the number of the only repository to look at, or None where all count."""
    if not repository:
        return None
    if not str(repository).isdecimal():
        raise RestoreError(f"repository is {repository!r}: use its number")
    return int(repository)


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {"restore_begun": restore_begun, "restore_epoch": restore_epoch, "restore_plan": restore_plan}
