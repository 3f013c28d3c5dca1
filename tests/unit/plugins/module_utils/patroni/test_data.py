# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Nothing is initialised over data that could be somebody's, and a first start that died can begin again."""

from __future__ import annotations

import struct

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.patroni.data import (
    FIRST_START,
    LEFTOVER,
    READY,
    DataError,
    Found,
    judge,
    system_identifier,
)

DIRECTORY, SCOPE = "/data/main", "here"
DATA = ("PG_VERSION", "base", "global")


def test_the_identifier_is_the_first_field():
    assert system_identifier(struct.pack("=Q", 7712444066803489225) + b"rest") == "7712444066803489225"


@pytest.mark.parametrize("control", [b"", b"1234567"])
def test_a_file_that_is_too_short_has_none(control):
    assert system_identifier(control) == ""


@pytest.mark.parametrize(
    ("found", "stored", "adopt", "verdict"),
    [
        (Found(), None, "", FIRST_START),
        (Found(()), "77", "", FIRST_START),
        (Found((), marked=True), "", "", FIRST_START),
        (Found(DATA, "77", configured=True), "77", "", READY),
        (Found(DATA, "77", active=True), None, "", READY),
        (Found(DATA, "77"), None, "77", READY),
        (Found(DATA, "77"), "88", "77", READY),
        # Half a copy has no pg_control yet, which pg_basebackup writes last.
        (Found(("base",), marked=True), "77", "", LEFTOVER),
        (Found(("base",), marked=True), None, "", LEFTOVER),
        # initdb was done, and Patroni died before it said so.
        (Found(DATA, "77", marked=True, configured=True), "", "", LEFTOVER),
    ],
)
def test_verdict(found, stored, adopt, verdict):
    assert judge(DIRECTORY, SCOPE, found, stored, adopt) == verdict


WAY_OUT = (
    "Nothing was changed. If its data is not needed, move the directory away and run again: the host gets a copy of "
    "here. If it is the data of here, run again with -e postgres_adopt_system_identifier=77"
)


@pytest.mark.parametrize(
    ("found", "stored", "message"),
    [
        (
            Found(DATA, "77", configured=True),
            "88",
            "/data/main holds a database cluster with the system identifier 77; cluster here has the identifier 88. "
            + WAY_OUT,
        ),
        (
            Found(DATA, "77", marked=True),
            None,
            "/data/main holds a database cluster with the system identifier 77; the cluster store knows no cluster "
            "here. " + WAY_OUT,
        ),
        (
            Found(DATA, "77"),
            "77",
            "/data/main holds a database cluster with the system identifier 77; cluster here has it too, but Patroni "
            "is not configured for it on this host. " + WAY_OUT,
        ),
        (
            Found(("a", "b", "c", "d", "e", "f")),
            "77",
            "/data/main is not empty and no database cluster: a, b, c, d, e. Nothing was changed. Move its content "
            "away, then run again",
        ),
    ],
)
def test_refusal(found, stored, message):
    with pytest.raises(DataError) as error:
        judge(DIRECTORY, SCOPE, found, stored, "")
    assert str(error.value) == message


def test_another_identifier_adopts_nothing():
    with pytest.raises(DataError):
        judge(DIRECTORY, SCOPE, Found(DATA, "77"), None, "78")


def test_nothing_without_an_identifier_is_adopted_by_an_empty_one():
    with pytest.raises(DataError):
        judge(DIRECTORY, SCOPE, Found(("notes.txt",), configured=True), "", "")
