# Copyright: (c) 2026, FreeAgentics
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Faults that are real, and what arrives at the pager, Slack and the mailbox: the right alert, once, and its end.

All but MemoryHigh and CpuHigh, of which scripts/bench_overload.py takes care: the machine of a lab may keep no account
of a container's memory, so none can be short of its own, and its processors are those of all hosts.
"""

from __future__ import annotations

import time
from contextlib import ExitStack, contextmanager
from typing import Any, Callable, Iterator

import pytest

from ansible_collections.freeagentics.platform.plugins.module_utils.topology.derive.nat import nat_gateway
from ansible_collections.freeagentics.platform.plugins.plugin_utils.topology_file import load
from tests.acceptance.data.cluster import Cluster
from tests.acceptance.data.figures import Figures
from tests.acceptance.data.hosts import Hosts
from tests.acceptance.data.sink import Message, Sink, names
from tests.acceptance.matrix.declaration import Declaration, Node
from tests.acceptance.matrix.probe import in_namespace
from tests.acceptance.site_client import until
from tests.drills.load import Outside

#: Seconds that are borne until a page arrives; 60 s are wanted (R53).
PAGE = 120.0
#: Seconds in which the loss of a region has to arrive (R53).
REGION = 300.0
#: Seconds in which a warning has to arrive, whose condition lasts a while before it counts.
WARNING = 300.0
#: The same where the condition is a mean over minutes, which has to rise before.
MEAN = 600.0
#: Seconds for which nothing else may arrive.
STORM = 30.0
#: Seconds in which the end of a fault has to be told.
RESOLVED = 240.0
#: Changes a bit in the first page of a file.
FLIP = """
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(8000)
    old = file.read(1)[0]
    file.seek(8000)
    file.write(bytes([old ^ 1]))
"""


@pytest.fixture(autouse=True)
def no_host_left_dead() -> None:
    """Leave dead hosts alone: each test here gives back what it took, and others may test meanwhile."""


@pytest.fixture(autouse=True)
def calm(ask: Callable[[str], list[dict[str, Any]]], cluster: Cluster) -> None:
    """Begin when no page is left of a fault of before."""
    cluster.wait_until_whole()
    until("no page is left", lambda: not ask('ALERTS{alertstate="firing",route="pager"}'), WARNING)


@contextmanager
def stopped(hosts: Hosts, unit: str, *names_of_hosts: str) -> Iterator[None]:
    """Stop a unit on some hosts for a while."""
    try:
        for name in names_of_hosts:
            hosts.on(name, "systemctl", "stop", unit)
        yield
    finally:
        for name in names_of_hosts:
            hosts.on(name, "systemctl", "start", unit)


@contextmanager
def full_disk(hosts: Hosts, name: str) -> Iterator[None]:
    """Fill a small file system of a host over 90 %: an overlay is as large as what is written to, here memory."""
    small, full = "/run/small", "/srv/full"
    begin = (
        f"mkdir -p {small} {full} && mount -t tmpfs -o size=20m small {small} && mkdir {small}/up {small}/work"
        f" && mount -t overlay -o lowerdir={full},upperdir={small}/up,workdir={small}/work overlay {full}"
        f" && head -c 19500000 /dev/zero >{full}/data"
    )
    try:
        hosts.on(name, "sh", "-c", begin)
        yield
    finally:
        hosts.on(name, "sh", "-c", f"umount {full}; umount {small}; rmdir {full} {small}")


@contextmanager
def ending_certificate(hosts: Hosts, name: str, days: int) -> Iterator[None]:
    """Give a host a certificate that ends in some days."""
    path = "/etc/freeagentics/tls/ending.crt"
    key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout /dev/null"
    make = f"openssl req -x509 {key} -out {path} -days {days} -subj /CN=ending"
    try:
        hosts.on(name, "sh", "-c", f"{make} 2>&1")
        yield
    finally:
        hosts.on(name, "sh", "-c", f"rm {path}")


@contextmanager
def forwarding_nothing(namespace: str) -> Iterator[None]:
    """Let a gateway drop what it should forward for a while, and answer as before."""
    table = "inet drill_forward"
    chain = "chain forward { type filter hook forward priority -300; policy drop; };"
    try:
        in_namespace(namespace, ["nft", "-f", "-"], f"table {table} {{ {chain} }}\n")
        yield
    finally:
        in_namespace(namespace, ["nft", "-f", "-"], f"table {table}\ndelete table {table}\n")


def fail_logins(hosts: Hosts, source: str, target: Node, count: int) -> None:
    """Try to log in as somebody who does not exist, again and again."""
    command = f"ssh -o BatchMode=yes -o StrictHostKeyChecking=no -o ConnectTimeout=5 nobody-here@{target.ipv4} true"
    hosts.on(source, "sh", "-c", f"for number in $(seq {count}); do {command} 2>/dev/null; done; true", timeout=120)


@contextmanager
def refusing(cluster: Cluster, condition: str) -> Iterator[None]:
    """Let the database refuse new records that do not meet a condition for a while."""
    primary = cluster.primary()
    try:
        constraint = f"ADD CONSTRAINT drill CHECK ({condition}) NOT VALID"
        cluster.ask(primary, f"ALTER TABLE records DROP CONSTRAINT IF EXISTS drill, {constraint}")
        yield
    finally:
        cluster.ask(primary, "ALTER TABLE records DROP CONSTRAINT IF EXISTS drill")


@contextmanager
def sleeping(cluster: Cluster, seconds: int, condition: str) -> Iterator[None]:
    """Let the database take longer to store records that meet a condition for a while."""
    primary = cluster.primary()
    function = f"BEGIN PERFORM pg_sleep({seconds}); RETURN NEW; END"
    trigger = f"BEFORE INSERT ON records FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION drill()"
    try:
        cluster.ask(primary, f"CREATE OR REPLACE FUNCTION drill() RETURNS trigger LANGUAGE plpgsql AS $${function}$$")
        cluster.ask(primary, f"CREATE OR REPLACE TRIGGER drill {trigger}")
        yield
    finally:
        cluster.ask(primary, "DROP FUNCTION IF EXISTS drill CASCADE")


@contextmanager
def damaged(hosts: Hosts, cluster: Cluster, replica: str) -> Iterator[None]:
    """Flip a bit of a page on the disk of a replica, and read it, in a database that is dropped again.

    A database that is copied file by file is in no memory of a replica, so that the page is read from the disk.
    """
    primary = cluster.primary()
    try:
        cluster.ask(primary, "CREATE DATABASE drill_first")
        cluster.ask(primary, "CREATE TABLE once AS SELECT generate_series(1, 1000) AS number", database="drill_first")
        cluster.ask(primary, "CREATE DATABASE drill_damage TEMPLATE drill_first STRATEGY file_copy")
        cluster.wait_until_level()
        where = "SELECT current_setting('data_directory') || '/' || pg_relation_filepath('once')"
        ((path,),) = cluster.ask(replica, where, database="drill_damage")
        hosts.on(replica, "python3", "-c", FLIP, path)
        with pytest.raises(AssertionError, match="invalid page"):
            cluster.ask(replica, "SELECT sum(number) FROM once", database="drill_damage")
        yield
    finally:
        cluster.ask(primary, "DROP DATABASE IF EXISTS drill_damage WITH (FORCE)")
        cluster.ask(primary, "DROP DATABASE IF EXISTS drill_first WITH (FORCE)")


def assert_told(sink: Sink, figures: Figures, alert: str, begin: float, limit: float, wanted: list[str]) -> None:
    """Wait until an alert has arrived, and keep after how long; it has to do so once by each of the wanted ways."""
    seconds = sink.wait(alert, begin, limit)
    time.sleep(STORM)
    messages = sink.since(begin)
    ways = sorted(one.way for one in messages if names(one, alert) and not one.resolved)
    assert ways == wanted, f"{alert} arrived by {ways}, not by {wanted}"
    figures.add(f"{alert}, from the fault to a message", [min(seconds.values())])


def told(messages: list[Message], way: str) -> list[str]:
    """Return the titles of what arrived by a way and is no end of anything."""
    return [one.title for one in messages if one.way == way and not one.resolved]


def assert_one_page_of(sink: Sink, figures: Figures, alert: str, begin: float, place: str, how: str = "") -> None:
    """Wait until the pager has an alert, and keep after how long; its only title has to name a place."""
    seconds = sink.wait(alert, begin, PAGE, way="pager")["pager"]
    figures.add(f"{alert}, from the fault to the pager{how}", [seconds])
    time.sleep(STORM)
    titles = told(sink.since(begin), "pager")
    assert [place in title for title in titles] == [True], titles


def test_the_dead_mans_switch_hears_that_all_is_well(sink: Sink) -> None:
    until("the dead man's switch is told", lambda: time.time() - (sink.watchdog() or 0) < 90, 120)


def test_the_dead_mans_switch_falls_silent_with_all_that_watch(
    sink: Sink, hosts: Hosts, declaration: Declaration
) -> None:
    """Whoever listens outside tells of that: nobody inside is left who could."""
    watching = [node.name for node in declaration.nodes if "prometheus" in node.services]
    with stopped(hosts, "prometheus.service", *watching):
        # What fires yet is sent until the Alertmanagers have not heard of it for some minutes.
        until("the dead man's switch is told no more", lambda: time.time() - (sink.watchdog() or 0) > 120, MEAN)
    until("the dead man's switch is told again", lambda: time.time() - (sink.watchdog() or 0) < 60, WARNING)


def test_faults_of_hosts_are_told_to_whom_they_concern(
    sink: Sink, hosts: Hosts, declaration: Declaration, serving: Callable[[str], list[Node]], figures: Figures
) -> None:
    west = [node.name for node in declaration.nodes if "prometheus" in node.services][-1]
    prober = next(node.name for node in declaration.nodes if "prober" in node.services)
    # The last ones: the first ones may be without power, where the public entrance is tested meanwhile.
    web, api, bastion, backup = (serving(name)[-1] for name in ("web", "api", "bastion", "backup"))
    with ExitStack() as faults:
        begin = time.time()
        faults.enter_context(full_disk(hosts, web.name))
        faults.enter_context(ending_certificate(hosts, api.name, 10))
        faults.enter_context(ending_certificate(hosts, web.name, 1))
        faults.enter_context(stopped(hosts, "prometheus.service", west))
        faults.enter_context(stopped(hosts, "prometheus-blackbox-exporter.service", prober))
        hosts.on(backup.name, "sh", "-c", "backup-job --name drill --timeout 1m -- false || true")
        fail_logins(hosts, bastion.name, api, 25)
        pages = ("DiskAlmostFull", "SecurityBreach", "CertificateLastDay")
        told_as = {alert: sink.wait(alert, begin, PAGE, way="pager") for alert in pages}
        for alert, seconds in told_as.items():
            assert set(seconds) <= {"pager", "slack"}, seconds
            figures.add(f"{alert}, from the fault to the pager", [seconds["pager"]])
        for alert in ("CertificateExpiring", "PrometheusDown", "BackupFailed", "ProberSilent"):
            seconds = sink.wait(alert, begin, WARNING)
            assert "pager" not in seconds or alert == "PrometheusDown"
            figures.add(f"{alert}, from the fault to a message", [min(seconds.values())])
    hosts.on(backup.name, "backup-job", "--name", "drill", "--timeout", "1m", "--", "true")
    end = (
        "DiskAlmostFull",
        "CertificateExpiring",
        "CertificateLastDay",
        "PrometheusDown",
        "BackupFailed",
        "ProberSilent",
    )
    for alert in end:
        sink.wait(alert, begin, RESOLVED, resolved=True)
    hosts.on(backup.name, "rm", "-f", "/var/lib/prometheus/node-exporter/backup_drill.prom")


def test_the_end_of_failed_logins_is_told(
    sink: Sink, ask: Callable[[str], list[dict[str, Any]]], hosts: Hosts, serving: Callable[[str], list[Node]]
) -> None:
    until("no such page is left", lambda: not ask('ALERTS{alertname="SecurityBreach",alertstate="firing"}'), MEAN)
    begin = time.time()
    fail_logins(hosts, serving("bastion")[-1].name, serving("web")[-1], 25)
    sink.wait("SecurityBreach", begin, PAGE, way="pager")
    # It counts those of five minutes.
    sink.wait("SecurityBreach", begin, MEAN, resolved=True)


def test_an_api_that_refuses_some_writes_is_told(
    sink: Sink,
    ask: Callable[[str], list[dict[str, Any]]],
    cluster: Cluster,
    outside: Outside,
    prefix: str,
    figures: Figures,
) -> None:
    pages = 'max_over_time(ALERTS{alertname=~"RegionDown|DatabaseDown|ApiDown",alertstate="firing"}[6m])'
    until("no page of before holds it back", lambda: not ask(pages), MEAN)
    with outside():
        begin = time.time()
        # One write in ten, which is also more than the month's budget of errors bears.
        with refusing(cluster, f"NOT (starts_with(key, '{prefix}') AND right(key, 1) = '0')"):
            assert_told(sink, figures, "ErrorRateHigh", begin, MEAN, ["email", "slack"])
            seconds = sink.wait("SloBurnFast", begin, MEAN, way="pager")["pager"]
            figures.add("SloBurnFast, from the fault to the pager", [seconds])
        for alert in ("ErrorRateHigh", "SloBurnFast"):
            sink.wait(alert, begin, MEAN, resolved=True)


def test_answers_that_are_slow_are_told(
    sink: Sink,
    cluster: Cluster,
    outside: Outside,
    prefix: str,
    figures: Figures,
) -> None:
    # The mean is that of the last 512 answers of a load balancer: the writers go on, so that it falls again, too.
    with outside():
        begin = time.time()
        with sleeping(cluster, 2, f"starts_with(NEW.key, '{prefix}')"):
            assert_told(sink, figures, "ResponseSlow", begin, MEAN, ["email"])
        sink.wait("ResponseSlow", begin, RESOLVED, resolved=True)


def test_the_api_that_is_down_is_one_page(
    sink: Sink, hosts: Hosts, serving: Callable[[str], list[Node]], figures: Figures
) -> None:
    begin = time.time()
    with stopped(hosts, "api.service", *(node.name for node in serving("api"))):
        seconds = sink.wait("ApiDown", begin, PAGE, way="pager")["pager"]
        figures.add("ApiDown, from the fault to the pager", [seconds])
        time.sleep(STORM)
        assert told(sink.since(begin), "pager") == [one.title for one in sink.since(begin) if names(one, "ApiDown")][:1]
    sink.wait("ApiDown", begin, RESOLVED, resolved=True)


def test_a_host_that_is_lost_is_one_page_also_where_an_alertmanager_is_gone(
    sink: Sink, hosts: Hosts, serving: Callable[[str], list[Node]], figures: Figures
) -> None:
    lost = serving("redis")[0].name
    with stopped(hosts, "prometheus-alertmanager.service", serving("alertmanager")[0].name):
        begin = time.time()
        with hosts.without_power(lost):
            assert_one_page_of(sink, figures, "HostDown", begin, lost, ", with one Alertmanager")
        sink.wait("HostDown", begin, RESOLVED, resolved=True)


def test_a_gateway_that_answers_and_forwards_nothing_is_no_site_that_is_down(
    lab: str,
    request: pytest.FixtureRequest,
    sink: Sink,
    ask: Callable[[str], list[dict[str, Any]]],
    serving: Callable[[str], list[Node]],
    figures: Figures,
) -> None:
    """Of the server that is asked here, both the own probes and the way to the prober outside go through it."""
    topology = load(str(request.config.getoption("--topology")))
    gateway = nat_gateway(topology, serving("prometheus")[0].name)
    seen = (
        'min(probe_success{job=~"site|outside|site_elsewhere|outside_elsewhere"}) == 1 and min(up{job="outside"}) == 1'
    )
    until("the site is seen from everywhere", lambda: bool(ask(seen)), WARNING)
    begin = time.time()
    with forwarding_nothing(f"{lab}-{gateway}"):
        blind = 'max(probe_success{job="site"}) == 0 and max(up{job="outside"}) == 0'
        until("the server sees no name, and does not reach the prober", lambda: bool(ask(blind)), PAGE)
        assert ask('min(probe_success{job=~"site_elsewhere|outside_elsewhere"}) == 1')
        assert_told(sink, figures, "WayOutBroken", begin, WARNING, ["email", "slack"])
        assert ask(blind), "the gateway forwards again"
        assert not [one.title for one in sink.since(begin) if names(one, "SiteDown") or names(one, "ProberSilent")]
        assert told(sink.since(begin), "pager") == []
    sink.wait("WayOutBroken", begin, RESOLVED, resolved=True)


def test_the_database_that_is_down_is_one_page(sink: Sink, hosts: Hosts, cluster: Cluster, figures: Figures) -> None:
    begin = time.time()
    with stopped(hosts, "patroni.service", *cluster.members):
        seconds = sink.wait("DatabaseDown", begin, PAGE, way="pager")["pager"]
        figures.add("DatabaseDown, from the fault to the pager", [seconds])
        time.sleep(STORM)
        assert len(told(sink.since(begin), "pager")) == 1, told(sink.since(begin), "pager")
    sink.wait("DatabaseDown", begin, RESOLVED, resolved=True)


def test_a_replica_that_stops_to_follow_is_told(sink: Sink, cluster: Cluster, figures: Figures) -> None:
    primary = cluster.primary()
    replica = next(name for name in cluster.members if name != primary)
    begin = time.time()
    with cluster.without_replay(replica):
        # A transaction that leaves nothing behind, on a database where nobody else may write.
        cluster.ask(primary, "SELECT pg_logical_emit_message(true, 'drill', '')")
        assert_told(sink, figures, "ReplicationLagHigh", begin, WARNING, ["email", "slack"])
    sink.wait("ReplicationLagHigh", begin, RESOLVED, resolved=True)


def test_a_page_that_a_disk_has_changed_is_told(sink: Sink, hosts: Hosts, cluster: Cluster, figures: Figures) -> None:
    replica = next(name for name in cluster.members if name != cluster.primary())
    begin = time.time()
    with damaged(hosts, cluster, replica):
        assert_one_page_of(sink, figures, "ChecksumFailure", begin, replica)
    sink.wait("ChecksumFailure", begin, RESOLVED, resolved=True)


def test_a_zone_that_is_lost_is_one_page(
    request: pytest.FixtureRequest, sink: Sink, hosts: Hosts, figures: Figures
) -> None:
    """A zone of the region that stands by, without its database: nobody has to act."""
    topology = load(str(request.config.getoption("--topology")))
    standby = [host for region in topology.regions if region.state != "active" for host in region.hosts]
    needed = {host.zone for host in standby if {"postgres", "bastion", "prometheus"} & set(host.services)}
    zone = next(host.zone for host in standby if host.zone not in needed)
    begin = time.time()
    with hosts.without_power(*(host.name for host in standby if host.zone == zone)):
        assert_one_page_of(sink, figures, "ZoneDown", begin, zone)
    sink.wait("ZoneDown", begin, RESOLVED, resolved=True)


def test_a_region_that_is_lost_is_one_page_of_the_other_one(
    sink: Sink, hosts: Hosts, cluster: Cluster, active: tuple[Node, ...], figures: Figures
) -> None:
    begin = time.time()
    with hosts.without_power(*(node.name for node in active)):
        seconds = sink.wait("RegionDown", begin, REGION, way="pager")["pager"]
        figures.add("RegionDown, from the fault to the pager", [seconds])
        time.sleep(STORM)
        assert len(told(sink.since(begin), "pager")) == 1, told(sink.since(begin), "pager")
    cluster.wait_until_whole()
    sink.wait("RegionDown", begin, RESOLVED, resolved=True)
