# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How an application reaches the database and the cache: its environment, from the declaration and the passwords."""

from __future__ import annotations

from typing import Dict, Mapping
from urllib.parse import quote

from ..topology.derive.names import database_name
from ..topology.model import Topology, TopologyError
from ..topology.query import index

#: The user of the application, in PostgreSQL and in Redis, and its database.
USER = "app"
POOL_PORT = 6432
CA = "/etc/freeagentics/tls/ca.crt"


def application_environment(topology: Topology, host_name: str, passwords: Mapping[str, str]) -> Dict[str, str]:
    """Return the variables of ``docs/app-contract.md`` for an application host.

    Both URLs lead to the pool on the host itself, hence without TLS; the pool verifies the database's certificate. The
    variables of a service that the region does not have are left out.

    :param passwords: those of the user ``app``, under ``database`` and ``cache``.
    :raises TopologyError: there is no such host, or a password is missing.
    """
    query = index(topology)
    region = query.platform_host(host_name).region
    caches = query.members("redis", region) if "redis" in topology.services else ()
    environment: Dict[str, str] = {}
    if query.members("postgres", region):
        server = f"{database_name(topology)}:{POOL_PORT}"
        account = f"{USER}:{quote(_password(passwords, 'database'), safe='')}"
        environment["DATABASE_URL"] = f"postgresql://{account}@{server}/app?sslmode=disable"
        environment["DATABASE_READ_URL"] = f"postgresql://{account}@{server}/app_read?sslmode=disable"
    if caches:
        port = topology.services["redis"].ports["client"].number
        environment["REDIS_NODES"] = ",".join(f"{host.address}:{port}" for host in caches)
        environment["REDIS_USER"] = USER
        environment["REDIS_PASSWORD"] = _password(passwords, "cache")
        environment["REDIS_CA"] = CA
    return environment


def _password(passwords: Mapping[str, str], name: str) -> str:
    if not passwords.get(name):
        raise TopologyError(f"passwords.{name}", f"the password of the user {USER} is missing: pass it as {name}")
    return passwords[name]
