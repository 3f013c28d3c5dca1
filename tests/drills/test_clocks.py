# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The clock of the database's primary jumps, under load (R62).

The hosts of a lab share the machine's clock. So the server and its Patroni alone see another one, by libfaketime, which
adds what a file says to each answer of the kernel but that of the monotonic clock, as when somebody sets the clock.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import Callable, Iterator

from tests.acceptance.data.cluster import Cluster
from tests.acceptance.data.figures import Figures
from tests.acceptance.data.hosts import Hosts
from tests.acceptance.site_client import until
from tests.drills.load import Outside
from tests.drills.reports import report

#: Seconds that the clock jumps: ahead, back behind the others', and to where it was.
JUMPS = (1800, -1800, 0)
#: Seconds within which the server follows again by the true clock.
RECOVERY = 120.0
#: Seconds that it stays there: more than a lease lasts.
STAY = 40.0
DROP_IN, OFFSET = "/run/systemd/system/patroni.service.d/drill-clock.conf", "/run/drill-clock"
BEGIN = f"""
set -eu
apt-get -qq install --yes --no-install-recommends libfaketime >/dev/null
library=$(dpkg -L libfaketime | grep 'libfaketimeMT.so.1$')
echo +0 >{OFFSET}
mkdir -p $(dirname {DROP_IN})
cat >{DROP_IN} <<EOF
[Service]
Environment=LD_PRELOAD=$library FAKETIME_TIMESTAMP_FILE={OFFSET} FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1
EOF
systemctl daemon-reload
systemctl stop patroni
systemctl start patroni
"""
END = f"""
set -eu
rm -f {DROP_IN} {OFFSET}
systemctl daemon-reload
systemctl stop patroni
systemctl start patroni
"""


@contextmanager
def clock_of(hosts: Hosts, cluster: Cluster, server: str) -> Iterator[Callable[[int], None]]:
    """Give a standby's server a clock of its own for a while; what is returned sets it, in seconds from the others'."""

    def jump(seconds: int) -> None:
        # As one write, as it is read all the time.
        hosts.on(server, "sh", "-c", f"echo {seconds:+d} >{OFFSET}.new && mv {OFFSET}.new {OFFSET}")

    try:
        hosts.on(server, "sh", "-c", BEGIN, timeout=120)
        cluster.wait_until_whole()
        yield jump
    finally:
        cluster.wait_until_whole()
        if cluster.primary() == server:
            cluster.switch_over()
        hosts.on(server, "sh", "-c", END, timeout=120)
        until("a server that the true clock started follows", lambda: _follows(cluster, server), RECOVERY)
        cluster.wait_until_whole()


def _follows(cluster: Cluster, server: str) -> bool:
    """Return whether a server follows that was started by the present clock.

    One that the other clock started would be none to the new Patroni, which would start no other beside it.
    """
    began = "pg_postmaster_start_time() <= clock_timestamp()"
    try:
        return cluster.ask(server, f"SELECT {began} AND EXISTS (SELECT FROM pg_stat_wal_receiver)") == [["t"]]
    except AssertionError:
        return False


def test_a_primary_whose_clock_jumps_loses_nothing(
    hosts: Hosts,
    cluster: Cluster,
    outside: Outside,
    prefix: str,
    figures: Figures,
) -> None:
    """One server takes writes all the time, and each acknowledged one is on every server once."""
    cluster.wait_until_whole()
    first = cluster.primary()
    chosen = next(member for member in cluster.members if member != first)
    with clock_of(hosts, cluster, chosen) as jump:
        cluster.switch_over(chosen)
        cluster.wait_until_whole()
        with outside() as attempts:
            begin = time.time()
            for seconds in JUMPS:
                jump(seconds)
                lasted = time.monotonic() + STAY
                while time.monotonic() < lasted:
                    writers = cluster.writers()
                    assert len(writers) <= 1, f"two servers take writes: {writers}"
                    time.sleep(1)
                if seconds and cluster.primary() == chosen:
                    told = float(cluster.ask(chosen, "SELECT extract(epoch FROM clock_timestamp())")[0][0])
                    assert abs(told - time.time() - seconds) < 60, "the clock did not jump"
            cluster.wait_until_whole()
            end = time.time()
        judged = report("clocks_apart", cluster, prefix, attempts(), begin, end)
    figures.add("the clock of the primary jumps: away", [judged["away"]])
    assert judged["good"], judged
