# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which commands bring a host's accounts from what was found to what is wanted; pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterable, List, Mapping, Optional, Tuple

Command = Tuple[str, ...]


@dataclass(frozen=True)
class User:
    """An account of a person or a tool as it is wanted. ``groups`` are those beside its own group."""

    name: str
    comment: str = ""
    shell: str = "/bin/bash"
    groups: Tuple[str, ...] = ()
    present: bool = True


@dataclass(frozen=True)
class Account:
    """An account as it is."""

    comment: str
    shell: str
    groups: Tuple[str, ...]


def plan(wanted: Iterable[User], found: Mapping[str, Account]) -> Tuple[Command, ...]:
    """Return the commands that are needed, in the order of the users.

    Passwords are locked: such accounts log in with a key. A removed account keeps its home directory.
    Groups that an account has and that are not wanted are taken away.
    """
    commands = (_command(user, found.get(user.name)) for user in wanted)
    return tuple(command for command in commands if command)


def _command(user: User, account: Optional[Account]) -> Command:
    if not user.present:
        return ("userdel", user.name) if account else ()
    groups = ",".join(sorted(user.groups))
    if account is None:
        options = ["--create-home", "--user-group", "--password", "*", "--shell", user.shell]
        return ("useradd", *options, "--comment", user.comment, "--groups", groups, user.name)
    options = _differences(user, account, groups)
    return ("usermod", *options, user.name) if options else ()


def _differences(user: User, account: Account, groups: str) -> List[str]:
    options: List[str] = []
    if user.shell != account.shell:
        options += ["--shell", user.shell]
    if user.comment != account.comment:
        options += ["--comment", user.comment]
    if groups != ",".join(sorted(account.groups)):
        options += ["--groups", groups]
    return options
