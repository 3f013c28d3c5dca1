#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Write all configuration files of a role in one round trip."""

from __future__ import annotations

DOCUMENTATION = r"""
module: config_files
short_description: Write all configuration files of a role in one round trip
version_added: 0.1.0
description:
  - Renders templates on the control host, and writes, checks and owns all the files in one module call per host.
  - A file is written to a temporary file in its own directory, checked by its O(files[].validate) command and moved into place at once,
    so that a file that is wrong never goes live. Files are written in the order given; the first that is wrong stops the rest.
author:
  - FreeAgentics (@freeagentics)
attributes:
  check_mode:
    support: full
    description: Returns the same changes and differences as a real run; validation is left to the real run.
  diff_mode:
    support: full
    description: The content of files marked as secret is left out.
options:
  files:
    description: The paths, in the order in which they are written.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: The path on the host. Its directory must exist or come before it.
        type: path
        required: true
      template:
        description: Name of the template below the role's C(templates/), with or without C(.j2).
        type: str
      content:
        description: The content, where there is no template.
        type: str
      state:
        description:
          - V(absent) removes a file, a link or an empty directory, never a directory that holds something.
        type: str
        choices: [file, directory, link, absent]
        default: file
      target:
        description: What a link leads to.
        type: str
      owner:
        description: The owner.
        type: str
        default: root
      group:
        description: The group.
        type: str
        default: root
      mode:
        description: The mode in octal digits, quoted. Without it a new file gets 0644, a new directory 0755.
        type: str
      validate:
        description: A command that fails where the new file is wrong; C(%s) is the path of the temporary file.
        type: str
      secret:
        description: Leave the content out of differences.
        type: bool
        default: false
"""

EXAMPLES = r"""
- name: Write the configuration
  freeagentics.platform.config_files:
    files:
      - {path: /etc/haproxy/errors, state: directory, mode: "0755"}
      - {path: /etc/haproxy/haproxy.cfg, template: etc/haproxy/haproxy.cfg, mode: "0640", group: haproxy, validate: haproxy -c -f %s}
  notify: Reload haproxy
"""

RETURN = r"""
changed_paths:
  description: The paths that were changed, in the order of the parameter.
  returned: always
  type: list
  elements: str
  sample: [/etc/haproxy/haproxy.cfg]
"""

import errno
import grp
import os
import pwd
import shlex
import shutil
import stat
import tempfile

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.freeagentics.platform.plugins.module_utils.config_files.plan import (
    ABSENT,
    DIRECTORY,
    FILE,
    LINK,
    Change,
    Found,
    PlanError,
    Wanted,
    difference,
    plan,
)

DEFAULT_MODES = {FILE: 0o644, DIRECTORY: 0o755}


def wanted_of(entry: dict) -> Wanted:
    """Turn one element of the parameter into a value."""
    state = entry["state"]
    return Wanted(
        path=entry["path"],
        state=state,
        content=(entry["content"] or "") if state == FILE else None,
        target=entry["target"] if state == LINK else None,
        owner=entry["owner"],
        group=entry["group"],
        mode=int(entry["mode"], 8) if entry["mode"] else None,
        validate=entry["validate"],
        secret=entry["secret"],
    )


def observe(path: str) -> Found:
    """Look at a path, without following a link."""
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return Found()
    kinds = {stat.S_IFREG: FILE, stat.S_IFDIR: DIRECTORY, stat.S_IFLNK: LINK}
    state = kinds.get(stat.S_IFMT(status.st_mode), "other")
    return Found(
        state=state,
        content=_read(path) if state == FILE else None,
        target=os.readlink(path) if state == LINK else None,
        owner=_name(pwd.getpwuid, status.st_uid),
        group=_name(grp.getgrgid, status.st_gid),
        mode=stat.S_IMODE(status.st_mode),
    )


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="surrogateescape", newline="") as file:
        return file.read()


def _name(lookup, number: int) -> str:
    try:
        return lookup(number)[0]
    except KeyError:
        return str(number)


def apply(module: AnsibleModule, change: Change) -> None:
    """Make one change."""
    wanted = change.wanted
    if wanted.state == ABSENT:
        _remove(module, change)
    elif wanted.state == DIRECTORY:
        if change.write:
            os.mkdir(wanted.path)
        _own(wanted.path, wanted, change.found)
    elif wanted.state == LINK:
        _replace_link(wanted)
    elif change.write:
        _write(module, change)
    else:
        _own(wanted.path, wanted, change.found)


def _remove(module: AnsibleModule, change: Change) -> None:
    path = change.wanted.path
    if change.found.state != DIRECTORY:
        os.unlink(path)
        return
    try:
        os.rmdir(path)
    except OSError:
        module.fail_json(msg=f"{path}: the directory is not empty and was left as it is; empty it by hand if nobody needs what is in it")


def _replace_link(wanted: Wanted) -> None:
    temporary = f"{wanted.path}.ansible-new"
    if os.path.lexists(temporary):
        os.unlink(temporary)
    os.symlink(wanted.target, temporary)
    os.replace(temporary, wanted.path)


def _write(module: AnsibleModule, change: Change) -> None:
    wanted = change.wanted
    directory = os.path.dirname(wanted.path)
    if not os.path.isdir(directory):
        module.fail_json(msg=f"{wanted.path}: its directory does not exist; put {{path: {directory}, state: directory}} before it")
    handle, temporary = tempfile.mkstemp(prefix=f".{os.path.basename(wanted.path)}.", dir=directory)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape", newline="") as file:
            file.write(wanted.content)
            file.flush()
            os.fsync(file.fileno())
        _own(temporary, wanted, change.found)
        _validate(module, wanted, temporary)
        _move(temporary, wanted.path)
    finally:
        if os.path.exists(temporary):
            os.unlink(temporary)


def _move(temporary: str, path: str) -> None:
    """Put the new file into place at once; a file that is itself a mount point can only be written over."""
    try:
        os.replace(temporary, path)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        shutil.copyfile(temporary, path)


def _own(path: str, wanted: Wanted, found: Found) -> None:
    os.chown(path, pwd.getpwnam(wanted.owner).pw_uid, grp.getgrnam(wanted.group).gr_gid)
    kept = found.mode if found.state == wanted.state else None
    mode = wanted.mode if wanted.mode is not None else kept
    os.chmod(path, DEFAULT_MODES[wanted.state] if mode is None else mode)


def _validate(module: AnsibleModule, wanted: Wanted, temporary: str) -> None:
    if not wanted.validate:
        return
    command = [part.replace("%s", temporary) for part in shlex.split(wanted.validate)]
    code, out, err = module.run_command(command)
    if code:
        module.fail_json(
            msg=f"{wanted.path}: the new file is wrong and was not put into place: {wanted.validate} ended with {code}",
            stdout=out.replace(temporary, wanted.path),
            stderr=err.replace(temporary, wanted.path),
        )


def argument_spec() -> dict:
    """Return the specification of the parameters."""
    file = {
        "path": {"type": "path", "required": True},
        "template": {"type": "str"},
        "content": {"type": "str", "no_log": False},
        "state": {"type": "str", "choices": [FILE, DIRECTORY, LINK, ABSENT], "default": FILE},
        "target": {"type": "str"},
        "owner": {"type": "str", "default": "root"},
        "group": {"type": "str", "default": "root"},
        "mode": {"type": "str"},
        "validate": {"type": "str"},
        "secret": {"type": "bool", "default": False, "no_log": False},
    }
    return {"files": {"type": "list", "elements": "dict", "required": True, "options": file}}


def main() -> None:
    """Read, plan, apply."""
    module = AnsibleModule(argument_spec=argument_spec(), supports_check_mode=True)
    wanted = [wanted_of(entry) for entry in module.params["files"]]
    try:
        changes = plan(tuple((item, observe(item.path)) for item in wanted))
    except PlanError as error:
        module.fail_json(msg=str(error))
    if not module.check_mode:
        for change in changes:
            _apply_or_fail(module, change)
    module.exit_json(
        changed=bool(changes),
        changed_paths=[change.wanted.path for change in changes],
        diff=[difference(change) for change in changes],
    )


def _apply_or_fail(module: AnsibleModule, change: Change) -> None:
    try:
        apply(module, change)
    except KeyError as error:
        module.fail_json(msg=f"{change.wanted.path}: there is no such user or group on this host ({error}); install its package or create it first")
    except OSError as error:
        module.fail_json(msg=f"{change.wanted.path}: {error.strerror}; the files before it were written, a new run goes on from here")


if __name__ == "__main__":
    main()
