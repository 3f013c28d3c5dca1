"""Writes to a Redis Cluster until told to stop, then reads everything back.

    PASSWORD=... python writer.py ADDRESS,ADDRESS CA_FILE USER

Prints "writing" once it does, and on a line of input {"writes": N, "lost": N, "outage": SECONDS}: how much was
acknowledged, what is not there as it was acknowledged last, and the longest time in which a sixteenth of the slots took
no write.
"""

import json
import os
import sys
import threading
import time

from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.retry import Retry

KEYS = 3000


def connect(addresses, ca_file, user):
    """Return a client that does not hide failures behind retries of its own."""
    return RedisCluster(
        startup_nodes=[ClusterNode(address, 6379) for address in addresses],
        username=user,
        password=os.environ["PASSWORD"],
        ssl=True,
        ssl_ca_certs=ca_file,
        socket_timeout=1,
        socket_connect_timeout=1,
        retry=Retry(NoBackoff(), 1),
    )


def write(connection, stop):
    """Write until told to stop; return the last acknowledged value of each key, the count and the longest outage."""
    values, last, outage, number = {}, {}, 0.0, 0
    while not stop.is_set():
        key = f"{os.getpid()}-{number % KEYS}"
        group = connection.keyslot(key) * 16 // 16384
        number += 1
        try:
            connection.set(key, number)
        except Exception:
            # Any failure is an outage, whatever the client calls it; whether the value was stored is not known.
            values.pop(key, None)
            time.sleep(0.01)
            continue
        now = time.monotonic()
        values[key] = number
        outage = max(outage, now - last.get(group, now))
        last[group] = now
    return values, number, outage


def main():
    """Write, then count what is lost."""
    connection = connect(sys.argv[1].split(","), sys.argv[2], sys.argv[3])
    stop = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
    print("writing", flush=True)
    values, writes, outage = write(connection, stop)
    lost = [key for key, value in values.items() if connection.get(key) != str(value).encode()]
    print(json.dumps({"writes": writes, "lost": len(lost), "outage": round(outage, 2)}))


if __name__ == "__main__":
    main()
