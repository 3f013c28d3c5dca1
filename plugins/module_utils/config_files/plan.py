# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What has to be done so that files are as they are wanted: pure, from what was found to steps and a diff."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any, Dict, Iterable, List, Mapping, Optional, Tuple

FILE = "file"
DIRECTORY = "directory"
LINK = "link"
ABSENT = "absent"
OTHER = "other"

#: What is done to a path; ``attributes`` are owner, group and mode.
WRITE = "write"
MAKE_DIRECTORY = "make_directory"
MAKE_LINK = "make_link"
REMOVE = "remove"
ATTRIBUTES = "attributes"

DEFAULT_MODES = {FILE: 0o644, DIRECTORY: 0o755}
SECRET_MODE = 0o600
OCTAL_MODE = re.compile(r"^0[0-7]{3,4}$")
SECRET_TEXT = "(secret)\n"
BINARY_TEXT = "(binary content)\n"
#: Blank, tab, newline and backslash are written in octal in the kernel's list of mounts.
MOUNT_ESCAPE = re.compile(r"\\([0-7]{3})")


class ConfigFilesError(Exception):
    """A file that cannot be had as wanted; the message names the path, the cause and the remedy."""


@dataclass(frozen=True)
class Wanted:
    """A path as it should be. ``mode`` is None where an existing mode is left alone."""

    path: str
    state: str = FILE
    content: bytes = b""
    target: str = ""
    owner: str = "root"
    group: str = "root"
    mode: Optional[int] = None
    validate: str = ""
    secret: bool = False
    backup: bool = False

    @property
    def new_mode(self) -> int:
        """The mode that a new file or directory gets."""
        if self.mode is not None:
            return self.mode
        return SECRET_MODE if self.secret else DEFAULT_MODES[self.state]


@dataclass(frozen=True)
class Found:
    """A path as it is. ``kind`` is file, directory, link, absent or other."""

    kind: str
    content: bytes = b""
    target: str = ""
    owner: str = ""
    group: str = ""
    mode: int = 0


@dataclass(frozen=True)
class Step:
    """What is done to one path, in this order; nothing where ``actions`` is empty."""

    wanted: Wanted
    found: Found
    actions: Tuple[str, ...]


def parse(files: Iterable[Mapping[str, Any]], contents: Mapping[str, str]) -> Tuple[Wanted, ...]:
    """Return the wanted files of a task.

    :param files: the entries as the module's documentation describes them.
    :param contents: the content of each file by its path, in base64.
    :raises ConfigFilesError: the first entry that cannot be meant so.
    """
    wanted: List[Wanted] = []
    for entry in files:
        one = _parse_entry(entry, contents)
        if any(one.path == other.path for other in wanted):
            raise ConfigFilesError(f"{one.path}: is named twice; a path can be wanted in one way only")
        wanted.append(one)
    return tuple(wanted)


def _parse_entry(entry: Mapping[str, Any], contents: Mapping[str, str]) -> Wanted:
    path = str(entry["path"])
    state = str(entry.get("state") or FILE)
    if not path.startswith("/"):
        raise ConfigFilesError(f"{path}: is not an absolute path; begin it with /")
    if state == LINK and not entry.get("target"):
        raise ConfigFilesError(f"{path}: a link needs a target; say where it points to")
    validate = str(entry.get("validate") or "")
    if validate and "%s" not in validate:
        raise ConfigFilesError(f"{path}: validate has no %s; write %s where the file to be checked belongs")
    return Wanted(
        path=path,
        state=state,
        content=_content(path, contents) if state == FILE else b"",
        target=str(entry.get("target") or ""),
        owner=str(entry.get("owner") or "root"),
        group=str(entry.get("group") or "root"),
        mode=parse_mode(path, entry.get("mode")),
        validate=validate,
        secret=bool(entry.get("secret")),
        backup=bool(entry.get("backup")),
    )


def _content(path: str, contents: Mapping[str, str]) -> bytes:
    try:
        return base64.b64decode(contents[path], validate=True)
    except (KeyError, binascii.Error):
        raise ConfigFilesError(f"{path}: has no content; give template or content") from None


def parse_mode(path: str, mode: Optional[str]) -> Optional[int]:
    """Return a mode's number: ``"0644"`` gives 0o644. None stays None.

    :raises ConfigFilesError: anything but an octal number with a leading zero, such as an unquoted 0644.
    """
    if mode is None:
        return None
    if not OCTAL_MODE.match(str(mode)):
        raise ConfigFilesError(f'{path}: {mode} is no mode; write four octal digits in quotes, such as "0644"')
    return int(str(mode), 8)


def plan(wanted: Wanted, found: Found) -> Step:
    """Return what must be done to one path.

    :raises ConfigFilesError: something of another kind is in the way.
    """
    if wanted.state == ABSENT:
        return Step(wanted, found, () if found.kind == ABSENT else (REMOVE,))
    if wanted.state == DIRECTORY:
        return Step(wanted, found, _plan_directory(wanted, found))
    if found.kind in (DIRECTORY, OTHER):
        kind = "directory" if found.kind == DIRECTORY else "device, socket or pipe"
        raise ConfigFilesError(
            f"{wanted.path}: is a {kind}, but a {wanted.state} is wanted; remove it or choose another path"
        )
    if wanted.state == LINK:
        same = found.kind == LINK and found.target == wanted.target
        return Step(wanted, found, () if same else (MAKE_LINK,))
    if found.kind != FILE or found.content != wanted.content:
        return Step(wanted, found, (WRITE,))
    return Step(wanted, found, _plan_attributes(wanted, found))


def _plan_directory(wanted: Wanted, found: Found) -> Tuple[str, ...]:
    if found.kind == ABSENT:
        return (MAKE_DIRECTORY,)
    if found.kind != DIRECTORY:
        raise ConfigFilesError(
            f"{wanted.path}: is no directory, but a directory is wanted; remove it or choose another path"
        )
    return _plan_attributes(wanted, found)


def _plan_attributes(wanted: Wanted, found: Found) -> Tuple[str, ...]:
    mode = found.mode if wanted.mode is None else wanted.mode
    same = (wanted.owner, wanted.group, mode) == (found.owner, found.group, found.mode)
    return () if same else (ATTRIBUTES,)


def mode_after(step: Step) -> int:
    """Return the mode that the path has after the step."""
    if step.wanted.mode is None and step.found.kind == step.wanted.state:
        return step.found.mode
    return step.wanted.new_mode


def diff(step: Step) -> Dict[str, str]:
    """Return before and after of a step as Ansible shows them; the content of a secret file is never in it."""
    path = step.wanted.path
    before, after = _shown_before(step), _shown_after(step)
    if step.wanted.secret and before == after:
        after = after.replace(SECRET_TEXT, "(secret, another one)\n")
    return {"before_header": path, "after_header": path, "before": before, "after": after}


def _shown_before(step: Step) -> str:
    found = step.found
    if found.kind == ABSENT:
        return ""
    if found.kind == LINK:
        return f"link to {found.target}\n"
    attributes = _shown_attributes(found.owner, found.group, found.mode) if _attributes_change(step) else ""
    if found.kind == FILE:
        return attributes + ("" if step.actions == (ATTRIBUTES,) else _shown_content(found.content, step.wanted.secret))
    return attributes or f"{found.kind}\n"


def _shown_after(step: Step) -> str:
    wanted = step.wanted
    if wanted.state == ABSENT:
        return ""
    if wanted.state == LINK:
        return f"link to {wanted.target}\n"
    attributes = ""
    if _attributes_change(step):
        attributes = _shown_attributes(wanted.owner, wanted.group, mode_after(step))
    if wanted.state == FILE and step.actions != (ATTRIBUTES,):
        return attributes + _shown_content(wanted.content, wanted.secret)
    return attributes


def _attributes_change(step: Step) -> bool:
    wanted, found = step.wanted, step.found
    if wanted.state in (ABSENT, LINK):
        return False
    return (wanted.owner, wanted.group, mode_after(step)) != (found.owner, found.group, found.mode)


def _shown_attributes(owner: str, group: str, mode: int) -> str:
    return f"owner={owner} group={group} mode={mode:04o}\n"


def _shown_content(content: bytes, secret: bool) -> str:
    if secret:
        return SECRET_TEXT
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return BINARY_TEXT


def mount_points(mountinfo: str) -> Tuple[str, ...]:
    """Return the mount points of ``/proc/self/mountinfo``: such a file cannot be renamed, only written in place."""
    fields = (line.split() for line in mountinfo.splitlines())
    return tuple(
        MOUNT_ESCAPE.sub(lambda match: chr(int(match.group(1), 8)), field[4]) for field in fields if len(field) > 4
    )
