# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Passwords are compared with what the server keeps of them, and users with their attributes."""

from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.patroni.users import differing, matches

#: The example of RFC 7677, section 3, as PostgreSQL keeps it.
PENCIL = (
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
)
ROW = {
    "rolname": "app",
    "rolpassword": PENCIL,
    "rolsuper": False,
    "rolcreaterole": False,
    "rolcreatedb": False,
    "rolcanlogin": True,
    "rolreplication": False,
    "rolbypassrls": False,
}
USER = {"name": "app", "password": "pencil", "attributes": ["LOGIN", "NOSUPERUSER", "NOREPLICATION"]}


@pytest.mark.parametrize(
    ("verifier", "password", "same"),
    [
        (PENCIL, "pencil", True),
        (PENCIL, "Pencil", False),
        ("md5a3556571e93b0d20722ba62be61e8c2d", "pencil", False),
        ("", "pencil", False),
    ],
)
def test_matches(verifier, password, same):
    assert matches(verifier, password) is same


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({}, False),
        ({"rolpassword": None}, True),
        ({"rolname": "other"}, True),
        ({"rolsuper": True}, True),
        ({"rolcanlogin": False}, True),
        ({"rolreplication": True}, True),
        # An attribute that is not declared is left alone.
        ({"rolcreatedb": True}, False),
    ],
)
def test_differing(change, differs):
    assert differing([USER], [{**ROW, **change}]) == ([USER] if differs else [])
