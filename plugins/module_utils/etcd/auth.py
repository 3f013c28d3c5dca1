# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which calls bring users, roles and authentication of etcd from what is found to what is wanted."""

from __future__ import annotations

from base64 import b64decode, b64encode
from dataclasses import dataclass
from typing import AbstractSet, Any, Iterable, List, Mapping, Sequence, Tuple

#: The superuser and its role: etcd enables authentication only where it has them.
ROOT = "root"
READ_WRITE = "READWRITE"


class AuthError(Exception):
    """What is wanted cannot be; the text says why and what to write instead."""


@dataclass(frozen=True)
class User:
    """A user with the roles that it shall have, no others."""

    name: str
    password: str
    roles: Tuple[str, ...]


@dataclass(frozen=True)
class Role:
    """A role that may read and write every key that begins with one of its prefixes, no others."""

    name: str
    prefixes: Tuple[str, ...]


@dataclass(frozen=True)
class Permission:
    """A permission as etcd keeps it: for the keys from ``key`` to before ``range_end``."""

    kind: str
    key: bytes
    range_end: bytes


@dataclass(frozen=True)
class Found:
    """What etcd has. ``known_passwords`` are the users who logged in with the passwords that are wanted."""

    enabled: bool
    users: Mapping[str, Tuple[str, ...]]
    roles: Mapping[str, Tuple[Permission, ...]]
    known_passwords: AbstractSet[str]


NOTHING = Found(False, {}, {}, frozenset())


@dataclass(frozen=True)
class Call:
    """A call of the gateway and what it does, in words without secrets."""

    path: str
    body: Mapping[str, Any]
    line: str


def check(users: Sequence[User], roles: Sequence[Role]) -> None:
    """Look for what cannot be.

    :raises AuthError: a role is missing, a password or a prefix is empty, or the superuser is none.
    """
    names = [role.name for role in roles]
    for user in users:
        unknown = sorted(set(user.roles) - {ROOT, *names})
        if unknown:
            raise AuthError(f"users.{user.name}: there is no role {', '.join(unknown)}: add it to roles")
        if not user.password:
            raise AuthError(f"users.{user.name}: the password is empty: give one")
    if not any(user.name == ROOT and ROOT in user.roles for user in users):
        raise AuthError("users: etcd enables authentication only with the user root that has the role root: add it")
    for role in roles:
        if role.name == ROOT:
            raise AuthError("roles.root: the role root is etcd's own: leave it out")
        if not all(role.prefixes):
            raise AuthError(f"roles.{role.name}: an empty prefix means every key: name what the role is for")


def plan(users: Sequence[User], roles: Sequence[Role], found: Found) -> Tuple[Call, ...]:
    """Return the calls, authentication last. Users and roles that nobody named are left alone."""
    calls: List[Call] = []
    for role in roles:
        calls += _role(role, found)
    # A user whose password changes is logged out, and root is who makes these calls: so root comes last.
    for user in sorted(users, key=lambda user: user.name == ROOT):
        calls += _user(user, found)
    if not found.enabled:
        calls.append(Call("auth/enable", {}, "authentication: enabled"))
    return tuple(calls)


def _role(role: Role, found: Found) -> Iterable[Call]:
    if role.name not in found.roles:
        yield Call("auth/role/add", {"name": role.name}, f"role {role.name}: added")
    wanted = {permission(prefix): prefix for prefix in role.prefixes}
    has = found.roles.get(role.name, ())
    for one, prefix in wanted.items():
        if one not in has:
            entry = {"permType": one.kind, "key": text(one.key), "range_end": text(one.range_end)}
            line = f"role {role.name}: may read and write what begins with {prefix}"
            yield Call("auth/role/grant", {"name": role.name, "perm": entry}, line)
    for one in has:
        if one not in wanted and (one.key, one.range_end) not in {(new.key, new.range_end) for new in wanted}:
            body = {"role": role.name, "key": text(one.key), "range_end": text(one.range_end)}
            line = f"role {role.name}: may no longer use what begins with {one.key.decode(errors='replace')}"
            yield Call("auth/role/revoke", body, line)


def _user(user: User, found: Found) -> Iterable[Call]:
    if user.name not in found.users:
        yield Call("auth/user/add", {"name": user.name, "password": user.password}, f"user {user.name}: added")
    has = found.users.get(user.name, ())
    for role in user.roles:
        if role not in has:
            yield Call("auth/user/grant", {"user": user.name, "role": role}, f"user {user.name}: has the role {role}")
    for role in has:
        if role not in user.roles:
            line = f"user {user.name}: no longer has the role {role}"
            yield Call("auth/user/revoke", {"name": user.name, "role": role}, line)
    if user.name in found.users and user.name not in found.known_passwords:
        body = {"name": user.name, "password": user.password}
        yield Call("auth/user/changepw", body, f"user {user.name}: the password changed")


def permission(prefix: str) -> Permission:
    """Return the permission for every key that begins with a prefix.

    The range ends before the prefix whose last byte is one higher (etcd, "KV API guarantees"; ``--prefix`` of etcdctl).
    """
    key = prefix.encode()
    cut = key.rstrip(b"\xff")
    end = cut[:-1] + bytes([cut[-1] + 1]) if cut else b"\0"
    return Permission(READ_WRITE, key, end)


def parse_permissions(document: Mapping[str, Any]) -> Tuple[Permission, ...]:
    """Return the permissions in an answer of ``auth/role/get``. JSON leaves out READ, whose number is 0."""
    return tuple(
        Permission(str(entry.get("permType", "READ")), data(entry.get("key", "")), data(entry.get("range_end", "")))
        for entry in document.get("perm", ())
    )


def text(value: bytes) -> str:
    """Return bytes as the gateway takes them."""
    return b64encode(value).decode("ascii")


def data(value: str) -> bytes:
    """Return the bytes that the gateway gave as text."""
    return b64decode(value)
