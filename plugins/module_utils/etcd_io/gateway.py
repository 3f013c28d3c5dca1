# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""etcd over HTTPS with the standard library: the JSON gateway for clients, and what members tell each other."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

#: What etcd answers where nobody has to log in.
NOT_ENABLED = "authentication is not enabled"
#: What it answers to a wrong name or password.
REFUSED = "authentication failed"


class EtcdError(Exception):
    """etcd refused a call, or no server answered; the text says what it said."""


class Unreachable(EtcdError):
    """No server answered."""


class Gateway:
    """The gateway of whichever server answers first.

    Servers prove who they are by their certificates. Clients have none to show: etcd refuses every call to the gateway
    whose client certificate has a common name, once authentication is enabled; so they log in with passwords.

    :param servers: addresses and ports, tried in this order.
    :param timeout: seconds for each step of a connection.
    :raises Unreachable: the CA cannot be read, so no server can be asked.
    """

    def __init__(self, servers: Sequence[Tuple[str, int]], ca_file: str, timeout: float) -> None:
        self._servers = list(servers)
        try:
            self._context = ssl.create_default_context(cafile=ca_file)
        except OSError as error:
            raise Unreachable(f"{ca_file}: {error}") from error
        self._timeout = timeout
        self._prefix = ""
        self._token = ""

    def log_in(self, name: str, password: str) -> bool:
        """Log in for the calls that follow. Return false where authentication is not enabled.

        :raises EtcdError: the name or the password is wrong, or no server answers.
        """
        try:
            answer = self.call("auth/authenticate", {"name": name, "password": password}, token="")
        except EtcdError as error:
            if NOT_ENABLED in str(error):
                return False
            raise
        self._token = answer["token"]
        return True

    def log_in_as_root(self, password: str, previous: str = "") -> Tuple[bool, bool]:
        """Log in as the superuser with the password that it shall have, or else the one that it had.

        :returns: whether authentication is enabled, and whether root has the password that it shall have.
        :raises EtcdError: root has another password, or no server answers.
        """
        for number, candidate in enumerate(filter(None, (password, previous))):
            try:
                return self.log_in("root", candidate), number == 0
            except EtcdError as error:
                if REFUSED not in str(error):
                    raise
        raise EtcdError(
            "the user root has another password: give the one that it has as the previous one, to change it"
        )

    def call(self, path: str, body: Mapping[str, Any], token: Optional[str] = None) -> Any:
        """Return what a call answers.

        :param token: who calls; as :meth:`log_in` said where it is None.
        :raises EtcdError: etcd refused the call, or no server answered.
        """
        if not self._prefix:
            self._prefix = _prefix(self._ask("GET", "/version", None, ""))
        return self._ask("POST", f"{self._prefix}/{path}", body, self._token if token is None else token)

    def _ask(self, method: str, path: str, body: Optional[Mapping[str, Any]], token: str) -> Any:
        silent: List[str] = []
        for server in list(self._servers):
            try:
                status, answer = self._ask_one(server, method, path, body, token)
            except (OSError, http.client.HTTPException) as error:
                silent.append(f"{server[0]}:{server[1]}: {error}")
                continue
            # The server that answered is asked first from now on.
            self._servers.remove(server)
            self._servers.insert(0, server)
            if status != 200:
                raise EtcdError(_reason(answer, status))
            return json.loads(answer)
        raise Unreachable("; ".join(silent))

    def _ask_one(
        self, server: Tuple[str, int], method: str, path: str, body: Optional[Mapping[str, Any]], token: str
    ) -> Tuple[int, bytes]:
        headers: Dict[str, str] = {"Authorization": token} if token else {}
        return _exchange(server, self._context, self._timeout, method, path, body, headers)


def listed_members(server: Tuple[str, int], ca_file: str, certificate: str, key: str, timeout: float) -> Any:
    """Return the members that one lists to another, over the port for members. It answers without a leader, too.

    :raises EtcdError: it does not answer as it should.
    """
    place = f"https://{server[0]}:{server[1]}/members"
    try:
        context = ssl.create_default_context(cafile=ca_file)
        context.load_cert_chain(certificate, key)
        status, answer = _exchange(server, context, timeout, "GET", "/members", None, {})
    except (OSError, http.client.HTTPException) as error:
        raise Unreachable(f"{place}: {error}") from error
    if status != 200:
        raise EtcdError(f"{place}: HTTP status {status}")
    return json.loads(answer)


def _exchange(
    server: Tuple[str, int],
    context: ssl.SSLContext,
    timeout: float,
    method: str,
    path: str,
    body: Optional[Mapping[str, Any]],
    headers: Mapping[str, str],
) -> Tuple[int, bytes]:
    connection = http.client.HTTPSConnection(*server, timeout=timeout, context=context)
    try:
        text = None if body is None else json.dumps(body)
        connection.request(method, path, text, {"Connection": "close", **headers})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def _prefix(version: Mapping[str, str]) -> str:
    """Return where the gateway of a version is (https://etcd.io/docs/v3.4/dev-guide/api_grpc_gateway/)."""
    major, minor = (int(part) for part in version["etcdserver"].split(".")[:2])
    return "/v3" if (major, minor) >= (3, 4) else "/v3beta"


def _reason(answer: bytes, status: int) -> str:
    try:
        return str(json.loads(answer)["error"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP status {status}: {answer.decode(errors='replace').strip()}"
