#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Unpack and activate releases of an application."""

from __future__ import annotations

DOCUMENTATION = r"""
module: app_release
short_description: Unpack and activate releases of an application
version_added: 0.1.0
description:
  - Keeps releases in O(root)C(/releases/<version>) and two links beside them, C(current) and C(previous).
  - A release is unpacked in a temporary folder and moved into place whole; links are replaced at once.
  - Each release gets the file C(.release), which sets E(RELEASE) to its version, for the environment of its processes.
  - Nothing is restarted.
author:
  - FreeAgentics (@freeagentics)
attributes:
  check_mode:
    support: full
    description: A release that is not on the host counts as one that would be unpacked.
  diff_mode:
    support: full
    description: Where the links led and will lead.
options:
  root:
    description: The folder of the application.
    type: path
    required: true
  version:
    description: The release. Required if O(state=active).
    type: str
  archive:
    description: A tar archive on the host to unpack if the release is not there yet.
    type: path
  state:
    description:
      - V(unpacked) only unpacks; without O(version) it only looks.
      - V(active) leads C(current) to the release, and C(previous) to the one that was active.
      - V(restored) leads both links where O(current) and O(previous) say, as they led before an activation.
    type: str
    choices: [unpacked, active, restored]
    default: active
  current:
    description: The release to which C(current) led, if O(state=restored); empty removes the link.
    type: str
    default: ""
  previous:
    description: The release to which C(previous) led, if O(state=restored); empty removes the link.
    type: str
    default: ""
  unit:
    description: The systemd unit of the application, to tell whether it runs what is on disk.
    type: str
  watch:
    description: Files that the application reads when it starts.
    type: list
    elements: path
    default: []
  keep:
    description: How many releases stay on the host; the active and the previous one always do.
    type: int
    default: 5
"""

EXAMPLES = r"""
- name: Unpack a release
  freeagentics.platform.app_release:
    root: /opt/api
    version: "1.4.0"
    archive: /opt/api/incoming.tar
    state: unpacked

- name: Activate it
  freeagentics.platform.app_release:
    root: /opt/api
    version: "1.4.0"

- name: Take it back
  freeagentics.platform.app_release:
    root: /opt/api
    state: restored
    current: "1.3.2"
    previous: "1.3.1"
"""

RETURN = r"""
missing:
  description: Whether the release is not on the host and no archive was given. Nothing was changed then.
  returned: always
  type: bool
stale:
  description:
    - Whether the unit does not run, or has run since before the active release or one of the files in O(watch) changed,
      or whether O(root)C(/.unfinished) says that a deploy was not finished.
  returned: when O(unit) is given
  type: bool
current:
  description: The release that is active now.
  returned: always
  type: str
  sample: "1.4.0"
previous:
  description: The release that was active before.
  returned: always
  type: str
  sample: "1.3.2"
releases:
  description: The releases on the host, newest last.
  returned: always
  type: list
  elements: str
"""

import os
import shutil
import tempfile
import time

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.release.plan import (
    Plan,
    ReleaseError,
    State,
    activate,
    restore,
)


def observe(root: str) -> State:
    """Look at the releases of an application."""
    releases = os.path.join(root, "releases")
    found = list(os.scandir(releases)) if os.path.isdir(releases) else []
    entries = [entry for entry in found if entry.is_dir() and not entry.name.startswith(".")]
    unpacked = tuple(entry.name for entry in sorted(entries, key=lambda entry: (entry.stat().st_mtime_ns, entry.name)))
    return State(unpacked, _target(root, "current"), _target(root, "previous"))


def _target(root: str, link: str) -> str:
    path = os.path.join(root, link)
    return os.path.basename(os.readlink(path)) if os.path.islink(path) else ""


def unpack(module: AnsibleModule, root: str, version: str) -> None:
    """Unpack the archive beside the releases, and move it into place whole."""
    releases = os.path.join(root, "releases")
    os.makedirs(releases, mode=0o755, exist_ok=True)
    temporary = tempfile.mkdtemp(prefix=".unpacking-", dir=releases)
    try:
        command = ["tar", "--extract", "--file", module.params["archive"], "--directory", temporary]
        command += ["--no-same-owner", "--no-same-permissions"]
        code, _out, err = module.run_command(command)
        if code:
            module.fail_json(msg=f"{module.params['archive']} cannot be unpacked: {err.strip()}; nothing was changed")
        os.chmod(temporary, 0o755)
        with open(os.path.join(temporary, ".release"), "w", encoding="utf-8") as file:
            file.write(f'RELEASE="{version}"\n')
        os.rename(temporary, os.path.join(releases, version))
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def apply(root: str, before: State, plan: Plan) -> None:
    """Set the links that lead elsewhere, then remove what is not needed."""
    _lead(root, "previous", before.previous, plan.previous)
    _lead(root, "current", before.current, plan.current)
    for version in plan.remove:
        shutil.rmtree(os.path.join(root, "releases", version))


def _lead(root: str, link: str, before: str, after: str) -> None:
    path, temporary = os.path.join(root, link), os.path.join(root, f".{link}-new")
    if before == after:
        return
    if not after:
        os.unlink(path)
        return
    if os.path.lexists(temporary):
        os.unlink(temporary)
    os.symlink(os.path.join("releases", after), temporary)
    os.replace(temporary, path)


def is_stale(module: AnsibleModule) -> bool:
    """Return whether the unit does not run what is on disk, or a deploy was not finished.

    systemd tells the start of the process in microseconds of the monotonic clock (org.freedesktop.systemd1(5)); the
    times of /proc/<pid> are no measure, since the kernel may forget them and set them anew.
    """
    root = module.params["root"]
    properties = ["--property=MainPID", "--property=ExecMainStartTimestampMonotonic"]
    lines = module.run_command(["systemctl", "show", *properties, module.params["unit"]])[1].splitlines()
    shown = dict(line.split("=", 1) for line in lines if "=" in line)
    if os.path.lexists(os.path.join(root, ".unfinished")) or shown.get("MainPID", "0") == "0":
        return True
    started = time.time() - time.monotonic() + int(shown["ExecMainStartTimestampMonotonic"]) / 1e6
    watched = [os.path.join(root, "current"), *module.params["watch"]]
    return any(os.path.lexists(path) and os.lstat(path).st_mtime > started for path in watched)


def plan_for(module: AnsibleModule, state: State) -> Plan:
    """Return the plan for the wanted state."""
    if module.params["state"] == "unpacked":
        return Plan(state.current, state.previous, ())
    if module.params["state"] == "restored":
        return restore(state, module.params["current"], module.params["previous"])
    return activate(state, module.params["version"], module.params["keep"])


def leave(module: AnsibleModule, before: State, after: State, unpacked: bool, missing: bool = False) -> None:
    """End with the result."""
    shown = [f"current: {state.current}\nprevious: {state.previous}\n" for state in (before, after)]
    if unpacked:
        shown[1] += f"unpacked: {module.params['version']}\n"
    changed = unpacked or (before.current, before.previous) != (after.current, after.previous)
    diff = {"before": shown[0], "after": shown[1]}
    stale = {"stale": is_stale(module)} if module.params["unit"] else {}
    result = {"current": after.current, "previous": after.previous, "releases": list(after.unpacked), **stale}
    module.exit_json(changed=changed, missing=missing, diff=diff, **result)


def main() -> None:
    """Look, unpack where needed, plan, apply."""
    module = AnsibleModule(
        argument_spec={
            "root": {"type": "path", "required": True},
            "version": {"type": "str"},
            "archive": {"type": "path"},
            "state": {"type": "str", "choices": ["unpacked", "active", "restored"], "default": "active"},
            "current": {"type": "str", "default": ""},
            "previous": {"type": "str", "default": ""},
            "unit": {"type": "str"},
            "watch": {"type": "list", "elements": "path", "default": []},
            "keep": {"type": "int", "default": 5},
        },
        required_if=[("state", "active", ["version"])],
        supports_check_mode=True,
    )
    root, version = module.params["root"], module.params["version"]
    os.umask(0o022)
    before = observe(root)
    absent = bool(version) and version not in before.unpacked
    if absent and not module.params["archive"]:
        leave(module, before, before, unpacked=False, missing=True)
    if absent and not module.check_mode:
        unpack(module, root, version)
    present = State((*before.unpacked, version), before.current, before.previous) if absent else before
    try:
        plan = plan_for(module, present)
    except ReleaseError as error:
        module.fail_json(msg=str(error))
    if not module.check_mode:
        apply(root, before, plan)
    remaining = tuple(release for release in present.unpacked if release not in plan.remove)
    after = State(remaining, plan.current, plan.previous)
    leave(module, before, after, unpacked=absent)


if __name__ == "__main__":
    main()
