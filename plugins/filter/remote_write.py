# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which secrets stand in what Prometheus is told of stores of samples."""

from __future__ import annotations

import re
from collections.abc import Mapping

#: Keys whose value is a secret, wherever they are. Each that has a file instead has a name of its own for that.
SECRETS = {
    "bearer_token",
    "client_certificate_key",
    "client_secret",
    "credentials",
    "key",
    "password",
    "secret_key",
    "secrets",
}
#: Keys with headers by name, and what the names of those have that let somebody in.
HEADERS = {"headers", "http_headers", "proxy_connect_header"}
LETS_IN = re.compile("auth|cookie|key|password|secret|token", re.IGNORECASE)
#: A URL with a user, and mostly a password.
USER = re.compile(r"[a-z][a-z0-9+.-]*://[^/]*@", re.IGNORECASE)


def remote_write_secrets(stores):
    """Return where secrets stand in a list of stores, and not what they are."""
    return [place for number, store in enumerate(stores) for place in _places(store, f"[{number}]")]


def _places(value, place):
    if isinstance(value, Mapping):
        for key, below in value.items():
            there = f"{place}.{key}"
            if key in SECRETS and below:
                yield there
            elif key in HEADERS and isinstance(below, Mapping):
                yield from _headers(below, there)
            else:
                yield from _places(below, there)
    elif isinstance(value, (list, tuple)):
        for number, below in enumerate(value):
            yield from _places(below, f"{place}[{number}]")
    elif isinstance(value, str) and USER.match(value):
        yield place


def _headers(headers, place):
    """Yield the headers that hold a secret: by what they are called, or as they say so themselves."""
    for name, said in headers.items():
        # Of http_headers; the others have the value itself.
        kinds = said if isinstance(said, Mapping) else {"values": said}
        if kinds.get("secrets") or (kinds.get("values") and LETS_IN.search(str(name))):
            yield f"{place}.{name}"


class FilterModule:
    """The filters of this file."""

    def filters(self):
        """Return the filters by name."""
        return {"remote_write_secrets": remote_write_secrets}
