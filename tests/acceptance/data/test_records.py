# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A record that a client outside stores is soon on every server of both regions, and read from the cache (R44, R45)."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Callable, Iterator

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.drill.ledger import STORED
from tests.acceptance.data.cluster import DATABASE, PSQL, Cluster
from tests.acceptance.data.figures import Figures
from tests.acceptance.data.hosts import Hosts
from tests.acceptance.ledger import RECORDS, Client, Reply
from tests.acceptance.site_client import until

RUNS = 10
#: R45, in seconds.
LAG = 1.0
#: Seconds in which a replica has to have replayed a vacuum; one that waits for its readers waits for 30.
REPLAYED = 15.0
#: Seconds in which replicas tell what is looked at there: wal_receiver_status_interval is 10 s. And how many others
#: still look at what was deleted.
TOLD = 30.0
LOOKS = """
SELECT count(*) FROM pg_replication_slots WHERE slot_name <> '{replica}' AND age(xmin) >= age('{deleted}'::xid)
"""
#: Waits on a server for a record, and says when it was there, by the clock that all hosts of a lab share.
SEEN = """
DO $$ BEGIN
    FOR turn IN 1..2000 LOOP
        IF EXISTS (SELECT FROM records WHERE key = '{key}') THEN
            PERFORM set_config('ledger.seen', extract(epoch FROM clock_timestamp())::text, false);
            EXIT;
        END IF;
        PERFORM pg_sleep(0.005);
    END LOOP;
END $$;
SELECT current_setting('ledger.seen', true);
"""
Ask = Callable[..., Reply]


@pytest.fixture
def ask(clients: Callable[[], list[Client]]) -> Iterator[Ask]:
    """Send a request as one client outside; the thread is the client's own."""
    client = clients()[0]
    with ThreadPoolExecutor(1) as outside:
        yield lambda *words: outside.submit(client.ask, *words).result()


def test_a_record_is_on_every_server_within_a_second(ask: Ask, cluster: Cluster, prefix: str, figures: Figures) -> None:
    lags: dict[str, list[float]] = {server: [] for server in cluster.servers}
    for number in range(RUNS):
        key = f"{prefix}-{number}"
        with ThreadPoolExecutor(len(cluster.servers)) as pool:
            seen = {server: pool.submit(cluster.ask, server, SEEN.format(key=key)) for server in cluster.servers}
            time.sleep(0.5)
            assert ask("POST", RECORDS, f'{{"key": "{key}", "value": "{number}"}}').status == STORED
            stored = time.time()
            for server, rows in seen.items():
                lags[server].append(max(0.0, float(rows.result()[0][0] or "inf") - stored))
    for server, seconds in lags.items():
        figures.add(f"record on {server} after its acknowledgement", seconds)
    assert {server: seconds for server, seconds in lags.items() if max(seconds) > LAG} == {}


def test_a_record_is_read_from_the_cache(ask: Ask, prefix: str) -> None:
    """Whatever the first read finds: the second one has it from the cache."""
    key = f"{prefix}-0"
    assert ask("POST", RECORDS, f'{{"key": "{key}", "value": "cached"}}').status == STORED
    replies = [ask("GET", f"{RECORDS}/{key}") for _ in range(2)]
    assert [reply.status for reply in replies] == [200, 200]
    assert replies[0].body == replies[1].body == f'{{"key":"{key}","value":"cached"}}'.encode()
    assert replies[1].headers["x-cache"] == "hit"


def test_who_reads_long_on_a_replica_neither_holds_it_up_nor_is_cancelled(cluster: Cluster, hosts: Hosts) -> None:
    """As a dump does, while rows that it shows are removed on the leader."""
    table = "long_read"
    primary = cluster.primary()
    replica = next(server for server in cluster.members if server != primary)
    cluster.ask(primary, f"CREATE TABLE {table} AS SELECT x AS number FROM generate_series(1, 1000) x")
    try:
        cluster.wait_until_level()
        read = f"SELECT count(*) FROM {table};\n"
        with hosts.running(replica, *PSQL, "-d", DATABASE) as reader:
            assert reader.stdin is not None
            assert reader.stdout is not None
            reader.stdin.write(f"BEGIN ISOLATION LEVEL REPEATABLE READ;\n{read}".encode())
            reader.stdin.flush()
            assert reader.stdout.readline() == b"1000\n"
            deleted = cluster.ask(primary, f"WITH gone AS (DELETE FROM {table}) SELECT pg_current_xact_id()")[0][0]
            others = LOOKS.format(replica=replica, deleted=deleted)
            until("no other replica looks at them", lambda: cluster.ask(primary, others) == [["0"]], TOLD)
            cluster.ask(primary, f"VACUUM {table}")
            begun = time.monotonic()
            cluster.wait_until_level()
            waited = time.monotonic() - begun
            said, _nothing = reader.communicate(read.encode(), timeout=60)
        assert said == b"1000\n"
        assert waited < REPLAYED
    finally:
        cluster.ask(primary, f"DROP TABLE {table}")
