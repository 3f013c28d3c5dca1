"""When a certificate is renewed, and how openssl's words are read."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.pki.certificates import (
    Found,
    Wanted,
    alternative_names,
    parse_alternative_names,
    parse_not_after,
    reason_to_renew,
)

NOW = datetime(2026, 11, 23, tzinfo=timezone.utc)
NAMES = frozenset({"db1"})
ADDRESSES = frozenset({"10.0.20.10"})
WANTED = Wanted(NAMES, ADDRESSES, timedelta(days=30))
LATER = NOW + timedelta(days=200)


@pytest.mark.parametrize(
    ("found", "reason"),
    [
        (None, "there is none"),
        (Found(NAMES, ADDRESSES, LATER, True, True), ""),
        (Found(NAMES, ADDRESSES, LATER, True, False), "it does not belong to the key"),
        (Found(NAMES, ADDRESSES, LATER, False, True), "the CA does not vouch for it"),
        (Found(frozenset({"db2"}), ADDRESSES, LATER, True, True), "it is for 10.0.20.10, db2, not for 10.0.20.10, db1"),
        (Found(NAMES, frozenset(), LATER, True, True), "it is for db1, not for 10.0.20.10, db1"),
        (Found(NAMES, ADDRESSES, NOW + timedelta(days=29), True, True), "it ends on 2026-12-22, within 30 days"),
        (Found(NAMES, ADDRESSES, NOW + timedelta(days=30), True, True), ""),
    ],
)
def test_the_reason_to_renew(found, reason):
    assert reason_to_renew(WANTED, found, NOW) == reason


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("notAfter=Nov 23 05:06:07 2027 GMT\n", datetime(2027, 11, 23, 5, 6, 7, tzinfo=timezone.utc)),
        ("notAfter=Jan  1 00:00:00 2030 GMT", datetime(2030, 1, 1, tzinfo=timezone.utc)),
    ],
)
def test_the_end_is_read(text, expected):
    assert parse_not_after(text) == expected


def test_a_text_without_an_end_is_refused():
    with pytest.raises(ValueError, match="no notAfter in 'nothing'"):
        parse_not_after("nothing")


def test_names_and_addresses_are_read():
    text = (
        "X509v3 Subject Alternative Name: \n"
        "    DNS:db1.internal, DNS:db1, IP Address:10.0.20.10, IP Address:FD00:10:0:20:0:0:0:10\n"
    )
    assert parse_alternative_names(text) == (
        frozenset({"db1.internal", "db1"}),
        frozenset({"10.0.20.10", "FD00:10:0:20:0:0:0:10"}),
    )


def test_names_and_addresses_are_asked_for():
    assert alternative_names(["db1"], ["10.0.20.10", "fd00::1"]) == "DNS:db1,IP:10.0.20.10,IP:fd00::1"
