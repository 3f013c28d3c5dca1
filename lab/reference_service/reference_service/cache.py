"""Records in Redis Cluster, beside the store. A cache that fails is passed over and fails no request."""

from __future__ import annotations

import threading
import time
from typing import Any, Optional, Tuple

from redis.cluster import ClusterNode, RedisCluster
from redis.exceptions import RedisClusterException, RedisError

#: In seconds: how long a record stays, how long an answer may take, how long the cache is passed over after an error.
LIFETIME, PATIENCE, REST = 300, 0.2, 1.0
PREFIX = "record:"
HIT, MISS, OFF = "hit", "miss", "off"


class Cache:
    """A cluster, to which a connection is made with the first use."""

    def __init__(self, nodes: str, user: str, password: str, ca: str) -> None:
        """Take the cluster's address.

        :param nodes: some or all of its nodes, ``host:port`` separated by commas.
        :param ca: the path of the CA's certificate.
        """
        self._nodes = [ClusterNode(host, int(port)) for host, _colon, port in map(_split, nodes.split(","))]
        self._access = {
            "username": user,
            "password": password,
            "ssl": True,
            "ssl_ca_certs": ca,
            "ssl_check_hostname": True,
        }
        self._lock = threading.Lock()
        self._cluster: Optional[Any] = None
        self._rests_until = 0.0

    def get(self, key: str) -> Tuple[Optional[str], str]:
        """Return a record's value and ``hit``, or None and ``miss`` or, where the cache cannot be used, ``off``."""
        state, value = self._call("get", PREFIX + key)
        if state is OFF:
            return None, OFF
        return (value.decode(), HIT) if value is not None else (None, MISS)

    def set(self, key: str, value: str) -> None:
        """Keep a record for a while, where that is possible."""
        self._call("set", PREFIX + key, value, ex=LIFETIME)

    def check(self) -> str:
        """Return ``ok`` or ``off``."""
        return "off" if self._call("get", PREFIX)[0] is OFF else "ok"

    def _call(self, command: str, *arguments: Any, **options: Any) -> Tuple[str, Any]:
        if time.monotonic() < self._rests_until:
            return OFF, None
        try:
            return HIT, getattr(self._connected(), command)(*arguments, **options)
        except RedisClusterException:
            # redis-py 4 does not get over the loss of the node that it asks first for the others: begin anew.
            self._cluster = None
        except (RedisError, OSError):
            pass
        self._rests_until = time.monotonic() + REST
        return OFF, None

    def _connected(self) -> Any:
        with self._lock:
            if self._cluster is None:
                self._cluster = RedisCluster(
                    startup_nodes=self._nodes,
                    cluster_error_retry_attempts=1,
                    socket_timeout=PATIENCE,
                    socket_connect_timeout=PATIENCE,
                    **self._access,
                )
            return self._cluster


def _split(node: str) -> Tuple[str, str, str]:
    return node.strip().rpartition(":")
