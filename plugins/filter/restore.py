# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From what was asked for and what is there to the plan of a restore."""

from __future__ import annotations

from ansible_collections.freeagentics.platform.plugins.module_utils.restore import plan
from ansible_collections.freeagentics.platform.plugins.module_utils.restore.target import RestoreError, parse_target


def restore_plan(request, backups, archives, free=None, reachable=True):
    """Return which backup is restored, to what, and what stands against it, or why none can be."""
    repositories = plan.read(backups, archives)
    windows = [plan.describe(one) for one in repositories]
    try:
        kind = str(request.get("target", "latest"))
        target = parse_target(kind, str(request.get(f"target_{kind}", "")))
        wanted = _number(request.get("repository"))
        choice = plan.choose(target, repositories, wanted, str(request.get("backup", "")))
    except RestoreError as error:
        return {"refusal": str(error), "windows": windows, "objections": []}
    in_place = request.get("scope") == "in_place"
    return {
        "refusal": "",
        "target": target.kind,
        "target_value": target.value,
        "words": target.words(),
        "repository": choice.repository,
        "backup": choice.backup.label,
        "content": choice.backup.content,
        "why": choice.why,
        "windows": windows,
        "objections": list(
            plan.objections(
                choice,
                {} if request.get("little_space") else free or {},
                in_place,
                str(request.get("platform", "")),
                str(request.get("confirm", "")),
                bool(reachable or request.get("members_are_off")),
            )
        ),
    }


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
        return {"restore_plan": restore_plan}
