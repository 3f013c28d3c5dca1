#!/usr/bin/python
# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
module: config_files
short_description: Writes all configuration files of a role in one step
description:
  - Renders the templates of all files on the control host and hands them to the managed host in one call, which
    compares, validates and writes them.
  - A new file is written to a directory that only root can enter, below the directory where it belongs, under its
    own name. There it is validated and gets its owner and mode. Then it is moved into place atomically. A file that
    is a mount point (C(/etc/hosts) in some containers) cannot be moved to and is written in place.
  - Files are written in the order of the list. Where one cannot be validated, those before it are put back as they
    were, so that no file is left without the handler that its change has to notify.
  - Check mode reports the same changes and the same difference. Programs that validate are not run then.
version_added: 0.1.0
author: FreeAgentics (@freeagentics)
options:
  files:
    description: The files, directories and links that are wanted.
    type: list
    elements: dict
    required: true
    suboptions:
      path:
        description: The absolute path on the managed host.
        type: str
        required: true
      template:
        description:
          - A template below the role's C(templates) directory, with or without the ending C(.j2).
          - It is rendered with the variables of the task.
        type: str
      content:
        description: The content itself. A file needs either this or O(files[].template).
        type: str
      state:
        description:
          - V(absent) removes the path, a directory with everything in it.
          - V(link) makes a symbolic link to O(files[].target).
        type: str
        choices: [file, directory, absent, link]
        default: file
      target:
        description: Where the link points to.
        type: str
      owner:
        description: The owner's name or number.
        type: str
        default: root
      group:
        description: The group's name or number.
        type: str
        default: root
      mode:
        description:
          - Four octal digits in quotes. Without it an existing file keeps its mode; a new file gets V(0644), a secret
            one V(0600), a directory V(0755).
        type: str
      validate:
        description: A command that ends with 0 where the file is right. C(%s) stands for the file. No shell is used.
        type: str
      secret:
        description: Whether the content must never be shown in a difference.
        type: bool
        default: false
      backup:
        description: Whether the old content is kept beside the file, with the ending C(.before).
        type: bool
        default: false
      trim_blocks:
        description: Whether the newline after a Jinja block is removed.
        type: bool
        default: true
      lstrip_blocks:
        description: Whether blanks before a Jinja block are removed.
        type: bool
        default: false
  contents:
    description: The rendered contents by path, in base64. The action plugin sets this.
    type: dict
    default: {}
attributes:
  check_mode:
    support: full
    description: Reports what a run would change, and changes nothing.
  diff_mode:
    support: full
    description: Shows the content, owner, group and mode of each path that changes, but no secret content.
"""

EXAMPLES = r"""
- name: Write the load balancer's configuration
  freeagentics.platform.config_files:
    files:
      - path: /etc/haproxy/errors
        state: directory
        mode: "0755"
      - path: /etc/haproxy/haproxy.cfg
        template: etc/haproxy/haproxy.cfg
        mode: "0640"
        group: haproxy
        validate: haproxy -c -f %s
      - path: /etc/haproxy/site.pem
        content: "{{ haproxy_certificate }}"
        mode: "0600"
        secret: true
      - path: /etc/haproxy/old.cfg
        state: absent
  notify: Reload haproxy
"""

RETURN = r"""
changed_paths:
  description: The paths that changed, in the order of the list.
  returned: always
  type: list
  elements: str
  sample: [/etc/haproxy/haproxy.cfg]
"""

import grp
import os
import pwd
import shlex
import shutil
import stat
import tempfile
from typing import Any, Callable, Dict, List, Optional, Tuple

from ansible.module_utils.basic import AnsibleModule

from ansible_collections.freeagentics.platform.plugins.module_utils.config_files.plan import (
    ABSENT,
    ATTRIBUTES,
    DIRECTORY,
    FILE,
    LINK,
    MAKE_DIRECTORY,
    MAKE_LINK,
    OTHER,
    REMOVE,
    WRITE,
    ConfigFilesError,
    Found,
    Step,
    Wanted,
    diff,
    mode_after,
    mount_points,
    parse,
    plan,
)

#: Runs a command without a shell; returns its exit code and what it printed.
Run = Callable[[List[str]], Tuple[int, str]]


def look(path: str) -> Found:
    """Return what is at a path; a link to a directory counts as that directory."""
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return Found(ABSENT)
    kind, content, target = OTHER, b"", ""
    if stat.S_ISLNK(status.st_mode):
        kind, target = LINK, os.readlink(path)
    elif stat.S_ISDIR(status.st_mode):
        kind = DIRECTORY
    elif stat.S_ISREG(status.st_mode):
        kind = FILE
        with open(path, "rb") as file:
            content = file.read()
    return Found(kind, content, target, _owner(status.st_uid), _group(status.st_gid), stat.S_IMODE(status.st_mode))


def look_for(wanted: Wanted) -> Found:
    """Return what is where something is wanted; a link to a directory is as good as the directory."""
    if wanted.state == DIRECTORY and os.path.islink(wanted.path) and os.path.isdir(wanted.path):
        return look(os.path.realpath(wanted.path))
    return look(wanted.path)


def _owner(number: int) -> str:
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)


def with_names(wanted: Wanted) -> Wanted:
    """Return the same file with the names of owner and group where they were given as numbers."""
    owner = _owner(int(wanted.owner)) if wanted.owner.isdigit() else wanted.owner
    group = _group(int(wanted.group)) if wanted.group.isdigit() else wanted.group
    return Wanted(**{**vars(wanted), "owner": owner, "group": group})


def numbers(path: str, owner: str, group: str) -> Tuple[int, int]:
    """Return the numbers of a user and a group.

    :raises ConfigFilesError: the host does not know one of them.
    """
    try:
        user = int(owner) if owner.isdigit() else pwd.getpwnam(owner).pw_uid
    except KeyError:
        raise ConfigFilesError(f"{path}: there is no user {owner} on this host; create it before this task") from None
    try:
        return user, int(group) if group.isdigit() else grp.getgrnam(group).gr_gid
    except KeyError:
        raise ConfigFilesError(f"{path}: there is no group {group} on this host; create it before this task") from None


class Files:
    """Applies steps, and takes them back where a later one fails.

    :param run: runs the programs that validate.
    :param mounted: files that are mount points, which are written in place.
    """

    def __init__(self, run: Run, mounted: Tuple[str, ...]) -> None:
        self._run = run
        self._mounted = mounted

    def apply(self, steps: Tuple[Step, ...]) -> None:
        """Do all steps in their order.

        :raises ConfigFilesError: one cannot be done; those before it have been taken back.
        """
        done: List[Step] = []
        try:
            for step in steps:
                done.append(step)
                self._apply_step(step)
        except (ConfigFilesError, OSError) as error:
            failed = done.pop()
            for step in reversed(done):
                self._restore(step)
            raise ConfigFilesError(_sentence(failed.wanted.path, error)) from error

    def _apply_step(self, step: Step) -> None:
        wanted = step.wanted
        for action in step.actions:
            if action == WRITE:
                self._write(wanted, mode_after(step), step.found)
            elif action == MAKE_DIRECTORY:
                os.mkdir(wanted.path, 0o700)
                self._set_attributes(wanted.path, *numbers(wanted.path, wanted.owner, wanted.group), wanted.new_mode)
            elif action == ATTRIBUTES:
                self._set_attributes(wanted.path, *numbers(wanted.path, wanted.owner, wanted.group), mode_after(step))
            elif action == MAKE_LINK:
                self._link(wanted.path, wanted.target)
            elif action == REMOVE:
                self._remove(wanted.path, step.found)

    def _write(self, wanted: Wanted, mode: int, found: Found) -> None:
        directory, name = os.path.split(wanted.path)
        if not os.path.isdir(directory):
            raise ConfigFilesError(
                f"{wanted.path}: there is no directory {directory}; name it before this file with state: directory"
            )
        with tempfile.TemporaryDirectory(prefix=".config_files-", dir=directory) as private:
            new = os.path.join(private, name)
            with open(new, "xb") as file:
                file.write(wanted.content)
                file.flush()
                os.fsync(file.fileno())
            self._set_attributes(new, *numbers(wanted.path, wanted.owner, wanted.group), mode)
            self._validate(wanted, new)
            if wanted.backup and found.kind == FILE:
                shutil.copy2(wanted.path, f"{wanted.path}.before")
            self._move(new, wanted, mode)

    def _move(self, new: str, wanted: Wanted, mode: int) -> None:
        if wanted.path not in self._mounted:
            os.replace(new, wanted.path)
            return
        with open(wanted.path, "wb") as file:
            file.write(wanted.content)
        self._set_attributes(wanted.path, *numbers(wanted.path, wanted.owner, wanted.group), mode)

    def _validate(self, wanted: Wanted, new: str) -> None:
        if not wanted.validate:
            return
        command = [part.replace("%s", new) for part in shlex.split(wanted.validate)]
        code, output = self._run(command)
        if code != 0:
            said = "what it said is not shown, because the file is secret" if wanted.secret else output.strip()
            said = said.replace(new, wanted.path)
            command_line = wanted.validate.replace("%s", wanted.path)
            raise ConfigFilesError(
                f"{wanted.path}: {command_line} refused the new content, which was not put in place: {said}"
            )

    @staticmethod
    def _set_attributes(path: str, user: int, group: int, mode: int) -> None:
        status = os.stat(path)
        if (status.st_uid, status.st_gid) != (user, group):
            os.chown(path, user, group)
        os.chmod(path, mode)

    @staticmethod
    def _link(path: str, target: str) -> None:
        with tempfile.TemporaryDirectory(prefix=".config_files-", dir=os.path.dirname(path)) as private:
            new = os.path.join(private, "link")
            os.symlink(target, new)
            os.replace(new, path)

    @staticmethod
    def _remove(path: str, found: Found) -> None:
        if found.kind == DIRECTORY:
            shutil.rmtree(path)
        else:
            os.unlink(path)

    def _restore(self, step: Step) -> None:
        """Take a step back; a directory that was removed with its files stays away."""
        path, found = step.wanted.path, step.found
        if not step.actions:
            return
        if found.kind == FILE:
            old = Wanted(path, FILE, found.content, owner=found.owner, group=found.group, mode=found.mode)
            self._write(old, found.mode, found)
        elif found.kind == LINK:
            self._link(path, found.target)
        elif found.kind == DIRECTORY and step.actions == (ATTRIBUTES,):
            self._set_attributes(path, *numbers(path, found.owner, found.group), found.mode)
        elif found.kind == ABSENT and os.path.lexists(path):
            self._remove(path, look(path))


def _sentence(path: str, error: Exception) -> str:
    """What went wrong, beginning with the path."""
    if isinstance(error, ConfigFilesError):
        return str(error)
    return f"{path}: cannot be changed: {error}"


def in_words(steps: Tuple[Step, ...]) -> List[Dict[str, str]]:
    """Return the difference of all steps that change something."""
    return [diff(step) for step in steps if step.actions]


ENTRY = {
    "path": {"type": "str", "required": True},
    "template": {"type": "str"},
    "content": {"type": "str"},
    "state": {"type": "str", "choices": [FILE, DIRECTORY, ABSENT, LINK], "default": FILE},
    "target": {"type": "str"},
    "owner": {"type": "str", "default": "root"},
    "group": {"type": "str", "default": "root"},
    "mode": {"type": "str"},
    "validate": {"type": "str"},
    "secret": {"type": "bool", "default": False, "no_log": False},
    "backup": {"type": "bool", "default": False},
    "trim_blocks": {"type": "bool", "default": True},
    "lstrip_blocks": {"type": "bool", "default": False},
}
ARGUMENTS: Dict[str, Any] = {
    "files": {"type": "list", "elements": "dict", "required": True, "options": ENTRY},
    "contents": {"type": "dict", "default": {}, "no_log": True},
}


def main() -> None:
    """Read, plan, apply."""
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)

    def run(command: List[str]) -> Tuple[int, str]:
        try:
            code, out, err = module.run_command(command, handle_exceptions=False)
        except OSError as error:
            return 127, f"{command[0]}: {error.strerror}"
        return code, out + err

    message: Optional[str] = None
    steps: Tuple[Step, ...] = ()
    try:
        wanted = [with_names(one) for one in parse(module.params["files"], module.params["contents"])]
        steps = tuple(plan(one, look_for(one)) for one in wanted)
        if not module.check_mode:
            with open("/proc/self/mountinfo", encoding="utf-8") as file:
                mounted = mount_points(file.read())
            Files(run, mounted).apply(tuple(step for step in steps if step.actions))
    except ConfigFilesError as error:
        message = str(error)
    if message is not None:
        module.fail_json(msg=message)
    changed = [step.wanted.path for step in steps if step.actions]
    difference = in_words(steps) if module._diff else []
    module.exit_json(changed=bool(changed), changed_paths=changed, diff=difference)


if __name__ == "__main__":
    main()
