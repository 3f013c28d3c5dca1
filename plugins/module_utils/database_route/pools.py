# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""How many connections each application host may open to the database.

A primary serves every pool at once in the worst case: the writes of all application hosts and, when no replica
qualifies, their reads, too. So the pools of all hosts together have to fit into its ``max_connections``, less what is
not for applications.
"""

from __future__ import annotations

from dataclasses import dataclass

#: Of ten connections of a host, so many are for reads: there are more reads than writes, but several replicas for them.
READ_TENTHS = 4


class PoolsError(ValueError):
    """The connections cannot be shared out; the message says why and what to do."""


@dataclass(frozen=True)
class Pools:
    """The sizes of one host's pools, in connections to a database server."""

    write: int
    read: int


def pools(hosts: int, max_connections: int, reserved: int) -> Pools:
    """Return the pools of one host.

    ``hosts * (write + read) <= max_connections - reserved``, and both are at least 1.

    :param hosts: application hosts that may run at once in the region.
    :param max_connections: PostgreSQL's setting.
    :param reserved: connections that applications must leave free: PostgreSQL's ``superuser_reserved_connections``,
        Patroni, the exporter, dumps and operators.
    :raises PoolsError: there is no host, or too few connections for so many hosts.
    """
    if hosts < 1:
        raise PoolsError(f"there are {hosts} application hosts: a region that uses a database has one at least")
    share = (max_connections - reserved) // hosts
    if share < 2:
        raise PoolsError(
            f"{max_connections} connections less {reserved} reserved ones leave {share} for each of {hosts} "
            "application hosts, which need 2 at least: raise max_connections of PostgreSQL, or run fewer hosts"
        )
    read = max(1, share * READ_TENTHS // 10)
    return Pools(write=share - read, read=read)
