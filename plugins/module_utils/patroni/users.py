# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Which users of a server differ from what is declared, without sending a password anywhere.

PostgreSQL keeps of a password ``SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>``; both keys follow from the
password (RFC 5802, section 3, with SHA-256), so that it can be compared.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from typing import Any, Dict, List, Mapping, Sequence, Tuple

_VERIFIER = re.compile(r"SCRAM-SHA-256\$(\d+):([^$]+)\$([^:]+):(.+)")


def matches(verifier: str, password: str) -> bool:
    """Return whether what the server keeps was made of a password of ASCII characters.

    >>> matches("", "secret")
    False
    """
    found = _VERIFIER.fullmatch(verifier)
    if not found:
        return False
    salt = base64.b64decode(found.group(2))
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, int(found.group(1)))
    stored = hashlib.sha256(hmac.new(salted, b"Client Key", hashlib.sha256).digest()).digest()
    server = hmac.new(salted, b"Server Key", hashlib.sha256).digest()
    return _same(stored, found.group(3)) and _same(server, found.group(4))


def _same(key: bytes, text: str) -> bool:
    return hmac.compare_digest(base64.b64encode(key).decode(), text)


def differing(wanted: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]) -> List[Mapping[str, Any]]:
    """Return the users that are missing or have another password or other attributes.

    :param wanted: records with ``name``, ``password`` and ``attributes``, a list like ``[LOGIN, NOCREATEDB]``.
    :param found: rows of pg_authid.
    """
    known: Dict[str, Mapping[str, Any]] = {row["rolname"]: row for row in found}
    return [user for user in wanted if user["name"] not in known or _differs(user, known[user["name"]])]


#: The column of pg_authid for each attribute.
_COLUMNS: Mapping[str, str] = {
    "SUPERUSER": "rolsuper",
    "CREATEROLE": "rolcreaterole",
    "CREATEDB": "rolcreatedb",
    "LOGIN": "rolcanlogin",
    "REPLICATION": "rolreplication",
    "BYPASSRLS": "rolbypassrls",
}


def _attribute(text: str) -> Tuple[str, bool]:
    return (text, True) if text in _COLUMNS else (text[2:], False)


def _differs(user: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    attributes = [_attribute(text) for text in user["attributes"]]
    if any(bool(row[_COLUMNS[name]]) is not value for name, value in attributes):
        return True
    return not matches(row["rolpassword"] or "", user["password"])
