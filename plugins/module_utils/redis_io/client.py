# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One connection to one Redis server: commands go out as they are, answers come back as the server gave them.

redis-py does the transport alone (TLS, login, RESP2). What it makes of answers differs from version to version, so
that is left out: it works with 4.3 of Debian 12 as well as with the newest.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass, field, replace
from typing import Any, Dict, List, Optional, Sequence, Tuple

try:
    import redis as _redis
except ImportError:
    redis: Any = None
    REDIS_ERROR: Optional[str] = traceback.format_exc()
else:
    redis = _redis
    REDIS_ERROR = None

#: Codes that redis-py takes off the text of an error, by the class that it makes of them.
_CODES = {
    "AskError": "ASK",
    "BusyLoadingError": "LOADING",
    "ClusterCrossSlotError": "CROSSSLOT",
    "ClusterDownError": "CLUSTERDOWN",
    "MasterDownError": "MASTERDOWN",
    "MovedError": "MOVED",
    "NoPermissionError": "NOPERM",
    "OutOfMemoryError": "OOM",
    "ReadOnlyError": "READONLY",
    "TryAgainError": "TRYAGAIN",
}
#: A command: its words. Text is sent as UTF-8, bytes as they are, numbers as text.
Command = Tuple[Any, ...]


def usable() -> bool:
    """Tell whether redis-py is installed."""
    return redis is not None


class ServerError(Exception):
    """A server cannot be reached, does not let us in, or refuses a command; the text says which server and why."""

    def __init__(self, text: str, said: str = "") -> None:
        """Keep the server's own words, its code first (``BUSYKEY Target key...``); empty where it said nothing."""
        super().__init__(text)
        self.said = said


class LoginError(ServerError):
    """A server answers and takes no password that we have; asking again would not help."""


@dataclass(frozen=True)
class Server:
    """How to reach a server. Without a CA the connection is not encrypted."""

    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    #: The password that the server may still have; it is tried where the present one is refused.
    previous_password: str = field(default="", repr=False)
    #: Whether its certificate must be for the host and be vouched for by the CA.
    verified: bool = True

    @property
    def place(self) -> str:
        """The server as messages name it."""
        return f"{self.host}:{self.port}"

    def parameters(self, timeout: float) -> Dict[str, Any]:
        """Return redis-py's parameters of a connection with the present password.

        :param timeout: seconds for connecting, and for each wait for an answer.
        """
        found: Dict[str, Any] = {"host": self.host, "port": self.port, "socket_keepalive": True}
        found.update(socket_timeout=timeout, socket_connect_timeout=timeout)
        if self.user:
            found["username"] = self.user
        if self.password:
            found["password"] = self.password
        if self.ca_file:
            found.update(ssl_ca_certs=self.ca_file, ssl_check_hostname=self.verified)
            found["ssl_cert_reqs"] = "required" if self.verified else "none"
        if int(redis.__version__.split(".")[0]) >= 5:
            # Newer versions would ask for RESP3; 4.3 knows RESP2 alone, and no such parameter.
            found["protocol"] = 2
        return found


class Client:
    """A connection that is made with the first command."""

    def __init__(self, server: Server, timeout: float) -> None:
        """Remember how to connect.

        :param timeout: seconds for connecting, and for each wait for an answer.
        """
        self.server, self._timeout = server, timeout
        self._connection = self._new_connection(server)

    def _new_connection(self, server: Server) -> Any:
        kind = redis.SSLConnection if server.ca_file else redis.Connection
        return kind(**server.parameters(self._timeout))

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; the next command would open it again, with the present password first."""
        self._connection.disconnect()
        self._connection = self._new_connection(self.server)

    def ask(self, *words: Any) -> Any:
        """Send one command and return its answer: None, int, bytes, or a list of those.

        :raises ServerError: no connection, no answer in time, or the server's error.
        """
        (answer,) = self.ask_all([words])
        if isinstance(answer, ServerError):
            raise answer
        return answer

    def text(self, *words: Any) -> str:
        """Send one command and return its answer as text.

        :raises ServerError: as :meth:`ask`.
        """
        return as_text(self.ask(*words))

    def ask_all(self, commands: Sequence[Command]) -> List[Any]:
        """Send all commands at once; return for each its answer, or the ServerError that the server gave.

        :raises LoginError: the server takes neither password.
        :raises ServerError: the connection failed; then it is not known which commands were carried out.
        """
        try:
            self._log_in()
            self._connection.send_packed_command(self._connection.pack_commands(commands))
            return [self._answer(command) for command in commands]
        except (redis.RedisError, OSError) as error:
            self.close()
            raise ServerError(f"{self.server.place}: {_said(error)}") from error

    def _log_in(self) -> None:
        """Connect if that is not done, with the previous password where the present one is refused."""
        try:
            self._connection.connect()
        except (redis.AuthenticationError, redis.ResponseError) as error:
            if not self.server.previous_password:
                raise self._refused(error) from error
            self._connection = self._new_connection(replace(self.server, password=self.server.previous_password))
            try:
                self._connection.connect()
            except (redis.AuthenticationError, redis.ResponseError) as second:
                raise self._refused(second) from second

    def _refused(self, error: Exception) -> LoginError:
        self.close()
        return LoginError(f"{self.server.place}: {_said(error)}", _said(error))

    def _answer(self, command: Command) -> Any:
        try:
            return self._connection.read_response()
        except redis.ResponseError as error:
            return ServerError(f"{self.server.place}: {_name(command)}: {_said(error)}", _said(error))


def as_text(answer: Any) -> str:
    """Return an answer as text."""
    return answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)


def _name(command: Command) -> str:
    """Return what a message may say of a command: never its keys, values or passwords."""
    words = [as_text(word) for word in command]
    if words[0].upper() == "CLUSTER":
        return " ".join(words[:2])
    return words[0]


def _said(error: Exception) -> str:
    """Return an error's text as the server sent it: newer versions of redis-py make a class of its code."""
    text = " ".join(str(error).split()) or type(error).__name__
    code = _CODES.get(type(error).__name__, "")
    return f"{code} {text}" if code and not text.startswith(code) else text
