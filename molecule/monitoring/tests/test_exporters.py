# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What a host tells of itself, and to whom."""

from __future__ import annotations

import pytest
import scenario
from watching import CURL, until

testinfra_hosts = scenario.hosts("prometheus")[:1]


@pytest.mark.parametrize(
    "metric",
    [
        "platform_certificate_expiry_timestamp_seconds",
        "platform_declared_disk_operations",
        "platform_logins_failed_total",
        "platform_logins_total",
    ],
)
def test_a_host_tells_what_the_node_exporter_does_not_see(host, metric):
    assert f"\n{metric}" in host.check_output(f"{CURL} https://10.9.10.40:9100/metrics")


def test_refused_logins_are_counted(host):
    def count():
        text = host.check_output(f"{CURL} https://10.9.10.20:9100/metrics")
        return next(
            float(line.split()[1]) for line in text.splitlines() if line.startswith("platform_logins_failed_total")
        )

    before = count()
    for _ in range(3):
        host.run("ssh -o BatchMode=yes -o StrictHostKeyChecking=no nobody-here@10.9.10.20 true || true")
    assert until(lambda: count() == before + 3, 40)


def test_nothing_answers_without_tls(host):
    for port in (9090, 9093, 9100):
        assert host.run(f"curl --silent --max-time 5 http://10.9.10.40:{port}/metrics").stdout in (
            "",
            "Client sent an HTTP request to an HTTPS server.\n",
        )


def test_a_certificate_that_is_replaced_or_gone_is_told_of(host):
    path = "/etc/freeagentics/tls/renewed.pem"

    def end():
        text = host.check_output(f"{CURL} https://10.9.10.40:9100/metrics")
        return next((float(line.split()[1]) for line in text.splitlines() if f'"{path}"' in line), 0)

    def write(days):
        subject = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout /dev/null -subj /CN=renewed"
        host.check_output(f"openssl req -x509 {subject} -days {days} -out {path} 2>&1")
        # As one that was copied with its time: it is no younger than the others.
        host.check_output(f"touch --date=2020-01-01 {path}")

    write(10)
    assert until(end, 40)
    first = end()
    write(20)
    assert until(lambda: end() > first, 40)
    host.check_output(f"rm {path}")
    assert until(lambda: not end(), 40)
