# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether a host needs a new certificate, decided from what openssl says of the one that it has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import FrozenSet, Optional, Sequence

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class Wanted:
    """What a certificate shall vouch for. ``addresses`` are IP addresses as text."""

    names: FrozenSet[str]
    addresses: FrozenSet[str]
    renew_before: timedelta


@dataclass(frozen=True)
class Found:
    """What is there. ``chains`` says whether the CA vouches for it, ``fits_key`` whether the key is its own."""

    names: FrozenSet[str]
    addresses: FrozenSet[str]
    not_after: datetime
    chains: bool
    fits_key: bool


def reason_to_renew(wanted: Wanted, found: Optional[Found], now: datetime) -> str:
    """Return why a new certificate is needed, or the empty text.

    :param now: the present time, with a time zone.
    """
    if found is None:
        return "there is none"
    if not found.fits_key:
        return "it does not belong to the key"
    if not found.chains:
        return "the CA does not vouch for it"
    if (found.names, found.addresses) != (wanted.names, wanted.addresses):
        return f"it is for {_listed(found.names | found.addresses)}, not for {_listed(wanted.names | wanted.addresses)}"
    if found.not_after - now < wanted.renew_before:
        return f"it ends on {found.not_after:%Y-%m-%d}, within {wanted.renew_before.days} days"
    return ""


def _listed(values: FrozenSet[str]) -> str:
    return ", ".join(sorted(values))


def parse_not_after(text: str) -> datetime:
    """Read the line ``notAfter=Nov 23 05:00:00 2027 GMT`` of ``openssl x509 -enddate``, whatever the locale.

    :raises ValueError: there is no such line.
    """
    match = re.search(r"notAfter=(\w{3})\s+(\d+) (\d+):(\d+):(\d+) (\d{4}) GMT", text)
    if not match or match.group(1) not in _MONTHS:
        raise ValueError(f"no notAfter in {text!r}")
    day, hour, minute, second, year = (int(part) for part in match.groups()[1:])
    return datetime(year, _MONTHS.index(match.group(1)) + 1, day, hour, minute, second, tzinfo=timezone.utc)


def parse_alternative_names(text: str) -> tuple[FrozenSet[str], FrozenSet[str]]:
    """Return names and addresses of ``openssl x509 -ext subjectAltName``; addresses as openssl prints them."""
    names = frozenset(re.findall(r"DNS:([^\s,]+)", text))
    return names, frozenset(re.findall(r"IP Address:([^\s,]+)", text))


def alternative_names(names: Sequence[str], addresses: Sequence[str]) -> str:
    """Return the extension's value for ``openssl req -addext`` (RFC 5280, section 4.2.1.6)."""
    return ",".join([*(f"DNS:{name}" for name in names), *(f"IP:{address}" for address in addresses)])
