# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One key of the cluster store, through etcd's JSON gateway: https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway/."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any, Mapping, Optional, Sequence

from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.rest import Endpoint, RestError, call


class StoreError(Exception):
    """No member of the store answered as it should; the text says what each one said."""


class Store:
    """Asks the members of the store one after the other until one answers.

    :param members: the members, each with the user and the password.
    """

    def __init__(self, members: Sequence[Endpoint]) -> None:
        self._members = members

    def get(self, key: str) -> Optional[str]:
        """Return a key's value, None if there is no such key.

        :raises StoreError: nobody answered.
        """
        pairs = self._ask("/v3/kv/range", {"key": _encode(key)}).get("kvs") or []
        return base64.b64decode(pairs[0].get("value", "")).decode() if pairs else None

    def remove_if_empty(self, key: str) -> bool:
        """Remove a key if its value is empty, in one transaction; return whether that was so.

        :raises StoreError: nobody answered.
        """
        name = _encode(key)
        compare = [
            {"key": name, "target": "CREATE", "result": "GREATER", "create_revision": "0"},
            {"key": name, "target": "VALUE", "result": "EQUAL", "value": ""},
        ]
        success = [{"request_delete_range": {"key": name}}]
        return bool(self._ask("/v3/kv/txn", {"compare": compare, "success": success}).get("succeeded"))

    def _ask(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        said = []
        for member in self._members:
            try:
                return self._ask_one(member, path, body)
            except (RestError, StoreError) as error:
                said.append(str(error))
        raise StoreError("; ".join(said) or "no member of the cluster store is declared")

    @staticmethod
    def _ask_one(member: Endpoint, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        plain, headers = replace(member, username="", password=""), {}
        if member.username:
            login = {"name": member.username, "password": member.password}
            headers["Authorization"] = _checked(
                plain, "/v3/auth/authenticate", *call(plain, "POST", "/v3/auth/authenticate", login)
            )["token"]
        return _checked(plain, path, *call(plain, "POST", path, body, headers))


def _checked(member: Endpoint, path: str, status: int, answer: Any) -> Mapping[str, Any]:
    if status != 200 or not isinstance(answer, Mapping):
        reason = answer.get("message") or answer.get("error") if isinstance(answer, Mapping) else answer
        raise StoreError(f"{member.place}{path}: HTTP status {status}: {reason}")
    return answer


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()
