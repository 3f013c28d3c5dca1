"""What an operator looks at first: is the site up, how much does it do, and which host is in trouble."""

from __future__ import annotations

from grafana_foundation_sdk.models.dashboard import Dashboard

from scripts.dashboards.panels import (
    ANY_REGION,
    HOST,
    REGION,
    UP_OR_DOWN,
    Column,
    Query,
    Row,
    above,
    below,
    board,
    row,
    series,
    stat,
    table,
)


def dashboard() -> Dashboard:
    """Return the dashboard."""
    return board(
        "system-overview",
        "System Overview",
        "Is the site up, how much does it do, and which host is in trouble.",
        _now(),
        _traffic(),
        _hosts(),
        _each_host(),
    )


def _now() -> Row:
    firing = f'count(ALERTS{{alertstate="firing", alertname!="Watchdog", severity="%s", {ANY_REGION}}}) or vector(0)'
    return row(
        "Now",
        stat(
            "Alerts that fire",
            "none",
            "Alerts that fire now, by severity. The watchdog, which always fires, is not counted.",
            "AlertsNotDelivered",
            Query(firing % "page", "Pages"),
            Query(firing % "warning", "Warnings"),
            Query(firing % "notice", "Notices"),
            limits=above(1),
            width=8,
        ),
        stat(
            "The site from outside",
            "none",
            "Whether each public name answers, as both monitoring servers see it: down if either one gets no answer.",
            "SiteDown",
            Query('min by (name) (probe_success{job="site"})', "{{name}}"),
            limits=below(1),
            words=UP_OR_DOWN,
            width=16,
        ),
        stat(
            "Hosts that are down",
            "none",
            "Hosts whose node exporter does not answer, by region (R53).",
            "HostDown",
            Query(f'sum by (region) (1 - up{{job="node", {REGION}}})', "{{region}}"),
            limits=above(1),
            width=8,
        ),
        # R1: at least 2 servers.
        stat(
            "API servers that answer",
            "none",
            "API servers that answer, by region. At least two are wanted (R1).",
            "ApiDown",
            Query(f"region:api_servers:up{{{REGION}}}", "{{region}}"),
            limits=below(1, 2),
            width=8,
        ),
        stat(
            "Availability, last hour",
            "percentunit",
            "The share of requests that the load balancers answered without a server error; the objective is 99.9 %.",
            "SloBurnFast",
            Query(f"1 - slo:availability:error_ratio_rate1h{{{REGION}}}", "{{region}}"),
            limits=below(0.99, 0.999),
            width=8,
            decimals=3,
        ),
    )


def _traffic() -> Row:
    return row(
        "Traffic",
        # R39: above 1000 requests a second, servers are added.
        series(
            "Requests",
            "reqps",
            "Requests that the load balancers answer. Above 1000 a second, API servers are added (R39).",
            "ResponseSlow",
            Query(f"region:http_requests:rate5m{{{REGION}}}", "{{region}}"),
            limits=above(1000),
        ),
        # R51: above 5 %.
        series(
            "Server errors",
            "percentunit",
            "The share of answers of the load balancers that are server errors (5xx). An alert fires above 5 % (R51).",
            "ErrorRateHigh",
            Query(f"region:http_errors:ratio_rate5m{{{REGION}}}", "{{region}}"),
            limits=above(0.05),
        ),
        # R39: above 500 ms servers are added; R51: above 1 s somebody is told.
        series(
            "Response time",
            "s",
            "How long the API and web servers take to answer, as the load balancers see it. Above 500 ms servers are "
            "added (R39), above 1 s an alert fires (R51).",
            "ResponseSlow",
            Query(f"region:http_response_seconds:avg{{{REGION}}}", "{{region}}"),
            limits=above(0.5, 1),
        ),
    )


def _hosts() -> Row:
    rate = 'max by (region) (rate(node_network_%s_bytes_total{job="node", device!="lo", ' + HOST
    rate += "}[$__rate_interval])) * 8"
    return row(
        "Hosts",
        # R39: 70 %; R51: 80 %.
        series(
            "CPU in use",
            "percentunit",
            "The share of all cores that is busy. Above 70 % API servers are added (R39), above 80 % an alert fires "
            "(R51).",
            "CpuHigh",
            Query(f"host:cpu_used:ratio_rate5m{{{HOST}}}", "{{host}}"),
            limits=above(0.7, 0.8),
            maximum=1,
            width=12,
            many=True,
        ),
        # R51: 85 %.
        series(
            "Memory in use",
            "percentunit",
            "The share of memory that is neither free nor can be freed at once. An alert fires above 85 % (R51).",
            "MemoryHigh",
            Query(f"host:memory_used:ratio{{{HOST}}}", "{{host}}"),
            limits=above(0.85),
            maximum=1,
            width=12,
            many=True,
        ),
        # R51: 90 %.
        series(
            "Fullest disk of each host",
            "percentunit",
            "How full the fullest file system of each host is. An alert fires above 90 % (R51).",
            "DiskAlmostFull",
            Query(f"max by (host) (host:disk_used:ratio{{{HOST}}})", "{{host}}"),
            limits=above(0.8, 0.9),
            maximum=1,
            width=12,
            many=True,
        ),
        # R1: 1 Gbps.
        series(
            "Busiest network card",
            "bps",
            "Traffic of the busiest network card of each region. App servers have at least 1 Gbit/s (R1).",
            "ResponseSlow",
            Query(rate % "receive", "{{region}} in"),
            Query(rate % "transmit", "{{region}} out"),
            limits=above(0.8e9),
            width=12,
        ),
    )


def _each_host() -> Row:
    of_each = f"max by (region, host) (%s{{{HOST}}})"
    return row(
        "Each host",
        table(
            "Hosts",
            "Every host with its present load; a click on a heading sorts.",
            "HostDown",
            {"region": "Region", "host": "Host"},
            Column(
                "State", "none", f'max by (region, host) (up{{job="node", {HOST}}})', limits=below(1), words=UP_OR_DOWN
            ),
            Column("CPU", "percentunit", of_each % "host:cpu_used:ratio_rate5m", limits=above(0.7, 0.8)),
            Column("Memory", "percentunit", of_each % "host:memory_used:ratio", limits=above(0.85)),
            Column("Fullest disk", "percentunit", of_each % "host:disk_used:ratio", limits=above(0.8, 0.9)),
            Column("Load", "short", f'max by (region, host) (node_load1{{job="node", {HOST}}})'),
            Column("Up for", "s", f'max by (region, host) (time() - node_boot_time_seconds{{job="node", {HOST}}})'),
            height=14,
            sort="Host",
        ),
    )
