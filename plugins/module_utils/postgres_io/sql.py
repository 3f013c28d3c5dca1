# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Connections to PostgreSQL that only read."""

from __future__ import annotations

import traceback
from dataclasses import dataclass
from typing import Any, Dict, Optional, Tuple, Type

try:
    import psycopg2
except ImportError:
    psycopg2 = None
    PSYCOPG2_ERROR: Optional[str] = traceback.format_exc()
    ERRORS: Tuple[Type[Exception], ...] = (AttributeError,)
else:
    PSYCOPG2_ERROR = None
    #: What goes wrong with connections, for who can do without.
    ERRORS = (psycopg2.Error,)


@dataclass(frozen=True)
class Server:
    """How to reach a server. A host that is empty or begins with a slash means the socket in that folder.

    The password is given, or it is in the file ``passfile`` as libpq has it.
    """

    host: str
    port: int
    user: str
    password: str = ""
    ca_file: str = ""
    sslmode: str = "verify-full"
    passfile: str = ""

    @property
    def place(self) -> str:
        """The server as messages name it."""
        return f"{self.host or 'local socket'}:{self.port}"

    def parameters(self) -> Dict[str, Any]:
        """Return libpq's parameters; https://www.postgresql.org/docs/15/libpq-connect.html."""
        found: Dict[str, Any] = {"port": self.port, "user": self.user}
        if self.host:
            found["host"] = self.host
        if self.password:
            found["password"] = self.password
        if self.passfile:
            found["passfile"] = self.passfile
        if self.host and not self.host.startswith("/"):
            found["sslmode"] = self.sslmode
            if self.ca_file:
                found["sslrootcert"] = self.ca_file
        return found


def connect(server: Server, database: str, timeout: float, name: str, settings: Optional[Dict[str, str]] = None) -> Any:
    """Return a connection that writes nothing, where each statement is committed for itself.

    :param timeout: seconds for connecting; libpq takes whole ones, and two at least.
    :param name: what pg_stat_activity shows.
    :param settings: further settings of the session, as the server names them.
    :raises psycopg2.Error: no connection.
    """
    wanted = {"default_transaction_read_only": "on", **(settings or {})}
    connection = psycopg2.connect(
        dbname=database,
        connect_timeout=max(2, round(timeout)),
        application_name=name,
        options=" ".join(f"-c {key}={value}" for key, value in wanted.items()),
        keepalives_idle=10,
        keepalives_interval=5,
        keepalives_count=3,
        **server.parameters(),
    )
    connection.autocommit = True
    return connection
