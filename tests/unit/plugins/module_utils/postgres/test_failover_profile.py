# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
from __future__ import annotations

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.postgres.failover_profile import (
    PROFILES,
    Patroni,
    PgBouncer,
    Postgres,
    ProfileError,
    Route,
    profile,
)


def test_the_fast_profile_keeps_its_promises():
    outage = profile("fast").outage
    assert outage.host_s < 23
    assert outage.postmaster_s < 3
    assert outage.switchover_s < 2


@pytest.mark.parametrize(
    ("name", "takeover", "postmaster", "switchover", "host", "host_and_store_leader", "replica"),
    [
        ("fast", 0.95, 2.95, 1.95, 21.45, 24.45, 12),
        ("normal", 1.5, 11.5, 2.5, 32.0, 35.0, 25),
        ("wide", 2.5, 12.5, 3.5, 63.0, 78.0, 70),
    ],
)
def test_the_outage_follows_from_the_timings(
    name, takeover, postmaster, switchover, host, host_and_store_leader, replica
):
    outage = profile(name).outage
    assert (outage.takeover_s, outage.postmaster_s, outage.switchover_s) == (takeover, postmaster, switchover)
    assert (outage.host_s, outage.host_and_store_leader_s, outage.replica_s) == (host, host_and_store_leader, replica)


def test_the_fast_profile_as_programs_get_it():
    fast = profile("fast")
    assert fast.patroni == Patroni(20, 2, 3, 0, 10)
    assert fast.postgres == Postgres("10s", "10s", 4, 2, 3)
    assert fast.route == Route(1000, 250, 250, 2, 1, 1000, 1000, 30000)
    assert fast.pgbouncer == PgBouncer(30, 35, 0.2)


@pytest.mark.parametrize("name", PROFILES)
def test_every_profile_fits_together(name):
    found = profile(name)
    patroni, route, pool = found.patroni, found.route, found.pgbouncer
    assert patroni.ttl >= 20
    assert patroni.loop_wait + 2 * patroni.retry_timeout <= patroni.ttl
    assert patroni.loop_wait + patroni.retry_timeout + patroni.primary_stop_timeout <= patroni.ttl
    assert 5 * found.etcd.heartbeat_interval_ms <= found.etcd.election_timeout_ms <= 50000
    assert route.fastinter_ms <= route.downinter_ms <= route.inter_ms
    # Queries wait through every outage, and PgBouncer waits for longer than HAProxy.
    assert max(found.outage.host_and_store_leader_s, found.outage.postmaster_s) < route.hold_ms / 1000
    assert route.hold_ms / 1000 <= pool.query_wait_timeout < pool.server_connect_timeout
    keepalive = found.postgres
    probes = keepalive.tcp_keepalives_interval * keepalive.tcp_keepalives_count
    assert f"{keepalive.tcp_keepalives_idle + probes}s".replace("60s", "1min") == keepalive.wal_sender_timeout


def test_what_differs_from_the_profile_changes_what_follows():
    longer = profile("fast", {"ttl": 40})
    assert longer.patroni == Patroni(40, 2, 3, 0, 10)
    assert longer.outage.host_s == 41.45
    assert longer.route.hold_ms == 50000


def test_a_crash_recovery_that_is_waited_for_is_part_of_the_outage():
    waiting = profile("fast", {"primary_start_timeout": 60})
    assert waiting.outage.postmaster_s == 2 + 60 + 2 + 0.95


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("quick", {}, "there is no failover profile 'quick': use fast, normal, wide"),
        (
            "fast",
            {"tll": 30, "loops": 1},
            "there is no timing loops, tll: use ttl, loop_wait, retry_timeout, primary_start_timeout, "
            "primary_stop_timeout",
        ),
        ("fast", {"ttl": 19}, "ttl is 19 s: Patroni takes 20 or more"),
        ("fast", {"loop_wait": 0}, "loop_wait is 0 s: Patroni takes 1 or more"),
        ("fast", {"retry_timeout": 2}, "retry_timeout is 2 s: Patroni takes 3 or more"),
        ("fast", {"primary_start_timeout": -1}, "primary_start_timeout is -1 s: Patroni takes 0 or more"),
        (
            "fast",
            {"retry_timeout": 10},
            "ttl is 20 s and loop_wait + 2 * retry_timeout 22 s: raise ttl to 22 or more, or lower the others",
        ),
        (
            "fast",
            {"primary_stop_timeout": 16},
            "ttl is 20 s and loop_wait + retry_timeout + primary_stop_timeout 21 s: "
            "raise ttl to 21 or more, or lower the others",
        ),
    ],
)
def test_timings_that_do_not_fit_are_refused(name, changes, message):
    with pytest.raises(ProfileError) as raised:
        profile(name, changes)
    assert str(raised.value) == message
