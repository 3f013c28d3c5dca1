# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Keys of the cluster store, through etcd's JSON gateway: https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway/."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass, replace
from typing import Any, Dict, List, Mapping, Optional, Sequence

from ansible_collections.freeagentics.platform.plugins.module_utils.patroni_io.rest import Endpoint, RestError, call

#: Seconds after which a store that gave no answer is asked again.
AGAIN = 0.3


class StoreError(Exception):
    """No member of the store answered as it should; the text says what each one said."""


class Denied(StoreError):
    """It would be no use to ask again."""


@dataclass(frozen=True)
class Entry:
    """What the store has under a key: its value, the revision at which it was made, and the lease that it ends with."""

    value: str
    revision: int
    lease: int = 0


class Store:
    """Asks the members of the store one after the other until one answers.

    A store answers nothing while it elects a leader of its own. What only reads is asked again until then. A change is
    asked of each member once: where it is told not to have been made, one that did not answer may have made it.

    :param members: the members, each with the user and the password.
    :param patience: for how many seconds a question is asked again.
    """

    def __init__(self, members: Sequence[Endpoint], patience: float = 0.0) -> None:
        self._members = list(members)
        self._patience = patience
        self._tokens: Dict[Endpoint, str] = {}

    def get(self, key: str) -> Optional[str]:
        """Return a key's value, None if there is no such key.

        :raises StoreError: nobody answered.
        """
        pairs = self._read("/v3/kv/range", {"key": _encode(key)}).get("kvs") or []
        return _decode(pairs[0].get("value", "")) if pairs else None

    def under(self, prefix: str) -> Dict[str, Entry]:
        """Return everything under a prefix, by what follows it.

        :raises StoreError: nobody answered.
        """
        # The end of the range is the first key that is behind all those with the prefix.
        end = prefix[:-1] + chr(ord(prefix[-1]) + 1)
        pairs = self._read("/v3/kv/range", {"key": _encode(prefix), "range_end": _encode(end)}).get("kvs") or []
        return {
            _decode(pair["key"])[len(prefix) :]: Entry(
                _decode(pair.get("value", "")), int(pair["create_revision"]), int(pair.get("lease", 0))
            )
            for pair in pairs
        }

    def seconds_left(self, lease: int) -> float:
        """Return how long a lease still runs, in seconds; 0 where it has run out.

        :raises StoreError: nobody answered.
        """
        return max(0.0, float(self._read("/v3/lease/timetolive", {"ID": str(lease)}).get("TTL", 0)))

    def change_if_still(
        self, key: str, entry: Optional[Entry], remove: Sequence[str] = (), put: Optional[Mapping[str, str]] = None
    ) -> bool:
        """Remove and write keys if one is still what was seen, all in one transaction; return whether that was so.

        A key that was removed and made anew is another one, and so is one that hangs on another lease.

        :param entry: what was seen, None where there was no such key.
        :raises StoreError: nobody answered.
        """
        name = _encode(key)
        compare: List[Dict[str, str]] = [
            {"key": name, "target": "CREATE", "result": "EQUAL", "create_revision": str(entry.revision if entry else 0)}
        ]
        if entry is not None:
            compare.append({"key": name, "target": "VALUE", "result": "EQUAL", "value": _encode(entry.value)})
            compare.append({"key": name, "target": "LEASE", "result": "EQUAL", "lease": str(entry.lease)})
        success: List[Dict[str, Any]] = [{"request_delete_range": {"key": _encode(one)}} for one in remove]
        for one, value in (put or {}).items():
            success.append({"request_put": {"key": _encode(one), "value": _encode(value)}})
        return bool(self._ask("/v3/kv/txn", {"compare": compare, "success": success}).get("succeeded"))

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

    def _read(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return self._ask(path, body)
            except Denied:
                raise
            except StoreError:
                if time.monotonic() + AGAIN > deadline:
                    raise
                time.sleep(AGAIN)

    def _ask(self, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        errors: List[Exception] = []
        for member in list(self._members):
            try:
                answer = self._ask_one(member, path, body)
            except (RestError, StoreError) as error:
                errors.append(error)
            else:
                # Whoever answered is asked first the next time: one that is dead takes its whole time limit.
                self._members.remove(member)
                self._members.insert(0, member)
                return answer
        kind = Denied if all(isinstance(error, Denied) for error in errors) else StoreError
        raise kind("; ".join(map(str, errors)) or "no member of the cluster store is declared")

    def _ask_one(self, member: Endpoint, path: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        plain, headers = replace(member, username="", password=""), {}
        if member.username:
            if member not in self._tokens:
                login = {"name": member.username, "password": member.password}
                answer = call(plain, "POST", "/v3/auth/authenticate", login)
                self._tokens[member] = _checked(plain, "/v3/auth/authenticate", *answer, final=(400,))["token"]
            headers["Authorization"] = self._tokens[member]
        try:
            return _checked(plain, path, *call(plain, "POST", path, body, headers))
        except StoreError:
            # A token ends after some minutes, and with the member that gave it.
            self._tokens.pop(member, None)
            raise


def _checked(member: Endpoint, path: str, status: int, answer: Any, final: Sequence[int] = ()) -> Mapping[str, Any]:
    if status != 200 or not isinstance(answer, Mapping):
        reason = answer.get("message") or answer.get("error") if isinstance(answer, Mapping) else answer
        kind = Denied if status in final else StoreError
        raise kind(f"{member.place}{path}: HTTP status {status}: {reason}")
    return answer


def _encode(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _decode(text: str) -> str:
    return base64.b64decode(text).decode()
