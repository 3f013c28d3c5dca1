# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.etcd.auth import (
    NOTHING,
    AuthError,
    Found,
    Permission,
    Role,
    User,
    check,
    data,
    parse_permissions,
    permission,
    plan,
    text,
)

ROOT = User("root", "s3cret", ("root",))
PATRONI = User("patroni", "pa55word", ("patroni",))
SERVICE = Role("patroni", ("/service/",))
READY = Found(
    True,
    {"root": ("root",), "patroni": ("patroni",)},
    {"patroni": (permission("/service/"),)},
    frozenset({"root", "patroni"}),
)


def lines(found, users=(ROOT, PATRONI), roles=(SERVICE,)):
    return [call.line for call in plan(users, roles, found)]


def test_a_new_cluster_gets_everything_and_authentication_last():
    calls = plan([ROOT, PATRONI], [SERVICE], NOTHING)
    assert [(call.path, call.body) for call in calls] == [
        ("auth/role/add", {"name": "patroni"}),
        (
            "auth/role/grant",
            {"name": "patroni", "perm": {"permType": "READWRITE", "key": "L3NlcnZpY2Uv", "range_end": "L3NlcnZpY2Uw"}},
        ),
        ("auth/user/add", {"name": "patroni", "password": "pa55word"}),
        ("auth/user/grant", {"user": "patroni", "role": "patroni"}),
        ("auth/user/add", {"name": "root", "password": "s3cret"}),
        ("auth/user/grant", {"user": "root", "role": "root"}),
        ("auth/enable", {}),
    ]
    assert [call.line for call in calls] == [
        "role patroni: added",
        "role patroni: may read and write what begins with /service/",
        "user patroni: added",
        "user patroni: has the role patroni",
        "user root: added",
        "user root: has the role root",
        "authentication: enabled",
    ]


def test_nothing_is_left_to_do_where_all_is_as_wanted():
    assert plan([ROOT, PATRONI], [SERVICE], READY) == ()


def test_others_users_and_roles_are_left_alone():
    others = Found(True, {**READY.users, "ops": ("root",)}, {**READY.roles, "ops": ()}, READY.known_passwords)
    assert plan([ROOT, PATRONI], [SERVICE], others) == ()


@pytest.mark.parametrize(
    ("known", "wanted"),
    [
        ({"root"}, ["user patroni: the password changed"]),
        ({"patroni"}, ["user root: the password changed"]),
        # Whose password changes is logged out, so root comes last.
        (set(), ["user patroni: the password changed", "user root: the password changed"]),
    ],
)
def test_passwords_change(known, wanted):
    assert lines(Found(True, READY.users, READY.roles, frozenset(known))) == wanted


def test_an_interrupted_run_is_finished():
    half = Found(False, {"patroni": ()}, {"patroni": ()}, frozenset())
    assert lines(half) == [
        "role patroni: may read and write what begins with /service/",
        "user patroni: has the role patroni",
        "user patroni: the password changed",
        "user root: added",
        "user root: has the role root",
        "authentication: enabled",
    ]


def test_what_is_no_longer_wanted_is_taken():
    found = Found(
        True,
        {"root": ("root",), "patroni": ("patroni", "root")},
        {"patroni": (permission("/service/"), permission("/other/"))},
        READY.known_passwords,
    )
    calls = plan([ROOT, PATRONI], [SERVICE], found)
    assert [(call.path, call.body) for call in calls] == [
        ("auth/role/revoke", {"role": "patroni", "key": text(b"/other/"), "range_end": text(b"/other0")}),
        ("auth/user/revoke", {"name": "patroni", "role": "root"}),
    ]
    assert [call.line for call in calls] == [
        "role patroni: may no longer use what begins with /other/",
        "user patroni: no longer has the role root",
    ]


def test_a_permission_of_another_kind_is_replaced_not_taken():
    reads = Permission("READ", b"/service/", b"/service0")
    found = Found(True, READY.users, {"patroni": (reads,)}, READY.known_passwords)
    assert lines(found) == ["role patroni: may read and write what begins with /service/"]


def test_no_line_tells_a_password():
    shown = "".join(lines(NOTHING) + lines(Found(True, READY.users, READY.roles, frozenset())))
    assert "s3cret" not in shown
    assert "pa55word" not in shown


@pytest.mark.parametrize(
    ("prefix", "end"),
    [("/service/", b"/service0"), ("a", b"b"), ("az", b"a{"), ("\x7f", b"\x80"), ("ä", b"\xc3\xa5")],
)
def test_a_prefix_ends_before_the_next_one(prefix, end):
    assert permission(prefix) == Permission("READWRITE", prefix.encode(), end)


def test_permissions_are_read_as_json_has_them():
    document = {
        "perm": [{"permType": "READWRITE", "key": "L3NlcnZpY2Uv", "range_end": "L3NlcnZpY2Uw"}, {"key": "YQ=="}]
    }
    assert parse_permissions(document) == (permission("/service/"), Permission("READ", b"a", b""))
    assert parse_permissions({}) == ()


@pytest.mark.parametrize("value", [b"", b"/service/", bytes(range(256))])
def test_bytes_come_back_as_they_were(value):
    assert data(text(value)) == value


@pytest.mark.parametrize(
    ("users", "roles", "message"),
    [
        ([ROOT, PATRONI], [], "users.patroni: there is no role patroni: add it to roles"),
        ([ROOT, User("patroni", "", ())], [], "users.patroni: the password is empty: give one"),
        (
            [PATRONI],
            [SERVICE],
            "users: etcd enables authentication only with the user root that has the role root: add it",
        ),
        ([ROOT], [Role("root", ("/",))], "roles.root: the role root is etcd's own: leave it out"),
        ([ROOT], [Role("all", ("",))], "roles.all: an empty prefix means every key: name what the role is for"),
    ],
)
def test_what_cannot_be_is_refused(users, roles, message):
    with pytest.raises(AuthError) as raised:
        check(users, roles)
    assert str(raised.value) == message


def test_what_can_be_is_not_refused():
    check([ROOT, PATRONI], [SERVICE])
